"""What stands in the place of a page, or of a file, that could not be made: that it could not, and what failed.

Of the asset it tells its name and id alone: anything else of it may be what the page failed at.
"""

from __future__ import annotations

from typing import Final

from studbook.model import KINDS, Asset
from studbook.render.views.files import packed
from studbook.render.views.site import Json, Page

_MEND: Final = "this is a bug in Studbook: report it with what STUDBOOK_TRACEBACK=1 studbook build shows of it"


def unmade_page(asset: Asset, path: str, why: str) -> Page:
    """The page in its place."""
    data: Json = {"asset": {"id": asset.id, "name": asset.name}, "kind": KINDS[asset.kind].title, "why": why}
    return Page(
        path=path,
        title=asset.name,
        description="This page could not be made",
        section=KINDS[asset.kind].section,
        template="partials/unmade.html",
        data=data,
    )


def unmade_data(asset: Asset, why: str) -> bytes:
    """The file of data in its place: it has none of what its readers take for an answer."""
    told = {"id": asset.id, "kind": asset.kind, "name": asset.name}
    return packed({"asset": told, "error": f"could not be made: {why}", "hint": _MEND})
