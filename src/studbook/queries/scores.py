"""`scores`: how a model version was judged, or what an evaluator or a dataset version judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from studbook.errors import UsageError
from studbook.lineage.graph import LineageReader
from studbook.lineage.job_state import may_have_result, start_of
from studbook.model import Asset, Edge, Evidence
from studbook.model.kinds import kind_words
from studbook.model.relations import Certainty
from studbook.queries.answer import Answer, Night, Row, Unknown, called, counted, few
from studbook.queries.question import Question
from studbook.queries.walks import Family, copied, evaluation, line, same_weights, scores_of, sure_of

_EVALUATORS = ("evaluator", "evaluator_version")
_DATA = ("dataset", "dataset_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Row):
    """One metric that one job found of one model."""

    job: str
    judged: str | None
    """The version that was judged, which of its copies; or its weights under another id."""
    evaluator: str | None
    """The registered evaluator version where the job names it, else Lambda's; else the model that judged."""
    judges: tuple[str, ...]
    """The models that judged for the evaluator."""
    data: str | None
    metric: str
    value: Any
    at: str | None
    """When the job ended; where that is not known, when it started."""
    certainty: Certainty
    """Of the weakest of the edges that say so."""
    candidate: bool
    evidence: tuple[Evidence, ...]


def scores(night: Night, root: str, asked: str | None = None) -> Answer[Score]:
    """One row for each job, judged version, evaluator version, data version and metric.

    Raises NotFound where the lineage has no such asset, UsageError for what neither judges nor is judged.
    """
    asset = night.asset(root)
    lineage = night.lineage
    judging = asset.kind in (*_EVALUATORS, *_DATA)
    if asset.kind not in QUESTION.of:
        raise UsageError(
            f"{called(asset)} is of the kind {kind_words(asset.kind)}, and has no scores",
            "name a model version, a model group, an evaluator, a dataset, or a version of one",
        )
    if judging:
        jobs = _jobs_by(lineage, _versions(lineage, asset))
        found = [row for job in jobs for row in rows_of_job(lineage, job)]
        mine = {one.id for one in _versions(lineage, asset)}
        named = [row for row in found if (row.evaluator in mine if asset.kind in _EVALUATORS else row.data in mine)]
        rows = named if named else found
    else:
        families = (copied(lineage, root),) if asset.kind == "model_package" else line(lineage, root)
        judged = list(judged_of(lineage, families))
        jobs = jobs_of(lineage, judged)
        wanted = {one.id for one in judged}
        rows = [row for job in jobs for row in rows_of_job(lineage, job) if row.judged in wanted]
    rows.sort(
        key=lambda row: (row.at or "", row.job, row.judged or "", row.evaluator or "", row.data or "", row.metric)
    )
    unknown = [*night.unseen(), *silent_jobs(lineage, jobs)]
    unknown += [end for job in jobs if job.stale_since is not None and (end := night.end(job)) is not None]
    kinds = {job.id: job.kind for job in jobs}
    return Answer(
        question="scores",
        root=root,
        asked=asked or root,
        summary=_summary(asset, rows, judging),
        rows=tuple(rows),
        unknown=few(unknown, kinds.get),
    )


def silent_jobs(lineage: LineageReader, jobs: Iterable[Asset]) -> Iterator[Unknown]:
    """Evaluations that happened, and of which nobody recorded what came of them."""
    for job in jobs:
        if may_have_result(job) and not scores_of(lineage, job)[0]:
            yield Unknown(what=job.id, why="not recorded", asset=job.id)


def _summary(asset: Asset, rows: Sequence[Score], judging: bool) -> str:
    jobs, judged = len({row.job for row in rows}), len({row.judged for row in rows})
    if not rows:
        return f"No score that {called(asset)} {'gave' if judging else 'was given'} is recorded."
    told = f"{counted(len(rows), 'score')} from {counted(jobs, 'job')}"
    return f"{called(asset)}: {told}" + (f", of {judged} {'model' if judged == 1 else 'models'}." if judging else ".")


def judged_of(lineage: LineageReader, families: Iterable[Family]) -> Iterator[Asset]:
    """What an evaluation can name to judge these versions: each copy, its weights, and what was made to serve it.

    Of several weights none is the version by itself; a model that holds all of them is packaged from the version.
    """
    seen: set[str] = set()
    for family in families:
        for member in family.members:
            for one in same_weights(lineage, member):
                served = [lineage.asset(edge.target) for edge in lineage.downstream(one.id, "packaged_as")]
                for judged in (one, *(end for end in served if end is not None and end.kind == "model")):
                    if judged.id not in seen:
                        seen.add(judged.id)
                        yield judged


