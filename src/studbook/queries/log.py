"""`log`: what happened to an asset, from the first night on.

Its own fields and edges are compared from night to night. Events that join it to another thing (a version registered, a
copy, a deployment, an evaluation, data that changed after it was read) stand in the log of both, each with the other's
id. An event has the time that a record gives it, else that of the night which first showed it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from studbook.lineage.graph import Direction, LineageReader
from studbook.lineage.job_state import may_have_result, start_of
from studbook.lineage.joins.pending_deployment import RULE as PENDING
from studbook.lineage.times import instant
from studbook.model import Asset, Edge, Envelope
from studbook.model.ids import holder_of, is_audit_event
from studbook.model.kinds import JOB_KINDS
from studbook.queries.answer import Answer, Night, Row, counted
from studbook.queries.audit_trail import NO_TRAIL, NOT_READ, AuditEvent, audit_events, last_approval
from studbook.queries.diff import changed_fields
from studbook.queries.drift import Drift, drifts_of
from studbook.queries.origins import makers
from studbook.queries.question import Question
from studbook.queries.walks import ANSWERING, SERVING, Manner, out_of_service, runs, runs_at

if TYPE_CHECKING:
    from studbook.store.past import EdgeEnds, NightState, SnapshotHistory

T = TypeVar("T")
Event = Literal[
    "first_seen",
    "registered",
    "approval",
    "copied",
    "deployed",
    "undeployed",
    "evaluated",
    "drifted",
    "changed",
    "stale",
    "gone",
]
_ORDER: Final[Mapping[str, int]] = {name: rank for rank, name in enumerate(Event.__args__)}  # type: ignore[attr-defined]

_VERSIONS: Final = (
    "model_package", "mlflow_model_version", "dataset_version", "evaluator_version", "base_model_version",
)  # fmt: skip
_TOLD_AS_EVENTS: Final = ("has_version", "copied_to")
_WITH_APPROVAL: Final = ("attributes.approval_description", "attributes.modified_by", "modified_at")
_PENDING: Final = "PendingManualApproval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Row):
    """An event in the history of an asset."""

    night: int
    """The snapshot that first shows it."""
    at: str
    event: Event
    field: str | None = None
    """Of a change: as `diff` names it; of a change of what leads to it, the relation."""
    was: Any = None
    is_: Any = None
    """Of an event that joins two things: the other's id, as what it is now; as what it was, where that ended."""
    by: str | None = None
    """Who did it, where a record says so."""
    note: str | None = None
    """Words that came with it: an approval's description."""


@dataclass(frozen=True, kw_only=True)
class Log(Answer[Entry]):
    """The history of an asset (an audit log): its events, oldest first."""


def log(night: Night, root: str, asked: str | None = None) -> Log:
    """The history of an asset up to the night, over all nights before it. Raises NotFound where there is none."""
    asset = night.asset(root)
    found = {repr(row): row for row in _Past(night, asset).entries()}
    rows = tuple(sorted(found.values(), key=_in_order))
    end = night.end(asset)
    return Log(
        question="log",
        root=root,
        asked=root if asked is None else asked,
        summary=_summary(rows),
        rows=rows,
        unknown=(end,) if end is not None and end.why != "gone" else (),
    )


QUESTION: Final = Question(name="log", ask=log)


def approvals(night: Night, asset: Asset) -> list[Entry]:
    """The approvals in the log of an asset, oldest first; who wants them of many needs no other event."""
    return sorted(_Past(night, asset).approvals(), key=_in_order)


def endpoints_left(lineage: LineageReader, rows: Sequence[Entry]) -> list[Entry]:
    """The ends of deployments to endpoints at which the asset runs no more, newest first, of its `Log.rows`.

    Not where it may have run, one of several.
    """
    last: dict[str, Entry] = {}
    for row in reversed(rows):
        place = row.was if row.event == "undeployed" else row.is_ if row.event == "deployed" else None
        end = lineage.asset(place) if isinstance(place, str) else None
        if end is not None and end.kind == "endpoint":
            last.setdefault(end.id, row)
    return [row for row in last.values() if row.event == "undeployed" and _MAY_RUN not in (row.note or "")]


def _in_order(row: Entry) -> tuple[Any, ...]:
    return (
        row.night,
        row.event != "first_seen",
        row.at,
        _ORDER[row.event],
        row.field or "",
        repr((row.was, row.is_)),
    )


