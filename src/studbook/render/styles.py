"""Stylesheets and scripts as each page loads them: minified, and without what no page here has (purged CSS)."""

from __future__ import annotations

import re
from typing import Final

MINIFIED: Final = (
    "assets/studbook.css",
    "assets/board.css",
    "assets/search.css",
    "assets/studbook.js",
    "assets/search.js",
    "assets/find.js",
)
"""Those of our own that are worth it."""

_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n", re.DOTALL | re.MULTILINE)
"""A comment that has its lines to itself."""
_INDENT = re.compile(r"^\s+", re.MULTILINE)
"""Indentation and empty lines, which mean nothing in our scripts: none of their template literals spans lines."""
_AROUND = re.compile(r"""("[^"]*"|'[^']*')|\s*([{};,])\s*|(?<=:) (?=\S)""")
"""A string, which stays, or white space around CSS's punctuation."""

_RULE = re.compile(r"([^{}]*)\{[^{}]*\}")
_EMPTY = re.compile(r"@[^{}]*\{\}")
_ELSEWHERE = re.compile(
    # Features of Material that our mkdocs.yml does not turn on, as their classes begin: half of its stylesheet.
    r"\.(?:arithmatex|critic|footnote|giscus|grid|keys|mermaid|tabbed-|task-list"
    r"|md-(?:annotation|author|consent|feedback|meta|pagination|path|pin|post|profile|progress|search|select|social"
    r"|source|status|tag))"
    # And the palettes that it offers beside the two which are ours.
    r"|\[data-md-color-(?:primary|accent)=(?!custom)"
)


def minified(name: str, text: str) -> str:
    """What a stylesheet or script of ours says, without what is written for who reads the source."""
    text = _INDENT.sub("", _COMMENT.sub("", text))
    return _AROUND.sub(r"\1\2", text) if name.endswith(".css") else text


def purged(text: str) -> str:
    """Material's stylesheet without the rules that could only reach what no page has; others stay as they are."""

    def kept(match: re.Match[str]) -> str:
        selectors = match[1].split(",")
        return "" if all(_ELSEWHERE.search(one) and ":not(" not in one for one in selectors) else match[0]

    return _EMPTY.sub("", _RULE.sub(kept, text))
