"""Hostile text in every field of the demo's estate is text on every page."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import html5lib
import pytest
from tests import hostile_texts

pytestmark = pytest.mark.demo


_LOGO = re.compile(r"(?:\.\./)*assets/studbook\.svg")


class _Suspicious(HTMLParser):
    """Collects what a page would run or load, and the texts of its scripts of data."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.data: list[str] = []
        self.scripts = 0
        self.text = 0
        self.in_title = 0
        self._inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        anchor = (tag, said.get("name")) == ("textarea", "anchor")  # of Audit, where an anchor is pasted
        logo = (
            tag == "img" and _LOGO.fullmatch(said.get("src", "")) and said.keys() == {"src", "alt", "width", "height"}
        )
        ours = anchor or logo
        if tag in ("img", "iframe", "object", "embed", "base", "textarea") and not ours:
            self.found.append(f"<{tag}>")
        for name, value in said.items():
            if name.startswith("on"):
                self.found.append(f"<{tag} {name}={value[:80]}>")
            if name in ("href", "src") and value.lower().strip().startswith(("javascript:", "data:")):
                self.found.append(f"<{tag} {name}={value[:80]}>")
            self.in_title += name == "title" and hostile_texts.RUN in value
        self._inside = tag if tag in ("script", "style") else self._inside
        if tag == "script":
            self.scripts += 1
            self.data += [""] if said.get("type") == "application/json" else []
            self._inside = "data" if said.get("type") == "application/json" else "script"

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "data":
            self.data[-1] += data
        elif self._inside and hostile_texts.RUN in data:
            self.found.append(f"in a {self._inside}: {data[:80]}")
        elif not self._inside:
            self.text += data.count(hostile_texts.RUN)


@pytest.fixture(scope="module")
def pages(strange_site: Path) -> dict[Path, _Suspicious]:
    out = {}
    for path in sorted((strange_site / "2").rglob("*.html")):
        out[path] = _Suspicious()
        out[path].feed(path.read_text(encoding="utf-8"))
    assert len(out) > 200
    return out


class TestEveryField:
    def test_is_text_on_every_page(self, pages: dict[Path, _Suspicious]) -> None:
        """Nothing that a stranger wrote is an element, a handler, an address to run, or script."""
        assert {path.parent.name: page.found for path, page in pages.items() if page.found} == {}
        assert sum(page.text for page in pages.values()) > 5_000
        assert sum(page.in_title for page in pages.values()) > 50

    def test_no_page_has_a_script_more(
        self, pages: dict[Path, _Suspicious], strange_site: Path, demo_site: Path
    ) -> None:
        """Pages have the scripts that they have where everybody is kind, and no other."""
        latest = demo_site / "latest"
        kind = {(path.relative_to(latest).parts[0], _Scripts.of(path)) for path in latest.rglob("index.html")}
        strange = {(path.relative_to(strange_site / "2").parts[0], page.scripts) for path, page in pages.items()}
        assert strange <= kind

    def test_is_no_template(self, strange_site: Path) -> None:
        """What looks like a template's expression is never evaluated."""
        for path in (strange_site / "2").rglob("*.html"):
            assert "54439" not in path.read_text(encoding="utf-8")

    def test_data_of_scripts_is_json(self, pages: dict[Path, _Suspicious], strange_site: Path) -> None:
        """Data in pages and in files beside them is read as what was written."""
        texts = [data for page in pages.values() for data in page.data]
        texts += [path.read_text(encoding="utf-8") for path in (strange_site / "2").rglob("*.json")]
        assert sum(hostile_texts.RUN in json.dumps(json.loads(text)) for text in texts) > 10

    def test_pages_are_valid_all_the_same(self, strange_site: Path) -> None:
        """No name breaks the page around it: a page of each kind has no error for a parser."""
        largest: dict[str, Path] = {}
        for path in sorted((strange_site / "2").rglob("index.html"), key=lambda path: path.stat().st_size):
            largest[path.parent.parent.name] = path
        wrong: Counter[str] = Counter()
        for path in largest.values():
            parser = html5lib.HTMLParser(namespaceHTMLElements=False)
            parser.parse(path.read_text(encoding="utf-8"))
            wrong.update(f"{path.parent.parent.name}: {code} {data}" for _, code, data in parser.errors)
        assert wrong == Counter()

    def test_no_path_is_made_of_it(self, strange_site: Path) -> None:
        """Files and addresses have plain names, however hostile the name of what they show."""
        for path in strange_site.rglob("*"):
            name = path.relative_to(strange_site).as_posix()
            assert hostile_texts.RUN.lower() not in name.lower() or all(c.isalnum() or c in "-_./" for c in name)


class _Scripts(HTMLParser):
    count = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count += tag == "script"

    @classmethod
    def of(cls, path: Path) -> int:
        """How many scripts a page has."""
        reader = cls()
        reader.feed(path.read_text(encoding="utf-8"))
        return reader.count
