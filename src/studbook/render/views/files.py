"""The data that pages fetch when a reader asks for more than they show: JSON files beside the pages."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator

from studbook.render.views.change_data import step
from studbook.render.views.compare_data import compare_lists
from studbook.render.views.explore import chunks
from studbook.render.views.incident import places
from studbook.render.views.lists import long_tables
from studbook.render.views.pages import account_ids, region_names
from studbook.render.views.site import Json, Site


def files(site: Site, but: Container[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Address below the site's root, and content; one at a time, since there may be thousands.

    Those of `explore.unchanged` may be left out: `but` has their addresses.
    """
    for name, data in chunks(site, but):
        yield name, packed(data)
    for name, data in compare_lists(site):
        yield f"compare/{name}", packed(data)
    yield "incident/places.json", packed(places(site))
    yield "changes/step.json", packed(step(site))
    for table in long_tables(site, account_ids(site), region_names(site)):
        yield f"lists/{table.file}.json", table.whole().encode("utf-8", "xmlcharrefreplace")


def packed(data: Json) -> bytes:
    """The bytes of a file."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "xmlcharrefreplace")
