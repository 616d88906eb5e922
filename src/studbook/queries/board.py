"""Status board: each model line with what production runs of it, how that is judged, what waits and what is wrong.

A line is one model over all accounts: a model group and the copies of its versions. Whatever stands here is taken from
the questions: `runs`, `candidates`, `scores`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from studbook.lineage.graph import LineageReader
from studbook.model import KINDS, Asset, Finding
from studbook.model.finding import LEVELS, Level
from studbook.queries.answer import Night, counted, in_production, natural
from studbook.queries.candidates import Candidate, Judge, Judgement, best_of, newer
from studbook.queries.gaps import is_judged
from studbook.queries.log import approvals
from studbook.queries.runs import deployed_rows, surely_answers
from studbook.queries.walks import Family, line, out_of_service, reads_data
from studbook.queries.walks.reach import surely_made

_SCORES = 2
"""Judgements of a version that a line shows; its page has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One judgement of what runs, and of the versions of the line before it."""

    judgement: Judgement
    value: float
    values: tuple[tuple[str, float], ...]
    """Version id and value of each version up to this one that was judged alike, oldest first, itself among them."""
    change: float | None
    """From the version before; None where no earlier version was judged alike."""
    better: bool | None
    """Whether the change is one for the better; None where nothing changed, or nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An endpoint of production, and a version of the line that answers there."""

    endpoint: str
    version: str
    """The copy that answers; of several one that is not approved."""
    older: bool
    """Whether production runs a newer version elsewhere, or here besides."""
    worst: Level | None
    """Of the findings of the endpoint and of that copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStatus:
    """One model line."""

    group: str
    """The id of the group that its originals are in."""
    name: str
    version: str | None
    """The copy of the newest version that production runs, of several one that is not approved; None where production
    runs none that is known."""
    places: tuple[Place, ...]
    """Where production runs it, or another of its copies, or older versions: the worst findings first, then what runs
    the newest."""
    others: tuple[str, ...]
    """Where else versions of the line answer, or may answer: ids of endpoints."""
    approval: str | None
    approved_by: str | None
    """Who gave it, as far as its log or the trail knows."""
    judged: bool
    """Whether anything is known to have judged the version, with comparable scores or without."""
    scores: tuple[Course, ...]
    data: tuple[str, ...]
    """What the version was surely trained on, newest first; ids."""
    data_at: str | None
    """The time of the newest, as far as it is known."""
    candidate: Candidate | None
    """The best of what is newer."""
    waiting: int
    """How many newer versions there are."""
    unknown: bool
    """Whether what could not be seen may add to all this: then nothing found is no proof that there is nothing."""
    problems: Mapping[Level, int]
    """Findings of the group, its versions, and the endpoints that run them; waived ones are left out."""
    accounts: tuple[str, ...]
    stages: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """How things stand."""

    summary: str
    """One sentence."""
    lines: tuple[LineStatus, ...]
    """Worst first: what has errors in production, then what has others, then what production runs, then the rest."""
    unregistered: tuple[str, ...]
    """The live endpoints that run nothing of any line; ids, those in production first."""
    hidden: tuple[str, ...]
    """Those of which not all can be known that they run, and that are in no line as far as it is known; likewise."""


def board(night: Night, findings: Iterable[Finding]) -> Board:
    """The status of every model line of a night; `findings` are what its rules said."""
    problems: defaultdict[str, Counter[Level]] = defaultdict(Counter)
    for finding in findings:
        if finding.waived is None and finding.asset is not None:
            problems[finding.asset][finding.level] += 1
    judge = Judge(night)
    unknown = any(True for _ in night.unseen()) or bool(night.hidden_content)
    lines = sorted(
        (_line(night, judge, *found, problems, unknown=unknown) for found in _lines(night.lineage)), key=_worst_first
    )
    served = {one for status in lines for one in (*(place.endpoint for place in status.places), *status.others)}
    live = [
        one
        for one in night.lineage.of_kind("endpoint")
        if one.gone_since is None and not one.unresolved and not out_of_service(one)
    ]
    others = sorted(
        (one for one in live if one.id not in served),
        key=lambda one: (not in_production(one), natural(one.name), one.id),
    )
    return Board(
        summary=_summary(len(live), lines),
        lines=tuple(lines),
        unregistered=tuple(one.id for one in others if one.id not in night.hidden_content),
        hidden=tuple(one.id for one in others if one.id in night.hidden_content),
    )


