"""Last night's records and tonight's: what is the same, stale, or gone. Pure.

Denied is never gone: a record is gone only where a complete listing of its kind (and scope) lacks it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from studbook.model import Record

Key = tuple[str, str]
"""(kind, id)"""


def merge(
    known: Mapping[Key, Record],
    seen: Mapping[Key, Record],
    *,
    complete: Collection[tuple[str, str | None]],
    undescribed: Collection[Key],
    scope: Callable[[Record], str | None],
    number: int,
) -> list[Record]:
    """The records of a partition for snapshot `number`, by kind and id.

    `complete` holds (kind, scope) of every listing that came to its end, (kind, None) where all of a kind did;
    `undescribed` are those that a listing showed and nobody could read.
    """
    records = dict(seen)
    for key, record in known.items():
        fresh = seen.get(key)
        if fresh is not None:
            earlier = _earlier_holder(record, fresh, number)
            if earlier is not None:
                records[earlier.kind, earlier.id] = earlier
        elif record.gone_since is not None:
            records[key] = record
        elif key not in undescribed and ((record.kind, None) in complete or (record.kind, scope(record)) in complete):
            records[key] = replace(record, stale_since=None, gone_since=number)
        else:
            records[key] = carried_over(record, number)
    return [records[key] for key in sorted(records)]


def carried_over(record: Record, number: int) -> Record:
    """The record of an earlier night, unseen in snapshot `number`."""
    if record.gone_since is not None or record.stale_since is not None:
        return record
    return replace(record, stale_since=number)


def _earlier_holder(record: Record, fresh: Record, number: int) -> Record | None:
    """The deleted resource that had this id before, where the times of creation tell the two apart."""
    before, now = record.body.get("CreationTime"), fresh.body.get("CreationTime")
    if before is None or now is None or before == now:
        return None
    return replace(record, id=f"{record.id}@{before}", stale_since=None, gone_since=record.gone_since or number)
