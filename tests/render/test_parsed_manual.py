"""The manual's pages are parsed once: what was made of a page is taken again while nothing of it is another."""

from __future__ import annotations

from pathlib import Path

import pytest
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from studbook.render.manual import ManualPage

TEXT = "# First\n\nSee [the other](other.md).\n\n## Second\n\n### Third\n\n```python\nx = 1\n```\n"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MkDocsConfig:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "mkdocs.yml").write_text("site_name: x\nplugins: []\nmarkdown_extensions: [pymdownx.superfences]\n")
    return load_config(str(tmp_path / "mkdocs.yml"))


def rendered(kind: type[Page], config: MkDocsConfig, text: str = TEXT, other: str = "other/index.html") -> Page:
    for name, content in (("page.md", text), ("other.md", "# Other")):
        (Path(config.docs_dir) / name).write_text(content)
    file, linked = (File(name, config.docs_dir, config.site_dir, True) for name in ("page.md", "other.md"))
    linked.dest_uri = other
    page = kind(None, file, config)
    page.read_source(config)
    page.render(config, Files([file, linked]))
    return page


def told(page: Page) -> tuple[object, ...]:
    return page.content, page.title, str(page.toc), [link.level for link in page.toc]


class TestManualPage:
    def test_is_what_mkdocs_makes_of_it(self, config: MkDocsConfig) -> None:
        """Parsed or taken from an earlier build, a page has MkDocs' own HTML, title and table of contents."""
        whole = told(rendered(Page, config))
        assert "Second" in str(whole[2])
        assert told(rendered(ManualPage, config)) == whole
        assert told(rendered(ManualPage, config)) == whole

    def test_is_taken_again_only_where_nothing_is_another(self, config: MkDocsConfig, tmp_path: Path) -> None:
        """A page of another text, or that links to a page of another address, is parsed anew."""
        rendered(ManualPage, config)
        (kept,) = (tmp_path / "cache" / "studbook" / "manual").iterdir()
        kept.write_text(kept.read_text().replace("First", "Kept"))
        assert rendered(ManualPage, config).title == "Kept"
        moved = rendered(ManualPage, config, other="elsewhere/index.html")
        assert told(moved) == told(rendered(Page, config, other="elsewhere/index.html"))
        assert "elsewhere/" in str(moved.content)
        assert rendered(ManualPage, config, TEXT.replace("First", "New")).title == "New"

    @pytest.mark.parametrize("damage", [b"", b"[]", b"\xff", b'{"key": 1}'])
    def test_is_parsed_where_what_was_kept_cannot_be_read(
        self, config: MkDocsConfig, tmp_path: Path, damage: bytes
    ) -> None:
        """A file that a crash or a disk has spoilt costs one parsing, and no build."""
        whole = told(rendered(ManualPage, config))
        (kept,) = (tmp_path / "cache" / "studbook" / "manual").iterdir()
        kept.write_bytes(damage)
        assert told(rendered(ManualPage, config)) == whole
