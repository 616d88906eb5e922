"""The demo's whole site, every version of it: links lead somewhere, pages are HTML, strangers are text."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urlsplit

import html5lib
import pytest

from studbook.packaged import packaged

pytestmark = pytest.mark.demo

_ADDRESSES = {"href", "src", "data", "poster", "action", "data-more", "xlink:href"}

_BY_SCRIPT = {"explore/", "compare/", "changes/"}
"""Their fragments name pages: their scripts read them."""

_MADE_BY_SCRIPT = {"__search", "__comments"}
"""What Material's own script makes."""


class Read(NamedTuple):
    """What one page refers to, and what can be referred to in it."""

    addresses: tuple[str, ...]
    ids: tuple[str, ...]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value is not None:
                self.ids.append(value)
            elif name in _ADDRESSES and value is not None:
                self.addresses.append(value)

    handle_startendtag = handle_starttag


def read(path: Path) -> Read:
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return Read(tuple(reader.addresses), tuple(reader.ids))


@pytest.fixture(scope="module")
def pages(demo_site: Path) -> dict[Path, Read]:
    """Every page of every version, by its file; versions share files, which are read once."""
    by_inode: dict[int, Read] = {}
    out = {}
    for path in sorted(demo_site.rglob("*.html")):
        inode = path.stat().st_ino
        if inode not in by_inode:
            by_inode[inode] = read(path)
        out[path] = by_inode[inode]
    assert len(out) > 900
    return out


def one_of_each(site: Path) -> list[Path]:
    """One page of each type, the largest of each kind of asset."""
    top = site / "latest"
    found: dict[str, Path] = {}
    for path in sorted(top.rglob("index.html"), key=lambda path: path.stat().st_size):
        parts = path.relative_to(top).parts
        found["/".join(parts[:-1]) if len(parts) < 3 else parts[0]] = path
    return list(found.values())


@cache
def served(path: str) -> tuple[Path, bool]:
    """The file for a path, and whether it is there: asked of the disk once, not for each of 100,000 addresses."""
    target = Path(path).resolve()
    if target.is_dir():
        target = target / "index.html"
    return target, target.is_file()


def broken(site: Path, page: Path, address: str, pages: dict[Path, Read]) -> str | None:
    """Why an address leads nowhere; None where it does lead somewhere."""
    parts = urlsplit(address)
    if parts.scheme in ("http", "https"):
        return None if parts.netloc else "no host"
    if parts.scheme or parts.netloc:
        return None if parts.scheme in ("data", "mailto") else "neither of this site nor of the web"
    path, fragment = urldefrag(address)
    if page.name == "404.html":
        # A host shows it below any address, so its own begin at the host's root.
        path = path.removeprefix("/")
    target, is_file = (page, True) if not path else served(os.path.normpath(page.parent / unquote(urlsplit(path).path)))
    if path.startswith("/") or not target.is_relative_to(site):
        return "out of the site"
    if not is_file:
        return "no such file"
    fragment = unquote(fragment)
    if not fragment or fragment in _MADE_BY_SCRIPT or fragment in pages[target].ids:
        return None
    version = site / target.relative_to(site).parts[0]
    if f"{target.parent.relative_to(version).as_posix()}/" in _BY_SCRIPT:
        missing = [one for one in fragment.split("+") if not (version / one / "index.html").is_file()]
        return f"no page {missing[0]}" if missing else None
    return "no such place in it"


class TestLinks:
    def test_every_address_leads_somewhere(self, demo_site: Path, pages: dict[Path, Read]) -> None:
        """Every link, script and list of every page of every version is there, down to the place in the page."""
        site = demo_site.resolve()
        found = {site / path.relative_to(demo_site): page for path, page in pages.items()}
        wrong = Counter(
            f"{address}: {why}, from {page.relative_to(site)}"
            for page, said in found.items()
            for address in set(said.addresses)
            if (why := broken(site, page, address, found))
        )

        assert sum(len(set(said.addresses)) for said in found.values()) > 20_000
        assert wrong == Counter()

    def test_what_scripts_link_to_is_there(self, demo_site: Path) -> None:
        """Search, Explore, Compare and long lists name pages of their own version alone."""
        count = 0
        for version in (path for path in demo_site.iterdir() if path.name.isdigit()):
            for folder in ("explore/data", "compare", "lists"):
                for file in sorted((version / folder).rglob("*.json")):
                    for path in _paths(json.loads(file.read_text(encoding="utf-8"))):
                        assert (version / path / "index.html").is_file(), (file, path)
                        count += 1
        assert count > 1000

    def test_an_address_stays_for_ever(self, demo_site: Path) -> None:
        """A page that an earlier night had, the latest has too."""
        latest = {path.relative_to(demo_site / "latest") for path in (demo_site / "latest").rglob("index.html")}
        for version in (path for path in demo_site.iterdir() if path.name.isdigit()):
            assert {path.relative_to(version) for path in version.rglob("index.html")} <= latest


def _paths(data: object) -> Iterator[str]:
    """Every string that has the form of an asset's address."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _paths(value)
            yield from _paths(key)
    elif isinstance(data, list):
        for item in data:
            yield from _paths(item)
    elif isinstance(data, str) and data.count("/") == 2 and data.endswith("/") and data.isascii() and " " not in data:
        kind, name, _ = data.split("/")
        if kind.replace("-", "").isalpha() and len(name) > 13 and all(c in "0123456789abcdef" for c in name[-12:]):
            yield data


class TestHtml:
    def test_each_page_type_is_valid(self, demo_site: Path) -> None:
        """A parser that follows the standard finds nothing to mend in any type of page."""
        wrong = []
        for path in one_of_each(demo_site):
            parser = html5lib.HTMLParser(namespaceHTMLElements=False)
            parser.parse(path.read_text(encoding="utf-8"))
            wrong += [f"{path.relative_to(demo_site)}:{place[0]}: {code} {data}" for place, code, data in parser.errors]

        assert wrong == []

    def test_ids_are_unique(self, pages: dict[Path, Read]) -> None:
        """No page has two things of one name."""
        twice = {path: [one for one, n in Counter(page.ids).items() if n > 1] for path, page in pages.items()}
        assert {path: ids for path, ids in twice.items() if ids} == {}


class TestSize:
    def test_the_manual_is_read_a_page_at_a_time(self, demo_site: Path) -> None:
        """No page of the manual or the glossary is larger than 100 KB, and other pages do not list the manual's."""
        listing = [path for path in one_of_each(demo_site) if "When something is wrong" in menu(path)]
        glossary = demo_site / "latest" / "glossary" / "index.html"

        assert {path.parent.name for path in listing} == {path.stem for path in packaged("docs").glob("*.md")}
        sizes = {path.parent.name: path.stat().st_size for path in (*listing, glossary)}
        assert {name: size for name, size in sizes.items() if size > 100_000} == {}


def menu(path: Path) -> str:
    """What stands before the text of a page."""
    return path.read_text(encoding="utf-8").partition("<article")[0]
