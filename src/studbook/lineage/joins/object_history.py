"""Point-in-time reconstruction: which states of one S3 prefix its listings prove for a moment, and which they allow.

No listing says when it was taken. It was taken after the newest time in it, and before the first object that a later
listing shows and it lacks. Between these bounds it tells what the times in S3 do not: a multipart upload has the time
at which it began, not the one at which the object was there; what was deleted for good leaves no time at all.

A state is proved only where a listing showed that very state, and nothing is open: where versions that were listed once
are missing now, others may have come and gone unseen; while a bucket keeps no versions, or has suspended them, what is
overwritten or deleted ("null" versions and markers) leaves no trace, and it may do so until something has an id.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, combinations
from typing import Any, Final, NamedTuple

from studbook.lineage.times import instant
from studbook.model.facts import DatasetState
from studbook.model.ids import dataset_version_id, fingerprint, parse_s3

Objects = Sequence[Mapping[str, Any]]

_MULTIPART: Final = re.compile(r"-\d+$")
"""How the ETag of an object ends that was uploaded in parts."""
_UPLOAD: Final = timedelta(days=7)
"""How long an upload in parts is believed to take at most; S3's own advice is to abort older ones."""
_FEW: Final = 3
"""Of so many keys each may have been there or not when a job started: eight states."""
_SECOND: Final = len("2026-11-22T02:00:00")
_NEVER: Final = "~"
"""After every time."""
_NULL: Final = (None, "null")
"""The id of what was written while the bucket kept no versions."""


def object_versions(body: Mapping[str, Any]) -> tuple[str, Objects | None]:
    """The member that lists the objects of a prefix, and all versions of them, where the bucket keeps and lists them.

    Records of older catalogs call the versions ObjectVersions, and have the configuration's word under Versions.
    """
    member = "Versions" if "VersionsBy" in body else "ObjectVersions"
    versions = body.get(member)
    return ("Contents", None) if versions is None else (member, versions)


class State(NamedTuple):
    """One state that may have been in force."""

    version: str
    """The dataset_version's id."""
    digest: str
    objects: Objects
    newest: str
    proved: bool
    listed: bool
    """A listing showed exactly this."""


class _Change(NamedTuple):
    """An object version or a delete marker, and the listings that show it."""

    time: str
    latest: bool
    first: int
    last: int
    version: Mapping[str, Any] | None
    """None: a delete marker."""
    timed: bool
    """Its time is that at which it was there."""
    null: bool
    """It is from when the bucket kept no versions."""


@dataclass(slots=True)
class _Bounds:
    """When each listing was taken: surely after `after`, surely before `before`, and likely before `likely`."""

    after: list[str]
    before: list[str]
    likely: list[str]


def in_order(states: Sequence[DatasetState]) -> list[DatasetState]:
    """The listings of one prefix, oldest first: of several accounts that listed it the last one is who does so now."""

    def end(state: DatasetState) -> tuple[bool, int]:
        until = state.until or state.stale_since
        return until is None, until or 0

    return sorted(states, key=lambda state: (*end(state), state.until is None, state.version))


