"""A page of the site as somebody would write it in Markdown: headings, tables, lists, links; pictures as they are."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_ARTICLE = re.compile(r"<article\b[^>]*>(.*?)</article>", re.DOTALL)
_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")
_SPACE = re.compile(r"\s+")
_BLOCKS = frozenset({"p", "div", "dl", "section", "header", "nav", "figcaption", "ul", "ol", "pre", "summary"})
_PICTURES = frozenset({"svg", "button", "form", "select", "input", "script", "style", "template"})


def as_markdown(html: str) -> str:
    """The content of a page; what only a script can use is left out."""
    found = _ARTICLE.search(html)
    writer = _Writer()
    writer.feed(found[1] if found else html)
    writer.close()
    return writer.text()


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._out: list[str] = []
        self._line: list[str] = []
        self._row: list[str] | None = None
        self._header = False
        self._rows = 0
        self._code = False
        self._links: list[str | None] = []
        self._kept: list[str] = []
        self._deep = 0
        """How deep in something that is kept, or left out, as it is."""
        self._keeps = False

    def text(self) -> str:
        """All that was written."""
        self._end()
        return "\n".join(self._out) + "\n"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._deep or tag in _PICTURES:
            if not self._deep:
                self._keeps = tag == "svg" and "aria-hidden" not in dict(attrs)
            self._deep += tag != "input"
            self._kept.append(self.get_starttag_text() or "")
            return
        given = dict(attrs)
        match tag:
            case "a":
                href = given.get("href")
                self._links.append(_source(href) if href else None)
                self._line.append("[" if href else "")
            case "code":
                self._code = True
                self._line.append("`")
            case "strong" | "b":
                self._line.append("**")
            case "li" | "dt" | "dd" | "summary" if self._row is not None:
                self._line.append(" ")
            case "table":
                self._end()
                self._out.append("")
                self._rows = 0
            case "tr":
                self._end()
                self._row, self._header = [], False
            case "th" | "td":
                self._header |= tag == "th" and given.get("scope") != "row"
                self._line = []
            case "h1" | "h2" | "h3" | "h4":
                self._end()
                self._line = ["#" * int(tag[1]) + " "]
            case "li":
                self._end()
                self._line = ["- "]
            case "dt":
                self._end()
                self._line = ["- **"]
            case "dd":
                self._line.append("**: ")
            case _ if tag in _BLOCKS and self._row is None:
                self._end()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._deep:
            self._kept.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self._deep:
            self._deep -= 1
            self._kept.append(f"</{tag}>")
            if not self._deep:
                self._picture()
            return
        match tag:
            case "a" if self._links:
                href = self._links.pop()
                self._line.append(f"]({href})" if href else "")
            case "code":
                self._code = False
                self._line.append("`")
            case "strong" | "b":
                self._line.append("**")
            case "th" | "td" if self._row is not None:
                self._row.append(_SPACE.sub(" ", "".join(self._line)).strip())
                self._line = []
            case "tr" if self._row is not None:
                if not self._rows and not self._header:
                    self._out += [f"|{' |' * len(self._row)}", f"|{' --- |' * len(self._row)}"]
                self._out.append(f"| {' | '.join(self._row)} |")
                if not self._rows and self._header:
                    self._out.append(f"|{' --- |' * len(self._row)}")
                self._rows += 1
                self._row = None
            case "h1" | "h2" | "h3" | "h4" | "table":
                self._end()
                self._out.append("")
            case _ if (tag in _BLOCKS or tag in ("li", "dd")) and self._row is None:
                self._end()
                self._out.append("")

    def handle_data(self, data: str) -> None:
        if self._deep:
            self._kept.append(data.replace("&", "&amp;").replace("<", "&lt;"))
        else:
            text = _SPACE.sub(" ", data)
            self._line.append(text.replace("|", "\\|") if self._code else _SPECIAL.sub(r"\\\1", text))

    def _picture(self) -> None:
        """A picture is a block of HTML; within a row, part of its cell."""
        kept, self._kept = "".join(self._kept), []
        if not self._keeps:
            return
        if self._row is not None:
            self._line.append(_SPACE.sub(" ", kept))
        else:
            self._end()
            self._out += ["", f"<figure>{_SPACE.sub(' ', kept)}</figure>", ""]

    def _end(self) -> None:
        line = "".join(self._line).strip()
        self._line = []
        if line:
            self._out.append(line)


def _source(href: str) -> str:
    """An address as MkDocs wants it: of the source file."""
    path, mark, anchor = href.partition("#")
    if "://" in href or not path or path.endswith((".json", ".svg")):
        return href
    return f"{path.rstrip('/')}/index.md{mark}{anchor}" if path.endswith("/") else href
