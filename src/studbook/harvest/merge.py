"""Last night's records and tonight's: what is the same, stale, or gone.

Denied is never gone: a record is gone only where a complete listing of its kind (and scope) lacks it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from studbook.harvest.partition_store import PartitionStore
from studbook.model import Record


def merge(
    store: PartitionStore,
    *,
    complete: Collection[tuple[str, str | None]],
    scope: Callable[[Record], str | None],
    number: int,
) -> None:
    """Adds to the store what tonight did not show, so that it holds the partition's records for snapshot `number`.

    `complete` holds (kind, scope) of every listing that came to its end, (kind, None) where all of a kind did.
    """
    for record, listed in store.not_seen():
        if record.gone_since is not None:
            store.carry_over(record)
        elif not listed and ((record.kind, None) in complete or (record.kind, scope(record)) in complete):
            store.carry_over(replace(record, stale_since=None, gone_since=number))
        else:
            store.carry_over(carried_over(record, number))
    for before, now in store.changed():
        earlier = _earlier_holder(before, now, number)
        if earlier is not None:
            store.carry_over(earlier)


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
