"""Breadth-first search (BFS) along influence: how far all that made or reaches a thing is, and by the best way to it.

The same search runs over the objects of a lineage and, for crowds, over the numbers that its index has of them: a graph
view says what a node is and which steps lead on from it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from studbook.errors import NotFound
from studbook.lineage.adjacency import Adjacency, Said, said_of
from studbook.lineage.graph import Direction, LineageReader
from studbook.model import CERTAINTIES, Asset, Certainty
from studbook.queries.walks import influence
from studbook.queries.walks.certainty import STRENGTH
from studbook.queries.walks.influence import ALWAYS, CARRYING, existing, is_in_time, reached, steps_from, time_bound

N = TypeVar("N", bound=Hashable)
"""A node, in the order of ids."""
Step = tuple[Said, N, bool]
"""What an edge says, the end that it leads to, and whether influence goes on from there."""


class View(Protocol[N]):
    """A lineage as nodes and steps."""

    def node(self, asset_id: str) -> N | None:
        """The node of an asset; None where there is none."""
        ...

    def id(self, node: N) -> str:
        """The id of its asset."""
        ...

    def like(self, node: N) -> Asset:
        """An asset of its kind, place, stage and state: itself, or one of the same sort."""
        ...

    def alike(self, nodes: Iterable[N]) -> Iterable[tuple[Asset, Sequence[N]]]:
        """The nodes by sort, in their order within each, with an asset of that sort."""
        ...

    def prefetch(self, nodes: Collection[N]) -> None:
        """Prefetch hint: the steps from these are asked for next."""
        return  # all is at hand

    def steps(self, node: N, root: N) -> Iterable[Step[N]]:
        """The steps from a node, of a walk that begins at the root."""
        ...

    def taken(self, node: N, root: N) -> Iterable[tuple[Any, N, bool]]:
        """The same where nobody asks what an edge says: that takes longer to find than where it leads."""
        ...

    def wholes(self, node: N, root: N | None) -> Iterable[Step[N]]:
        """The steps from a part to its wholes: of context all; of what influence joins to a root, those of a walk."""
        ...

    def bound(self, near: N, far: N, bound: float) -> float:
        """The time bound with which a step leads to its end."""
        ...

    def in_time(self, far: N, bound: float) -> bool:
        """Whether a walk that came with that time bound can go on to a node."""
        ...


class ByEdge(View[str]):
    """A lineage's own assets and edges: a node is an id."""

    def __init__(self, lineage: LineageReader, direction: Direction) -> None:
        self._lineage, self._direction = lineage, direction
        self._taken: dict[str, Sequence[influence.Step]] = {}
        self._steps: dict[str, Sequence[Step[str]]] = {}

    def node(self, asset_id: str) -> str | None:
        return asset_id if self._lineage.asset(asset_id) is not None else None

    def id(self, node: str) -> str:
        return node

    def like(self, node: str) -> Asset:
        return existing(self._lineage, node)

    def alike(self, nodes: Iterable[str]) -> Iterable[tuple[Asset, Sequence[str]]]:
        return ((self.like(node), (node,)) for node in nodes)

    def prefetch(self, nodes: Collection[str]) -> None:
        self._lineage.prefetch(nodes, self._direction)

    def taken(self, node: str, root: str) -> Sequence[influence.Step]:
        if node not in self._taken:
            self._taken[node] = steps_from(self._lineage, self._direction, self.like(node), node == root)
        return self._taken[node]

    def steps(self, node: str, root: str) -> Iterable[Step[str]]:
        if node not in self._steps:
            self._steps[node] = [(said_of(edge), end, onward) for edge, end, onward in self.taken(node, root)]
        return self._steps[node]

    def wholes(self, node: str, root: str | None) -> Iterable[Step[str]]:
        if root is None:
            edges = self._lineage.downstream(node, "part_of")
        else:
            taken = self.taken(node, root)
            edges = [edge for edge, _, _ in taken if edge.relation == "part_of" and edge.source == node]
        return [(said_of(edge), edge.target, False) for edge in edges]

    def bound(self, near: str, far: str, bound: float) -> float:
        return time_bound(self._direction, self.like(near), self.like(far), bound)

    def in_time(self, far: str, bound: float) -> bool:
        return is_in_time(self._direction, self.like(far), bound)