def _summary(rows: Sequence[Entry]) -> str:
    if not rows:
        return "No night shows it."
    first, last = rows[0], rows[-1]
    since = f"known since snapshot {first.night} of {first.at[:10]}"
    later = [row for row in rows if row.night > first.night]
    if not later:
        return f"{since[0].upper()}{since[1:]}; nothing has changed since."
    told = last.event.replace("_", " ") + (f" ({last.field})" if last.field else "")
    since = f"since it was first seen, in snapshot {first.night}"
    return f"{counted(len(later), 'event')} {since}; the last: {told}, {last.at}."


class _Past:
    """The nights up to one, as one asset saw them."""

    def __init__(self, night: Night, asset: Asset) -> None:
        self._night, self._lineage, self._asset = night, night.lineage, asset
        self._history = night.history
        self._nights: dict[int, Envelope] = {}
        self._by_night: dict[str, Mapping[int, Asset]] = {}
        self._settings = night.settings

    def entries(self) -> Iterator[Entry]:
        """All events, some of them twice, in no order."""
        if self._history is None:
            return
        own = [*self._own(self._history), *self._deployed(self._history)]
        yield from map(self._with_trail, own)
        yield from self._registered()
        yield from self._evaluated()
        yield from self._drifted()

    def approvals(self) -> Iterator[Entry]:
        """Those of the events that tell of its approval, in no order."""
        if self._history is not None:
            own = [entry for entry in self._own(self._history) if entry.event == "approval"]
            yield from map(self._with_trail, own)

    def _with_trail(self, entry: Entry) -> Entry:
        """An approval, a deployment or an end with who did it, when and from where; or that no trail tells.

        Nothing of it where the configuration is not known.
        """
        if self._settings is None or entry.event not in ("approval", "deployed", "undeployed", "gone"):
            return entry
        if entry.event == "approval" and entry.is_ == _PENDING:
            return entry
        event = self._audit_event(entry)
        if event is None:
            words = NO_TRAIL if self._settings.source("cloudtrail").enabled else NOT_READ
            return replace(entry, note="; ".join(filter(None, (entry.note, words))))
        words = "; ".join(filter(None, (entry.note, event.words)))
        return replace(entry, at=event.at or entry.at, by=event.actor or entry.by, note=words)

    def _audit_event(self, entry: Entry) -> AuditEvent | None:
        """The last event of the night before the entry's, or earlier where it is the first, that did this."""
        place = entry.is_ if entry.event == "deployed" else entry.was if entry.event == "undeployed" else None
        about = (
            self._lineage.asset(place) if isinstance(place, str) and self._asset.kind not in ANSWERING else self._asset
        )
        night = self._nights.get(entry.night)
        if about is None or night is None:
            return None
        until = night.taken_at
        since = max((one.taken_at for one in self._nights.values() if one.taken_at < until), default="")
        several = [event for event in audit_events(self._lineage, about) if since <= event.at <= until]
        if entry.event == "approval":
            return last_approval(several, str(entry.is_))
        wanted = "deployment" if entry.event in ("deployed", "undeployed") else "deletion"
        fitting = [event for event in several if event.what == wanted]
        return fitting[-1] if fitting else None

    # --- of its own -----------------------------------------------------------------------------------------------

    def _states(self, history: SnapshotHistory, asset: Asset) -> Iterator[NightState]:
        for envelope, state, edges in history.history(asset):
            self._nights[envelope.number] = envelope
            yield envelope, state, edges

    def _lives(self, history: SnapshotHistory) -> Iterator[NightState]:
        """Every night, with the asset as it was then; while another thing had its id, with nothing."""
        own, holder = self._asset, holder_of(self._asset.id)
        others = {
            one.created_at
            for one in map(self._lineage.asset, self._lineage.beginning(f"{own.id}@"))
            if one is not None and holder_of(one.id) == own.id
        }
        # Of what had an id before, the nights are told in which it still had it.
        present = self._lineage.asset(holder) if holder is not None else None
        earlier = {
            envelope.number: (then, ends)
            for envelope, then, ends in (history.history(own.but(id=present.id)) if present is not None else ())
            if then is not None and then.created_at == own.created_at
        }
        for envelope, state, edges in self._states(history, own):
            if state is None and envelope.number in earlier:
                yield envelope, *earlier[envelope.number]
            elif state is not None and state.created_at in others:
                yield envelope, None, []
            else:
                yield envelope, state, edges

    def _own(self, history: SnapshotHistory) -> Iterator[Entry]:
        before: Asset | None = None
        was_here = False
        ended: set[_End] = set()
        for envelope, state, edges in self._lives(history):
            ends: set[_End] = {
                (edge.relation, edge.role, _known_as(self._lineage, edge.source, envelope.number))
                for edge in edges
                if edge.relation not in _TOLD_AS_EVENTS
                and not is_audit_event(edge.source)
                and PENDING not in edge.evidence
            }
            if state is not None and before is None:
                yield from _first(envelope, state, edges)
            elif state is not None and before is not None:
                if not was_here:
                    yield Entry(night=envelope.number, at=envelope.taken_at, event="first_seen")
                if state is not before:
                    yield from _changes(envelope, before, state)
                yield from _edge_changes(envelope, ended, ends)
            elif was_here:
                yield Entry(night=envelope.number, at=envelope.taken_at, event="gone")
            for edge in edges:
                if edge.relation == "copied_to" and state is not None:
                    number = max(self._first_seen(edge.source), state.first_seen or envelope.number)
                    yield self._entry(number, "copied", state.created_at, was=edge.source, by=_who(state, "created_by"))
            before, was_here, ended = state or before, state is not None, ends

    def _first_seen(self, asset_id: str) -> int:
        asset = self._lineage.asset(asset_id)
        return (asset.first_seen if asset is not None else None) or 1

    def _entry(self, number: int, event: Event, at: str | None, **more: Any) -> Entry:
        night = self._nights.get(number)
        return Entry(night=number, event=event, at=at or (night.taken_at if night is not None else ""), **more)

    # --- with others ----------------------------------------------------------------------------------------------

    def _ends(self, relation: str) -> Iterator[tuple[Edge, Asset]]:
        for edge in self._lineage.downstream(self._asset.id, relation):
            end = self._lineage.asset(edge.target)
            if end is not None:
                yield edge, end

    def _registered(self) -> Iterator[Entry]:
        """Versions of it, and copies."""
        events: tuple[tuple[str, Event], ...] = (("has_version", "registered"), ("copied_to", "copied"))
        for relation, event in events:
            for _, end in self._ends(relation):
                number = max(end.first_seen or 1, self._asset.first_seen or 1)
                yield self._entry(number, event, end.created_at, is_=end.id, by=_who(end, "created_by"))

    def _evaluated(self) -> Iterator[Entry]:
        """By a job that ended well: in the logs of the job, of what it judged, and of what it judged with and on."""
        if self._asset.kind == "evaluation_job":
            judged = self._lineage.upstream(self._asset.id, "input_to", "evaluated_model")
            pairs = [(self._asset, edge.source) for edge in judged]
        else:
            pairs = [(end, end.id) for _, end in self._ends("input_to") if end.kind == "evaluation_job"]
        for job, other in pairs:
            if may_have_result(job):
                at = job.attributes.get("ended_at") or start_of(job.created_at, job.attributes)
                number = max(job.first_seen or 1, self._first_seen(other))
                yield self._entry(number, "evaluated", at, is_=other)

    def _drifted(self) -> Iterator[Entry]:
        """Data that became another after a job had begun to read it: for the job, its models and the data."""
        asset = self._asset
        if asset.kind in JOB_KINDS:
            jobs: Sequence[Asset] = [asset]
        elif asset.kind in ("model_package", "mlflow_model_version"):
            jobs = makers(self._lineage, asset)
        else:
            jobs = list(self._readers())
        for job in jobs:
            for drift in drifts_of(self._night, job):
                if asset.kind not in ("dataset", "dataset_version"):
                    yield self._drift(job, drift, None)
                elif self._is_mine(drift.read.id):
                    yield self._drift(job, drift, job.id)

    def _readers(self) -> Iterator[Asset]:
        if self._asset.kind not in ("dataset", "dataset_version"):
            return
        seen, ahead = {self._asset.id}, [self._asset.id]
        while ahead:
            self._lineage.prefetch(ahead, "downstream")
            here, ahead = ahead, []
            for edge in (edge for one in here for edge in self._lineage.downstream(one)):
                end = self._lineage.asset(edge.target)
                if end is None or end.id in seen:
                    continue
                seen.add(end.id)
                if edge.relation in ("has_version", "content_of"):
                    ahead.append(end.id)
                elif edge.relation == "input_to" and end.kind in JOB_KINDS:
                    yield end

    def _is_mine(self, asset_id: str) -> bool:
        if asset_id == self._asset.id:
            return True
        parents = [edge.source for edge in self._lineage.upstream(asset_id, "has_version")]
        return self._asset.kind == "dataset" and self._asset.id in parents

    def _drift(self, job: Asset, drift: Drift, reader: str | None) -> Entry:
        """What was read and what took its place; for the data, who read it.

        Where no snapshot shows in which night it was, that is the first after the newer state's time.
        """
        read = drift.read
        newer = sorted((_newest(state), state.id) for state in self._siblings(read) if _newest(state) > _newest(read))
        at, state = newer[0] if newer else ("", None)
        since = read.attributes.get("superseded_since")
        if not isinstance(since, int):
            since = min((number for number, one in self._nights.items() if one.taken_at >= at), default=1)
        ends = {"was": read.id, "is_": state} if reader is None else {"is_": reader}
        return self._entry(
            max(since, job.first_seen or 1), "drifted", at or None, note=drift.words or drift.doubt or None, **ends
        )

    def _siblings(self, state: Asset) -> Iterator[Asset]:
        parents = [edge.source for edge in self._lineage.upstream(state.id, "has_version")]
        for parent in parents or [state.id]:
            for edge in self._lineage.downstream(parent, "has_version"):
                if (found := self._lineage.asset(edge.target)) is not None:
                    yield found

    # --- deployments ----------------------------------------------------------------------------------------------

    def _deployed(self, history: SnapshotHistory) -> Iterator[Entry]:
        is_place = self._asset.kind in ANSWERING
        if not is_place and self._asset.kind not in ("model_package", "model", "base_model", "base_model_version"):
            return
        nights = [
            (envelope, _Served(self._lineage, envelope.number, ends, partial(self._then, history)))
            for envelope, ends in history.edges_into(SERVING)
        ]
        places = {self._asset.id} if is_place else set[str]()
        for _, served in () if is_place else nights:
            places |= {place.id for place in runs_at(served, [self._asset.id], ANSWERING)}
        for place_id in sorted(places):
            place = self._lineage.asset(place_id)
            if place is None:
                continue
            changed_at: dict[int, str] = {}
            modified = None
            for number, state in self._then(history, place).items():
                if state.modified_at is not None and state.modified_at != modified:
                    changed_at[number] = modified = state.modified_at
            before: Mapping[str, Manner] = {}
            for envelope, served in nights:
                then = served.asset(place_id)
                answers = then is not None and not out_of_service(then)
                now = served.running(place_id, None if is_place else self._asset.id) if answers else {}
                at = changed_at.get(envelope.number) or envelope.taken_at
                new = sorted(one for one in now if _is_news(before.get(one), now[one]))
                came = served.came(place_id, None if is_place else self._asset.id) if new else {}
                for one in new:
                    times = (changed_at.get(envelope.number), came.get(one))
                    since = max(filter(None, times), key=instant, default=envelope.taken_at)
                    told, note = one if is_place else place_id, _MANNERS.get(now[one])
                    yield Entry(night=envelope.number, at=since, event="deployed", is_=told, note=note)
                for one in sorted(before.keys() - now):
                    told, note = one if is_place else place_id, _MANNERS.get(before[one])
                    yield Entry(night=envelope.number, at=at, event="undeployed", was=told, note=note)
                before = now

    def _then(self, history: SnapshotHistory, asset: Asset) -> Mapping[int, Asset]:
        """An asset as the nights showed it, by the number of each that did."""
        if asset.id not in self._by_night:
            states = self._states(history, asset)
            self._by_night[asset.id] = {one.number: state for one, state, _ in states if state is not None}
        return self._by_night[asset.id]


