"""Edges of influence: which steps a graph traversal takes from an asset, to what made it or to what depends on it.

An arrow points the way influence flows, so `made` goes against the arrows and `reaches` with them. Not every arrow is
an influence that goes on, and some influence has no arrow of its own; these are the exceptions, and why:

- `same_as` is walked both ways: two ids of one thing have one pedigree.
- `associated` is never walked: the Lineage API says that something is connected, not how.
- An adapter's inference component is `part_of` its base component, and answers with the base's weights: here, and only
  here, influence goes from the whole to the part.
- What a job is otherwise `part_of` (a pipeline execution, a tuning job, an experiment) and the MLflow run that it is
  `recorded_in` are context: shown in either direction, and not followed on, or every job of a pipeline would be the
  ancestor of every other.
- A tuning job has learnt from the results of all of its jobs, and hands them on to those that it warms up: whoever
  comes to it by one of its jobs goes on, but not from it to the other jobs.
- Context, too, is a pipeline execution that registered a model version, or took the results of an earlier job: its
  steps are not all ancestors of the one, nor descendants of the other.
- A run that an evaluation or a model version is `recorded_in` was not made by it.
- A component that is gone from an endpoint no longer answers there. It is shown, and not followed. (A configuration or
  a model can be deleted while the endpoint goes on serving it: those are followed.)
- A run has its own inputs; what its nested runs read is not among them.
- The jobs of an AutoML search are of many candidates, rivals of each other: which of them made a model has an edge of
  its own.

A place in S3 that is written again and again is one asset at all times, and so is a feature group: a job is no origin
of one that had ended before it began, though both have an edge to the place. A walk carries over data the time of the
jobs by which it came there (`time_bound`), and leaves out those of its other side that do not fit (`is_in_time`). A
place that was reached by a job of other times is looked at again. Jobs without times fit always. A model version is
what lay at its place when it was registered, and a job that began later is no origin of it. An endpoint, too, is one
at all times, whatever is deployed there: who had asked it, or read what it kept, and had ended before a model or a
configuration was made learnt nothing of that. What a deployable model is, or runs on, is told by what it names now, and
no time is held against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from studbook.errors import CatalogError
from studbook.lineage.from_id import is_execution
from studbook.lineage.graph import Direction, LineageReader
from studbook.lineage.job_state import span_of
from studbook.model import Asset, Edge
from studbook.model.kinds import DATA_KINDS, JOB_KINDS
from studbook.model.relations import Relation
from studbook.queries.walks.deployment import ANSWERING

_RECORDED_ONLY = ("model_package", "evaluation_job")
_WITH_CONTEXT = (*JOB_KINDS, "model_package")
_THROUGH = ("produced", "input_to")
CARRYING: Final = frozenset((*DATA_KINDS, *ANSWERING))
"""The kinds of what is one thing at all times, and holds another at each."""
ALWAYS: Final = -math.inf
"""The time bound with which nothing is out of time."""


def time_bound(direction: Direction, near: Asset, far: Asset, bound: float) -> float:
    """The time bound with which a step leads to `far`, in seconds since the epoch: of two the lower lets more follow.

    Downstream the time at which the job began that `near` is, or what is deployed was made, so that its readers end
    later; upstream, where time runs backwards, that at which it ended, negated. Data and endpoints pass it on to each
    other; anything else bounds nothing.
    """
    if far.kind not in CARRYING:
        return ALWAYS
    if near.kind in CARRYING:
        return bound
    began, ended = span_of(near.kind, near.created_at, near.attributes)
    return began if direction == "downstream" else -ended


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
            asset.kind == "inference_component" or (asset.kind in ("automl_job", "mlflow_run") and not is_root)
        ):
            continue
        if edge.relation == "recorded_in" and not is_root and existing(lineage, edge.source).kind in _RECORDED_ONLY:
            continue
        registers = edge.relation in _THROUGH and is_execution(edge.source)
        yield edge, edge.source, not registers and not _withdrawn(edge.relation, existing(lineage, edge.source), asset)
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
        onward = reached(edge.relation, asset, existing(lineage, edge.target))
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
        return None if near.kind == "inference_component" else far.kind == "tuning_job"
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


def _withdrawn(relation: Relation, component: Asset, endpoint: Asset) -> bool:
    """Whether an edge is the deployment of a component that is gone, on an endpoint that is not."""
    gone = component.kind == "inference_component" and component.gone_since is not None
    return relation == "deployed_to" and gone and endpoint.gone_since is None


def existing(lineage: LineageReader, asset_id: str) -> Asset:
    """The end of an edge. Raises CatalogError where it is none: the catalog is damaged."""
    asset = lineage.asset(asset_id)
    if asset is None:
        raise CatalogError(f"an edge points at {asset_id!r}, which is no asset", "run 'studbook verify'")
    return asset
