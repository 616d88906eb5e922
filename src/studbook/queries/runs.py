"""`runs`: where a model version runs now, or what answers at an endpoint, a component or in an account."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from studbook.errors import NotFound, UsageError
from studbook.gc import gc_paused
from studbook.lineage.graph import LineageReader
from studbook.model import Asset, Partition
from studbook.model.kinds import kind_words
from studbook.model.relations import Certainty
from studbook.queries import walks
from studbook.queries.answer import (
    Answer,
    Night,
    Row,
    Unknown,
    called,
    counted,
    few,
    in_production,
    listed,
)
from studbook.queries.question import Question
from studbook.queries.walks import (
    ANSWERING,
    NO_WEIGHTS,
    Deployed,
    Variant,
    copies_of,
    is_unasked,
    out_of_service,
    runs_at,
    unknown_at,
)

_SOURCES = ("sagemaker", "bedrock", "mlflow", "organizations")
"""Those that tell of deployments, of versions, or of accounts that might have some."""
_ELSEWHERE = re.compile(
    "TrainingJob|ProcessingJob|TransformJob|TuningJob|LabelingJob|CompilationJob|EvaluationJob|AutoML|Hub|Pipeline"
    "|Experiment|Trial|FeatureGroup|Cluster|Card|Monitoring|ListTags|CustomizationJob|TrainingSession"
)
"""Operations whose answers say nothing of what runs where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Row):
    """One thing that answers at an endpoint."""

    endpoint: str
    """Where it answers; the component, where no listing tells of its endpoint."""
    unit: str
    """What was deployed: the source of the first `deployed_to` on the way."""
    version: str | None
    """The model version that the unit is; null where it is none that is known."""
    base: str | None
    """The base model that it is, untuned; of what carries weights for adapters, those."""
    variant: str | None
    shadow: bool
    """It gets copies of the requests, and its answers reach nobody."""
    certainty: Certainty
    """Of the weakest edge between the endpoint and the version."""
    candidate: bool
    """Whether it is one of several that fit."""
    via: str
    """The endpoint's neighbour on that way."""


def runs(night: Night, root: str, asked: str | None = None) -> Answer[Run]:
    """By relations of deployment alone: what was trained from a version is another one.

    Raises NotFound where the lineage has no such asset, UsageError for what neither runs nor is run.
    """
    if re.fullmatch(r"\d{12}", root) and night.lineage.asset(root) is None:
        return _of_account(night, root, asked or root)
    asset = night.asset(root)
    if asset.kind in ANSWERING:
        return _of_place(night, asset, asked or root)
    if asset.kind not in QUESTION.of:
        raise UsageError(
            f"{called(asset)} is of the kind {kind_words(asset.kind)}, which does not run by itself",
            "name a model version, an endpoint, a component or an account; 'studbook impact' tells what depends on it",
        )
    return _of_version(night, asset, asked or root)


def _of_version(night: Night, asset: Asset, asked: str) -> Answer[Run]:
    lineage = night.lineage
    rows = deployed_rows(lineage, asset)
    unknown = [*_unseen(night), *(one for several in night.hidden_content.values() for one in several)]
    shares: defaultdict[str, list[Run]] = defaultdict(list)
    for row in rows:
        shares["perhaps" if row.candidate else _share(lineage, row)].append(row)
    live, unasked, shadows, perhaps = (
        _endpoints(lineage, shares[one]) for one in ("some", "none", "shadow", "perhaps")
    )
    unasked = [one for one in unasked if one not in live]
    perhaps = [one for one in perhaps if one not in (*live, *unasked, *shadows)]
    down = [one for one in (*live, *unasked, *shadows) if out_of_service(one)]
    live, unasked, shadows = ([one for one in several if one not in down] for several in (live, unasked, shadows))
    where = [f"at {_counted(live)}"] * bool(live)
    where += [f"{_UNASKED} at {_counted(unasked)}"] * bool(unasked)
    where += [f"in shadow at {_counted(shadows, stage=False)}"] * bool(shadows)
    told = [f"runs {listed(where)}"] if where else []
    told += [f"may run at {_counted(perhaps)}"] if perhaps else []
    told += [f"is deployed at {_down(down)}"] if down else []
    nowhere = "runs nowhere that is known" if unknown else "runs nowhere"
    summary = f"{called(asset)} {listed(told) if told else nowhere}"
    hidden = len(night.hidden_content)
    return Answer(
        question="runs",
        root=asset.id,
        asked=asked,
        summary=summary + (f"; of {counted(hidden, 'endpoint')} not all is known that runs there." if hidden else "."),
        rows=rows,
        unknown=few(unknown, lambda one: "endpoint"),
    )


