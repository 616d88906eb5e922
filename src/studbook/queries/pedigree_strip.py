"""Pedigree strip: a model version on one line, from what it was made of to where it answers.

Whatever stands on it is what `trace`, `copies` and `runs` find, as surely as they say. What lies between two cards
(artifacts, configurations, MLflow's entries) is in the way of a card.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from studbook.lineage.graph import LineageReader
from studbook.model import Asset, Certainty, Edge
from studbook.queries.answer import Night
from studbook.queries.copies import copies
from studbook.queries.gaps import lacking
from studbook.queries.neighbours import parent
from studbook.queries.origins import makers, origins
from studbook.queries.runs import Run, rows_of_version, runs
from studbook.queries.scores import named
from studbook.queries.walks import Family, copied, reads_data, sure_of
from studbook.queries.walks.certainty import STRENGTH, best_ways
from studbook.queries.walks.reach import Reach, Way, origins_of

Place = Literal["base", "data", "training", "version", "copies", "endpoints"]
Empty = Literal["none", "none known", "none named", "not recorded", "not known"]

_WEIGHTS: Final = ("base_model", "source_model", "checkpoint", "model")
"""The roles in which a job takes weights to go on from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripCard:
    """One thing on the strip."""

    asset: str
    certainty: Certainty = "referenced"
    """Of the weakest edge between it and the version."""
    candidate: bool = False
    way: tuple[Edge, ...] = ()
    """The edges between the two, in the direction of the arrows, as far as they are known."""
    runs: str | None = None
    """Of an endpoint: the copy that answers there."""
    shadow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StripPlace:
    """One place on the strip."""

    place: Place
    cards: tuple[StripCard, ...]
    empty: Empty
    """What is true where there is no card; `none` is said where nothing unseen could be one."""


def pedigree_strip(night: Night, version: Asset) -> tuple[StripPlace, ...]:
    """The places in their order; copies and endpoints are those of the original, whichever copy is asked of."""
    lineage = night.lineage
    family = copied(lineage, version.id)
    reach = origins_of(lineage, version.id)
    ways = reach.ways(reach.influence.keys() - {version.id})

    def card(asset_id: str) -> StripCard:
        way = ways[asset_id]
        return StripCard(
            asset=asset_id,
            certainty=way.certainty,
            candidate=way.candidate,
            way=tuple(_way(lineage, reach, ways, asset_id)),
        )

    jobs, bases = _trained(lineage, version, family)
    trained = [one for one in jobs if one.id in ways]
    lacks = {row.what for row in lacking(night, version) if row.why == "not recorded"}
    data = dict.fromkeys(one for job in trained for one in _data_of(lineage, job) if one in ways)
    its_copies, its_places = copies(night, family.original.id), runs(night, family.original.id)
    unnamed: Empty = "none named" if trained else "not known"
    return (
        StripPlace(
            place="base",
            cards=tuple(card(one.id) for one in bases if one.id in ways),
            empty="not recorded" if "base_model" in lacks else unnamed,
        ),
        StripPlace(place="data", cards=tuple(map(card, data)), empty="not recorded" if "data" in lacks else unnamed),
        StripPlace(place="training", cards=tuple(card(one.id) for one in trained), empty="not known"),
        StripPlace(place="version", cards=(StripCard(asset=family.original.id),), empty="not known"),
        StripPlace(place="copies", cards=tuple(_copies(family)), empty="none known" if its_copies.unknown else "none"),
        StripPlace(
            place="endpoints",
            cards=tuple(_endpoints(lineage, rows_of_version(lineage, family.original))),
            empty="none known" if its_places.unknown else "none",
        ),
    )


def _way(lineage: LineageReader, reach: Reach[str], ways: dict[str, Way[str]], start: str) -> Iterator[Edge]:
    here = start
    while here != reach.root:
        towards = ways[here].via
        yield from _between(lineage, here, towards)
        here = towards


def _between(lineage: LineageReader, one: str, other: str) -> list[Edge]:
    """The edges that influence goes along between two neighbours; one thing under two ids has its arrow either way."""
    found = [edge for edge in lineage.downstream(one) if edge.target == other and edge.relation != "associated"]
    return found or [edge for edge in lineage.downstream(other) if edge.target == one]


