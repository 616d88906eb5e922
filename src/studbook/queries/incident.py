"""Blast radius (`incident`): what a place in S3, a digest or any other thing has spoilt, in a window of time.

Who read all of it, or more, is hit for certain; who read a part of it, possibly, unless the object manifests of the
dataset states decide; who read it outside the window is cleared. What follows from an affected reader is affected
whenever it ran: possibly where an edge on the way is only inferred.

What a reader read is the place that its record names, not the dataset around it: an edge from a dataset version says
whether that is all of it, else its evidence leads to the place.
"""

from __future__ import annotations

import heapq
import math
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Final, Generic, Literal

from studbook.errors import NotFound, UsageError
from studbook.lineage.adjacency import Said, said_of
from studbook.lineage.job_state import may_never_have_run, start_of
from studbook.lineage.joins.weights import NAMED_PLACE as NAMED
from studbook.lineage.times import utc_time
from studbook.model import RELATIONS, Asset
from studbook.model.ids import beginning_with, folders, parse_s3
from studbook.model.kinds import kind_words
from studbook.queries.answer import (
    STATUSES,
    Answer,
    LazyRows,
    Night,
    RecordOf,
    Row,
    Status,
    Unknown,
    counted,
    few,
    listed,
    looked_for,
)
from studbook.queries.manifests import recorded_places
from studbook.queries.question import Question
from studbook.queries.walks import Family, groups_of, line, runs
from studbook.queries.walks.influence import ALWAYS
from studbook.queries.walks.reach import N, View, overwritten, reaching

