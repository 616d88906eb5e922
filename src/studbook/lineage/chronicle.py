"""Lifecycle: the life of each asset from snapshot to snapshot: first seen, stale, gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from studbook.lineage.link import Linked, Sightings
from studbook.model import Asset
from studbook.model.ids import holder_of


def chronicle(linked: Linked, previous: Iterable[Asset], number: int) -> Iterator[Asset]:
    """The linked assets with `first_seen`, `stale_since` and `gone_since`, by id.

    An asset is stale where everything that shows or names it was carried over, and gone where what showed it is gone:
    only a complete listing ends a record. `previous` are the assets of the snapshot before `number`, by id; only one of
    them is held at a time. What had an id before its present holder takes its first night along.
    """
    earlier = iter(previous)
    before = next(earlier, None)
    buried = {(holder_of(one.id), one.created_at) for one in linked.assets if "@" in one.id}
    moved: dict[tuple[str | None, str | None], Asset] = {}
    for asset in linked.assets:
        while before is not None and before.id < asset.id:
            before = next(earlier, None)
        known = before if before is not None and before.id == asset.id else None
        if known is None:
            known = moved.get((holder_of(asset.id), asset.created_at))
        elif known.created_at != asset.created_at and (known.id, known.created_at) in buried:
            moved[known.id, known.created_at], known = known, None
        yield chronicled(asset, linked.sightings.get(asset.id), known, number)


def chronicled(asset: Asset, sightings: Sightings | None, before: Asset | None, number: int) -> Asset:
    """One asset with its life, as the snapshot before `number` has it, if it does."""
    gone = stale = None
    if sightings is not None:
        if sightings.shown and not sightings.shown_alive:
            gone = sightings.gone_since
        elif not sightings.fresh:
            stale = sightings.stale_since
    first = before.first_seen if before is not None and before.first_seen is not None else number
    return asset.but(first_seen=first, stale_since=stale, gone_since=gone)