class ObjectHistory:
    """The states of one prefix over time; `listings` are in order, the last is in force and has object versions."""

    def __init__(self, listings: Sequence[DatasetState]) -> None:
        self._listings = _telling(listings)
        self._place = self._listings[-1].uri
        self._prefix = (parse_s3(self._place) or ("", ""))[1]
        self._known = {listing.version for listing in listings}
        rows = _sightings(self._listings)
        self._bounds = _bounds(len(self._listings), [change for several in rows.values() for change in several])
        after = self._bounds.after
        self._changes = {
            key: [_dated(change, after) for change in sorted(several, key=lambda change: (change[:2], change.first))]
            for key, several in rows.items()
        }
        changes = [change for several in self._changes.values() for change in several]
        nulls = [change.time for change in changes if change.null]
        self._put_together_from = max(nulls, default="")
        others = (change.time for change in changes if not change.null and change.time >= self._put_together_from)
        self._provable_from = min(others, default=_NEVER) if nulls else ""
        self._times = sorted({change.time for change in changes})
        self._found: dict[tuple[int, int, int, int, bool], Sequence[State]] = {}

    def tells(self, listing: DatasetState) -> bool:
        """Whether it goes by this listing."""
        return any(one is listing for one in self._listings)

    def at(self, time: str) -> Sequence[State]:
        """The states that may have been in force at a time; none where that cannot be known.

        S3 tells whole seconds: what is of the same one came before or after, and neither is proved.
        """
        moment = instant(time)
        second = moment[:_SECOND]
        after = self._at(moment)
        first = bisect_left(self._times, second)
        if first == len(self._times) or not self._times[first].startswith(second):
            return after
        before = self._at(_just_before(second))
        both = {state.version: state for state in (*before, *after)}
        return after if len(both) == len(after) else [state._replace(proved=False) for state in both.values()]

    def _at(self, moment: str) -> Sequence[State]:
        last = len(self._listings) - 1
        bounds = self._bounds
        before = [k for k in range(last + 1) if bounds.before[k] <= moment]
        likely = [k for k in range(last + 1) if bounds.likely[k] <= moment]
        surely_later = next((k for k in range(last + 1) if bounds.after[k] >= moment), None)
        # A listing that was carried over says nothing of what came after it.
        open_end = surely_later is None and self._listings[-1].stale_since is not None
        to = last if surely_later is None else surely_later
        since = before[-1] if before else -1
        earliest = min(max(since, likely[-1] if likely else 0, 0), to)
        provable = moment >= self._provable_from and not open_end
        key = (bisect_right(self._times, moment), since, earliest, to, provable)
        if key not in self._found:
            self._found[key] = tuple(self._possible(moment, since, earliest, to, provable=provable))
        return self._found[key]

    def _possible(self, moment: str, since: int, earliest: int, to: int, *, provable: bool) -> Iterator[State]:
        found: dict[str, State] = {}
        for chosen in (one for listing in range(earliest, to + 1) for one in self._ways(moment, listing, since)):
            objects = [change.version for change in chosen if change.version is not None]
            if not objects:
                continue  # nothing at all is no state of a dataset
            digest = fingerprint(objects, self._prefix)
            version = dataset_version_id(self._place, digest)
            sure = all(
                change.last == len(self._listings) - 1 and (change.timed or change.first <= since) for change in chosen
            )
            listed = version in self._known
            if listed or moment >= self._put_together_from:
                newest = max(change.time for change in chosen)
                found.setdefault(version, State(version, digest, objects, newest, provable and sure, listed))
        for state in found.values():
            yield state._replace(proved=state.proved and state.listed and len(found) == 1)

    def _ways(self, moment: str, listing: int, since: int) -> Iterator[Sequence[_Change]]:
        """What was under each key at a moment, if that was about when the listing was taken: where an upload in parts
        that replaced another version may still have been under way, also that one. Of many such keys all or none."""
        chosen = list(self._chosen(moment, listing))
        last = [change for change, _ in chosen]
        yield last
        until_done = [
            at
            for at, (change, before) in enumerate(chosen)
            if before is not None and not change.timed and change.first > since and moment < _later(change.time)
        ]
        several = (
            combinations(until_done, many)
            for many in (range(1, len(until_done) + 1) if len(until_done) <= _FEW else {len(until_done)})
        )
        for late in (one for some in several for one in some):
            yield [before if at in late and before else change for at, (change, before) in enumerate(chosen)]

    def _chosen(self, moment: str, listing: int) -> Iterator[tuple[_Change, _Change | None]]:
        """What was under each key at a moment, if that was about when the listing was taken, and the version before."""
        for changes in self._changes.values():
            by_then = changes[: bisect_right(changes, moment, key=lambda change: change.time)]
            seen = [change for change in by_then if change.timed or change.first <= listing]
            if not seen:
                continue
            change = seen[-1]
            if change is changes[-1] and change.last < listing:  # deleted for good, and no later one replaced it
                left = [change for change in seen if change.last >= listing]
                if not left:
                    continue
                change = left[-1]
            if change.version is not None:
                before = seen[seen.index(change) - 1] if seen[0] is not change else None
                yield change, before if before is not None and before.version is not None else None