class ByNumber(View[int]):
    """What reaches on, over the numbers of an index; whether it goes on is asked once for each sort of step."""

    def __init__(self, adjacency: Adjacency) -> None:
        self._arrays = adjacency
        self._onward: dict[int, dict[tuple[int, int], bool | None]] = {}
        self._is_carrying: dict[int, bool] = {}

    def node(self, asset_id: str) -> int | None:
        return self._arrays.node(asset_id)

    def id(self, node: int) -> str:
        return self._arrays.id(node)

    def like(self, node: int) -> Asset:
        return self._arrays.like(node)

    def alike(self, nodes: Iterable[int]) -> Iterable[tuple[Asset, Sequence[int]]]:
        found: defaultdict[int, list[int]] = defaultdict(list)
        sorts = self._arrays.sorts
        for node in nodes:
            found[sorts[node]].append(node)
        return ((self.like(several[0]), several) for several in found.values())

    def steps(self, node: int, root: int) -> Iterator[Step[int]]:
        arrays = self._arrays
        sorts, says = arrays.sorts, arrays.says
        known = self._onward.setdefault(sorts[node], {})
        edges = slice(arrays.first[node], arrays.first[node + 1])
        for end, said in zip(arrays.ends[edges], arrays.said[edges], strict=True):
            step = (said, sorts[end])
            if step not in known:
                known[step] = reached(says[said].relation, self.like(node), self.like(end))
            onward = known[step]
            if onward is not None:
                yield says[said], end, onward
        for one, end in arrays.back.get(node, ()):
            yield one, end, True

    taken = steps

    def wholes(self, node: int, root: int | None) -> Iterator[Step[int]]:
        arrays = self._arrays
        if root is not None and reached("part_of", self.like(node), self.like(root)) is None:
            return
        edges = slice(arrays.first[node], arrays.first[node + 1])
        for end, said in zip(arrays.ends[edges], arrays.said[edges], strict=True):
            if arrays.says[said].relation == "part_of":
                yield arrays.says[said], end, False

    def bound(self, near: int, far: int, bound: float) -> float:
        if not self._carries(far):
            return ALWAYS
        return bound if self._carries(near) else self._arrays.began[near]

    def in_time(self, far: int, bound: float) -> bool:
        return bound <= self._arrays.ended[far]

    def _carries(self, node: int) -> bool:
        sort = self._arrays.sorts[node]
        if sort not in self._is_carrying:
            self._is_carrying[sort] = self.like(node).kind in CARRYING
        return self._is_carrying[sort]


def reaching(lineage: LineageReader) -> View[Any]:
    """What reaches on, by numbers where the lineage has them."""
    numbers = lineage.adjacency()
    return ByNumber(numbers) if numbers is not None else ByEdge(lineage, "downstream")


def origins_of(lineage: LineageReader, asset_id: str) -> Reach[str]:
    """All that made an asset. Raises NotFound where the lineage has no such asset."""
    return lineage.near(("reach", asset_id), lambda: Reach(ByEdge(lineage, "upstream"), asset_id))


def breadth_first(
    view: View[N], root: N, bounds: dict[N, float], follows: Callable[[N], bool] = lambda node: True
) -> Iterator[tuple[int, N, Any, N, bool]]:
    """Breadth-first search (BFS): every step in time, as (edges from the root to its end, near, edge, far, onward).

    A node is looked at again where it is reached with a wider time bound (`influence.time_bound`): `bounds`, which has
    the root's, gets the widest of each node that influence leads to. From a node that `follows` is false of, asked
    when its step was taken, the search does not go on.
    """
    ahead, distance = dict(bounds), 0
    while ahead:
        distance += 1
        view.prefetch(ahead)
        here, ahead = ahead, {}
        for node, bound in here.items():
            for edge, end, onward in view.taken(node, root):
                if bound != ALWAYS and not view.in_time(end, bound):
                    continue
                yield distance, node, edge, end, onward
                if not onward or (known := bounds.get(end, math.inf)) == ALWAYS or not follows(end):
                    continue
                if (widened := view.bound(node, end, bound)) < known:
                    bounds[end] = ahead[end] = widened


def overwritten(view: View[N], bounds: Mapping[N, float]) -> Iterator[N]:
    """The versions at whose place a walk downstream came too late for their registration: no record says whether what
    was written there since is what they are deployed with."""
    for node, bound in bounds.items():
        for said, end, _ in view.steps(node, node) if bound != ALWAYS else ():
            if said.relation == "packaged_as" and end not in bounds and not view.in_time(end, bound):
                yield end


