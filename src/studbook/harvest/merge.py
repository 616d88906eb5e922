"""Merge, with tombstones: last night's records and tonight's, and what is the same, stale, or gone.

Denied is never gone: a record is gone only where a complete listing of its kind (and scope) lacks it. A listing that
lacks most of what was known is a suspect: it needs a second witness, the same listing of another night. So are all
that lack everything, where together that is more than a handful.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from studbook.harvest.partition_store import PartitionStore
from studbook.lineage.joins.object_history import object_versions
from studbook.lineage.link import HISTORY, POINTERS
from studbook.model import Record
from studbook.model.ids import earlier_version

MISSED: Final = "missed:"
"""Before the revision of a record that a suspect listing lacked; the next complete one that lacks it is believed."""

NOTE: Final = "_listing"
"""At the end of the kind of the collector's own notes."""

_FEW: Final = 5
"""So many of a kind may go at once. By share alone the last two of a small estate could never go in one night."""

Scopes = Collection[tuple[str, str | None]]
"""(kind, scope) of every listing that came to its end, (kind, None) where all of a kind did."""


_Place = tuple[str, str | None]
"""Kind and scope."""
_Subject = tuple[str, str]
"""Kind and what identifies it in all its states."""
_Group = tuple[str, str]
_PARTITION: Final[_Group] = ("partition", "")


class SuspectListing(NamedTuple):
    """A listing that would make too much gone at once."""

    kind: str
    scope: str | None
    lost: int
    known: int


def suspect_listings(
    store: PartitionStore, *, complete: Scopes, scope: Callable[[Record], str | None]
) -> list[SuspectListing]:
    """The complete listings that lack too much of what was known.

    That is more than five records of a kind, and more than half of them; or, of all kinds of a scope, of all scopes of
    a kind, or of the partition, more than five records together and every one: who answers nothing but empty lists
    need not have many records of any kind.
    """

    def place(record: Record) -> _Place:
        return record.kind, None if (record.kind, None) in complete else scope(record)

    lost: defaultdict[_Place, set[_Subject]] = defaultdict(set)
    for record, listed in store.not_seen():
        suspect = not listed and not record.revision.startswith(MISSED) and _may_be_missed(record)
        if suspect and _is_complete(record, complete, scope):
            lost[place(record)].add(_subject(record))
    if sum(map(len, lost.values())) <= _FEW:
        return []
    shown = {_subject(record) for kind in HISTORY for record in store.seen_of(kind) if not _is_empty(record)}
    known: defaultdict[_Place, set[_Subject]] = defaultdict(set)
    survived: set[_Group] = set()
    for record, seen in store.alive():
        if _may_be_missed(record):
            known[place(record)].add(_subject(record))
            if seen or _subject(record) in shown:
                survived.update(_groups(*place(record)))
    together: Counter[_Group] = Counter()
    for where, subjects in lost.items():
        subjects.difference_update(shown)
        together.update(dict.fromkeys(_groups(*where), len(subjects)))
    return [
        SuspectListing(*where, len(subjects), len(known[where]))
        for where, subjects in sorted(lost.items(), key=lambda item: (item[0][0], item[0][1] or ""))
        if (len(subjects) > _FEW and 2 * len(subjects) > len(known[where]))
        or (subjects and any(together[group] > _FEW and group not in survived for group in _groups(*where)))
    ]


def withdraw_emptiness(
    store: PartitionStore, suspects: Collection[SuspectListing], scope: Callable[[Record], str | None]
) -> None:
    """Takes back what a suspect listing said of a place in S3 in which it showed nothing: that it is empty now."""
    scopes = {suspect.scope for suspect in suspects}
    for kind in HISTORY & {suspect.kind for suspect in suspects}:
        for record in [record for record in store.seen_of(kind) if _is_empty(record)]:
            if scope(record) in scopes and store.known(kind, record.id) is None:
                store.take_back(record)


