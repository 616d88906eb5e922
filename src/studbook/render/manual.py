"""Memoization: a page of the manual is parsed again only where it, or what it may link to, is another than before."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents

from studbook.caches import own_folder
from studbook.packaged import code_digest
from studbook.store.files import write_whole

_PARSERS = ("mkdocs", "Markdown", "pymdown-extensions", "Pygments")


class ManualPage(Page):
    """A page of Markdown, as earlier builds parsed it.

    What they made is HTML that nobody checks, and so lies in the user's own cache folder, a file for each page.
    """

    def render(self, config: MkDocsConfig, files: Files) -> None:
        """Convert the Markdown, or take what was made of the same."""
        folder = own_folder("manual")
        kept = folder / f"{hashlib.sha256(self.file.src_uri.encode()).hexdigest()}.json" if folder else None
        key = self._key(config, files)
        known = _read(kept) if kept else {}
        if known.get("key") == key:
            self.content, self._title_from_render = known["content"], known["title"]
            self.toc = TableOfContents(list(map(_anchor, known["toc"])))
            return
        super().render(config, files)
        if kept:
            told = {"key": key, "content": self.content, "title": self._title_from_render}
            with suppress(OSError):
                write_whole(kept, json.dumps(told | {"toc": list(map(_entry, self.toc))}).encode())

    def _key(self, config: MkDocsConfig, files: Files) -> str:
        """The digest of all that the HTML is made from."""
        places = [(file.src_uri, file.url) for file in files]
        parsers = [*_versions(), code_digest(), repr(config.markdown_extensions), repr(config.mdx_configs)]
        return hashlib.sha256(repr([self.markdown, self.url, sorted(places), parsers]).encode()).hexdigest()


@cache
def _versions() -> tuple[str, ...]:
    """Of the parsers: to find them takes longer than to read a page."""
    return tuple(map(version, _PARSERS))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _entry(link: AnchorLink) -> list[Any]:
    return [link.title, link.id, link.level, list(map(_entry, link.children))]


def _anchor(entry: list[Any]) -> AnchorLink:
    title, anchor, level, children = entry
    link = AnchorLink(title, anchor, level)
    link.children = list(map(_anchor, children))
    return link
