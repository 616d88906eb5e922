"""Snapshot diff: what is different between two snapshots, in the terms in which people ask.

Everything is here twice, on purpose: first what people look for (new models, approvals, what answers now, data that
moved), then every asset and every edge, so that nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from typing import Any

from studbook.lineage.graph import Graph, differing
from studbook.model import Asset, Coverage, Edge, Partition
from studbook.model.canonical import fields_of
from studbook.model.ids import holder_of
from studbook.model.kinds import JOB_KINDS
from studbook.queries.answer import Night
from studbook.queries.drift import drifts_of
from studbook.queries.walks import Manner, out_of_service, runs

_MODEL_VERSIONS = ("model_package", "mlflow_model_version")
_UNTOLD = ("id", "first_seen", "records", "attributes", "tags")


@dataclass(frozen=True, slots=True)
class Named:
    """An asset, as a list shows it."""

    id: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Running(Named):
    """What answers at an endpoint."""

    manner: Manner = ""
    """One of several that fit; or requests come to it only by its name, or only as copies. Empty where it surely
    answers."""

    def called(self, name: str) -> str:
        """What it is called in a sentence: `bot 4 (shadow)`."""
        return f"{name} ({self.manner})" if self.manner else name


@dataclass(frozen=True, slots=True)
class Field:
    """One field before and after; None where there was, or is, none."""

    name: str
    """`status`, `attributes.approval`, `tags.team`."""
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Changed:
    """An asset that both snapshots have, with the fields that differ."""

    asset: Named
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Approval:
    """A model version whose approval is another."""

    asset: Named
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """An endpoint that runs something else."""

    endpoint: Named
    old: tuple[Running, ...]
    new: tuple[Running, ...]


@dataclass(frozen=True, slots=True)
class Drifted:
    """A job whose data changed since, and had not at the time of the older snapshot."""

    job: Named
    read: Named


@dataclass(frozen=True, slots=True)
class Certainty:
    """An edge that both snapshots have and that is now more, or less, certain."""

    old: Edge
    new: Edge


@dataclass(frozen=True, slots=True)
class CoverageChange:
    """A partition of which more, or less, could be seen."""

    account: str | None
    region: str | None
    source: str
    old: str | None
    """Its status; None where it was not asked."""
    new: str | None
    gaps_opened: tuple[str, ...]
    """`operation: code` of each gap that is new."""
    gaps_closed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The difference of two snapshots; every tuple is sorted by id."""

    models_added: tuple[Named, ...]
    approvals_changed: tuple[Approval, ...]
    deployments_changed: tuple[Deployment, ...]
    datasets_drifted: tuple[Drifted, ...]
    coverage_changed: tuple[CoverageChange, ...]
    assets_added: tuple[Named, ...]
    assets_gone: tuple[Named, ...]
    """Shown by a complete listing to be there no more, or no longer named by anything."""
    assets_changed: tuple[Changed, ...]
    edges_gained: tuple[Edge, ...]
    edges_lost: tuple[Edge, ...]
    edges_changed: tuple[Certainty, ...]

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return any(getattr(self, name) for name in self.__dataclass_fields__)

    def __len__(self) -> int:
        """How many assets and edges changed."""
        return sum(
            len(several)
            for several in (
                self.assets_added,
                self.assets_gone,
                self.assets_changed,
                self.edges_gained,
                self.edges_lost,
                self.edges_changed,
            )
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, under the names of the fields, nested as they are: tuples stay tuples."""
        return asdict(self)


@dataclass(frozen=True)
class WholeNight(Night):
    """A snapshot with all of its lineage in memory."""

    lineage: Graph


def diff(before: WholeNight, after: WholeNight) -> Changes:
    """What changed from one snapshot to the other, both as they may be told today: see `Catalog.compared`."""
    if before.lineage is after.lineage:  # as on a night without changes: there is nothing to look for
        before, after = (replace(night, lineage=Graph((), ())) for night in (before, after))
    old, new = before.lineage, after.lineage
    again = {*_made_again(old, new), *_made_again(new, old)}

    def only_in(one: Graph, other: Graph) -> list[Asset]:
        here = filter(_is_here, one.assets.values())
        return [asset for asset in here if asset.id in again or not _is_here(other.asset(asset.id))]

    added, gone = only_in(new, old), only_in(old, new)
    both = [
        (was, asset)
        for asset in new.assets.values()
        if (was := old.asset(asset.id)) is not None and was is not asset and was != asset
        if asset.id not in again
    ]
    old_edges, new_edges = differing(old, new)
    return Changes(
        models_added=tuple(_named(asset) for asset in added if asset.kind in _MODEL_VERSIONS),
        approvals_changed=tuple(_approvals(both)),
        deployments_changed=tuple(_deployments(old, new)),
        datasets_drifted=tuple(_drifted(before, after)),
        coverage_changed=tuple(_coverage(before.coverage, after.coverage)),
        assets_added=tuple(map(_named, added)),
        assets_gone=tuple(map(_named, gone)),
        assets_changed=tuple(
            Changed(_named(asset), fields) for was, asset in both if (fields := tuple(changed_fields(was, asset)))
        ),
        edges_gained=tuple(edge for key, edge in new_edges.items() if key not in old_edges),
        edges_lost=tuple(edge for key, edge in old_edges.items() if key not in new_edges),
        edges_changed=tuple(
            Certainty(earlier, edge)
            for key, edge in new_edges.items()
            if (earlier := old_edges.get(key)) is not None
            and (earlier.certainty, earlier.candidate) != (edge.certainty, edge.candidate)
        ),
    )


def _made_again(old: Graph, new: Graph) -> Iterator[str]:
    """The ids that another thing has now: what had one before is gone, and did not change."""
    for earlier in new.assets.values():
        holder = holder_of(earlier.id)
        before, after = (graph.asset(holder) if holder is not None else None for graph in (old, new))
        if before is not None and after is not None and before.created_at == earlier.created_at != after.created_at:
            yield after.id


def changed_fields(old: Asset, new: Asset) -> Iterator[Field]:
    """The fields that differ, by name; attributes and tags key by key."""
    before, after = _flat(old), _flat(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Field(name, before.get(name), after.get(name))


def _flat(asset: Asset) -> dict[str, Any]:
    fields = {name: value for name, value in fields_of(asset).items() if name not in _UNTOLD}
    fields |= {f"attributes.{name}": value for name, value in asset.attributes.items()}
    return fields | {f"tags.{name}": value for name, value in asset.tags.items()}


def _is_here(asset: Asset | None) -> bool:
    return asset is not None and asset.gone_since is None


def _named(asset: Asset) -> Named:
    return Named(asset.id, asset.kind, asset.name)


def _approvals(both: Iterable[tuple[Asset, Asset]]) -> Iterator[Approval]:
    for before, after in both:
        old, new = before.attributes.get("approval"), after.attributes.get("approval")
        if old != new:
            yield Approval(_named(after), old, new)


def _deployments(old: Graph, new: Graph) -> Iterator[Deployment]:
    """Endpoints that run other models, those that came or went among them."""
    ids = {asset.id for graph in (old, new) for asset in graph.assets.values() if asset.kind == "endpoint"}
    for endpoint in sorted(ids):
        before, after = _running(old, endpoint), _running(new, endpoint)
        if before != after:
            asset = new.asset(endpoint) or old.asset(endpoint)
            assert asset is not None
            yield Deployment(_named(asset), before, after)


def _running(graph: Graph, endpoint: str) -> tuple[Running, ...]:
    """What answers there; what is deployed at an endpoint that takes no requests does not run."""
    place = graph.asset(endpoint)
    if place is None or not _is_here(place) or out_of_service(place):
        return ()
    found: dict[str, Running] = {}
    for running in runs(graph, endpoint):
        for asset in running.versions or running.bases or (running.unit,):
            one = Running(asset.id, asset.kind, asset.name, running.manner(asset.id))
            if asset.id not in found or one.manner < found[asset.id].manner:
                found[asset.id] = one
    return tuple(found[asset_id] for asset_id in sorted(found))


def _drifted(old: WholeNight, new: WholeNight) -> Iterator[Drifted]:
    before = {(drifted.job.id, drifted.read.id) for drifted in _all_drifted(old)}
    for drifted in _all_drifted(new):
        if (drifted.job.id, drifted.read.id) not in before:
            yield drifted


def _all_drifted(night: WholeNight) -> Iterator[Drifted]:
    for asset in night.lineage.assets.values():
        if asset.kind in JOB_KINDS and _is_here(asset):
            reads = {drift.read.id: drift.read for drift in drifts_of(night, asset)}
            for read_id in sorted(reads):
                yield Drifted(_named(asset), _named(reads[read_id]))


def _coverage(old: Iterable[Coverage], new: Iterable[Coverage]) -> Iterator[CoverageChange]:
    before, after = _by_partition(old), _by_partition(new)
    for key in sorted(before.keys() | after.keys(), key=attrgetter("order")):
        was, now = before.get(key), after.get(key)
        was_gaps, now_gaps = _gaps(was), _gaps(now)
        if _status(was) != _status(now) or was_gaps != now_gaps:
            yield CoverageChange(
                *key,
                was.status if was else None,
                now.status if now else None,
                tuple(sorted(now_gaps - was_gaps)),
                tuple(sorted(was_gaps - now_gaps)),
            )


def _status(row: Coverage | None) -> str | None:
    """Its status; whether a partition was listed tonight or had no news is no change."""
    if row is None:
        return None
    return "complete" if row.status == "quiet" else row.status


def _by_partition(rows: Iterable[Coverage]) -> Mapping[Partition, Coverage]:
    return {row.partition: row for row in rows}


def _gaps(row: Coverage | None) -> set[str]:
    return {f"{gap.operation}: {gap.code}" for gap in row.gaps} if row else set()
