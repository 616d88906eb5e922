"""Single steps that have a meaning: an asset's versions, parts, readers, and the content behind a registration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from studbook.lineage.graph import LineageReader
from studbook.model import Asset, Edge
from studbook.model.ids import parse_lambda


class Use(NamedTuple):
    """One thing that went into a job or a run."""

    used: Asset
    edge: Edge
    job: Asset


def newest(assets: Iterable[Asset]) -> list[Asset]:
    """By creation, the latest first; by id where that is equal."""
    return sorted(sorted(assets, key=lambda a: a.id), key=lambda a: a.created_at or "", reverse=True)


def versions(lineage: LineageReader, asset: Asset) -> list[Asset]:
    """The versions of a thing, newest first."""
    return newest(targets(lineage, asset, "has_version"))


def parent(lineage: LineageReader, version: Asset) -> Asset | None:
    """The thing that an asset is a version of."""
    return next(sources(lineage, version, "has_version"), None)


def aliases(lineage: LineageReader, version: Asset) -> list[str]:
    """The aliases (`champion`) that an MLflow registry has for one of its versions, sorted; none of anything else."""
    model = parent(lineage, version) if version.kind == "mlflow_model_version" else None
    known = model.attributes.get("model_aliases") if model is not None else None
    number = str(version.attributes.get("version"))
    return sorted(alias for alias, one in known.items() if str(one) == number) if isinstance(known, dict) else []


def parts(lineage: LineageReader, whole: Asset) -> list[Asset]:
    """What is part of a pipeline, an execution, a search or an experiment; newest first."""
    return newest(sources(lineage, whole, "part_of"))


def whole(lineage: LineageReader, part: Asset) -> Asset | None:
    """The experiment, search or execution that an asset is part of; of several the first."""
    return next(targets(lineage, part, "part_of"), None)


def withdrawn(lineage: LineageReader, endpoint: Asset) -> list[Asset]:
    """The components that answered at an endpoint and are gone, newest first."""
    components = (one for one in sources(lineage, endpoint, "deployed_to") if one.kind == "inference_component")
    return newest(one for one in components if one.gone_since is not None)


def known_as(lineage: LineageReader, version: Asset) -> list[Asset]:
    """A version, and the registered versions that have their content from it."""
    return [version, *targets(lineage, version, "content_of")]


def content(lineage: LineageReader, version: Asset) -> list[Asset]:
    """A version, and the content that it points at."""
    return [version, *sources(lineage, version, "content_of")]


def is_pinned(lineage: LineageReader, evaluator: Asset) -> bool | None:
    """Whether an evaluator version is pinned to one code: a published version of a function is immutable.

    A registered version is what it points at, and that by name: `$LATEST` and an alias move. None where it is not
    known, as of a prompt in S3, which can be written over.
    """
    function = parse_lambda(evaluator.id)
    if function is not None:
        return function.is_published
    behind = [_is_pinned_by(lineage, edge) for edge in lineage.upstream(evaluator.id, "content_of")]
    return False if False in behind else True if behind and None not in behind else None


def _is_pinned_by(lineage: LineageReader, pointer: Edge) -> bool | None:
    code = lineage.asset(pointer.source)
    if pointer.certainty == "inferred":
        return False
    return is_pinned(lineage, code) if code is not None and parse_lambda(code.id) is not None else None


def uses(lineage: LineageReader, assets: Iterable[Asset]) -> Iterator[Use]:
    """The jobs and runs that these went into, as what and how surely."""
    for asset in assets:
        for edge in lineage.downstream(asset.id, "input_to"):
            job = lineage.asset(edge.target)
            if job is not None:
                yield Use(asset, edge, job)


def uses_by_any_name(lineage: LineageReader, assets: Iterable[Asset]) -> Iterator[Use]:
    """As `uses`, of these as what they are, and as what they were registered as."""
    known = {one.id: one for asset in assets for one in known_as(lineage, asset)}
    return uses(lineage, known.values())


def count_users(lineage: LineageReader, assets: Iterable[Asset]) -> int:
    """How many jobs and runs these went into, by whatever name and in whatever roles, each once."""
    return len({use.job.id for use in uses_by_any_name(lineage, assets)})


def models_of(lineage: LineageReader, job: Asset) -> list[str]:
    """The ids of the models that a job judged, or began with, sorted."""
    roles = ("evaluated_model", "source_model", "base_model")
    return sorted(edge.source for edge in lineage.upstream(job.id) if edge.role in roles)


def targets(lineage: LineageReader, asset: Asset, relation: str) -> Iterator[Asset]:
    """What edges of one relation lead to from an asset, each once."""
    ends = dict.fromkeys(edge.target for edge in lineage.downstream(asset.id, relation))
    return (found for end in ends if (found := lineage.asset(end)) is not None)


def sources(lineage: LineageReader, asset: Asset, relation: str) -> Iterator[Asset]:
    """What edges of one relation come from to an asset, each once."""
    ends = dict.fromkeys(edge.source for edge in lineage.upstream(asset.id, relation))
    return (found for end in ends if (found := lineage.asset(end)) is not None)
