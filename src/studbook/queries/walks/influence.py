"""Graph traversal: what made a thing, what depends on it, and the nearest of both, along the arrows of influence.

An arrow points the way influence flows, so `made` goes against the arrows and `reaches` with them. Not every arrow is
an influence that goes on, and some influence has no arrow of its own; these are the exceptions, and why:

- `same_as` is walked both ways: two ids of one thing have one pedigree.
- `associated` is never walked: the Lineage API says that something is connected, not how.
- An adapter's inference component is `part_of` its base component, and answers with the base's weights: here, and only
  here, influence goes from the whole to the part.
- What a job is otherwise `part_of` (a pipeline execution, a tuning job, an experiment) and the MLflow run that it is
  `recorded_in` are context: shown in either direction, and not followed on, or every job of a pipeline would be the
  ancestor of every other.
- So is a pipeline execution that registered a model version, or took the results of an earlier job: its steps are not
  all ancestors of the one, nor descendants of the other.
- A run that an evaluation or a model version is `recorded_in` was not made by it.
- A component that is gone from an endpoint no longer answers there. It is shown, and not followed. (A configuration or
  a model can be deleted while the endpoint goes on serving it: those are followed.)
- A run has its own inputs; what its nested runs read is not among them.

A place in S3 that is written again and again is one asset at all times, and so is a feature group: a job is no origin
of one that had ended before it began, though both have an edge to the place. A walk carries over data the time of the
jobs by which it came there (`time_bound`), and leaves out those of its other side that do not fit (`is_in_time`). A
place that was reached by a job of other times is looked at again. Jobs without times fit always. What a model is, or
runs on, is told by what it names now, and no time is held against it.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from studbook.errors import CatalogError, NotFound
from studbook.gc import gc_paused
from studbook.lineage.from_id import asset_from_id, is_execution
from studbook.lineage.graph import Direction, LineageReader
from studbook.lineage.job_state import span_of
from studbook.model import Asset, Edge
from studbook.model.kinds import DATA_KINDS, JOB_KINDS
from studbook.model.relations import Relation

_RECORDED_ONLY = ("model_package", "evaluation_job")
_WITH_CONTEXT = (*JOB_KINDS, "model_package")
_JUDGED = (
    "artifact",
    "base_model",
    "base_model_version",
    "mlflow_logged_model",
    "mlflow_model_version",
    "mlflow_registered_model",
    "model",
    "model_package",
    "model_package_group",
)
_THROUGH = ("produced", "input_to")
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


class Hop(NamedTuple):
    """One step of a walk, away from its root."""

    edge: Edge
    asset: Asset
    """The end of the edge that the step leads to."""
    onward: bool
    """Whether influence goes on from there; else it is context, which is shown and not followed."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What `made` or `reaches` found."""

    root: Asset
    direction: Direction
    assets: tuple[Asset, ...]
    """By id, the root among them."""
    influence: frozenset[str]
    """The ids of those that influence joins to the root; the others are context."""
    edges: tuple[Edge, ...]
    """In canonical order; both ends of each are among the assets."""
    evaluations: tuple[Evaluation, ...]
    """The evaluation jobs of the models on the way, by job id."""
    hops: Mapping[str, tuple[Hop, ...]]
    """The steps from each asset, for drawing a tree; cycles are in it."""
    ended: bool = True
    """False where there is more than was asked for; the assets are then the nearest."""

    def steps(self, asset: Asset, bound: float) -> list[tuple[Hop, float]]:
        """The steps from an asset that was reached with that time bound, each with the bound of its end."""
        return [
            (hop, time_bound(self.direction, asset, hop.asset, bound))
            for hop in self.hops.get(asset.id, ())
            if is_in_time(self.direction, hop.asset, bound)
        ]


def made(lineage: LineageReader, asset_id: str, most: int | None = None, *, judged: bool = True) -> Walk:
    """Everything that made an asset, or the nearest `most` of it; with `judged` also how the models on the way were.

    Raises NotFound where the lineage has no such asset.
    """
    return _walk(lineage, asset_id, "upstream", most, judged)


def reaches(lineage: LineageReader, asset_id: str) -> Walk:
    """Everything that depends on an asset, and how the models among it were judged.

    Raises NotFound where the lineage has no such asset.
    """
    return _walk(lineage, asset_id, "downstream", None, True)


def _walk(lineage: LineageReader, asset_id: str, direction: Direction, most: int | None, judged: bool) -> Walk:
    root = lineage.asset(asset_id)
    if root is None:
        raise NotFound.asset(asset_id)
    with gc_paused():
        key = ("walk", direction, asset_id, most, judged)
        return lineage.near(key, lambda: _walk_from(lineage, root, direction, most, judged))