_MAY_RUN: Final = "one of several that may run"
_MANNERS: Final[Mapping[Manner, str]] = {
    "candidate": _MAY_RUN,
    "no share": "without a share of the requests",
    "shadow": "in shadow",
}
"""What is noted of how something was deployed, and of what ended so."""
_rank: Final = ("", "no share", "shadow", "candidate").index
"""The lower, the more it runs."""


def _is_news(was: Manner | None, now: Manner) -> bool:
    """Whether something is deployed so, and was not. That others fit, too, is a doubt, and no deployment."""
    return was != now and (was is None or now != "candidate")


class _Served(LineageReader):
    """A lineage as one night served it: what answers, and what is deployed to what, is that night's, all else is as it
    is now.

    What a model is made from never changes, what an endpoint runs, and with which share, does. What was still to come
    was not deployed yet. Neither what was found `once` of today nor its numbers need hold for then.
    """

    def __init__(
        self, now: LineageReader, number: int, ends: EdgeEnds, then: Callable[[Asset], Mapping[int, Asset]]
    ) -> None:
        self._now, self._number, self._then = now, number, then
        self._upstream, self._downstream = ends.upstream, ends.downstream

    def asset(self, asset_id: str) -> Asset | None:
        found = self._now.asset(asset_id)
        if found is None or (found.first_seen or 1) > self._number:
            return None
        if found.kind in ANSWERING and (then := self._then(found).get(self._number)) is not None:
            return then
        later = found.gone_since is not None and found.gone_since > self._number
        return found.but(gone_since=None) if later else found

    def upstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        return self._edges(self._upstream, self._now.upstream(asset_id, relation, role), asset_id, relation, role)

    def downstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        return self._edges(self._downstream, self._now.downstream(asset_id, relation, role), asset_id, relation, role)

    def _edges(
        self,
        served: Mapping[str, Sequence[Edge]],
        now: Sequence[Edge],
        asset_id: str,
        relation: str | None,
        role: str | None,
    ) -> Sequence[Edge]:
        kept = [edge for edge in now if edge.relation != "deployed_to"]
        if relation in (None, "deployed_to"):
            holder = holder_of(asset_id)
            had_it = holder is not None and self._known_as(holder) == asset_id
            here = served.get(holder if had_it and holder is not None else asset_id, ())
            came = (edge for edge in here if edge.relation == "deployed_to" and PENDING not in edge.evidence)
            kept += [
                replace(edge, source=self._known_as(edge.source), target=self._known_as(edge.target))
                for edge in came
                if role in (None, edge.role)
            ]
        return kept

    def _known_as(self, asset_id: str) -> str:
        return _known_as(self._now, asset_id, self._number)

    def of_kind(self, kind: str, *, unsure: bool = False) -> Sequence[Asset]:
        return self._now.of_kind(kind, unsure=unsure)

    def beginning(self, text: str) -> Sequence[str]:
        return self._now.beginning(text)

    def prefetch(self, asset_ids: Iterable[str], direction: Direction, relation: str | None = None) -> None:
        self._now.prefetch(asset_ids, direction, relation)

    def running(self, place_id: str, only: str | None) -> Mapping[str, Manner]:
        """What runs behind a place, as people name it, and how: versions, else base models, else what was deployed."""
        place = self.asset(place_id)
        if place is None or place.gone_since is not None:
            return {}
        found: dict[str, Manner] = {}
        for one in runs(self, place_id):
            named = one.versions or one.bases or (one.unit,)
            for asset in (*named, one.unit) if only is not None else named:
                found[asset.id] = min(found.get(asset.id, "candidate"), one.manner(asset.id), key=_rank)
        return found if only is None else {only: found[only]} if only in found else {}

    def came(self, place_id: str, only: str | None) -> Mapping[str, str]:
        """When the component last changed, of those that this night first shows there, by which each of `running` came:
        before that it may have held another."""
        found: dict[str, str] = {}
        for edge in self.upstream(place_id, "deployed_to"):
            part = self.asset(edge.source)
            if part is None or part.first_seen != self._number or part.kind not in ANSWERING:
                continue
            if (changed := part.modified_at or part.created_at) is not None:
                for one in self.running(part.id, only):
                    found[one] = min(found.get(one, changed), changed, key=instant)
        return found