def jobs_of(lineage: LineageReader, judged: Iterable[Asset]) -> list[Asset]:
    """The evaluations of models, by id; what an MLflow run records of an evaluation job is that job's."""
    jobs: dict[str, Asset] = {}
    for one in judged:
        for edge in lineage.downstream(one.id, "input_to", "evaluated_model"):
            job = lineage.asset(edge.target)
            if job is not None:
                jobs[job.id] = job
    return _told_once(lineage, jobs)


def _told_once(lineage: LineageReader, jobs: dict[str, Asset]) -> list[Asset]:
    lineage.prefetch(jobs, "downstream")
    lineage.prefetch(jobs, "upstream")
    told = {edge.target for job in jobs for edge in lineage.downstream(job, "recorded_in")}
    return [jobs[job] for job in sorted(jobs) if job not in told]


def _versions(lineage: LineageReader, asset: Asset) -> list[Asset]:
    """The asset, its versions, and what is registered of the same content or points at it."""
    found = {asset.id: asset}
    for edge in lineage.downstream(asset.id, "has_version"):
        if (version := lineage.asset(edge.target)) is not None:
            found[version.id] = version
    for one in list(found):
        for edge in lineage.downstream(one, "content_of"):
            if (registered := lineage.asset(edge.target)) is not None:
                found[registered.id] = registered
    return list(found.values())


def _jobs_by(lineage: LineageReader, used: Iterable[Asset]) -> list[Asset]:
    """The evaluations that these went into, as judge or as data."""
    jobs: dict[str, Asset] = {}
    for one in used:
        for edge in lineage.downstream(one.id, "input_to"):
            job = lineage.asset(edge.target)
            if job is not None and lineage.upstream(job.id, "input_to", "evaluated_model"):
                jobs[job.id] = job
    return _told_once(lineage, jobs)


def rows_of_job(lineage: LineageReader, job: Asset) -> tuple[Score, ...]:
    """What one evaluation found, of each model by each evaluator on each data; nothing if it failed or was stopped."""
    return lineage.once(("scores", job.id), lambda: tuple(_rows_of_job(lineage, job)))


def _rows_of_job(lineage: LineageReader, job: Asset) -> Iterator[Score]:
    scores, told = scores_of(lineage, job)
    if not scores or not may_have_result(job):
        return
    found = evaluation(lineage, job)
    edges: dict[str | None, list[Edge]] = {None: []}
    for edge in lineage.upstream(job.id, "input_to"):
        edges.setdefault(edge.source, []).append(edge)
    judges = [one for one in found.evaluators if any(edge.role == "judge" for edge in edges[one])]
    by = [one for one in found.evaluators if one not in judges]
    evaluators = named(lineage, by, edges) if by else judges
    at = job.attributes.get("ended_at") or start_of(job.created_at, job.attributes)
    ways = product(found.models or (None,), evaluators or (None,), named(lineage, found.data, edges) or (None,))
    for judged, evaluator, data in ways:
        said = [*(edge for end in (judged, evaluator, data) for edge in edges[end]), *told]
        sure = sure_of(said)
        for metric in sorted(scores):
            yield Score(
                job=job.id,
                judged=judged,
                evaluator=evaluator,
                judges=tuple(judges) if by else (),
                data=data,
                metric=metric,
                value=scores[metric],
                at=at,
                certainty=sure.certainty,
                candidate=sure.candidate,
                evidence=tuple(line for edge in said for line in edge.evidence),
            )


def named(lineage: LineageReader, several: Iterable[str], edges: Mapping[str | None, Sequence[Edge]]) -> list[str]:
    """Of one thing under several ids that which says most, as surely as any.

    A version says more than what it is a version of, and a registered one more than the content that it points at.
    """
    ids = dict.fromkeys(several)
    left = dict(ids)
    for one in ids:
        for edge in lineage.upstream(one, "has_version"):
            left.pop(edge.source, None)
    for one in ids:
        for edge in lineage.upstream(one, "content_of"):
            if edge.source in left and one in left:
                weaker = sure_of(edges[edge.source]).rank < sure_of(edges[one]).rank
                left.pop(one if weaker else edge.source)
    return list(left)


QUESTION: Final = Question(name="scores", ask=scores, of=("model_package", "model_package_group", *_EVALUATORS, *_DATA))
