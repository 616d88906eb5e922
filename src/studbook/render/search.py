"""Material's built-in search, fed with one short entry for each asset instead of the text of its page.

The full text of ten thousand pages is an index of 38 MB that every page view loads; one line each is 2.5 MB.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import NamedTuple

from studbook.render.words import shown


class Entry(NamedTuple):
    """What search knows of a page."""

    location: str
    title: str
    text: str


def add_entries(index: Path, entries: Iterable[Entry]) -> None:
    """Add entries to the index that Material's plugin wrote; nothing where search is switched off.

    The search worker takes both texts for HTML, so they are escaped here. An asterisk in any text is a wildcard in its
    index, at which queries for other words fail: there is none.
    """
    if not index.exists():
        return
    data = json.loads(index.read_text(encoding="utf-8"))
    data["docs"] += [
        {"location": entry.location, "title": escape(shown(entry.title)), "text": escape(shown(entry.text))}
        for entry in entries
    ]
    for doc in data["docs"]:
        doc["title"], doc["text"] = doc["title"].replace("*", " "), doc["text"].replace("*", " ")
    index.write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