_ITSELF: Final = ("has_version", "content_of", "same_as")
"""Relations to what is the same thing, or a version of it: no reading, so that no window holds for them."""
_DATA: Final = ("dataset", "feature_group")
"""Their versions are members of the root, or lie elsewhere than the place that is asked about."""
_PART: Final = "rule:s3-prefix"
_OWN: Final = "rule:query-results"
"""Says that of a place only what the reader's own query wrote there was read: which objects, nobody records."""
_AS_RECORDED: Final = frozenset({_PART, _OWN, "rule:prefix-without-slash", "rule:arn"})
"""Rules that say where the record's own words lead; others are conclusions."""
_OF_STATES: Final = frozenset({"rule:dataset-at-start", "rule:latest-at-start"})
"""Rules that say which state of a dataset was read: no doubt where all of the dataset is asked for."""
_STATE: Final = "/@sha256:"
_DIGESTS: Final = {"s3://": _STATE, "git:": "@", "mlflow:": "/dataset/[^/]+/"}
"""What stands before a digest in an id, by how the id begins; of images all that have one are asked."""
_DIGEST: Final = re.compile(r"^(?:sha256:)?([0-9a-f]{6,64})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit(Row):
    """One thing that was hit, may have been, or was cleared."""

    asset: str
    kind: str
    stage: str | None
    account: str | None
    status: Status
    because: str
    """In words: what it read of the root, or what it follows from."""
    via: str
    """The neighbour towards the root."""
    last_unaffected: str | None = None
    """Of an endpoint: the newest version of its line that is neither certain nor possible."""


@dataclass(frozen=True, kw_only=True)
class Incident(Answer[Hit]):
    """Certain ones first, then possible, then cleared; by id within each."""

    spread: Callable[[], Spread] = field(compare=False)
    """The same in any window, where none was asked for."""


def incident(
    night: Night, root: str, asked: str | None = None, *, from_: str | None = None, to: str | None = None
) -> Incident:
    """What the root has spoilt: an S3 bucket, prefix or object in any spelling, an asset's id, a digest or its
    beginning: of a dataset's state, an image, or code.

    The window takes dates or times in UTC, from inclusive, to exclusive; a date as `to` means to its end. Raises
    NotFound for what nothing here knows, UsageError for a window that is none.
    """
    window = _Window.of(from_, to)
    spoilt = _root(night, root)
    search = _Search(night, reaching(night.lineage), spoilt, window)
    return Incident(
        question="incident",
        root=spoilt.id,
        asked=root if asked is None else asked,
        summary=_summary(search.alike()),
        rows=search.rows(),
        unknown=search.unknown(),
        spread=search.spread,
    )


QUESTION: Final = Question(name="incident", ask=incident, options=("from_", "to"), places=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """All windows at once: whoever picks one needs no walk.

    In a window a row is certain where one of its certain readers started in it, else possible where one of its possible
    readers did, else cleared where it is a reader itself, else no row.
    """

    readers: tuple[tuple[str, str | None], ...]
    """The direct readers, each with its start in UTC, oldest first; those without a start are in every window."""
    certain: Mapping[str, tuple[int, ...]]
    """By row: the places of the readers, in `readers`, from which it is hit for certain."""
    possible: Mapping[str, tuple[int, ...]]
    always: Mapping[str, Status]
    """What is the root under another id, or a version of it: no window holds for it."""
    ways_back: Mapping[str, tuple[tuple[str, str], ...]]
    """By endpoint: the versions by which it may be hit, each with the group of its line."""
    lines: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]
    """By group: its versions newest first, each the original with all its copies."""
    members: tuple[str, ...]
    """The versions of these lines that are the root itself: no rows, and hit in every window."""


# --- the window ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Window:
    """Half open: `begin` is in it, `end` is not."""

    begin: datetime | None
    end: datetime | None

    @classmethod
    def of(cls, from_: str | None, to: str | None) -> _Window:
        begin, end = _instant(from_, "from"), _instant(to, "to")
        if end is not None and to is not None and _is_day(to.strip()):
            end = end + timedelta(days=1) if end.date() < date.max else None
        if begin is not None and end is not None and begin >= end:
            raise UsageError(f"from {from_} to {to} is no time at all", "give the earlier one as from")
        return cls(begin, end)

    @property
    def is_open(self) -> bool:
        """Whether all times are in it."""
        return self.begin is None and self.end is None

    def outside(self, started: str | None) -> str | None:
        """In words, why somebody who started then is cleared; None where that is not so, or not known."""
        if self.is_open or started is None or (time := utc_time(started)) is None:
            return None
        if self.begin is not None and time < self.begin:
            return f"started {started}, before the window"
        if self.end is not None and time >= self.end:
            return f"started {started}, after the window"
        return None


def _instant(text: str | None, which: str) -> datetime | None:
    if text is None:
        return None
    time = utc_time(text.strip())
    if time is None:
        raise UsageError(f"{which}: {text!r} is no date and no time", "say 2026-11-20, or 2026-11-20T05:30:00Z")
    return time


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


# --- the root -----------------------------------------------------------------------------------------------------

Share = Literal["all", "part", "none"]


@dataclass(frozen=True, slots=True)
class _Root:
    """What is asked about: any one asset, or a place in S3."""

    id: str
    """Of a place: with a final slash a folder; without, every key that begins so."""
    members: Sequence[str]
    """The assets that it is: those in the place and around it, of a dataset its versions, too."""
    place: str | None
    """Where it lies, if that is in S3."""
    is_state: bool
    """Whether it is one state of a dataset: then it matters which one a reader met."""

    def holds(self, place: str) -> bool:
        """Whether a place in S3 lies in it, or is it."""
        return self.place is not None and _holds(self.place, place)

    def share(self, place: str) -> Share:
        """How much of it somebody reads who reads all of a place."""
        if self.place is None or _holds(place if place.endswith("/") else f"{place}/", self.place):
            return "all"
        return "part" if self.holds(place) else "all" if self.place == place else "none"


def _holds(outer: str, inner: str) -> bool:
    return inner.startswith(outer) or f"{inner}/" == outer


def _root(night: Night, text: str) -> _Root:
    known = night.lineage.asset(text)
    uri = parse_s3(text)
    if known is None and (digest := _DIGEST.match(text)):
        several = _by_digest(night, digest[1])
        if len(several) > 1:
            return _Root(several[0].id, tuple(one.id for one in several), None, is_state=False)
        known = several[0] if several else None
    if known is not None and (uri is None or _STATE in known.id):
        return _thing(night, known)
    if uri is None:
        raise NotFound(
            f"no asset has the id {text!r}", "give an id, a place in S3, or the digest of data, code or an image"
        )
    bucket = f"s3://{uri.bucket}/"
    # The whole bucket may be an asset by its name alone, and is then the first of what lies in it.
    ids = [*([bucket[:-1]] if night.lineage.asset(bucket[:-1]) else ()), *night.lineage.beginning(bucket)]
    if not ids and not (night.settings and any(one.id.startswith(bucket) for one in night.settings.datasets)):
        raise NotFound(f"nothing that is known lies in the bucket {uri.bucket!r}", "is its name spelt so?")
    place = str(uri) if uri.key else bucket
    if not place.endswith("/") and _is_folder(night, f"{place}/", ids):
        place += "/"
    around = [one for text in reversed([*folders(place)]) for one in _at(text, ids)]
    return _Root(place, tuple(dict.fromkeys([*around, *beginning_with(ids, place)])), place, is_state=False)


def _thing(night: Night, asset: Asset) -> _Root:
    state = _STATE in asset.id
    versions = night.lineage.downstream(asset.id, "has_version") if asset.kind == "dataset" else ()
    members = (asset.id, *(edge.target for edge in versions))
    return _Root(asset.id, members, _place_of(asset.id) if state else None, is_state=state)


def _by_digest(night: Night, beginning: str) -> Sequence[Asset]:
    """The dataset version, or the code, of that digest, or all images of it: the same bytes, whichever registry has
    them. NotFound where several digests begin so, and where several datasets have one manifest."""
    found = [
        one
        for scheme, before in _DIGESTS.items()
        for one in night.lineage.beginning(scheme)
        if beginning in one and re.search(f"{before}{beginning}[0-9a-f]*$", one)
    ]
    images: defaultdict[str, list[Asset]] = defaultdict(list)
    for image in night.lineage.of_kind("container_image"):
        digits = image.id.partition("@sha256:")[2]
        if digits.startswith(beginning):
            images[digits].append(image)
    if len(found) + len(images) > 1:
        several = [*found, *(one.id for some in images.values() for one in some)]
        raise NotFound(
            f"{len(several)} things have a digest that begins with {beginning}",
            "\n  ".join(["give one of these ids:", *several[:50], *["..."][: len(several) > 50]]),
        )
    return next(iter(images.values()), None) or [asset for one in found if (asset := night.lineage.asset(one))]


def _is_folder(night: Night, folder: str, ids: Sequence[str]) -> bool:
    """Whether something is known to lie there: an asset, or an object of a dataset's state."""
    if beginning_with(ids, folder):
        return True
    states = (one for text in folders(folder) for one in _at(text, ids) if _STATE in one)
    return any(key.startswith(folder) for one in states for key in _objects(night.record_of, one) or ())


def _at(folder: str, ids: Sequence[str]) -> Iterator[str]:
    """The assets of a folder itself: with its slash, without it, and the states of it as a dataset."""
    for text in (folder.rstrip("/"), folder):
        index = bisect_left(ids, text)
        if ids[index : index + 1] == [text]:
            yield text
    yield from beginning_with(ids, f"{folder}@sha256:")


def _place_of(asset_id: str) -> str:
    """Where an asset of S3 lies: a dataset's state, where the dataset does."""
    return asset_id.partition("@sha256:")[0] if _STATE in asset_id else asset_id


# --- what was read ------------------------------------------------------------------------------------------------


def _objects(record_of: RecordOf, state: str) -> Sequence[str] | None:
    """The objects of a dataset's state as URIs; None where no manifest of it is kept."""
    record = record_of("s3_prefix", state)
    uri = parse_s3(record.body.get("Uri")) if record is not None else None
    if record is None or uri is None or "Contents" not in record.body:
        return None
    return [f"s3://{uri.bucket}/{item['Key']}" for item in record.body["Contents"]]


@dataclass(frozen=True, slots=True)
class _Reading(Generic[N]):
    """What one edge says that its end read of the root."""

    via: N
    how: str
    """The edge's relation, in words."""
    share: Share
    """Without its objects: `part` where it is told by objects whether that is all."""
    what: str | tuple[N, N, int]
    """The places that were read, in words; or a member, its reader and which of the edges between them names them: a
    record is only read for what is shown, where the places decide nothing."""
    doubt: str | None
    read: frozenset[str] = frozenset()
    meant: frozenset[str] = frozenset()
    """Of a state whose manifest is kept: the objects that lie in the root, and those of them that were read."""


def _doubt(said: Said, *, state_matters: bool) -> str | None:
    """In words, why an edge is not certain; None where it is."""
    rules = said.rules - _AS_RECORDED
    states_only = bool(rules) and rules <= _OF_STATES and "rule:prefix-without-slash" not in said.rules
    if states_only and not state_matters:
        return None
    if NAMED.line in said.rules:
        return f"named by a parameter ({NAMED.line}), whether it was read is not recorded"
    if said.candidate:
        return "one of several candidates"
    if said.certainty == "inferred" and (rules or not said.rules):
        return f"inferred ({', '.join(sorted(rules)) or 'no rule'})"
    return None


# --- the search ---------------------------------------------------------------------------------------------------


class _Search(Generic[N]):
    """One incident: the readers of the root first, then what follows from them."""

    def __init__(self, night: Night, view: View[N], root: _Root, window: _Window) -> None:
        self._night, self._lineage, self._view = night, night.lineage, view
        self._root, self._window = root, window
        nodes = (view.node(one) for one in root.members)
        self._members = {node: None for node in nodes if node is not None}
        self._readings: dict[N, list[_Reading[N]]] = {}
        self._hits: dict[N, Status] = {}
        self._via: dict[N, N] = {}
        self._followed: dict[N, Said] = {}
        """What the last edge says on the way to what follows from a reader."""
        self._itself: set[N] = set()
        self._told: dict[tuple[N, Said], list[_Reading[N]]] = {}
        self._parts: dict[tuple[N, Said], tuple[bool, str, str | None]] = {}
        self._objects: dict[N, Sequence[str] | None] = {}
        self._lines: dict[str, str | None] = {}
        self._read()
        self._bounds: dict[Status, dict[N, float]] = {
            status: {node: self._bound(node) for node, hit in self._hits.items() if hit == status}
            for status in STATUSES[:2]
        }
        """With which time bounds (`influence.time_bound`) the walk came to what was hit for certain, or possibly."""
        for status in STATUSES[:2]:
            self._follow(status)

    def alike(self) -> list[tuple[Status, Asset, Sequence[N]]]:
        """What was found, by status and sort of asset."""
        found = []
        for status in STATUSES:
            hits = (node for node, one in self._hits.items() if one == status)
            found += [(status, asset, several) for asset, several in self._view.alike(hits)]
        return found

    def rows(self) -> LazyRows[Hit]:
        """All of them, in order."""
        return LazyRows(len(self._hits), self._rows)

    def _rows(self, limit: int | None, by_importance: bool) -> list[Hit]:
        def order(node: N) -> tuple[Any, ...]:
            kind = looked_for(self._view.like(node).kind) if by_importance else 0
            return _RANK[self._hits[node]], kind, node

        nodes = sorted(self._hits, key=order) if limit is None else heapq.nsmallest(limit, self._hits, key=order)
        return [self._row(node) for node in nodes]

    def unknown(self) -> tuple[Unknown, ...]:
        """What could add a row: every gap, and the ends that are no sure ones."""
        night = self._night
        alike = [(asset, several) for status, asset, several in self.alike() if status != "cleared"]
        alike += self._view.alike(self._members if self._root.place is None else ())
        found, more = night.ends(self._view, (one for one in alike if one[0].gone_since is None))
        bounds = {node: _widest([*self._bounds.values()], node) for one in self._bounds.values() for node in one}
        late = overwritten(self._view, bounds)
        hidden = [*night.hidden_uses(self._root.id), *night.unsaid(self._view, late)]
        return few([*night.unseen(), *found, *hidden], lambda one: night.asset(one).kind, more)

    def _read(self) -> None:
        """The root's other ids and versions, and who read any of them."""
        view = self._view
        readings: defaultdict[N, list[_Reading[N]]] = defaultdict(list)
        ahead = list(self._members)
        while ahead:
            view.prefetch(ahead)
            here, ahead = ahead, []
            for member in here:
                kind = view.like(member).kind
                in_part = set()
                parts: defaultdict[N, list[Said]] = defaultdict(list)
                for said, end, onward in view.steps(member, member):
                    if not onward or end in self._members or (said.relation == "has_version" and kind in _DATA):
                        continue
                    if said.relation in _ITSELF:
                        if end not in self._itself:
                            ahead.append(end)
                        self._itself.add(end)
                    if member not in self._members:
                        readings[end] += self._passed_on(said, member, readings.get(member, ()))
                    elif _PART in said.rules:
                        parts[end].append(said)
                    else:
                        readings[end] += self._whole(said, member)
                for end, saids in parts.items():
                    if all(self._is_part(said, member) for said in saids):
                        readings[end] += (self._part(said, member, end, nth) for nth, said in enumerate(saids))
                    else:
                        in_part.add(view.id(end))
                for edge in self._lineage.downstream(view.id(member)) if in_part else ():
                    said = said_of(edge)
                    if edge.target in in_part and _PART in said.rules and (node := view.node(edge.target)) is not None:
                        # A manifest lies elsewhere than what it lists: which part that is, its own place does not tell.
                        place = _place_of(edge.source)
                        named = [one for one in recorded_places(self._night.record_of, edge) if _holds(place, one)]
                        readings[node] += self._reading(said, member, named)
        for node, several in sorted(readings.items()):
            if several:
                self._readings[node] = several
                self._hits[node], via = self._judged(node, several)
                self._via[node] = via

    def _passed_on(self, said: Said, member: N, before: Sequence[_Reading[N]]) -> Iterator[_Reading[N]]:
        """What an edge from another id of a member says that its end read."""
        doubt = _doubt(said, state_matters=False)
        how = f"it {RELATIONS[said.relation]} this"
        return (replace(one, via=member, how=how, doubt=one.doubt or doubt) for one in before)

    def _whole(self, said: Said, member: N) -> list[_Reading[N]]:
        """What an edge from a member says that its end read, if that is all of the member; of a crowd told once."""
        if (member, said) not in self._told:
            self._told[member, said] = list(self._reading(said, member, None))
        return self._told[member, said]

    def _reading(self, said: Said, member: N, parts: Sequence[str] | None) -> Iterator[_Reading[N]]:
        """What was read of a member: all of it, or where `parts` are given the places that the records name."""
        how = f"it {RELATIONS[said.relation]} this"
        place = _place_of(self._view.id(member))
        doubt = _doubt(said, state_matters=self._root.is_state or not self._root.holds(place))
        places = [place] if parts is None else parts
        if _OWN in said.rules and said.certainty == "inferred":
            if any(self._root.share(one) != "none" for one in places):
                yield _Reading(member, how, "part", "what its own query wrote there", doubt)
            return
        objects = self._manifest(member)
        if objects is not None:
            meant = frozenset(key for key in objects if self._root.holds(key))
            read = meant if parts is None else frozenset(key for key in meant if any(map(key.startswith, places)))
            if read or (meant and not places):
                share = self._root.share(place) if places else "part"
                yield _Reading(member, how, share, _listed(places, read, meant), doubt, read, meant)
            return
        shares = {self._root.share(one) for one in places} or {"part"}
        if shares != {"none"}:
            share = "all" if "all" in shares else "part"
            if doubt is not None and (seen_at := self._seen_at(member)) is not None:
                doubt += f", by S3 Inventory as of {seen_at}, whose objects are not kept"
            yield _Reading(member, how, share, _listed(places if self._root.place else ()), doubt)

    def _is_part(self, said: Said, member: N) -> bool:
        """Whether what was read of a member by an edge to a place inside of it is a part of the root, whatever it was.

        So it is where the member is a part of the root itself, or the root is the member, and no edge to all of it
        became one with this one. Objects decide where a manifest tells them.
        """
        if (member, said) not in self._parts:
            root, place = self._root.place, _place_of(self._view.id(member))
            if root is None or self._manifest(member) is not None:
                known = False
            elif place == root:
                known = said.certainty == "inferred" and said.rules == {_PART}
            else:
                known = place.startswith(root) and place != f"{root}/"
            doubt = _doubt(said, state_matters=self._root.is_state or not self._root.holds(place))
            self._parts[member, said] = known, f"it {RELATIONS[said.relation]} this", doubt
        return self._parts[member, said][0]

    def _part(self, said: Said, member: N, end: N, nth: int) -> _Reading[N]:
        """The same as `_reading` gives of any part, without reading which one it is."""
        _, how, doubt = self._parts[member, said]
        return _Reading(member, how, "part", (member, end, nth), doubt)

    def _manifest(self, member: N) -> Sequence[str] | None:
        if member not in self._objects:
            state = self._view.id(member)
            self._objects[member] = _objects(self._night.record_of, state) if _STATE in state else None
        return self._objects[member]

    def _seen_at(self, member: N) -> str | None:
        """The time of the inventory that tells a state of a dataset; None where another thing does."""
        asset_id = self._view.id(member)
        told = self._night.asset(asset_id).attributes.get("seen_at") if _STATE in asset_id else None
        return str(told) if told is not None else None

    def _judged(self, node: N, readings: Sequence[_Reading[N]]) -> tuple[Status, N]:
        """Whether a reader was hit, and by way of which member."""
        itself = node in self._itself
        known = itself or self._window.is_open
        if not known:
            started = self._started(node)
            if self._window.outside(started) is not None:
                return "cleared", readings[0].via
            known = utc_time(started) is not None
        told, all_of_it = _strongest_reading(readings)
        return "certain" if known and all_of_it and not self._may_not_have_read(node) else "possible", told.via

    def _bound(self, node: N) -> float:
        """The time bound of a reader: of the product of a job that is the root, when that began."""
        return min(self._view.bound(one.via, node, ALWAYS) for one in self._readings[node])

    def _may_not_have_read(self, node: N) -> bool:
        return node not in self._itself and may_never_have_run(self._night.asset(self._view.id(node)))

    def _started(self, node: N) -> str | None:
        asset = self._night.asset(self._view.id(node))
        return start_of(asset.created_at, asset.attributes)

    def _follow(self, status: Status) -> None:
        """What follows from the affected readers: whenever it ran, and as certain as the weakest step to it.

        But not what had ended before the job began that is said to have spoilt its data: see `influence.time_bound`.
        """
        hits, via, followed, view = self._hits, self._via, self._followed, self._view
        levels = [self._bounds[one] for one in STATUSES[: _RANK[status] + 1]]
        doubted: dict[Said, Status] = {}
        ahead = self._bounds[status].keys() - self._itself
        while ahead:
            view.prefetch(ahead)
            here, ahead = [(node, _widest(levels, node)) for node in sorted(ahead)], set()  # type: ignore[type-var]
            for node, bound in here:
                for said, end, onward in view.steps(node, node):
                    if not onward or end in self._members or (bound != ALWAYS and not view.in_time(end, bound)):
                        continue
                    if said not in doubted:
                        doubted[said] = status if _doubt(said, state_matters=True) is None else "possible"
                    now = doubted[said]
                    widened = view.bound(node, end, bound)
                    if widened >= _widest(levels if now == status else [*self._bounds.values()], end):
                        continue
                    self._bounds[now][end] = widened
                    if now == status:
                        ahead.add(end)
                    if end not in hits or _RANK[hits[end]] > _RANK[now]:
                        hits[end], via[end], followed[end] = now, node, said

    # --- all windows at once --------------------------------------------------------------------------------------

    def spread(self) -> Spread:
        """Of a search without a window: which reader makes which row what."""
        starts = {node: utc_time(self._started(node)) for node in self._readings if node not in self._itself}
        ordered = sorted(starts, key=lambda node: (starts[node] or datetime.min.replace(tzinfo=UTC), node))
        always = {node: self._judged(node, self._readings[node])[0] for node in self._itself & self._readings.keys()}
        certain, possible = self._from_each(ordered, starts, always)
        view, places = self._view, range(len(ordered))
        hit = [node for node in self._hits if view.like(node).kind == "endpoint"]
        back = {view.id(node): tuple(dict.fromkeys(self._ways_back(node))) for node in hit}
        groups = {group for several in back.values() for _, group in several}
        lines = {
            group: tuple((one.original.id, tuple(sorted(one.ids))) for one in self._newest_first(group))
            for group in groups
        }
        versions = {one for several in lines.values() for _, ids in several for one in ids}
        versions |= {version for several in back.values() for version, _ in several}
        return Spread(
            readers=tuple((view.id(node), _told_time(starts[node])) for node in ordered),
            certain={view.id(node): tuple(n for n in places if mask >> n & 1) for node, mask in certain.items()},
            possible={view.id(node): tuple(n for n in places if mask >> n & 1) for node, mask in possible.items()},
            always={view.id(node): status for node, status in always.items()},
            ways_back=back,
            lines=lines,
            members=tuple(sorted(one for one in versions if view.node(one) in self._members)),
        )

    def _from_each(
        self, ordered: Sequence[N], starts: Mapping[N, datetime | None], fixed: Mapping[N, Status]
    ) -> tuple[dict[N, int], dict[N, int]]:
        """For each row the readers from which it is hit, as the bits of a number; certain ones and possible ones.

        Data-flow analysis: a worklist carries sets of readers along the edges until nothing is new. Rows that are
        `fixed` are never less than that.
        """
        view = self._view
        sets: defaultdict[N, dict[float, tuple[int, int]]] = defaultdict(dict)
        """Certain and possible readers by the time bound with which the walk came: see `influence.time_bound`."""
        for number, node in enumerate(ordered):
            _, all_of_it = _strongest_reading(self._readings[node])
            sure = all_of_it and starts[node] is not None and not self._may_not_have_read(node)
            sets[node][self._bound(node)] = (1 << number, 0) if sure else (0, 1 << number)
        ahead = dict.fromkeys(ordered)
        while ahead:
            node = next(iter(ahead))
            del ahead[node]
            for said, end, onward in view.steps(node, node):
                if not onward or end in self._members or fixed.get(end) == "certain":
                    continue
                doubted = _doubt(said, state_matters=True) is not None
                for bound, (surely, perhaps) in list(sets[node].items()):
                    if bound != ALWAYS and not view.in_time(end, bound):
                        continue
                    now = 0 if doubted else surely
                    then = 0 if end in fixed else perhaps | (surely if doubted else 0)
                    widened = view.bound(node, end, bound)
                    certain, possible = sets[end].get(widened, (0, 0))
                    if now & ~certain or then & ~possible:
                        sets[end][widened] = certain | now, possible | then
                        ahead[end] = None
        both = [
            {node: reduce(or_, (masks[which] for masks in by.values()), 0) for node, by in sets.items()}
            for which in (0, 1)
        ]
        certainly, possibly = ({node: mask for node, mask in one.items() if mask} for one in both)
        return certainly, possibly

    # --- in words -------------------------------------------------------------------------------------------------

    def _row(self, node: N) -> Hit:
        asset, hit = self._night.asset(self._view.id(node)), self._hits[node]
        return Hit(
            asset=asset.id,
            kind=asset.kind,
            stage=asset.stage,
            account=asset.account,
            status=hit,
            because=self._because(node),
            via=self._view.id(self._via[node]),
            last_unaffected=self._last_unaffected(node) if asset.kind == "endpoint" and hit != "cleared" else None,
        )

    def _because(self, node: N) -> str:
        if (said := self._followed.get(node)) is not None:
            doubt = _doubt(said, state_matters=True)
            asset, via = (self._night.asset(self._view.id(at)) for at in (node, self._via[node]))
            its = "another of this name" if asset.kind == via.kind else f"its {kind_words(via.kind)}"
            return f"follows from {its if asset.name == via.name else via.name}" + (f", {doubt}" if doubt else "")
        itself, started, readings = node in self._itself, self._started(node), self._readings[node]
        outside = None if itself else self._window.outside(started)
        if outside is not None:
            return outside
        known = itself or self._window.is_open or utc_time(started) is not None
        told, all_of_it = _strongest_reading(readings)
        if self._root.place is None or itself:
            what = told.how
        elif all_of_it or (told.share == "all" and told.meant == told.read):
            what = "read all of it"
        else:
            what = f"read a part of it: {self._what(told)}"
        if what.startswith("read ") and NAMED.line in (told.doubt or ""):
            what = f"may have {what}"
        waited = self._may_not_have_read(node)
        if waited:
            what = f"was to {what}" if what.startswith("read ") else what
        words = [f"{what}, {started}" if started and not (itself or waited) else what]
        words += [told.doubt] if told.doubt and not all_of_it else []
        if waited:
            words += ["that it ever started is not recorded"]
        elif not known:
            words += ["when it started is not recorded"]
        return ", ".join(words)

    def _what(self, told: _Reading[N]) -> str:
        if isinstance(told.what, str):
            return told.what
        member, end, nth = told.what
        source = self._view.id(member)
        edges = [one for one in self._lineage.upstream(self._view.id(end)) if one.source == source]
        edge = [one for one in edges if _PART in said_of(one).rules][nth]
        place = _place_of(source)
        return _listed([one for one in recorded_places(self._night.record_of, edge) if _holds(place, one)])

    # --- the way back ---------------------------------------------------------------------------------------------

    def _last_unaffected(self, node: N) -> str | None:
        return next((self._newest_unaffected(group) for _, group in self._ways_back(node)), None)

    def _ways_back(self, node: N) -> Iterator[tuple[str, str]]:
        """The affected versions that run at an endpoint, with the groups of their lines.

        Not those on the way by which the endpoint was reached: of several ways a search keeps one, and another window
        another one.
        """
        for unit in runs(self._lineage, self._view.id(node)):
            for version in unit.versions:
                if self._is_affected(version.id):
                    yield from ((version.id, group) for group in groups_of(self._lineage, version.id)[:1])

    def _is_affected(self, asset_id: str) -> bool:
        node = self._view.node(asset_id)
        return node is not None and (node in self._members or self._hits.get(node, "cleared") != "cleared")

    def _newest_unaffected(self, group: str) -> str | None:
        if group not in self._lines:
            sound = (one for one in self._newest_first(group) if not any(map(self._is_affected, one.ids)))
            self._lines[group] = next((one.original.id for one in sound), None)
        return self._lines[group]

    def _newest_first(self, group: str) -> Iterator[Family]:
        """The versions of a line that one could go back to."""
        return (one for one in reversed(line(self._lineage, group)) if one.original.gone_since is None)


def _widest(levels: Sequence[Mapping[N, float]], node: N) -> float:
    """The widest of the time bounds with which a node was reached; infinity where it was not."""
    return min(bounds.get(node, math.inf) for bounds in levels)


def _strongest_reading(readings: Sequence[_Reading[N]]) -> tuple[_Reading[N], bool]:
    """The reading that says most, and whether all together are surely all of the root."""
    sound = [one for one in readings if one.doubt is None]
    if not any(one.share == "all" for one in sound):
        return (sound or readings)[0], False
    whole = next((one for one in sound if _is_whole([one])), None)
    return whole or (sound or readings)[0], whole is not None or _is_whole(sound)


def _told_time(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time is not None else None


_RANK: Final = {status: rank for rank, status in enumerate(STATUSES)}


def _is_whole(readings: Sequence[_Reading[N]]) -> bool:
    """Whether that together is all of the root."""
    if any(one.share == "all" and not one.meant for one in readings):
        return True
    by_manifest = [one for one in readings if one.meant]
    read = frozenset[str]().union(*(one.read for one in by_manifest))
    meant = frozenset[str]().union(*(one.meant for one in by_manifest))
    return bool(by_manifest) and read == meant and all(one.share == "all" for one in by_manifest)


def _listed(places: Sequence[str], read: Collection[str] = (), meant: Collection[str] = ()) -> str:
    if not places:
        return "which one is not recorded"
    shown = ", ".join(sorted(set(places))[:3]) + (", ..." if len(set(places)) > 3 else "")
    return shown + (f" ({len(read)} of {len(meant)} objects)" if len(read) < len(meant) else "")


def _summary(found: Sequence[tuple[Status, Asset, Sequence[Any]]]) -> str:
    if not found:
        return "Nothing that is known has read it."
    certain, possible, cleared = (
        _counted([(asset, len(several)) for one, asset, several in found if one == status]) for status in STATUSES
    )
    sentence = f"It has reached {certain or 'nothing for certain'}"
    sentence += f", and possibly {possible}" if possible else ""
    return sentence + (f"; cleared: {cleared}" if cleared else "") + "."


def _counted(alike: Sequence[tuple[Asset, int]]) -> str:
    """`2 endpoints (1 in production), 5 model versions and 12 others`."""
    if not alike:
        return ""
    counts: Counter[str] = Counter()
    stages: Counter[str] = Counter()
    live = 0
    for asset, number in alike:
        counts[asset.kind] += number
        if asset.kind == "endpoint" and asset.gone_since is None:
            live += number
            stages.update({asset.stage: number} if asset.stage is not None else {})
    told = []
    if live:
        where = ", ".join(f"{number} in {stage}" for stage, number in sorted(stages.items()))
        told.append(counted(live, "endpoint") + (f" ({where})" if where else ""))
    told += [counted(counts[kind], kind) for kind in _NAMED if counts[kind]]
    others = counts.total() - live - sum(counts[kind] for kind in _NAMED)
    if others:
        told.append(counted(others, "other thing" if told else "thing"))
    return listed(told)


# Fewer kinds: those that the sentence counts by name; all others it counts together.
_NAMED: Final = ("model_package", "transform_job", "training_job")
