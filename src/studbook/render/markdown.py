"""HTML sanitization of Markdown that people wrote: raw HTML is text, links lead to the web only."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markupsafe import Markup

_SAFE = re.compile(r"^(https?://|mailto:)", re.IGNORECASE)


def safe_href(text: object) -> str | None:
    """The text itself if it is an http(s) or mailto address that a link may lead to, else None."""
    if not isinstance(text, str) or not _SAFE.match(text) or any(char.isspace() or ord(char) < 0x20 for char in text):
        return None
    return text


class _Harmless(Treeprocessor):
    def run(self, root: Element) -> None:
        for element in root.iter():
            if element.tag == "img":
                element.tag = "a"
                element.text = element.get("alt") or element.get("src") or ""
                element.set("href", element.get("src") or "")
            if element.tag == "a":
                href = safe_href(element.get("href"))
                element.attrib.clear()
                if href is not None:
                    element.attrib.update({"href": href, "rel": "noopener nofollow"})
            else:
                element.attrib.clear()
            if re.fullmatch(r"h[1-6]", element.tag):
                # The page has its own headings; those of a card stand below them.
                element.tag = f"h{min(int(element.tag[1]) + 2, 6)}"


class _Strangers(Extension):
    def extendMarkdown(self, md: Any) -> None:  # noqa: N802  the library's name
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        md.treeprocessors.register(_Harmless(md), "harmless", -100)


@cache
def _converter() -> Markdown:
    return Markdown(extensions=["tables", "sane_lists", "fenced_code", _Strangers()], output_format="html")


@lru_cache(maxsize=512)
def to_html(text: str) -> Markup:
    """Markdown as HTML that is safe to put into a page; one card's words stand on many."""
    converter = _converter()
    converter.reset()
    return Markup(converter.convert(text))  # noqa: S704  raw HTML is escaped by the extension above