def _lines(lineage: LineageReader) -> Iterator[tuple[Asset, Sequence[Family]]]:
    """The groups that have an original among their versions, or no version at all; a group of copies is no line."""
    for group in lineage.of_kind("model_package_group"):
        if group.gone_since is None:
            families = line(lineage, group.id)
            versions = {edge.target for edge in lineage.downstream(group.id, "has_version")}
            if not versions or any(family.original.id in versions for family in families):
                yield group, families


def _line(
    night: Night,
    judge: Judge,
    group: Asset,
    families: Sequence[Family],
    problems: Mapping[str, Counter[Level]],
    *,
    unknown: bool,
) -> LineStatus:
    lineage = night.lineage
    places = {family.original.id: _places(lineage, family) for family in families}
    production = [
        (family, here)
        for family in families
        if (here := {one.id: run for one, run in places[family.original.id] if run and in_production(one)})
    ]
    family, endpoints = production[-1] if production else (None, {})
    version = _standing(lineage, endpoints)
    served = {one for _, here in production for one in here}
    members = [one for family in families for one in family.members]
    everywhere = {one.id: one for here in places.values() for one, _ in here}
    _, waiting = newer(night, judge, group)
    data, data_at = _data(lineage, version) if version is not None else ((), None)
    counts: Counter[Level] = Counter()
    for asset_id in {group.id, *(one.id for one in members), *everywhere}:
        counts.update(problems.get(asset_id, {}))
    where = [group, *members, *everywhere.values()]
    return LineStatus(
        group=group.id,
        name=group.name,
        version=version.id if version is not None else None,
        places=tuple(sorted(_served(lineage, production, problems), key=_worst_place)),
        others=tuple(sorted(everywhere.keys() - served)),
        approval=version.attributes.get("approval") if version is not None else None,
        approved_by=_approved_by(night, version) if version is not None else None,
        judged=version is not None and is_judged(lineage, version),
        scores=tuple(_courses(judge, families, family)) if family is not None else (),
        data=data,
        data_at=data_at,
        candidate=best_of(waiting),
        waiting=len(waiting),
        unknown=unknown,
        problems=dict(counts),
        accounts=_of(where, "account"),
        stages=_of(where, "stage"),
        regions=_of(where, "region"),
    )


def _of(assets: Iterable[Asset], field: str) -> tuple[str, ...]:
    return tuple(sorted({value for asset in assets if (value := getattr(asset, field)) is not None}))