def rows_of_version(lineage: LineageReader, asset: Asset) -> tuple[Run, ...]:
    """Where a version and the copies made from it run: of where they are deployed, what takes requests."""
    places = ((row, lineage.asset(row.endpoint)) for row in deployed_rows(lineage, asset))
    return tuple(row for row, place in places if place is not None and not out_of_service(place))


def deployed_rows(lineage: LineageReader, asset: Asset) -> tuple[Run, ...]:
    """Where a version and its copies are deployed; of a group, each of its versions; of a model, itself."""
    return lineage.once(("runs", asset.id), lambda: tuple(_deployed_rows(lineage, asset)))


def _deployed_rows(lineage: LineageReader, asset: Asset) -> Iterator[Run]:
    versions = [asset.id]
    if asset.kind == "model_package_group":
        versions = [edge.target for edge in lineage.downstream(asset.id, "has_version")]
    wanted = set(copies_of(lineage, versions))
    for endpoint in runs_at(lineage, sorted(wanted)):
        for row in deployed_at(lineage, endpoint):
            if row.version in wanted or (asset.kind == "model" and row.unit == asset.id):
                yield row


def surely_answers(lineage: LineageReader, row: Run) -> bool:
    """Whether it is neither one of several candidates, nor in shadow, nor without a share of the requests."""
    return not row.candidate and _share(lineage, row) == "some"


def answering(lineage: LineageReader, rows: Iterable[Run]) -> set[str]:
    """The ids of the endpoints at which one of these rows surely answers."""
    return {row.endpoint for row in rows if surely_answers(lineage, row)}


def _of_place(night: Night, place: Asset, asked: str) -> Answer[Run]:
    lineage = night.lineage
    rows: list[Run] = []
    if place.gone_since is not None:
        summary = f"{called(place)} is gone since snapshot {place.gone_since} and answers no more."
        unknown: list[Unknown] = []
    else:
        rows = list(_rows_of_place(lineage, place))
        unknown = [*_unseen(night, place.account, place.region)]
        unknown += night.hidden_content.get(place.id, ())
        if place.kind == "inference_component":
            ends = (night.end(hidden) for hidden in unknown_at(lineage, place))
            unknown += [end for end in ends if end is not None]
        there = _names(lineage, rows)
        down = f"is {place.status} and takes no requests; deployed there is {there}."
        summary = f"{called(place)} {down if out_of_service(place) else f'runs {there}.'}"
    kinds = {place.id: place.kind}
    return Answer(
        question="runs",
        root=place.id,
        asked=asked,
        summary=summary,
        rows=tuple(rows),
        unknown=few(unknown, lambda one: kinds.get(one, "model")),
    )


def _of_account(night: Night, account: str, asked: str) -> Answer[Run]:
    lineage = night.lineage
    endpoints = [one for one in lineage.of_kind("endpoint") if one.account == account and one.gone_since is None]
    known = any(row.account == account for row in night.coverage)
    if not endpoints and not known:
        raise NotFound(
            f"no account {account!r} was asked for anything", "see 'studbook show latest' for those that were"
        )
    with gc_paused():
        _read_ahead(lineage, endpoints)
        rows = [row for endpoint in endpoints for row in deployed_at(lineage, endpoint)]
    unknown = [*_unseen(night, account)]
    for endpoint in endpoints:
        unknown += night.hidden_content.get(endpoint.id, ())
    versions = {row.version for row in rows if row.version is not None}
    sure = {row.version for row in rows if row.version is not None and not row.candidate}
    more = f", and perhaps {len(versions - sure)} more," if versions - sure else ""
    down = [endpoint for endpoint in endpoints if out_of_service(endpoint)]
    there = f"{counted(len(endpoints), 'endpoint')} of {account}" + (f", among them {_down(down)}" if down else "")
    return Answer(
        question="runs",
        root=account,
        asked=asked,
        summary=f"{counted(len(sure), 'model_package')}{more} at {there}.",
        rows=tuple(rows),
        unknown=few(unknown, lambda one: "endpoint"),
    )


def _read_ahead(lineage: LineageReader, endpoints: Iterable[Asset]) -> None:
    """What the rows of many endpoints are asked from, in few statements: configuration, model, what that is."""
    ahead = [endpoint.id for endpoint in endpoints]
    for _ in range(4):
        lineage.prefetch(ahead, "upstream")
        behind = {
            edge.source
            for place in ahead
            for edge in lineage.upstream(place)
            if edge.relation in ("deployed_to", "packaged_as") and edge.role not in NO_WEIGHTS
        }
        # A version is the end of what is asked: what it was packaged from is most of what there is to read.
        ahead = sorted(one for one in behind if (asset := lineage.asset(one)) and asset.kind != "model_package")