def _walk_from(lineage: LineageReader, root: Asset, direction: Direction, most: int | None, judged: bool) -> Walk:
    found: dict[str, Asset] = {root.id: root}
    bounds = {root.id: ALWAYS}
    hops: dict[str, list[Hop]] = defaultdict(list)
    context: deque[str] = deque()
    ended = True
    ahead = {root.id: root}
    while ahead:
        lineage.prefetch(list(ahead), direction)
        here, ahead = [(asset, bounds[asset.id]) for asset in ahead.values()], {}
        for asset, bound in here:
            hops[asset.id] = []  # what has come with a wider bound has all steps that it had before
            for edge, end, onward in steps_from(lineage, direction, asset, asset is root):
                if most is not None and len(found) >= most and end not in found:
                    ended = False
                    continue
                hop = Hop(edge, _end(lineage, end, found), onward)
                if not is_in_time(direction, hop.asset, bound):
                    continue
                hops[asset.id].append(hop)
                if not onward:
                    context.append(end)
                    continue
                widened = time_bound(direction, asset, hop.asset, bound)
                if widened < bounds.get(end, math.inf):
                    bounds[end] = widened
                    found[end] = ahead[end] = hop.asset
    influence = tuple(found)
    while context:
        asset_id = context.popleft()
        if asset_id in found:
            continue
        asset = _existing(lineage, asset_id)
        found[asset_id] = asset
        for edge in lineage.downstream(asset_id, "part_of"):
            hops[asset_id].append(Hop(edge, _end(lineage, edge.target, found), False))
            context.append(edge.target)
    edges = {hop.edge.key: hop.edge for several in hops.values() for hop in several}
    return Walk(
        root=root,
        direction=direction,
        assets=tuple(sorted(found.values(), key=lambda asset: asset.id)),
        influence=frozenset(influence),
        edges=tuple(sorted(edges.values(), key=lambda edge: edge.key.order)),
        evaluations=tuple(_evaluations(lineage, influence, found)) if judged else (),
        hops={asset_id: tuple(several) for asset_id, several in hops.items()},
        ended=ended,
    )


ALWAYS: Final = -math.inf
"""The time bound with which nothing is out of time."""


def time_bound(direction: Direction, near: Asset, far: Asset, bound: float) -> float:
    """The time bound with which a step leads to `far`: of two the lower lets more follow.

    Downstream the time at which the job began that `near` is, so that its readers end later; upstream, where time runs
    backwards, that at which it ended, negated. Data pass it on to data.
    """
    if far.kind not in DATA_KINDS:
        return ALWAYS
    if near.kind in JOB_KINDS:
        began, ended = span_of(near.kind, near.created_at, near.attributes)
        return began if direction == "downstream" else -ended
    return bound if near.kind in DATA_KINDS else ALWAYS


def is_in_time(direction: Direction, far: Asset, bound: float) -> bool:
    """Whether a walk that came with that time bound can go on to an asset: no job is too late for it, or too early."""
    if bound == ALWAYS:
        return True
    began, ended = span_of(far.kind, far.created_at, far.attributes)
    return bound <= (ended if direction == "downstream" else -began)


Step = tuple[Edge, str, bool]
"""An edge, the end that it leads to, and whether the walk goes on from there."""


def made_steps(lineage: LineageReader, asset: Asset, is_root: bool) -> Iterator[Step]:
    """The steps of `made` from one asset."""
    for edge in lineage.upstream(asset.id):
        if edge.relation == "associated":
            continue
        if edge.relation == "part_of" and (
            asset.kind == "inference_component" or (asset.kind == "mlflow_run" and not is_root)
        ):
            continue
        if edge.relation == "recorded_in" and not is_root and _existing(lineage, edge.source).kind in _RECORDED_ONLY:
            continue
        registers = edge.relation in _THROUGH and is_execution(edge.source)
        yield edge, edge.source, not registers and not _withdrawn(edge.relation, _existing(lineage, edge.source), asset)
    for edge in lineage.downstream(asset.id, "same_as"):
        yield edge, edge.target, True
    if asset.kind == "inference_component" or asset.kind in _WITH_CONTEXT:
        for edge in lineage.downstream(asset.id, "part_of"):
            yield edge, edge.target, asset.kind == "inference_component"
    if asset.kind in _WITH_CONTEXT:
        for edge in lineage.downstream(asset.id, "recorded_in"):
            yield edge, edge.target, False


def reach_steps(lineage: LineageReader, asset: Asset, is_root: bool) -> Iterator[Step]:
    """The steps of `reaches` from one asset."""
    for edge in lineage.downstream(asset.id):
        onward = reached(edge.relation, asset, _existing(lineage, edge.target))
        if onward is not None:
            yield edge, edge.target, onward
    for edge in lineage.upstream(asset.id, "same_as"):
        yield edge, edge.source, True
    if asset.kind == "inference_component":
        for edge in lineage.upstream(asset.id, "part_of"):
            yield edge, edge.source, True


def reached(relation: Relation, near: Asset, far: Asset) -> bool | None:
    """Whether `reaches` goes on from the end of an edge; None where it does not go there at all."""
    if relation == "associated":
        return None
    if relation == "part_of":
        return None if near.kind == "inference_component" else False
    if near.gone_since is not None and _withdrawn(relation, near, far):
        return None
    noted = relation == "recorded_in" and near.kind in _RECORDED_ONLY
    return not noted and not (relation in _THROUGH and is_execution(far.id))