def _telling(listings: Sequence[DatasetState]) -> list[DatasetState]:
    """Those of all versions; and those of objects alone that are from before the bucket began to keep versions, and so
    show all that there was: where older versions could only not be listed, they do not."""
    rows = (row for one in listings for row in (*(one.versions or ()), *one.markers))
    began = min((instant(row["LastModified"]) for row in rows if row.get("VersionId") not in _NULL), default=_NEVER)

    def is_before(listing: DatasetState) -> bool:
        return listing.inventory is None and all(instant(row["LastModified"]) < began for row in listing.contents)

    return [listing for listing in listings if listing.versions is not None or is_before(listing)]


def _sightings(listings: Sequence[DatasetState]) -> dict[str, list[_Change]]:
    """Every version and marker that a listing shows, by key."""
    seen: dict[tuple[Any, ...], _Change] = {}
    for number, listing in enumerate(listings):
        versions = listing.contents if listing.versions is None else listing.versions
        for row, version in (*((row, row) for row in versions), *((row, None) for row in listing.markers)):
            time, null = instant(row["LastModified"]), row.get("VersionId") in _NULL
            key = (row["Key"], None if null else row["VersionId"], time, row.get("ETag"))
            known = seen.get(key)
            seen[key] = _Change(
                time=time,
                latest=bool(row.get("IsLatest")),
                first=known.first if known else number,
                last=number,
                version=version,
                timed=not _MULTIPART.search(str(row.get("ETag") or "")),
                null=null,
            )
    changes: defaultdict[str, list[_Change]] = defaultdict(list)
    for (key, *_), change in seen.items():
        changes[key].append(change)
    return changes


def _dated(change: _Change, after: Sequence[str]) -> _Change:
    """A listing that lacks a thing older than itself shows that the thing's time is not that of its arrival."""
    contradicted = change.first > 0 and after[change.first - 1] > change.time
    return change._replace(timed=False) if contradicted else change


def _bounds(listings: int, changes: Sequence[_Change]) -> _Bounds:
    newest = [""] * listings
    for change in changes:
        newest[change.first] = max(newest[change.first], change.time)
    after = list(accumulate(newest, max))
    arrived, likely = [_NEVER] * listings, [_NEVER] * listings
    for change in changes:
        if change.first:
            earlier = after[change.first - 1]
            done = change.time if change.timed else _later(change.time)
            if change.timed and done >= earlier:
                arrived[change.first - 1] = min(arrived[change.first - 1], done)
            if done >= earlier:
                likely[change.first - 1] = min(likely[change.first - 1], done)
    return _Bounds(after, _from_the_end(arrived), _from_the_end(likely))


def _from_the_end(times: Sequence[str]) -> list[str]:
    """What is missing in a listing is missing in those before it."""
    return list(accumulate(reversed(times), min))[::-1]


def _just_before(second: str) -> str:
    try:
        return (datetime.fromisoformat(second) - timedelta(microseconds=1)).isoformat()
    except (ValueError, OverflowError):
        return second


def _later(time: str) -> str:
    try:
        return (datetime.fromisoformat(time) + _UPLOAD).isoformat()
    except (ValueError, OverflowError):
        return _NEVER


class Span(NamedTuple):
    """When a listed state may have been in force, where no object versions tell: from `since`, before `until`."""

    listing: DatasetState
    since: str
    until: str


def spans(listings: Sequence[DatasetState]) -> list[Span]:
    """Of each listing, oldest first, that shows anything.

    A state that holds an object from after a time came later; one that lacks an object which a later listing shows to
    have been there by then was over. An inventory says of when it is: what it shows is not known to have been there
    later, and any other state was over by then.
    """
    found: list[Span] = []
    until: str = _NEVER
    following: set[tuple[str, str, str]] | None = None
    for listing in reversed(listings):
        if (told := listing.inventory) is not None:
            until, following = min(until, instant(told.seen_at)), None
            if told.objects:
                found.append(Span(listing, instant(told.newest), until))
            continue
        objects = {(item["Key"], item["ETag"], instant(item["LastModified"])) for item in listing.contents}
        arrived = following - objects if following is not None else ()
        newest = max((time for _, _, time in objects), default="")
        # What is older than this listing, and not in it, came later than its time says, out of another bucket maybe.
        until = min([until, *(at for _, etag, at in arrived if at >= newest and not _MULTIPART.search(str(etag)))])
        following = objects
        if objects:
            if found and found[-1].listing.inventory and found[-1].since > newest:
                until = min(until, found[-1].since)
            found.append(Span(listing, newest, until))
    return found[::-1]
