"""A lineage to read: the protocol of its assets and edges, and the graph that holds all of them in memory.

Nothing here follows edges across more than one step: that is what `queries` is for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, Protocol, TypeVar

from studbook.lineage.adjacency import Adjacency
from studbook.model import Asset, Edge
from studbook.model.edge import EdgeKey
from studbook.model.ids import beginning_with

Direction = Literal["upstream", "downstream"]
T = TypeVar("T")


class LineageReader(Protocol):
    """What can be asked of assets and edges, wherever they are kept.

    Whoever inherits it answers the first four, and `beginning`; of the rest it has what does for any lineage.
    """

    def asset(self, asset_id: str) -> Asset | None:
        """The asset of that id."""
        ...

    def of_kind(self, kind: str, *, unsure: bool = False) -> Sequence[Asset]:
        """The assets of a kind, by id.

        With `unsure` those at which an answer may end too early: no listing shows them, they are stale or gone, between
        two states, or nothing leads to them.
        """
        ...

    def upstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        """The edges that end there, in canonical order; of one relation, and one role, where they are given."""
        ...

    def downstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        """The edges that start there, in canonical order; of one relation, and one role, where they are given."""
        ...

    def roles(self, asset_id: str, relation: str) -> Collection[str | None]:
        """The roles of the edges of a relation that start there, however many edges there are."""
        return {edge.role for edge in self.downstream(asset_id, relation)}

    def beginning(self, text: str) -> Sequence[str]:
        """The ids that begin with a text, by code point."""
        ...

    def prefetch(self, asset_ids: Iterable[str], direction: Direction, relation: str | None = None) -> None:
        """Prefetch hint: a walk in that direction comes to these next; with a relation, by edges of that alone."""
        return  # all is at hand

    def once(self, key: Hashable, find: Callable[[], T]) -> T:
        """What several questions need of this lineage (a line, its scores), found once where all of it is at hand."""
        return find()

    def near(self, key: Hashable, find: Callable[[], T]) -> T:
        """What several questions about one asset walk through, found once while they are asked one after the other."""
        return find()

    def adjacency(self) -> Adjacency | None:
        """The same as numbers, for walks through crowds; None where objects are as near."""
        return None


_CROWD = 64
"""More edges than that on a side of an asset are kept by relation and role, once somebody asks for one relation."""


class Graph(LineageReader):
    """A lineage in memory, in canonical order; `ordered` says that what is given comes in that order."""

    def __init__(self, assets: Iterable[Asset], edges: Iterable[Edge], *, ordered: bool = False) -> None:
        if not ordered:
            assets = sorted(assets, key=lambda asset: asset.id)
            edges = sorted(edges, key=lambda edge: edge.key.order)
        self.assets: dict[str, Asset] = {asset.id: asset for asset in assets}
        self.edges: list[Edge] = list(edges)
        self._upstream: defaultdict[str, list[Edge]] = defaultdict(list)
        self._downstream: defaultdict[str, list[Edge]] = defaultdict(list)
        self._crowds: dict[tuple[int, str], defaultdict[tuple[str, str | None], list[Edge]]] = {}
        self._found: dict[Hashable, Any] = {}
        for edge in self.edges:
            self._upstream[edge.target].append(edge)
            self._downstream[edge.source].append(edge)

    def asset(self, asset_id: str) -> Asset | None:
        return self.assets.get(asset_id)

    @cached_property
    def _by_kind(self) -> dict[str, list[Asset]]:
        found: defaultdict[str, list[Asset]] = defaultdict(list)
        for asset in self.assets.values():
            found[asset.kind].append(asset)
        return found

    def of_kind(self, kind: str, *, unsure: bool = False) -> Sequence[Asset]:
        several = self._by_kind.get(kind, [])
        return [asset for asset in several if is_unsure(asset) or asset.id not in self._upstream] if unsure else several

    def upstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        return self._selected(self._upstream, asset_id, relation, role)

    def downstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        return self._selected(self._downstream, asset_id, relation, role)

    def _selected(
        self, side: dict[str, list[Edge]], asset_id: str, relation: str | None, role: str | None
    ) -> Sequence[Edge]:
        edges = side.get(asset_id, ())
        if relation is None or len(edges) <= _CROWD:
            return _selected(edges, relation, role)
        # An image that a hundred thousand jobs use is asked for other relations again and again.
        key = (id(side), asset_id)
        if key not in self._crowds:
            self._crowds[key] = defaultdict(list)
            for edge in edges:
                self._crowds[key][edge.relation, None].append(edge)
                if edge.role is not None:
                    self._crowds[key][edge.relation, edge.role].append(edge)
        return self._crowds[key].get((relation, role), ())

    @cached_property
    def _ids(self) -> list[str]:
        return list(self.assets)

    def beginning(self, text: str) -> Sequence[str]:
        return beginning_with(self._ids, text)

    def once(self, key: Hashable, find: Callable[[], T]) -> T:
        """Memoized; not `near`, which of a whole lineage would be all walks."""
        if key not in self._found:
            self._found[key] = find()
        found: T = self._found[key]
        return found


def is_unsure(asset: Asset) -> bool:
    """Whether no listing shows an asset, it is stale or gone, or between two states."""
    unseen = asset.unresolved or asset.stale_since is not None or asset.gone_since is not None
    return unseen or is_between(asset.kind, asset.status, asset.attributes)


def is_between(kind: str, status: str | None, attributes: Mapping[str, Any]) -> bool:
    """Whether an endpoint may answer by two configurations, or models: while another one is rolled out (canary, linear,
    rolling), and for good where neither that nor its rollback succeeded.

    Where a listing shows the one that is to come it is a candidate: no record says whether it answers yet.
    """
    if kind != "endpoint":
        return False
    pending = attributes.get("pending")
    coming = pending.get("config") if isinstance(pending, Mapping) else pending
    return status == "UpdateRollbackFailed" or coming not in (None, attributes.get("config"))


def differing(old: Graph, new: Graph) -> tuple[dict[EdgeKey, Edge], dict[EdgeKey, Edge]]:
    """The edges of each of two lineages that are not the same object in the other, by key."""
    same = set(map(id, old.edges)) & set(map(id, new.edges))
    before, after = ({edge.key: edge for edge in graph.edges if id(edge) not in same} for graph in (old, new))
    return before, after


def _selected(edges: Sequence[Edge], relation: str | None, role: str | None) -> Sequence[Edge]:
    if relation is not None:
        edges = [edge for edge in edges if edge.relation == relation]
    if role is not None:
        edges = [edge for edge in edges if edge.role == role]
    return edges
