"""What ties one record to others: under which keys the lineage looks for what it says, and what it looks for.

Whoever adds a join says here what its claims ask for, and who answers: a night's changes are linked together with the
records that these keys lead to, and with no others. A key that leads to too many costs time; one that is missing costs
the truth, and a test finds it, which links nights of parts of an estate in both ways.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from studbook.lineage.joins.names import called, made_up
from studbook.lineage.joins.weights import place
from studbook.lineage.link import HISTORY
from studbook.lineage.shapes import parent_edge, placeholder
from studbook.model import Asset, Claim, Facts, Kind, Record
from studbook.model.facts import (
    MANIFESTS,
    Association,
    BaseModelName,
    ByName,
    DatasetState,
    DeployedBy,
    LambdaUse,
    LatestAtStart,
    LineageEntity,
    Manifest,
    MlflowNames,
    ModelSourceTag,
    Output,
    PulledImage,
    Reads,
    Roleless,
    RunBehind,
    Weights,
    Writes,
)
from studbook.model.ids import parse_hub_content, parse_lambda, parse_s3

_LOOKED_UP: Final = ("produced", "packaged_as", "deployed_to", "copied_to")
"""Relations that joins look up by their target."""
_SERVED: Final = ("model", "endpoint_config", "endpoint", "model_package", "inference_component")
_VERSIONS: Final[tuple[Kind, ...]] = ("dataset_version", "model_package", "mlflow_model_version")
"""One kind for each way in which an id tells its parent."""
_WITH_PARENT: Final = re.compile(r":hub-content/|:lambda:|/@sha256:|:model-package/|^mlflow:.*/model/")


@dataclass(slots=True)
class Ties:
    """The keys of one record."""

    gives: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    """What others may look up, and what they find there."""
    passes: set[str] = field(default_factory=set)
    """What others may look up that is a conclusion: it may change where something that this record asks for does."""
    asks: set[str] = field(default_factory=set)
    near: set[str] = field(default_factory=set)
    """Places in S3 that it asks for, with all that lies around them and inside of them."""
    named: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The ids that it shows, mentions or ends an edge at, and in which words; equal words have equal consequences."""
    claimed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The same of what only its claims name."""
    age: str = ""
    """What else equal words must have in common: how old what the record says is."""
    entities: list[tuple[str, str]] = field(default_factory=list)
    """Ids, and the ARNs under which the Lineage API has them."""

    def says(self, asset_id: str, words: str = "") -> None:
        """A claim names this."""
        several = self.named.get(asset_id)
        if several is None:
            self.claimed[asset_id].append(words)
        elif words:
            several.append(words)


class Datasets:
    """The ids of all datasets that are configured or were listed."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = frozenset(ids)
        self._sorted = sorted(self._ids)

    def __contains__(self, dataset: str) -> bool:
        return dataset in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Datasets) and self._ids == other._ids

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Datasets({self._sorted!r})"

    def near(self, text: str) -> Iterator[str]:
        """Those around a URI, and those that begin with it."""
        found = parse_s3(text)
        if found is None:
            return
        uri = str(found)
        end = len(uri)
        while (end := uri.rfind("/", 0, end)) > len("s3:/"):
            if uri[: end + 1] in self._ids:
                yield uri[: end + 1]
        for index in range(bisect_left(self._sorted, uri), len(self._sorted)):
            if not self._sorted[index].startswith(uri):
                return
            yield self._sorted[index]


@lru_cache(4096)
def stem(asset_id: str) -> str:
    """What ids have in common that a join compares: places but for the final slash, public models of all regions."""
    if (where := place(asset_id)) is not None:
        return where
    if ":aws:hub-content/" in asset_id and (content := parse_hub_content(asset_id)) is not None:
        return f"public {content.arn.partition} {content.hub} {content.name}"
    return asset_id


def of_name(kind: str, name: str) -> str:
    """Stands for the id of what is known by its name alone."""
    return f"name {kind} {name}"


def around(where: str) -> Iterator[str]:
    """A place in S3 and the folders around it."""
    while where.count("/") > 2:
        yield where
        where = where.rpartition("/")[0]


