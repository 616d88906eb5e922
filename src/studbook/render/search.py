"""Material's built-in search, fed with one short entry for each asset instead of the text of its page.

The full text of ten thousand pages is an index of 38 MB that every page view loads; one line each is 2.5 MB.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import NamedTuple

from studbook.model.ids import page_path
from studbook.render.views import Site
from studbook.render.views.asset import one_line
from studbook.render.views.pages import account_ids, region_names
from studbook.render.views.site import account_path, region_path
from studbook.render.words import called, shown


class Entry(NamedTuple):
    """What search knows of a page."""

    location: str
    title: str
    text: str


def entries_of(site: Site) -> list[Entry]:
    """Every page that is not in the navigation."""
    places = [
        Entry(account_path(account), site.account_name(account) or account, f"Account {account}")
        for account in account_ids(site)
    ]
    places += [Entry(region_path(region), region, "Region") for region in region_names(site)]
    return places + [
        Entry(page_path(asset.kind, asset.id, asset.name), called(asset), one_line(site, asset))
        for asset in site.graph.assets.values()
    ]


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