def _trained(lineage: LineageReader, version: Asset, family: Family) -> tuple[list[Asset], list[Asset]]:
    """The jobs that made a version's weights, and what they went on from: base models, then versions; oldest first.

    Of these weights alone: what made the data, or judged it, is no training of the model. Of a model that was trained
    outside of any job its run is told.
    """
    jobs: dict[str, Asset] = {}
    bases: dict[str, Asset] = {}
    met, ahead = {version.id}, [version]
    while ahead:
        here = ahead.pop()
        found = makers(lineage, here)
        jobs |= {job.id: job for job in found}
        weights = list(origins(lineage, here, parts=True))
        before = [edge.source for one in weights for edge in lineage.upstream(one.id, "base_of")]
        before += [e.source for job in found for e in lineage.upstream(job.id, "input_to") if e.role in _WEIGHTS]
        for one in before:
            base = lineage.asset(one)
            if base is not None and one not in met:
                met.add(one)
                ahead.append(base)
                if base.kind in ("base_model", "base_model_version", "model_package") and one not in family.ids:
                    bases[one] = base
    if not jobs:
        recorded = (
            edge.source
            for one in origins(lineage, version, parts=True)
            for edge in lineage.upstream(one.id, "recorded_in")
        )
        jobs = {one: run for one in recorded if (run := lineage.asset(one)) is not None and run.kind == "mlflow_run"}
    wholes = {base.id for one in bases.values() if (base := parent(lineage, one)) is not None}
    told = [one for one in bases.values() if one.id not in wholes]
    return sorted(jobs.values(), key=_order), sorted(told, key=lambda one: (one.kind == "model_package", _order(one)))


def _order(one: Asset) -> tuple[str, str]:
    return (one.created_at or "", one.id)


def _data_of(lineage: LineageReader, job: Asset) -> list[str]:
    """What a job read as data, each thing by the id that says most."""
    edges: defaultdict[str | None, list[Edge]] = defaultdict(list)
    for edge in lineage.upstream(job.id, "input_to"):
        source = lineage.asset(edge.source)
        if source is not None and reads_data(edge, source):
            edges[edge.source].append(edge)
    return named(lineage, [one for one in edges if one is not None], edges)


def _copies(family: Family) -> Iterator[StripCard]:
    onward: defaultdict[str, list[tuple[Edge, str]]] = defaultdict(list)
    for edge in family.edges:
        onward[edge.source].append((edge, edge.target))
    ways = best_ways(family.original.id, lambda one: onward[one])
    for one in family.members:
        if one.id != family.original.id:
            way = ways.get(one.id, ())
            sure = sure_of(way)
            yield StripCard(asset=one.id, certainty=sure.certainty, candidate=sure.candidate, way=way)


def _endpoints(lineage: LineageReader, rows: Iterable[Run]) -> Iterator[StripCard]:
    """Each with each copy that answers there, surely rather than perhaps, to all rather than in shadow."""
    best: dict[tuple[str, str | None], Run] = {}
    for row in sorted(rows, key=lambda row: (row.shadow, row.candidate, STRENGTH[row.certainty])):
        best.setdefault((row.endpoint, row.version), row)
    for (endpoint, version), row in sorted(best.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        stops = list(dict.fromkeys(one for one in (version, row.unit, row.via, endpoint) if one))
        yield StripCard(
            asset=endpoint,
            certainty=row.certainty,
            candidate=row.candidate,
            way=tuple(edge for one, other in pairwise(stops) for edge in _served(lineage, one, other)),
            runs=version,
            shadow=row.shadow,
        )


def _served(lineage: LineageReader, one: str, other: str) -> list[Edge]:
    """From one stop of a deployment to the next; what was deployed past the registry has its weights in between."""
    if direct := _between(lineage, one, other):
        return direct
    theirs = {edge.source: edge for edge in lineage.upstream(other, "packaged_as")}
    shared = [edge for edge in lineage.upstream(one, "packaged_as") if edge.source in theirs]
    return [end for edge in shared for end in (edge, theirs[edge.source])]