def ties(record: Record, facts: Facts, datasets: Datasets) -> Ties:
    """The keys of a record."""
    found = Ties(age=f"{record.stale_since} {record.gone_since} {record.kind in HISTORY}")
    named = found.named
    for asset in facts.assets:
        named[asset.id].append(f"{record.account} {record.region} {record.source} {record.kind} {record.id}")
        _shows(found, asset, (record.gone_since is not None, record.stale_since is not None))
    for asset in facts.mentions:
        named[asset.id].append(
            f"{asset.kind} {asset.name} {asset.account} {asset.region} {asset.status} {asset.created_at} "
            f"{asset.modified_at} {asset.attributes} {asset.tags}"
        )
    for edge in facts.edges:
        source, target, relation = edge.source, edge.target, edge.relation
        if source not in named:
            named[source] = []
        if target not in named:
            named[target] = []
        if relation == "has_version":
            named[target].append(f"{source} {edge.certainty} {edge.candidate} {edge.evidence}")
            found.gives[f"versions {source}"].append(target)
            found.passes.add(f"versions {source}")
            found.asks.add(f"is {target}")
        elif relation == "produced":
            if ":model-package/" in target:
                found.gives[f"to {target}"].append(edge.key)
        elif relation in _LOOKED_UP:
            found.gives[f"to {target}"].append(edge.key)
            found.passes.add(f"to {target}")
            found.asks.add(f"to {source}")
            if relation == "deployed_to":
                _deployed(found, source, target)
            if relation == "copied_to":
                found.gives[f"to {source}"].append(edge.key)
                found.asks.add(f"to {target}")
        elif relation == "part_of" and source.startswith("mlflow:"):
            found.asks.add(f"is {target}")
    for claim in facts.claims:
        _claims(found, claim, facts, datasets)
    for asset_id in (*named, *found.claimed):
        if _WITH_PARENT.search(asset_id):
            for parent in _parents(asset_id):
                found.claimed[parent].append(f"parent {asset_id}")
    return found


@lru_cache(4096)
def _parents(asset_id: str) -> tuple[str, ...]:
    """What is there because a version of it is, whatever kind that version is said to be."""
    shape = placeholder(asset_id)
    several = (parent_edge(shape.but(kind=kind)) for kind in (shape.kind, *_VERSIONS))
    return tuple({edge.source for edge in several if edge is not None})


def _shows(found: Ties, asset: Asset, rank: tuple[bool, bool]) -> None:
    known = (asset.id, asset.kind, asset.name, asset.account, asset.region, asset.created_at, rank)
    found.gives[f"is {asset.id}"].append(known)
    found.gives[of_name(asset.kind, asset.name)].append(known)
    if asset.kind in _SERVED:
        found.asks.add(f"to {asset.id}")
        found.passes.add(f"to {asset.id}")
        found.passes.add(f"to {of_name(asset.kind, asset.name)}")
        found.asks.add(f"to {of_name(asset.kind, asset.name)}")
        found.asks.update((f"pulled {asset.id}", f"pulled {of_name(asset.kind, asset.name)}"))
    elif asset.kind == "base_model_version" and (content := parse_hub_content(asset.id)) is not None:
        found.gives[f"base {content.name}"].append(known)
    elif asset.kind == "mlflow_run":
        found.gives[f"run {asset.id.rpartition('/')[2]}"].append(known)
        found.passes.add(f"runs {asset.name}")
        found.gives[f"runs {asset.name}"].append((known, asset.attributes.get("server")))
    elif (function := parse_lambda(asset.id)) is not None:
        found.gives[f"function {function.function}"].append((asset, rank))


