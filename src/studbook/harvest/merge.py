"""Merge, with tombstones: last night's records and tonight's, and what is the same, stale, or gone.

Denied is never gone: a record is gone only where a complete listing of its kind (and scope) lacks it. A listing that
lacks most of what was known is a suspect: it needs a second witness, the same listing of another night.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final, NamedTuple

from studbook.harvest.partition_store import PartitionStore
from studbook.lineage.link import HISTORY
from studbook.model import Record

MISSED: Final = "missed:"
"""Before the revision of a record that a doubted listing lacked; the next complete one that lacks it is believed."""

NOTE: Final = "_listing"
"""At the end of the kind of the collector's own notes."""

_FEW: Final = 5
"""So many of a kind may go at once. By share alone the last two of a small estate could never go in one night."""

Scopes = Collection[tuple[str, str | None]]
"""(kind, scope) of every listing that came to its end, (kind, None) where all of a kind did."""


class Doubt(NamedTuple):
    """A listing that would make too much gone at once."""

    kind: str
    scope: str | None
    lost: int
    known: int


def doubts(store: PartitionStore, *, complete: Scopes, scope: Callable[[Record], str | None]) -> list[Doubt]:
    """The complete listings that lack more than five known records of a kind, and more than half of them."""

    def part(record: Record) -> str | None:
        return None if (record.kind, None) in complete else scope(record)

    lost: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)
    for record, listed in store.not_seen():
        suspect = record.gone_since is None and not listed and not record.revision.startswith(MISSED)
        if suspect and not record.kind.endswith(NOTE) and _is_complete(record, complete, scope):
            lost[record.kind, part(record)].add(_subject(record))
    found = []
    for (kind, where), subjects in sorted(lost.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        if len(subjects) <= _FEW:
            continue
        if kind in HISTORY:
            subjects.difference_update(_subject(record) for record in store.seen_of(kind))
        known = {_subject(record) for record in store.known_of(kind) if part(record) == where}
        if len(subjects) > _FEW and 2 * len(subjects) > len(known):
            found.append(Doubt(kind, where, len(subjects), len(known)))
    return found


def merge(
    store: PartitionStore,
    *,
    complete: Scopes,
    scope: Callable[[Record], str | None],
    number: int,
    doubted: Collection[Doubt] = (),
) -> None:
    """Adds to the store what tonight did not show, so that it holds the partition's records for snapshot `number`.

    Where a listing is doubted nothing of its scope is gone but what another one lacked before: what else is not there,
    below or beside, was listed by the same answers.
    """
    kinds = {(doubt.kind, doubt.scope) for doubt in doubted}
    scopes = {doubt.scope for doubt in doubted}
    for record, listed in store.not_seen():
        if record.gone_since is not None:
            store.carry_over(record)
        elif listed or not _is_complete(record, complete, scope):
            store.carry_over(carried_over(record, number))
        elif record.revision.startswith(MISSED) or not ({None, scope(record)} & scopes):
            revision = record.revision.removeprefix(MISSED)
            store.carry_over(replace(record, revision=revision, stale_since=None, gone_since=number))
        else:
            known = carried_over(record, number)
            missed = {(record.kind, None), (record.kind, scope(record))} & kinds
            store.carry_over(replace(known, revision=MISSED + known.revision) if missed else known)
    for before, now in store.changed():
        earlier = _earlier_holder(before, now, number)
        if earlier is not None:
            store.carry_over(earlier, known_as=before.id)


def _is_complete(record: Record, complete: Scopes, scope: Callable[[Record], str | None]) -> bool:
    return (record.kind, None) in complete or (record.kind, scope(record)) in complete


def _subject(record: Record) -> str:
    """What the record is a state of: a newer state of a place in S3 has another id, and nothing was lost."""
    return str(record.body.get("Uri")) if record.kind in HISTORY else record.id


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