def replaced(view: View[N], bounds: Mapping[N, float]) -> Iterator[N]:
    """The endpoints and components to which a walk upstream came with a time before what is deployed there was made: no
    record says what answered then."""
    for node, bound in bounds.items():
        steps = view.steps(node, node) if bound != ALWAYS else ()
        if any(said.relation == "deployed_to" and not view.in_time(end, bound) for said, end, _ in steps):
            yield node


class Way(NamedTuple, Generic[N]):
    """How an asset is joined to the root of a walk: by the way whose weakest edge is strongest, then the shortest."""

    certainty: Certainty
    """Of the weakest edge on that way."""
    candidate: bool
    """Whether an edge on that way is one of several that fit."""
    via: N
    """The neighbour towards the root on that way."""


class Reach(Generic[N]):
    """All that influence joins to a root, and the context of that: what `made` and `reaches` find."""

    def __init__(self, view: View[N], asset_id: str) -> None:
        """Raises NotFound where the lineage has no such asset."""
        root = view.node(asset_id)
        if root is None:
            raise NotFound.asset(asset_id)
        self.view, self.root = view, root
        self.influence: dict[N, int] = {root: 0}
        """What influence joins to the root, with how far it is on such a way; the others are context."""
        self.bounds: dict[N, float] = {root: ALWAYS}
        """The widest time bound with which the walk came to each of these."""
        self._context: dict[N, int] = {}
        self._search()
        self.distances: Final[Mapping[N, int]] = self._nearest()
        """The fewest edges from the root to each node but itself."""

    def _search(self) -> None:
        context = self._context
        for distance, _, _, end, onward in breadth_first(self.view, self.root, self.bounds):
            (self.influence if onward else context).setdefault(end, distance)
        # What is reached as context leads on to what it is part of, and to nothing else.
        waiting: defaultdict[int, list[N]] = defaultdict(list)
        for node, distance in context.items():
            waiting[distance].append(node)
        while waiting:
            distance = min(waiting)
            for node in waiting.pop(distance):
                for _, end, _ in self._from_context(node):
                    if context.get(end, distance + 2) > distance + 1:
                        context[end] = distance + 1
                        waiting[distance + 1].append(end)

    def _from_context(self, node: N) -> Iterable[Step[N]]:
        return self.view.wholes(node, self.root if node in self.influence else None)

    def _nearest(self) -> dict[N, int]:
        nearest = self.influence.copy()
        for node, distance in self._context.items():
            if distance < nearest.get(node, distance + 1):
                nearest[node] = distance
        del nearest[self.root]
        return nearest

    def ways(self, wanted: Collection[N]) -> dict[N, Way[N]]:
        """The best way to each of these; of equally sure ones the shortest, first those without candidates."""
        found: dict[N, Way[N]] = {}
        left = set(wanted)
        for certainty in CERTAINTIES:
            if left:
                found |= self._within(certainty, left)
        return found

    def _within(self, certainty: Certainty, left: set[N]) -> dict[N, Way[N]]:
        """The shortest ways over edges that are at least so sure, to those that are left; until there are none."""
        found: dict[N, Way[N]] = {}
        view = self.view
        bounds = {(self.root, True): ALWAYS}
        ahead = {(self.root, True, False): ALWAYS}
        while ahead and left:
            here, ahead = ahead, {}
            for candidate in (False, True):
                for (node, onward, doubted), bound in here.items():
                    for said, end, further in view.steps(node, self.root) if onward else self._from_context(node):
                        if (doubted or said.candidate) is not candidate:
                            continue
                        if STRENGTH[said.certainty] > STRENGTH[certainty]:
                            continue
                        state = (end, onward and further)
                        known = bounds.get(state, math.inf)
                        if known == ALWAYS or (bound != ALWAYS and not view.in_time(end, bound)):
                            continue
                        widened = view.bound(node, end, bound)
                        if widened >= known:
                            continue
                        bounds[state] = ahead[*state, candidate] = widened
                        if end in left:
                            found[end] = Way(certainty, candidate, node)
                            left.discard(end)
                            if not left:
                                return found
        return found


def surely_made(lineage: LineageReader, asset_id: str) -> frozenset[str]:
    """What influence joins to an asset as its origin by a way without candidates, itself among it.

    Raises NotFound where the lineage has no such asset.
    """
    reach = origins_of(lineage, asset_id)
    ways = reach.ways(reach.influence.keys() - {asset_id})
    return frozenset({asset_id, *(one for one, way in ways.items() if not way.candidate)})
