"""Champion and challengers (`candidates`): what is newer of a line than what runs, and whether it was judged better.

Scores are compared only where the same evaluator version judged on the same data version: any other two say nothing
about each other. What could not be told apart (an evaluator's latest code, data without a version, one of several
candidates) is no shared judgement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, NamedTuple

from studbook.errors import UsageError
from studbook.lineage.graph import LineageReader
from studbook.model import Asset
from studbook.model.canonical import is_number
from studbook.model.kinds import kind_words
from studbook.queries.answer import Answer, Night, Row, Unknown, called, counted, few, in_production, listed
from studbook.queries.namesakes import namesakes, place_of
from studbook.queries.neighbours import is_pinned
from studbook.queries.question import Question
from studbook.queries.runs import answering, rows_at, rows_of_version, surely_answers
from studbook.queries.scores import Score, jobs_of, judged_of, rows_of_job, silent_jobs
from studbook.queries.walks import Family, copied, groups_of, lines
from studbook.settings import MetricSettings

Verdict = Literal["better", "worse", "mixed", "not comparable"]

_UNUSABLE = ("Failed", "Deleting")
_FIXED = ("builtin:", "bedrock:")
"""Evaluators that have no versions: benchmark tasks, and models that judge."""
_DIGITS: Final = 12
"""A difference of two floats has no more digits that mean anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement(Row):
    """What one of two versions was judged by."""

    evaluator: str | None
    data: str | None
    metric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared(Judgement):
    """What both were judged by."""

    there: float
    """The candidate's."""
    here: float
    """That of what was asked of."""
    delta: float
    """`there` less `here`, whichever of them is better."""

    @property
    def judgement(self) -> Judgement:
        """What it was judged by, alone."""
        return Judgement(evaluator=self.evaluator, data=self.data, metric=self.metric)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Row):
    """One newer version of the same line."""

    version: str
    """The original's id."""
    copies: tuple[str, ...]
    against: str
    """The version that it is held against: the original of what runs, or of what was asked of."""
    verdict: Verdict
    shared: tuple[Shared, ...]
    missing: tuple[Judgement, ...]
    """What the one here was judged by, and the candidate was not."""
    shadow: bool
    """It runs there in shadow alone."""
    approval: str | None
    at: str | None
    """When the original was registered."""


class _Here(NamedTuple):
    """What candidates are held against, and where they must not serve yet."""

    version: Asset
    places: Collection[str]
    """The endpoints where it answers."""


def candidates(night: Night, root: str, asked: str | None = None) -> Answer[Candidate]:
    """Newer versions of the same line that do not serve there, newest first; rejected versions are none.

    Of an endpoint they are held against what it runs, of a group against the newest that production runs, else against
    the newest approved version. Raises NotFound where the lineage has no such asset, UsageError for anything else.
    """
    asset = night.asset(root)
    if asset.kind not in QUESTION.of:
        raise UsageError(
            f"{called(asset)} is of the kind {kind_words(asset.kind)}, and has no candidates",
            "name an endpoint, a model version or a model group",
        )
    lineage = night.lineage
    judge = Judge(night)
    here, rows = newer(night, judge, asset)
    unknown = [*night.unseen(), *judge.unknown, *_hidden(night, asset), *_unlisted(night, here)]
    return Answer(
        question="candidates",
        root=root,
        asked=asked or root,
        summary=_summary(night, asset, here, rows),
        rows=tuple(rows),
        unknown=few(unknown, lambda one: kind.kind if (kind := lineage.asset(one)) is not None else None),
    )


def newer(night: Night, judge: Judge, asset: Asset) -> tuple[list[_Here], list[Candidate]]:
    """What the candidates of an endpoint, a version or a group are held against, and the candidates in their order."""
    lineage = night.lineage
    known: dict[str, tuple[Family, ...]] = {}
    if asset.kind == "model_package_group":
        members = [edge.target for edge in lineage.downstream(asset.id, "has_version")]
        known = lines(lineage, members)
        here = list(held_against(lineage, known))
    elif asset.kind == "endpoint":
        rows = rows_at(lineage, asset) if asset.gone_since is None else ()
        versions = sorted({row.version for row in rows if row.version is not None and surely_answers(lineage, row)})
        here = [_Here(night.asset(version), (asset.id,)) for version in versions]
    else:
        here = [_Here(asset, answering(lineage, rows_of_version(lineage, asset)))]
    found = {(row.version, row.against): row for one in here for row in _rows(lineage, judge, one, known)}
    return here, sorted(found.values(), key=lambda row: (row.at or "", row.version, row.against), reverse=True)


def held_against(lineage: LineageReader, known: Mapping[str, Sequence[Family]]) -> Iterator[_Here]:
    """Of each line the newest version that production runs, else the newest approved one."""
    for group, families in known.items():
        here = lineage.once(("held against", group), partial(_held_against, lineage, families))
        if here is not None:
            yield here


