"""Interning: many edges in little space, since they share few ids and say few different things."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, KeysView, Mapping
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from studbook.model import Edge
from studbook.model.edge import EdgeKey, Known, edge_of, known_of, strongest


class Edges(Collection[Edge]):
    """Edges by key, each once; iterated in canonical order, and made anew each time.

    Millions of edges share few texts: an id is kept once, and so is what is said of all edges of one rule.
    """

    def __init__(self, edges: Iterable[Edge] = ()) -> None:
        self._known: dict[EdgeKey, Known] = {}
        self._texts: dict[str, str] = {}
        self._told: dict[Known, Known] = {}
        for edge in edges:
            self.add(edge)

    def add(self, edge: Edge) -> None:
        """One more source of an edge."""
        one, source, target, role = self._texts.setdefault, edge.source, edge.target, edge.role
        key = EdgeKey(
            one(source, source), one(target, target), edge.relation, role if role is None else one(role, role)
        )
        known = known_of(edge)
        known = self._told.setdefault(known, known)
        held = self._known.get(key)
        if held is None:
            self._known[key] = known
        elif held is not known:
            both = strongest(held, known)
            self._known[key] = self._told.setdefault(both, both)

    def respell(self, ids: Mapping[str, str]) -> None:
        """Gives the ends that are written otherwise their ids; what joins a thing with itself then is no edge."""
        odd = [key for key in self._known if key.source in ids or key.target in ids]
        for edge in [self.pop(key) for key in odd]:
            source, target = (ids.get(end, end) for end in (edge.source, edge.target))
            if source != target:
                self.add(replace(edge, source=source, target=target))

    def pop(self, key: EdgeKey) -> Edge:
        """Takes an edge out, and gives it. Raises KeyError where there is none."""
        return edge_of(key, self._known.pop(key))

    def keys(self) -> KeysView[EdgeKey]:
        """In no order."""
        return self._known.keys()

    def known(self) -> Mapping[EdgeKey, Known]:
        """What is said of each edge, by its key, in no order; not to be changed."""
        return self._known

    def get(self, key: EdgeKey) -> Edge | None:
        """The edge of a key; None where there is none."""
        known = self._known.get(key)
        return edge_of(key, known) if known is not None else None

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, edge: object) -> bool:
        return isinstance(edge, Edge) and self._known.get(edge.key) == known_of(edge)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Edges) and self._known == other._known

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __iter__(self) -> Iterator[Edge]:
        # A null sorts before every text, which tuples with nulls cannot be asked for: sorted by source, then within it.
        for _, several in groupby(sorted(self._known, key=_source), key=_source):
            for key in sorted(several, key=_order):
                yield edge_of(key, self._known[key])


_source, _order = attrgetter("source"), attrgetter("order")