def rows_at(lineage: LineageReader, endpoint: Asset) -> Iterator[Run]:
    """What answers at a live endpoint: nothing where it takes no requests."""
    return iter(()) if out_of_service(endpoint) else deployed_at(lineage, endpoint)


def deployed_at(lineage: LineageReader, endpoint: Asset, through: str | None = None) -> Iterator[Run]:
    """What is deployed at a live endpoint, by unit, variant and version; then what carries weights for adapters.

    With `through`, only what it runs by way of that component.
    """
    carriers: dict[str, Deployed] = {}
    for deployed in walks.runs(lineage, endpoint.id):
        carriers |= {carrier.unit.id: carrier for carrier in deployed.carriers}
        for variant in deployed.variants:
            if through is None or through in variant.places:
                yield from _rows(endpoint, deployed, variant)
    for unit in sorted(carriers):
        carrier = carriers[unit]
        for variant in carrier.variants:
            if through is None or through in variant.places:
                for base in carrier.versions or carrier.bases or (carrier.unit,):
                    yield _row(endpoint, carrier, variant, None, base.id)


def _rows(endpoint: Asset, deployed: Deployed, variant: Variant) -> Iterator[Run]:
    for version in deployed.versions:
        yield _row(endpoint, deployed, variant, version.id, None)
    for base in deployed.bases:
        yield _row(endpoint, deployed, variant, None, base.id)
    if not deployed.versions and not deployed.bases:
        yield _row(endpoint, deployed, variant, None, None)


def _row(endpoint: Asset, deployed: Deployed, variant: Variant, version: str | None, base: str | None) -> Run:
    sure = deployed.surely(variant, version or base)
    return Run(
        endpoint=endpoint.id,
        unit=deployed.unit.id,
        version=version,
        base=base,
        variant=variant.name,
        shadow=variant.shadow,
        certainty=sure.certainty,
        candidate=sure.candidate,
        via=variant.via,
    )


def _rows_of_place(lineage: LineageReader, place: Asset) -> Iterator[Run]:
    if place.kind == "endpoint":
        yield from deployed_at(lineage, place)
        return
    ends = [lineage.asset(edge.target) for edge in lineage.downstream(place.id, "deployed_to")]
    live = [end for end in ends if end is not None and end.gone_since is None]
    for endpoint in live:
        yield from deployed_at(lineage, endpoint, through=place.id)
    if not live or out_of_service(place):
        yield from deployed_at(lineage, place)


def _unseen(night: Night, account: str | None = None, region: str | None = None) -> Iterator[Unknown]:
    """The gaps that could hide a deployment; of one account and region, where they are named."""

    def within(partition: Partition) -> bool:
        return account is None or (
            partition.account in (account, None) and (region is None or partition.region in (region, None))
        )

    return night.unseen(_SOURCES, lambda operation: _ELSEWHERE.search(operation) is None, within)


_UNASKED: Final = "without a share of the requests"


def _share(lineage: LineageReader, row: Run) -> str:
    """What of the requests a variant gets: some; none but those that name it; or copies."""
    if row.shadow:
        return "shadow"
    return "none" if is_unasked(lineage, row.endpoint, row.via, row.variant) else "some"


def _endpoints(lineage: LineageReader, rows: Iterable[Run]) -> list[Asset]:
    found = (lineage.asset(one) for one in sorted({row.endpoint for row in rows}))
    return [one for one in found if one is not None]


def _counted(endpoints: Sequence[Asset], *, stage: bool = True) -> str:
    number = sum(map(in_production, endpoints)) if stage else 0
    return counted(len(endpoints), "endpoint") + (f" ({number} in production)" if number else "")


def _down(endpoints: Sequence[Asset]) -> str:
    """`2 endpoints without service (Failed, OutOfService)`."""
    statuses = sorted({endpoint.status or "" for endpoint in endpoints})
    return f"{counted(len(endpoints), 'endpoint')} without service ({', '.join(statuses)})"


def _names(lineage: LineageReader, rows: Iterable[Run]) -> str:
    """What answers, in few words: versions first, then what is known of the rest."""
    names: dict[str, None] = {}
    for row in rows:
        asset = lineage.asset(row.version or row.base or row.unit)
        if asset is not None:
            doubt = "perhaps " if row.candidate else ""
            share = {"shadow": " in shadow", "none": f" {_UNASKED}"}.get(_share(lineage, row), "")
            names[f"{doubt}{called(asset)}{share}"] = None
    told = list(names)
    if len(told) > 5:
        told = [*told[:4], f"{len(told) - 4} more"]
    return listed(told) if told else "nothing that is known"


QUESTION: Final = Question(
    name="runs",
    ask=runs,
    of=("model_package", "model_package_group", "model", "endpoint", "inference_component", "account"),
)