def steps_from(lineage: LineageReader, direction: Direction, asset: Asset, is_root: bool) -> Sequence[Step]:
    """The steps of a walk in that direction from one asset: all walks of a page come by its root and what is near."""
    key = ("steps", direction, asset.id, is_root and direction == "upstream")  # downstream no root is different
    return lineage.near(key, lambda: tuple(_STEPS[direction](lineage, asset, is_root)))


_STEPS: Final[dict[Direction, Callable[[LineageReader, Asset, bool], Iterator[Step]]]] = {
    "upstream": made_steps,
    "downstream": reach_steps,
}


@dataclass(frozen=True, slots=True)
class Around:
    """The nearest of what made an asset and of what depends on it."""

    assets: tuple[Asset, ...]
    """Nearest first, the root before all."""
    edges: Mapping[tuple[str, str], tuple[Edge, ...]]
    """Between them, by source and target."""
    beyond: Mapping[Direction, Mapping[str, str]]
    """The ids of their neighbours that are left out on each side, and of what each is a neighbour."""


def around(lineage: LineageReader, root: Asset, limit: int) -> Around:
    """The nearest ancestors and descendants of an asset, upstream and downstream in turn, `limit` with the root.

    The steps are those of `made` and `reaches`.
    """
    found: dict[str, Asset] = {root.id: root}
    edges: dict[tuple[str, str], list[Edge]] = {}
    left_out: dict[Direction, dict[str, str]] = {"upstream": {}, "downstream": {}}

    def explore(direction: Direction) -> Iterator[None]:
        """Breadth first on one side; yields after each asset that it adds."""
        queue = deque([(root, ALWAYS)])
        bounds = {root.id: ALWAYS}
        while queue:
            here, bound = queue.popleft()
            for edge, other, onward in sorted(steps_from(lineage, direction, here, here is root), key=_first):
                asset = lineage.asset(other)
                if other == here.id or asset is None or not is_in_time(direction, asset, bound):
                    continue
                new = other not in found
                if new and len(found) >= limit:
                    left_out[direction].setdefault(other, here.id)
                    continue
                if new:
                    found[other] = asset
                widened = time_bound(direction, here, asset, bound)
                if onward and (new or widened < bounds.get(other, ALWAYS)):
                    bounds[other] = widened
                    queue.append((asset, widened))
                group = edges.setdefault((edge.source, edge.target), [])
                if edge not in group:
                    group.append(edge)
                if new:
                    yield

    for _ in zip_longest(explore("upstream"), explore("downstream")):
        pass
    return Around(
        assets=tuple(found.values()),
        edges={ends: tuple(group) for ends, group in edges.items()},
        beyond={
            direction: {other: via for other, via in hidden.items() if other not in found}
            for direction, hidden in left_out.items()
        },
    )


def _first(step: Step) -> tuple[int, str]:
    """What is met first where not all can be: what made a thing before what holds it or describes it."""
    edge, other, _ = step
    return (_ORDER[edge.relation], other)


_ORDER = {
    relation: rank
    for rank, relation in enumerate(
        (
            "produced", "input_to", "base_of", "packaged_as", "deployed_to", "copied_to", "same_as", "content_of",
            "registered_as", "recorded_in", "has_version", "part_of", "described_by", "associated",
        )
    )
}  # fmt: skip


def _withdrawn(relation: Relation, component: Asset, endpoint: Asset) -> bool:
    """Whether an edge is the deployment of a component that is gone, on an endpoint that is not."""
    gone = component.kind == "inference_component" and component.gone_since is not None
    return relation == "deployed_to" and gone and endpoint.gone_since is None


def _existing(lineage: LineageReader, asset_id: str) -> Asset:
    asset = lineage.asset(asset_id)
    if asset is None:
        raise CatalogError(f"an edge points at {asset_id!r}, which is no asset", "run 'studbook verify'")
    return asset


def _end(lineage: LineageReader, end: str, found: Mapping[str, Asset]) -> Asset:
    return found.get(end) or _existing(lineage, end)


def _evaluations(lineage: LineageReader, influence: Sequence[str], found: Mapping[str, Asset]) -> Iterator[Evaluation]:
    jobs = {asset_id: found[asset_id] for asset_id in influence if found[asset_id].kind == "evaluation_job"}
    for asset_id in influence:
        if found[asset_id].kind not in _JUDGED:
            continue
        for edge in lineage.downstream(asset_id, "input_to", "evaluated_model"):
            job = _end(lineage, edge.target, found)
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
        data=tuple(edge.source for edge in inputs if reads_data(edge, _existing(lineage, edge.source))),
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
    """As the job itself tells them, else its run, else the results that it wrote; and the edge to what told them."""
    runs = lineage.downstream(job.id, "recorded_in")
    results = lineage.downstream(job.id, "produced", "results")
    for edge in (None, *runs, *results):
        asset = job if edge is None else lineage.asset(edge.target)
        metrics = asset.attributes.get("metrics") if asset is not None else None
        if isinstance(metrics, dict) and metrics:
            return metrics, () if edge is None else (edge,)
    return None, ()