def _held_against(lineage: LineageReader, families: Sequence[Family]) -> _Here | None:
    for family in reversed(families):
        endpoints = (lineage.asset(one) for one in answering(lineage, rows_of_version(lineage, family.original)))
        if places := [one.id for one in endpoints if one is not None and in_production(one)]:
            return _Here(family.original, places)
    approved = [family for family in families if "Approved" in _approvals(family)]
    return _Here(approved[-1].original, ()) if approved else None


def _approvals(family: Family) -> set[str]:
    return {str(one.attributes.get("approval")) for one in family.members if one.gone_since is None}


class Judge:
    """The scores of versions, each family's read once."""

    def __init__(self, night: Night) -> None:
        self._lineage = night.lineage
        self._metrics = night.settings.rules.metrics if night.settings is not None else MetricSettings()
        self._known: dict[str, _Scores] = {}
        self.unknown: list[Unknown] = []

    def _of(self, family: Family) -> _Scores:
        key = family.original.id
        if key not in self._known:
            self._known[key] = self._lineage.once(("judged", key), lambda: _judged(self._lineage, family))
            self.unknown += self._known[key].silent
        return self._known[key]

    def scores(self, family: Family) -> Mapping[Judgement, Score]:
        """The newest score for each judgement: evaluator, data and metric. It may be any JSON value."""
        return self._of(family).all

    def shared(self, here: Family, there: Family) -> tuple[Shared, ...]:
        """What both were judged by, as far as it is surely the same, with the two numbers and their difference: here
        minus there."""
        ours, theirs = self._of(here).fixed, self._of(there).fixed
        found = []
        for judgement, one in ours.items():
            other = theirs.get(judgement)
            if other is not None and one.judges == other.judges:
                found.append(
                    Shared(
                        evaluator=judgement.evaluator,
                        data=judgement.data,
                        metric=judgement.metric,
                        there=other.value,
                        here=one.value,
                        delta=round(other.value - one.value, _DIGITS),
                    )
                )
        return tuple(found)

    def numbers(self, family: Family) -> dict[Judgement, float]:
        """The newest score for each judgement that is a number, found by what can be told from any other evaluator."""
        return {one: score.value for one, score in self._of(family).fixed.items()}

    def prefers_less(self, metric: str) -> bool:
        """Whether the lower of two values of a metric is the better one."""
        return self._metrics.prefers_less(metric)

    def is_better(self, metric: str, change: float | None) -> bool | None:
        """Whether a change of a metric is one for the better; None where nothing changed, or nothing is known."""
        return (change > 0) is not self.prefers_less(metric) if change else None

    def verdict(self, shared: Iterable[Shared]) -> Verdict:
        """What shared scores say of the candidate, `here`: better, worse, mixed; not comparable where there are
        none."""
        found = {self.is_better(one.metric, one.delta) for one in shared}
        if not found:
            return "not comparable"
        if (True in found) is (False in found):
            return "mixed"
        return "better" if True in found else "worse"


class _Scores(NamedTuple):
    """How a version was judged."""

    all: Mapping[Judgement, Score]
    fixed: Mapping[Judgement, Score]
    """Those that may be held against another version's, in the order of judgements."""
    silent: Sequence[Unknown]
    """The evaluations of which nothing is recorded."""


def _judged(lineage: LineageReader, family: Family) -> _Scores:
    """The newest score of a version for each judgement."""
    judged = list(judged_of(lineage, [family]))
    ids = {one.id for one in judged}
    jobs = jobs_of(lineage, judged)
    rows = [row for job in jobs for row in rows_of_job(lineage, job) if row.judged in ids]
    rows.sort(key=lambda row: (row.at or "", row.job))
    scores = {Judgement(evaluator=row.evaluator, data=row.data, metric=row.metric): row for row in rows}
    fixed = {one: scores[one] for one in sorted(scores, key=order_of) if _is_fixed(lineage, scores[one])}
    return _Scores(scores, fixed, tuple(silent_jobs(lineage, jobs)))


def _is_fixed(lineage: LineageReader, score: Score) -> bool:
    """Whether a number was found by what can be told from any other evaluator, on data that can be."""
    if score.candidate or not is_number(score.value):
        return False
    evaluator = lineage.asset(score.evaluator or "")
    if evaluator is None or is_pinned(lineage, evaluator) is False:
        return False
    built_in = evaluator.id.startswith(_FIXED)
    if evaluator.kind != "evaluator_version" and not built_in:
        return False
    # A benchmark task brings its own data.
    data = lineage.asset(score.data or "")
    return (score.data is None and built_in) or (data is not None and data.kind == "dataset_version")


def order_of(one: Judgement) -> tuple[str, str, str]:
    """Sort key of judgements: evaluator, data and metric; what is not known comes first."""
    return (one.evaluator or "", one.data or "", one.metric)