def _known_as(now: LineageReader, asset_id: str, number: int) -> str:
    """By which id today's lineage knows what had this id in that night: another may have been given it since."""
    asset = now.asset(asset_id)
    if asset is None or (asset.first_seen or 1) <= number:
        return asset_id
    earlier = (one for one in map(now.asset, now.beginning(f"{asset_id}@")) if one is not None)
    had_it = (one.id for one in earlier if (one.first_seen or 1) <= number < (one.gone_since or 0))
    return next((one for one in had_it if holder_of(one) == asset_id), asset_id)


_End = tuple[str, str | None, str]
"""Relation, role and source of an edge."""


# --- one state and the next ---------------------------------------------------------------------------------------


def _who(asset: Asset, attribute: str) -> str | None:
    found = asset.attributes.get(attribute)
    return found if isinstance(found, str) else None


def _first(envelope: Envelope, asset: Asset, edges: Iterable[Edge]) -> Iterator[Entry]:
    number = envelope.number
    yield Entry(night=number, at=envelope.taken_at, event="first_seen")
    if asset.kind in _VERSIONS:
        parents = [edge.source for edge in edges if edge.relation == "has_version"]
        at, by = asset.created_at or envelope.taken_at, _who(asset, "created_by")
        yield from (Entry(night=number, at=at, event="registered", is_=parent, by=by) for parent in parents)
        if not parents:
            yield Entry(night=number, at=at, event="registered", by=by)
    if (approval := asset.attributes.get("approval")) is not None:
        given = approval != _PENDING
        at = (asset.modified_at if given else None) or asset.created_at or envelope.taken_at
        yield _approval(number, at, asset, None, by=given)
    yield from _life(envelope, None, asset)


