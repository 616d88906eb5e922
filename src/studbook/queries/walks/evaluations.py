"""Evaluations: which job judged which models, by what, on what data, with which scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from studbook.lineage.from_id import asset_from_id
from studbook.lineage.graph import LineageReader
from studbook.model import KINDS, Asset, Edge
from studbook.model.kinds import DATA_KINDS
from studbook.queries.walks.influence import existing

_JUDGING = ("evaluator", "judge")
NO_DATA_ROLES = (
    *_JUDGING,
    "evaluated_model",
    "base_model",
    "source_model",
    "image",
    "code",
    "agent",
    "checkpoint",
    "model",
)
# Fewer kinds: these alone are told how to work by what lies in S3 beside their data.
_NO_DATA_OF: Final = {
    "adapter": "customization_job",
    "categories": "labeling_job",
    "feature_specification": "automl_job",
    "template": "labeling_job",
}
"""Roles of what is no data of such a job: what it is told by, and how. A channel of any other job may be called so."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation job: which models it judged, by what, on what, and what came of it."""

    job: Asset
    models: tuple[str, ...]
    evaluators: tuple[str, ...]
    data: tuple[str, ...]
    scores: Mapping[str, Any] | None
    """Metric to value, from the job or from the MLflow run that it is recorded in; None where neither says."""


def evaluations_of(lineage: LineageReader, asset_ids: Iterable[str]) -> Iterator[Evaluation]:
    """The evaluation jobs among some assets, and those that judged one of them, by job id."""
    jobs: dict[str, Asset] = {}
    for asset_id in asset_ids:
        asset = existing(lineage, asset_id)
        if asset.kind == "evaluation_job":
            jobs[asset_id] = asset
        if not KINDS[asset.kind].judged:
            continue
        for edge in lineage.downstream(asset_id, "input_to", "evaluated_model"):
            job = existing(lineage, edge.target)
            # The run that records an evaluation has the same inputs; it is the job that is the evaluation.
            if job.kind == "evaluation_job":
                jobs[job.id] = job
    for job_id in sorted(jobs):
        yield evaluation(lineage, jobs[job_id])


def evaluation(lineage: LineageReader, job: Asset) -> Evaluation:
    """What an evaluation job judged, with what, and its scores."""
    inputs = lineage.upstream(job.id, "input_to")
    return Evaluation(
        job=job,
        models=tuple(edge.source for edge in inputs if edge.role == "evaluated_model"),
        evaluators=tuple(edge.source for edge in inputs if edge.role in _JUDGING),
        data=tuple(edge.source for edge in inputs if reads_data(edge, existing(lineage, edge.source))),
        scores=scores_of(lineage, job)[0],
    )


def reads_data(edge: Edge, source: Asset) -> bool:
    """Whether something went into a job or run as data: neither as a model nor its judge, nor as what the job runs."""
    return edge.relation == "input_to" and source.kind in DATA_KINDS and is_data(edge)


def is_data(edge: Edge) -> bool:
    """Whether an input's role is one of data."""
    if edge.role in _NO_DATA_OF:
        return asset_from_id(edge.target).kind != _NO_DATA_OF[edge.role]
    return edge.role not in NO_DATA_ROLES


def scores_of(lineage: LineageReader, job: Asset) -> tuple[Mapping[str, Any] | None, tuple[Edge, ...]]:
    """Scores by metric, as the job itself tells them, else its run, else the results that it wrote, and the edge to
    what told them; None where nobody does."""
    runs = lineage.downstream(job.id, "recorded_in")
    results = lineage.downstream(job.id, "produced", "results")
    for edge in (None, *runs, *results):
        asset = job if edge is None else lineage.asset(edge.target)
        metrics = asset.attributes.get("metrics") if asset is not None else None
        if isinstance(metrics, dict) and metrics:
            return metrics, () if edge is None else (edge,)
    return None, ()
