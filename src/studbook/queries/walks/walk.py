"""Graph traversal: what made a thing, what depends on it, and the nearest of both, with the steps between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import NamedTuple

from studbook.gc import gc_paused
from studbook.lineage.graph import Direction, LineageReader
from studbook.model import Asset, Edge
from studbook.queries.walks.evaluations import Evaluation, evaluations_of
from studbook.queries.walks.influence import ALWAYS, Step, existing, is_in_time, time_bound
from studbook.queries.walks.reach import ByEdge, Reach, breadth_first, origins_of


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

    def steps(self, asset: Asset, bound: float) -> list[tuple[Hop, float]]:
        """The steps from an asset that was reached with that time bound, each with the bound of its end."""
        return [
            (hop, time_bound(self.direction, asset, hop.asset, bound))
            for hop in self.hops.get(asset.id, ())
            if is_in_time(self.direction, hop.asset, bound)
        ]


def made(lineage: LineageReader, asset_id: str) -> Walk:
    """Everything that made an asset, and how the models on the way were judged.

    Raises NotFound where the lineage has no such asset.
    """
    return _walk(lineage, asset_id, "upstream", partial(origins_of, lineage, asset_id))


def reaches(lineage: LineageReader, asset_id: str) -> Walk:
    """Everything that depends on an asset, and how the models among it were judged.

    Raises NotFound where the lineage has no such asset.
    """
    return _walk(lineage, asset_id, "downstream", lambda: Reach(ByEdge(lineage, "downstream"), asset_id))


def _walk(lineage: LineageReader, asset_id: str, direction: Direction, search: Callable[[], Reach[str]]) -> Walk:
    with gc_paused():
        return lineage.near(("walk", direction, asset_id), lambda: _found_by(lineage, direction, search()))


def _found_by(lineage: LineageReader, direction: Direction, reach: Reach[str]) -> Walk:
    """What a search found, with the steps between."""
    view = reach.view
    assert isinstance(view, ByEdge)
    assets = {one: existing(lineage, one) for one in sorted((reach.root, *reach.distances))}
    hops: dict[str, tuple[Hop, ...]] = {}
    for asset_id in assets:
        if (bound := reach.bounds.get(asset_id)) is None:
            wholes = lineage.downstream(asset_id, "part_of")
            hops[asset_id] = tuple(Hop(edge, assets[edge.target], False) for edge in wholes)
            continue
        hops[asset_id] = tuple(
            Hop(edge, end, onward)
            for edge, end_id, onward in view.taken(asset_id, reach.root)
            if is_in_time(direction, end := assets.get(end_id) or existing(lineage, end_id), bound)
        )
    edges = {hop.edge.key: hop.edge for several in hops.values() for hop in several}
    return Walk(
        root=assets[reach.root],
        direction=direction,
        assets=tuple(assets.values()),
        influence=frozenset(reach.influence),
        edges=tuple(sorted(edges.values(), key=lambda edge: edge.key.order)),
        evaluations=tuple(evaluations_of(lineage, reach.influence)),
        hops=hops,
    )


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
    """The nearest ancestors and descendants of an asset, upstream and downstream in turn, at most `limit` assets with
    the root.

    The steps are those of `made` and `reaches`, but for what context is part of.
    """
    found: dict[str, Asset] = {root.id: root}
    edges: dict[tuple[str, str], list[Edge]] = {}
    left_out: dict[Direction, dict[str, str]] = {"upstream": {}, "downstream": {}}

    def explore(direction: Direction) -> Iterator[None]:
        """One side; yields after each asset that it adds."""
        search = breadth_first(_ByRank(lineage, direction), root.id, {root.id: ALWAYS}, found.__contains__)
        for _, here, edge, other, _ in search:
            if other == here:
                continue
            new = other not in found
            if new and len(found) >= limit:
                left_out[direction].setdefault(other, here)
                continue
            group = edges.setdefault((edge.source, edge.target), [])
            if edge not in group:
                group.append(edge)
            if new:
                found[other] = existing(lineage, other)
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


class _ByRank(ByEdge):
    """What made a thing comes before what holds it or describes it, where not all can be shown."""

    def taken(self, node: str, root: str) -> Sequence[Step]:
        return sorted(super().taken(node, root), key=lambda step: (_ORDER[step[0].relation], step[1]))


_ORDER = {
    relation: rank
    for rank, relation in enumerate(
        (
            "produced", "input_to", "base_of", "packaged_as", "deployed_to", "copied_to", "same_as", "content_of",
            "registered_as", "recorded_in", "has_version", "part_of", "described_by", "associated",
        )
    )
}  # fmt: skip
