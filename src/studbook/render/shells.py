"""Page shells: the theme rendered once for each page shape, and filled in for each page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from html import escape
from itertools import chain
from urllib.parse import urljoin

from markupsafe import Markup

from studbook.render.views import Page
from studbook.words import shown

_HEADING = re.compile(r'<h2 id="([a-z0-9-]+)"[^>]*>(.*?)</h2>', re.DOTALL)
_TAGS = re.compile(r"<[^>]+>")


def headings_of(body: str) -> tuple[tuple[str, str], ...]:
    """The second-level headings that have an id: a page's table of contents."""
    return tuple((anchor, _TAGS.sub("", title).strip()) for anchor, title in _HEADING.findall(body))


TITLE, DESCRIPTION, ADDRESS, BODY = (
    "@@STUDBOOK-TITLE@@",
    "@@STUDBOOK-DESCRIPTION@@",
    "@@STUDBOOK-ADDRESS@@",
    "@@STUDBOOK-BODY@@",
)
_MARKERS = re.compile("|".join((TITLE, DESCRIPTION, ADDRESS, BODY)))
INDENT = re.compile(r"\n\s+")


class Shells:
    """The theme, rendered once for each page shape."""

    def __init__(self, render: Callable[[str, tuple[tuple[str, str], ...]], str], site_url: str | None) -> None:
        self._render = render
        self._site_url = site_url
        self._known: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[list[str], list[str]]] = {}

    def digest(self, section: str) -> str:
        """Of the theme as pages of a section see it."""
        texts, markers = self._shell(section, ())
        return hashlib.sha256("\n".join([*texts, *markers, self._site_url or ""]).encode()).hexdigest()

    def fill_shell(self, page: Page, body: Markup) -> str:
        """The whole page."""
        texts, markers = self._shell(page.section, headings_of(body))
        values = {
            TITLE: escape(shown(page.title)),
            DESCRIPTION: escape(shown(page.description)),
            ADDRESS: urljoin(self._site_url or "", page.path),
            BODY: str(body),
        }
        return "".join(chain.from_iterable(zip(texts, [*(values[marker] for marker in markers), ""], strict=True)))

    def _shell(self, section: str, headings: tuple[tuple[str, str], ...]) -> tuple[list[str], list[str]]:
        shape = (section, headings)
        if shape not in self._known:
            # Material indents deeply, which is a quarter of a page; nothing in the shell is preformatted.
            text = INDENT.sub("\n", self._render(section, headings))
            self._known[shape] = (_MARKERS.split(text), _MARKERS.findall(text))
        return self._known[shape]
