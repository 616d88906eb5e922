"""The life of each asset from snapshot to snapshot: first seen, stale, gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from studbook.lineage.link import Linked
from studbook.model import Asset


def chronicle(linked: Linked, previous: Mapping[str, Asset], number: int) -> list[Asset]:
    """The linked assets with `first_seen`, `stale_since` and `gone_since`, by id.

    An asset is stale where everything that shows or names it was carried over, and gone where what showed it is gone:
    only a complete listing ends a record. `previous` are the assets of the snapshot before `number`.
    """
    lived = []
    for asset in linked.assets:
        before = previous.get(asset.id)
        sightings = linked.sightings.get(asset.id)
        gone = stale = None
        if sightings is not None:
            if sightings.shown and not sightings.shown_alive:
                gone = sightings.gone_since
            elif not sightings.fresh:
                stale = sightings.stale_since
        first = before.first_seen if before is not None and before.first_seen is not None else number
        lived.append(replace(asset, first_seen=first, stale_since=stale, gone_since=gone))
    return lived
