"""The data that pages fetch when a reader asks for more than they show: JSON files beside the pages."""

from __future__ import annotations

import json
from collections.abc import Iterator

from studbook.render.views.explore import chunks
from studbook.render.views.site import Json, Site


def files(site: Site) -> Iterator[tuple[str, bytes]]:
    """Address below the site's root, and content; one at a time, since there may be thousands."""
    for name, data in chunks(site):
        yield f"explore/data/{name}", _packed(data)


def _packed(data: Json) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "xmlcharrefreplace")