def _places(lineage: LineageReader, family: Family) -> list[tuple[Asset, tuple[str, ...]]]:
    """The live endpoints of a version and all its copies, with the copies that surely answer there."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in deployed_rows(lineage, family.original):
        found[row.endpoint] |= {row.version} if row.version and surely_answers(lineage, row) else set()
    return [
        (asset, tuple(sorted(sure))) for one, sure in sorted(found.items()) if (asset := lineage.asset(one)) is not None
    ]


def _served(
    lineage: LineageReader,
    production: Sequence[tuple[Family, Mapping[str, Sequence[str]]]],
    problems: Mapping[str, Counter[Level]],
) -> Iterator[Place]:
    for family, here in production:
        for endpoint, copies in here.items():
            version = _standing(lineage, {endpoint: copies})
            if version is not None:
                found = {level for one in (endpoint, version.id) for level in problems.get(one, ())}
                yield Place(
                    endpoint=endpoint,
                    version=version.id,
                    older=family is not production[-1][0],
                    worst=min(found, key=LEVELS.index, default=None),
                )


def _worst_place(place: Place) -> tuple[object, ...]:
    return (
        LEVELS.index(place.worst) if place.worst else len(LEVELS),
        place.older,
        natural(place.endpoint),
        place.version,
    )


def _standing(lineage: LineageReader, endpoints: Mapping[str, Sequence[str]]) -> Asset | None:
    """Which of the copies that run at endpoints is told: it is its own approval that counts, so one that has none."""
    copies = dict.fromkeys(one for _, several in sorted(endpoints.items()) for one in several)
    known = [asset for one in copies if (asset := lineage.asset(one)) is not None]
    return min(known, key=lambda one: one.attributes.get("approval") == "Approved", default=None)


def _approved_by(night: Night, version: Asset) -> str | None:
    """Whose the last event is that made the approval what it is."""
    approval = version.attributes.get("approval")
    if approval in (None, "PendingManualApproval"):
        return None
    given = [row for row in approvals(night, version) if row.is_ == approval]
    return given[-1].by if given else None


def _courses(judge: Judge, families: Sequence[Family], family: Family) -> Iterator[Course]:
    """The judgements that most versions share first; numbers only."""
    so_far = [*takewhile(lambda one: one is not family, families), family]
    numbers = [(one.original.id, judge.numbers(one)) for one in so_far]
    told = []
    for judgement, value in judge.numbers(family).items():
        values = tuple((version, known[judgement]) for version, known in numbers if judgement in known)
        before = values[-2][1] if len(values) > 1 else None
        change = None if before is None else value - before
        told.append(
            Course(
                judgement=judgement,
                value=value,
                values=values,
                change=change,
                better=judge.is_better(judgement.metric, change),
            )
        )
    told.sort(key=lambda one: (-len(one.values), one.judgement.metric, repr(one.judgement)))
    yield from told[:_SCORES]


def _data(lineage: LineageReader, version: Asset) -> tuple[tuple[str, ...], str | None]:
    """The data that a version, or what it was tuned from, was trained on, newest first, and the newest one's time."""
    times: dict[str, str] = {}
    for one in surely_made(lineage, version.id):
        job = lineage.asset(one)
        # What was read to make data, or scores, no model was trained on.
        if job is None or KINDS[job.kind].makes != ("model",):
            continue
        for edge in lineage.upstream(one, "input_to"):
            data = lineage.asset(edge.source)
            if data is not None and not edge.candidate and reads_data(edge, data):
                times[data.id] = str(data.attributes.get("last_modified") or data.created_at or "")
    ids = sorted(times, key=lambda one: (times[one], one), reverse=True)
    return tuple(ids), max(times.values(), default="") or None


def _worst_first(status: LineStatus) -> tuple[object, ...]:
    errors, warnings = status.problems.get("error", 0), status.problems.get("warning", 0)
    runs = status.version is not None
    return (
        not (errors and runs),
        not errors,
        not runs,
        not status.places,
        -errors,
        -warnings,
        natural(status.name),
        status.group,
    )


def _summary(live: int, lines: Sequence[LineStatus]) -> str:
    told = [f"{counted(live, 'endpoint')} {'answers' if live == 1 else 'answer'}"]
    wrong = [one for one in lines if one.version is not None and one.problems.get("error")]
    running = sum(one.version is not None for one in lines)
    have = "has" if len(wrong) == 1 else "have"
    errors = f"{len(wrong) or 'none'} of {counted(running, 'registered model')} in production {have} errors"
    told.append(errors if running else "no registered model is known to run in production")
    better = sum(one.candidate is not None and one.candidate.verdict == "better" for one in lines)
    told += [f"{counted(better, 'better candidate')} {'waits' if better == 1 else 'wait'}"] if better else []
    return "; ".join(told) + "."
