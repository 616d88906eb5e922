from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from markupsafe import escape
from tests import small_catalog as small
from tests.small_catalog import Sites

import studbook
from studbook.cli import main
from studbook.errors import BuildError
from studbook.model import Asset
from studbook.model.ids import page_path
from studbook.render import build_site
from studbook.render.build import StudbookPlugin
from studbook.render.environment import Templates
from studbook.rules import RULES
from studbook.settings import Settings
from studbook.store import Catalog


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def path_of(asset_id: str) -> str:
    asset = next(asset for asset in small.assets() if asset.id == asset_id)
    return page_path(asset.kind, asset.id) + "index.html"


class Links(HTMLParser):
    """Collects the tags, addresses and anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(page: Path) -> list[tuple[str, dict[str, str | None]]]:
    parser = Links()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.tags


@pytest.fixture(scope="module")
def newest(sites: Sites) -> Path:
    return sites.output / "2"


class TestBuildSite:
    def test_every_asset_has_its_page(self, newest: Path) -> None:
        """Each asset's page is at its stable address."""
        for asset in small.assets():
            assert (newest / page_path(asset.kind, asset.id) / "index.html").is_file()

    def test_every_asset_has_its_picture(self, newest: Path) -> None:
        """No page of an asset is without its lineage picture."""
        for asset in small.assets():
            page = newest / page_path(asset.kind, asset.id) / "index.html"
            assert '<svg class="sb-lineage"' in page.read_text(encoding="utf-8")

    def test_no_link_is_broken(self, newest: Path) -> None:
        """Every relative address in every page leads to a file of the site, and to what it names there."""
        anchors = {page: {attrs.get("id") for _, attrs in tags(page)} for page in newest.rglob("*.html")}
        broken = []
        for page in anchors:
            for address in {attrs.get(name) for _, attrs in tags(page) for name in ("href", "src")} - {None, ""}:
                parts = urlsplit(urljoin(f"http://site/2/{page.relative_to(newest).as_posix()}", address))
                if parts.netloc != "site" or parts.path == "/latest":
                    continue
                target = newest.parent / parts.path.lstrip("/")
                target = target / "index.html" if target.is_dir() else target
                # Explore, Compare and Changes take addresses of assets for a fragment.
                places = [newest / place / "index.html" for place in parts.fragment.split("+")]
                anchored = parts.fragment in anchors.get(target, ()) or (
                    target.parent.name in ("explore", "compare", "changes") and all(place.is_file() for place in places)
                )
                if not target.is_file() or (parts.fragment and not anchored):
                    broken.append((page.relative_to(newest).as_posix(), address))
        assert broken == []

    def test_nothing_comes_from_another_host(self, newest: Path) -> None:
        """No script, style, picture or font has an address outside the site."""
        for page in newest.rglob("*.html"):
            for tag, attrs in tags(page):
                address = (
                    attrs.get("src")
                    if tag in ("script", "img", "iframe")
                    else attrs.get("href")
                    if tag == "link"
                    else None
                )
                assert not (address or "").startswith(("http", "//")), (page, tag, address)

    def test_strangers_stay_text(self, newest: Path) -> None:
        """Markup in names, tags, roles, evidence and gaps is never markup in a page."""
        for page in newest.rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            assert "<script>alert(" not in text, page
            assert "<img src=x" not in text, page
            assert not any((attrs.get("href") or "").startswith("javascript:") for _, attrs in tags(page)), page
        card = (newest / path_of(small.PACKAGE_2)).read_text(encoding="utf-8")
        assert "{{ 7*7 }}" in card
        assert "&lt;script&gt;" in card

    def test_ids_are_unique_in_a_page(self, newest: Path) -> None:
        """An anchor means one place."""
        for page in newest.rglob("*.html"):
            ids = [attrs["id"] for _, attrs in tags(page) if attrs.get("id")]
            assert len(ids) == len(set(ids)), (page, sorted(i for i in ids if ids.count(i) > 1))

    def test_says_where_gaps_are(self, newest: Path) -> None:
        """Home carries the banner of the account that could not be read."""
        assert "AccessDeniedException" in (newest / "index.html").read_text(encoding="utf-8")

    def test_every_rule_has_its_page(self, sites: Sites, newest: Path) -> None:
        """What it says of itself, how it is set, and what it found; those that found nothing say that they did not.

        A finding stands there whole: as its message, or as a link to its asset with all that comes after its handle.
        """
        told = json.loads((newest / "export.json").read_text())["findings"]
        with studbook.open(sites.catalog) as lineage:
            said = {one["message"]: _said(one, lineage.handle(one["asset"])) for one in told}
        for rule in RULES:
            text = (newest / "findings" / rule.id / "index.html").read_text()
            found = [one for one in told if one["rule"] == rule.id]
            assert all(re.search(said[one["message"]], text) for one in found)
            assert ("has no finding of this rule" in text) is (rule.enabled and not found)
            assert all(f"<code>{name}</code>" in text for name in rule.parameters.model_fields)
            assert "Mend it" in text

    def test_a_version_has_one_card(self, sites: Sites, newest: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Its page counts the evidence that `show --card` counts; beside it lies the whole card, with what misses."""
        for version in (small.PACKAGE_2, small.CLONE):
            with pytest.raises(SystemExit):
                main(["show", version, "--card", "--format", "json", "--catalog", str(sites.catalog.root)])
            told = json.loads(capsys.readouterr().out)
            folder = (newest / path_of(version)).parent
            page, card = (folder / "index.html").read_text(), (folder / "card.html").read_text()
            for framework in told["frameworks"]:
                assert f"{framework['name']} {framework['present']} of {len(framework['points'])}" in page
                assert f"evidence present for {framework['present']} of {len(framework['points'])} points" in card
            for point in (one for framework in told["frameworks"] for one in framework["points"] if one["missing"]):
                assert f"missing: {', '.join(point['missing']).replace('_', ' ')}" in card
            assert all(one["source"] in card for one in told["card"] if one["source"].startswith("cards/"))
            assert told["card"] or "Nobody wrote of it" in page

    def test_export_lies_beside_the_pages(self, newest: Path) -> None:
        """The audit page's downloads are there, and are what the export writes."""
        assert json.loads((newest / "export.json").read_text())["snapshot"]["number"] == 2
        assert "$schema" in json.loads((newest / "export.schema.json").read_text())

    def test_without_a_snapshot_the_error_says_how_to_take_one(self, tmp_path: Path) -> None:
        """An empty catalog cannot be built."""
        with pytest.raises(BuildError) as caught:
            build_site(Catalog(tmp_path / "catalog"), Settings(), tmp_path / "site")

        assert "studbook harvest" in str(caught.value.hint)


def _said(finding: dict[str, Any], handle: str) -> str:
    """The pattern of the row of a finding that begins with its asset's handle."""
    rest = finding["message"].removeprefix(f"{handle} ")
    assert rest != finding["message"]
    link = rf'<tr><td><a [^>]*title="{re.escape(str(escape(finding["asset"])))}"[^>]*>(?:(?!</tr>).)*'
    return f"{link}<td>{re.escape(str(escape(rest)))}</td></tr>"


class TestSameBytes:
    def test_a_second_cold_build_is_equal(self, sites: Sites, tmp_path: Path) -> None:
        """Building again from the same catalog gives the same bytes, file by file."""
        build_site(sites.catalog, small.SETTINGS, tmp_path, envelopes=list(sites.catalog.envelopes()))

        assert files(tmp_path) == files(sites.output)

    def test_an_incremental_build_is_a_cold_build(self, sites: Sites, tmp_path: Path) -> None:
        """The second night built after the first is, byte for byte, the second night built alone."""
        second = sites.catalog.resolve("2")
        build_site(sites.catalog, small.SETTINGS, tmp_path, envelopes=[second])

        assert files(tmp_path / "2") == files(sites.output / "2")
        assert sites.built[1].written < sites.built[1].pages

    def test_a_newer_program_makes_every_page_anew(
        self, sites: Sites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A page is taken from the build before only if the code that makes it is the same."""
        second = [sites.catalog.resolve("2")]
        build_site(sites.catalog, small.SETTINGS, tmp_path, envelopes=second)
        [again] = build_site(sites.catalog, small.SETTINGS, tmp_path, envelopes=second)
        monkeypatch.setattr("studbook.render.plugin.code_digest", lambda: "newer")
        [newer] = build_site(sites.catalog, small.SETTINGS, tmp_path, envelopes=second)

        assert (again.written, newer.written) == (0, newer.pages)

    def test_what_did_not_change_is_one_file(self, sites: Sites) -> None:
        """Unchanged pages and assets of two versions are hard links of one file."""
        page = path_of(small.EVALUATOR)

        assert (sites.output / "1" / page).samefile(sites.output / "2" / page)
        assert (sites.output / "latest" / page).samefile(sites.output / "2" / page)

    def test_unchanged_pages_do_not_name_their_snapshot(self, sites: Sites) -> None:
        """A page whose asset did not change is the same in both versions."""
        page = path_of(small.EVALUATOR)

        assert (sites.output / "1" / page).read_bytes() == (sites.output / "2" / page).read_bytes()


class TestVersions:
    def test_lists_newest_first(self, sites: Sites) -> None:
        """versions.json is what Material's selector reads."""
        assert json.loads((sites.output / "versions.json").read_text()) == [
            {"version": "2", "title": "2 · 2026-11-22", "aliases": ["latest"]},
            {"version": "1", "title": "1 · 2026-11-21", "aliases": []},
        ]

    def test_building_one_keeps_the_others(self, sites: Sites, tmp_path: Path) -> None:
        """Building the older night beside the newer leaves latest where it was."""
        first, second = sites.catalog.envelopes()
        build_site(sites.catalog, small.SETTINGS, tmp_path, envelopes=[second])
        build_site(sites.catalog, small.SETTINGS, tmp_path, envelopes=[first])

        assert (tmp_path / "latest" / "index.html").samefile(tmp_path / "2" / "index.html")
        assert (tmp_path / "1" / "index.html").is_file()
        assert not [path for path in tmp_path.iterdir() if path.name.startswith((".building", ".old", ".latest"))]


class TestTemplates:
    def test_own_templates_come_first(self, sites: Sites, tmp_path: Path) -> None:
        """A template in the user's folder replaces the packaged one, and may extend it."""
        folder = sites.catalog.root / "own" / "assets"
        folder.mkdir(parents=True)
        (folder / "code.html").write_text('{% extends "assets/_default.html" %}{% block own %}OUR HOUSE{% endblock %}')
        settings = small.SETTINGS.model_copy(
            update={
                "site": small.SETTINGS.site.model_copy(update={"templates": "own", "title": f"Herd {small.HOSTILE}"})
            }
        )
        build_site(sites.catalog, settings, tmp_path, envelopes=[sites.catalog.resolve("2")])

        assert "OUR HOUSE" in (tmp_path / "2" / path_of(small.CODE)).read_text(encoding="utf-8")
        front = (tmp_path / "2" / "index.html").read_text(encoding="utf-8")
        assert f"Herd {escape(small.HOSTILE)}" in front
        assert "Herd <script>" not in front

    def test_no_script_stands_in_a_page(self, newest: Path) -> None:
        """Every page has the policy before all that it loads, and what the theme would write into it lies beside it."""
        for page in newest.rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            assert text.index("Content-Security-Policy") < text.index("<link")
            assert "<script>" not in text

    def test_a_mistake_names_template_and_line(self, tmp_path: Path) -> None:
        """A name that does not exist stops the build with the place where it stands."""
        (tmp_path / "assets").mkdir()
        (tmp_path / "assets" / "code.html").write_text("fine\n{{ asset.nmae }}")

        with pytest.raises(BuildError, match=r"code\.html:2: .*nmae"):
            Templates(tmp_path).render("assets/code.html", asset={"name": "x"})

    def test_every_template_is_described(self) -> None:
        """Each template folder and file is in templates/README.md, so that a designer finds it."""
        from studbook.packaged import packaged

        readme = (packaged("templates") / "README.md").read_text(encoding="utf-8")
        for path in packaged("templates").rglob("*.html"):
            folder = path.relative_to(packaged("templates")).parts[0]
            assert path.name in readme or f"`{folder}/" in readme, path


@pytest.fixture
def plugin_site(sites: Sites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What `mkdocs build --strict` makes of the repository's mkdocs.yml with the small catalog."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    from studbook.packaged import packaged

    monkeypatch.setenv("STUDBOOK_CATALOG", str(sites.catalog.root))
    docs = tmp_path / "docs"
    docs.mkdir()
    config = load_config(str(packaged("mkdocs.yml")), docs_dir=str(docs), site_dir=str(tmp_path / "site"), strict=True)
    build(config)
    return tmp_path / "site"


class TestPlugin:
    def test_mkdocs_build_makes_the_same_pages(self, plugin_site: Path, newest: Path) -> None:
        """`mkdocs build` alone has every asset's page too, with the same body."""
        for asset in small.assets():
            path = page_path(asset.kind, asset.id) + "index.html"
            ours, theirs = ((root / path).read_text(encoding="utf-8") for root in (newest, plugin_site))
            assert (
                ours[ours.index("<article") : ours.index("</article>")]
                == theirs[theirs.index("<article") : theirs.index("</article>")]
            )

    def test_without_a_snapshot_it_says_how_to_begin(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """`mkdocs build` in a fresh checkout is a page that says what to do, and strict mode passes."""
        from mkdocs.commands.build import build
        from mkdocs.config import load_config

        from studbook.packaged import packaged

        monkeypatch.setenv("STUDBOOK_CATALOG", str(tmp_path / "none"))
        (tmp_path / "docs").mkdir()
        config = load_config(
            str(packaged("mkdocs.yml")), docs_dir=str(tmp_path / "docs"), site_dir=str(tmp_path / "site"), strict=True
        )
        build(config)

        assert isinstance(config.plugins["studbook"], StudbookPlugin)
        assert "studbook harvest" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


class TestWithoutGraphviz:
    """A machine without the `dot` program: a site without pictures, and not in silence."""

    def test_pages_say_what_is_missing(self, sites: Sites, tmp_path: Path) -> None:
        """The build goes on, warns with the way out, and each page has a note and its edges in lists."""
        done = _built(sites.catalog.root, tmp_path)

        assert done.returncode == 0
        assert "no 'dot' program" in done.stderr
        assert "apt-get install graphviz" in done.stderr
        texts = [page.read_text(encoding="utf-8") for page in (tmp_path / "site" / "latest").rglob("index.html")]
        pages = [text for text in texts if '<h2 id="lineage">Lineage' in text]
        assert len(pages) > 10
        for text in pages:
            assert "without lineage pictures" in text
            assert "<figure" not in text.partition('id="lineage"')[2].partition("<h2")[0]

    def test_pictures_can_be_required(self, sites: Sites, tmp_path: Path) -> None:
        """Exit code 4, one error and its hint, no traceback, and no half-built site."""
        catalog = shutil.copytree(sites.catalog.root, tmp_path / "catalog")
        with (catalog / "studbook.yml").open("a") as file:
            file.write("site: {pictures: required}\n")

        done = _built(catalog, tmp_path)

        assert done.returncode == 4
        assert "no 'dot' program" in done.stderr
        assert "apt-get install graphviz" in done.stderr
        assert "Traceback" not in done.stderr
        assert not list((tmp_path / "site").rglob("index.html"))


def _built(catalog: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "studbook", "build", "--catalog", str(catalog), "--output", str(folder / "site")],
        check=False,
        env=_without_dot(folder),
        capture_output=True,
        text=True,
    )


def _without_dot(folder: Path) -> dict[str, str]:
    """The environment with a PATH on which there is nothing."""
    (folder / "empty").mkdir()
    return {**os.environ, "PATH": str(folder / "empty"), "NO_MKDOCS_2_WARNING": "1"}


def test_the_small_catalog_has_hostile_assets() -> None:
    """The tests above mean something: a stranger's text is in a name, a tag, an attribute, a role and a gap."""
    assert any(isinstance(asset, Asset) and asset.name == small.HOSTILE for asset in small.assets())