def _rows(
    lineage: LineageReader, judge: Judge, here: _Here, known: Mapping[str, Sequence[Family]]
) -> Iterator[Candidate]:
    mine = copied(lineage, here.version.id)
    places = (lineage.asset(place) for place in here.places)
    rows = [row for place in places if place is not None for row in rows_at(lineage, place)]
    at = _at(mine)
    for group, families in (known or lines(lineage, [here.version.id])).items():
        if not any(mine.ids & family.ids for family in families):
            continue
        for registered, there in lineage.once(("releases", group), partial(_releases, families)):
            if registered <= at or there.ids & mine.ids:
                continue
            its = [row for row in rows if row.version in there.ids]
            serving = answering(lineage, its)
            if here.places and serving.issuperset(here.places):
                continue
            yield _candidate(judge, mine, there, shadow=not serving and any(row.shadow for row in its))


def _at(family: Family) -> str:
    """When a version was registered: its original, or where nobody dated that, the first of its copies."""
    times = [family.original.created_at, *sorted(one.created_at for one in family.members if one.created_at)]
    return next((time for time in times if time), "").rstrip("Z")


def _releases(families: Sequence[Family]) -> tuple[tuple[str, Family], ...]:
    """The versions that may serve, each with the time of its registration."""
    return tuple((_at(family), family) for family in families if _may_serve(family))


def _may_serve(family: Family) -> bool:
    """Whether it is a release that nobody rejected, and that is still there."""
    there = [one for one in family.members if one.gone_since is None and one.status not in _UNUSABLE]
    released = any(one.attributes.get("registration_type") != "Logged" for one in there)
    return released and "Rejected" not in _approvals(family)


def _candidate(judge: Judge, mine: Family, there: Family, *, shadow: bool) -> Candidate:
    shared = judge.shared(mine, there)
    missing = judge.scores(mine).keys() - judge.scores(there).keys()
    return Candidate(
        version=there.original.id,
        copies=tuple(one.id for one in there.members if one.id != there.original.id),
        against=mine.original.id,
        verdict=judge.verdict(shared),
        shared=shared,
        missing=tuple(sorted(missing, key=order_of)),
        shadow=shadow,
        approval=there.original.attributes.get("approval"),
        at=there.original.created_at,
    )


def _hidden(night: Night, asset: Asset) -> Iterator[Unknown]:
    """What could run there unseen."""
    if asset.kind == "endpoint":
        yield from night.hidden_content.get(asset.id, ())
    elif asset.kind == "model_package_group":
        for several in night.hidden_content.values():
            yield from several


def _unlisted(night: Night, here: Iterable[_Here]) -> Iterator[Unknown]:
    """The groups of which no listing of this night shows every version, another organisation's say."""
    for group in sorted({group for one in here for group in groups_of(night.lineage, one.version.id)}):
        found = night.asset(group)
        end = night.end(found) if found.gone_since is None else None
        if end is not None:
            yield end


def _summary(night: Night, asset: Asset, here: Collection[_Here], rows: Sequence[Candidate]) -> str:
    if not here:
        return f"No version is known of which {called(asset)} could have a candidate."
    best = best_of(rows)
    version = night.lineage.asset(best.version) if best is not None else None
    running = [one.version for one in here]
    alike = version is not None and called(version) in map(called, running)
    others = namesakes({one.id: one for one in (*running, version) if one is not None}.values()) if alike else {}

    def named(one: Asset) -> str:
        place = place_of(night.settings, one, others)
        return f"{called(one)} ({place})" if place else called(one)

    names = listed(dict.fromkeys(map(named, running)))
    where = f" at {called(asset)}" if asset.kind == "endpoint" else ""
    if best is None:
        return f"Nothing newer than {names}{where} is known."
    name = named(version) if version is not None else best.version
    equal = best.verdict == "mixed" and not any(one.delta for one in best.shared)
    better = f"{name} is {'as good as' if equal else _RANK[best.verdict]} {names}{where}"
    told = [counted(len(best.shared), "shared judgement")] if best.shared else []
    missing = len(best.missing)
    told += [f"{missing if told else counted(missing, 'judgement')} not repeated"] if missing else []
    more = f"; {counted(len(rows) - 1, 'other candidate')}" if len(rows) > 1 else ""
    return f"{better}{f' ({listed(told)})' if told else ''}{more}."


def best_of(rows: Sequence[Candidate]) -> Candidate | None:
    """The candidate with the best verdict, of several the newest; None where there is none."""
    return next((row for verdict in _RANK for row in rows if row.verdict == verdict), None)


_RANK: Final[dict[Verdict, str]] = {
    "better": "better than",
    "mixed": "better and worse than",
    "not comparable": "newer than, and cannot be compared with,",
    "worse": "newer and worse than",
}


QUESTION: Final = Question(name="candidates", ask=candidates, of=("endpoint", "model_package", "model_package_group"))