def _claims(found: Ties, claim: Claim, facts: Facts, datasets: Datasets) -> None:  # noqa: PLR0915 - one case each
    gives, asks, passes, says = found.gives, found.asks, found.passes, found.says
    match claim:
        case Reads():
            says(claim.reader)
            says(claim.uri, f"read {claim.data_type} {claim.evidence}")
            found.near.add(claim.uri)
            if claim.data_type in MANIFESTS:
                asks.add(f"manifest {claim.uri}")
            if (where := place(claim.uri)) is not None and claim.relation == "content_of":
                gives[f"content {where}"].append(claim)
        case DatasetState():
            says(claim.dataset)
            says(claim.version)
            gives[f"dataset {claim.dataset}"].append(claim)
        case Manifest():
            gives[f"manifest {claim.uri}"].append(claim)
            passes.add(f"manifest {claim.uri}")
            for _, uri in claim.entries:
                says(uri)
                found.near.add(uri)
        case Writes():
            says(claim.writer)
            says(claim.uri, f"written {claim.evidence}")
            found.near.add(claim.uri)
            for dataset in datasets.near(claim.uri.rstrip("/") + "/"):
                asks.add(f"written {dataset}")
                passes.add(f"written {dataset}")
                gives[f"written {dataset}"].append(claim)
        case Output():
            says(claim.job)
            says(claim.uri, f"output {claim.evidence}")
            if (where := place(claim.uri)) is not None:
                gives[f"output {where}"].append(claim)
        case Weights():
            says(claim.asset)
            says(claim.uri, f"weights {claim.added} {claim.evidence}")
            _weights(found, claim, [asset for asset in facts.assets if asset.id == claim.asset])
        case PulledImage():
            says(claim.place)
            says(claim.pinned)
            asks.add(f"to {claim.place}")
        case ModelSourceTag():
            says(claim.model)
            says(claim.package)
            gives[f"to {claim.model}"].append(claim)
            passes.add(f"to {claim.model}")
            asks.update((f"to {claim.package}", f"is {claim.package}"))
        case LambdaUse():
            says(claim.target)
            says(claim.arn)
            if (function := parse_lambda(claim.arn)) is not None:
                says(function.function)
                asks.update((f"function {function.function}", f"versions {function.function}"))
        case ByName():
            _by_name(found, claim)
            says(claim.other)
            says(made_up(claim), claim.name)
            says(_named(claim), f"{claim.account} {claim.region} {claim.partition} {claim.name}")
        case Roleless():
            says(claim.source)
            says(claim.target)
        case LineageEntity():
            says(claim.id, repr(claim))
            says(claim.arn)
            found.entities.append((claim.id, claim.arn))
            gives[f"entity {claim.arn}"].append(claim)
            passes.add(f"entity {claim.arn}")
            asks.add(f"is {claim.id}")
        case Association():
            for end in (claim.source, claim.destination):
                says(end)
                asks.update((f"entity {end}", f"is {end}", f"behind {end}"))
        case RunBehind():
            says(claim.entity)
            gives[f"behind {claim.entity}"].append(claim)
            passes.add(f"behind {claim.entity}")
            asks.add(f"run {claim.run}")
        case DeployedBy():
            for end in (claim.package, claim.component):
                says(end)
                asks.update((f"to {end}", f"is {end}"))
        case BaseModelName():
            says(claim.package)
            public = f"arn:{claim.partition}:sagemaker:{claim.region}:aws:hub-content/SageMakerPublicHub/Model"
            says(f"{public}/{claim.name}", f"{claim.version} {claim.account}")
            asks.add(f"base {claim.name}")
        case MlflowNames():
            says(claim.job)
            asks.add(f"runs {claim.run}")
        case LatestAtStart():
            says(claim.reader)
            says(claim.content)
            asks.add(f"versions {claim.content}")
        case _:
            raise NotImplementedError(f"nobody knows what ties {type(claim).__name__} to others")


def _weights(found: Ties, claim: Weights, shown: list[Asset]) -> None:
    """A package holds them and shares the place with other packages; whatever else takes them looks for a package."""
    where, kinds = place(claim.uri), {asset.kind for asset in shown}
    found.asks.update((f"is {claim.asset}", f"to {claim.asset}"))
    if where is None:
        return
    if kinds != {"model_package"}:
        found.asks.update(f"weights {folder}" for folder in around(where))
        found.passes.add(f"to {claim.asset}")
    if not kinds or "model_package" in kinds:
        found.gives[f"weights {where}"].append((claim, [asset.created_at for asset in shown]))
        found.passes.add(f"weights {where}")
        if not claim.added:
            found.asks.update((f"output {where}", f"weights {where}"))


def _by_name(found: Ties, claim: ByName) -> None:
    name = _named(claim)
    found.asks.add(name)
    if claim.relation not in _LOOKED_UP:
        return
    source, target = (name, claim.other) if claim.upstream else (claim.other, name)
    found.gives[f"to {target}"].append(claim)
    found.passes.add(f"to {target}")
    found.asks.add(f"to {source}")
    if claim.relation == "deployed_to":
        _deployed(found, source, target)


def _deployed(found: Ties, source: str, target: str) -> None:
    """What a place pulled is told of what is deployed to it, and with it what other places of that pulled."""
    found.gives[f"pulled {source}"].append(target)


def _named(claim: ByName) -> str:
    return of_name(claim.kind, called(claim))