def _approval(number: int, at: str, asset: Asset, was: Any, *, by: bool) -> Entry:
    note = asset.attributes.get("approval_description")
    return Entry(
        night=number,
        at=at,
        event="approval",
        field="attributes.approval",
        was=was,
        is_=asset.attributes.get("approval"),
        by=_who(asset, "modified_by") if by else None,
        note=note if isinstance(note, str) else None,
    )


def _life(envelope: Envelope, before: Asset | None, asset: Asset) -> Iterator[Entry]:
    for event, name in (("stale", "stale_since"), ("gone", "gone_since")):
        was, now = getattr(before, name, None), getattr(asset, name)
        if was is None and now is not None:
            yield Entry(night=envelope.number, at=envelope.taken_at, event=event)  # type: ignore[arg-type]


def _changes(envelope: Envelope, before: Asset, asset: Asset) -> Iterator[Entry]:
    yield from _life(envelope, before, asset)
    fields = {one.name: one for one in changed_fields(before, asset)}
    touched = "modified_at" in fields and asset.modified_at is not None
    at = asset.modified_at if touched and asset.modified_at is not None else envelope.taken_at
    by = _who(asset, "modified_by") if touched else None
    if "attributes.approval" in fields:
        yield _approval(envelope.number, at, asset, before.attributes.get("approval"), by=touched)
        for name in ("attributes.approval", *_WITH_APPROVAL):
            fields.pop(name, None)
    for name in ("stale_since", "gone_since"):
        if name in fields and fields[name].old is None:
            del fields[name]
    if len(fields) > 1:
        fields.pop("modified_at", None)
    for name, one in fields.items():
        yield Entry(night=envelope.number, at=at, event="changed", field=name, was=one.old, is_=one.new, by=by)


def _edge_changes(envelope: Envelope, before: set[_End], now: set[_End]) -> Iterator[Entry]:
    changed: defaultdict[tuple[str, str | None], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for end in sorted(before ^ now, key=repr):
        changed[end[:2]][end in now].append(end[2])
    for (relation, role), (lost, gained) in changed.items():
        field = relation if role is None else f"{relation} ({role})"
        # One that takes the place of another is one change.
        replaced = len(lost) == len(gained) == 1
        for was, source in [(lost[0], gained[0])] if replaced else _apart(lost, gained):
            at = envelope.taken_at
            yield Entry(night=envelope.number, at=at, event="changed", field=field, was=was, is_=source)


def _apart(lost: Iterable[str], gained: Iterable[str]) -> Iterator[tuple[str | None, str | None]]:
    yield from ((was, None) for was in lost)
    yield from ((None, now) for now in gained)


def _newest(state: Asset) -> str:
    found = state.attributes.get("newest") or state.created_at
    return found if isinstance(found, str) else ""