def merge(
    store: PartitionStore,
    *,
    complete: Scopes,
    scope: Callable[[Record], str | None],
    number: int,
    suspects: Collection[SuspectListing] = (),
) -> None:
    """Adds to the store what tonight did not show, so that it holds the partition's records for snapshot `number`.

    Where a listing is suspect, nothing of its scope is gone but what another one lacked before: what else is not there,
    below or beside, was listed by the same answers.
    """
    kinds = {(suspect.kind, suspect.scope) for suspect in suspects}
    scopes = {suspect.scope for suspect in suspects}
    withdraw_emptiness(store, suspects, scope)
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
        for earlier_state in (_earlier_holder, _earlier_listing, _earlier_settings):
            if (earlier := earlier_state(before, now, number)) is not None:
                store.carry_over(earlier, known_as=before.id)
                break


def _is_complete(record: Record, complete: Scopes, scope: Callable[[Record], str | None]) -> bool:
    return (record.kind, None) in complete or (record.kind, scope(record)) in complete


def _subject(record: Record) -> _Subject:
    """What the record is a state of: a newer state of a place in S3 has another id, and nothing was lost."""
    return record.kind, str(record.body.get("Uri")) if record.kind in HISTORY else record.id


def _may_be_missed(record: Record) -> bool:
    """Whether a listing that lacks the record lacks something."""
    return record.gone_since is None and not record.kind.endswith(NOTE) and not _is_empty(record)


def _is_empty(record: Record) -> bool:
    """Whether it says of a place in S3 that nothing lies there."""
    return record.kind in HISTORY and not (record.body.get("Contents") or record.body.get("Objects"))


def _groups(kind: str, scope: str | None) -> tuple[_Group, ...]:
    """What may be answered by empty lists alone: a kind in all scopes, a scope in all kinds, all of a partition."""
    return ("kind", kind), ("scope", scope) if scope is not None else _PARTITION, _PARTITION


def carried_over(record: Record, number: int) -> Record:
    """The record of an earlier night, unseen in snapshot `number`."""
    if record.gone_since is not None or record.stale_since is not None:
        return record
    return replace(record, stale_since=number)


def _created_at(record: Record) -> object:
    """When AWS, or MLflow, made what has a name, or a number, that others may have after it."""
    times = (record.body.get(name) for name in ("CreationTime", "creation_timestamp", "creation_time"))
    return next((time for time in times if time is not None), None)


def _earlier_holder(record: Record, fresh: Record, number: int) -> Record | None:
    """The deleted resource that had this id before, where the times of creation tell the two apart."""
    before, now = _created_at(record), _created_at(fresh)
    if before is None or now is None or before == now:
        return None
    return replace(record, id=f"{record.id}@{before}", stale_since=None, gone_since=record.gone_since or number)


def _earlier_listing(record: Record, fresh: Record, number: int) -> Record | None:
    """What an earlier listing showed of a place in S3 that has the same content again: the times of objects that were
    overwritten, and versions that are left no more, tell what was there then. None where tonight's shows them, too."""
    if record.kind not in HISTORY or record.body == fresh.body or _seen_in(record.body) <= _seen_in(fresh.body):
        return None
    until = record.gone_since or number
    return replace(record, id=f"{record.id}@{until}", stale_since=None, gone_since=until)


def _earlier_settings(record: Record, fresh: Record, number: int) -> Record | None:
    """What a Lambda function was: at which versions its aliases pointed, and which code `$LATEST` had; and which
    weights a model version had. None where that is as it was, or its aliases were not listed."""
    pointing = POINTERS.get(record.kind, ())
    if all(record.body.get(name) == fresh.body.get(name) for name in pointing):
        return None
    if "Aliases" in pointing and not all("Aliases" in one.body for one in (record, fresh)):
        return None
    until = record.gone_since or number
    if record.kind == "model_package":
        changed = fresh.body.get("LastModifiedTime") or until
        return replace(record, id=earlier_version(record.id, changed), stale_since=None, gone_since=until)
    return replace(record, id=f"{record.id}@{until}", stale_since=None, gone_since=until)


def _seen_in(body: Mapping[str, Any]) -> set[tuple[Any, ...]]:
    """Object versions and delete markers, or the objects where no versions are listed; of an inventory the newest."""
    if "Contents" not in body:
        return {(body.get("Newest"),)}
    _, versions = object_versions(body)
    rows = body["Contents"] if versions is None else [*versions, *(body.get("DeleteMarkers") or ())]
    return {(row.get("Key"), row.get("VersionId"), row.get("LastModified")) for row in rows}
