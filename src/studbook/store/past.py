"""Snapshot history: the nights up to one, for who asks what became of an asset, or of many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise, repeat
from typing import TypeVar

from studbook.lineage.graph import Graph
from studbook.model import PSEUDONYM, Asset, Edge, Envelope
from studbook.model.canonical import canonical
from studbook.redaction.past_rules import TodaysRules
from studbook.store import chunks
from studbook.store.chunks import ASSETS, EDGES, Chunk, Part, Place, Row, place_of_asset
from studbook.store.objects import Objects

K = TypeVar("K")
T = TypeVar("T")
_KEPT = 64
"""Places of which the nights stay in memory: assets are asked for one after the other."""
_Turns = list[tuple[int, T]]
"""What becomes of a thing over the nights (delta encoding): what it is from which on, counted from the oldest."""


class EdgeEnds:
    """Edges by the asset that they end in, and by the one that they start from."""

    def __init__(self, edges: Sequence[Edge]) -> None:
        self.edges = edges

    @cached_property
    def upstream(self) -> Mapping[str, Sequence[Edge]]:
        """By the id of the asset that the edges end in."""
        found: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            found[edge.target].append(edge)
        return found

    @cached_property
    def downstream(self) -> Mapping[str, Sequence[Edge]]:
        """By the id of the asset that the edges start from."""
        found: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            found[edge.source].append(edge)
        return found


NightState = tuple[Envelope, Asset | None, Sequence[Edge]]
"""An asset on a night, and the edges that end in it."""
RulesOf = Callable[[Envelope], TodaysRules | None]
"""What takes out of a night what must not be told today; None where it was written by today's rules."""


def redacted_today(old: Graph, newer: Graph, rules: TodaysRules) -> Graph:
    """The lineage of an older night as it may be told today, next to that of a newer one."""

    def asset(one: Asset) -> Asset:
        return rules.asset(one, newer.asset(one.id) or newer.asset(rules.identifier(one.id)))

    same = set(map(id, newer.edges))
    edges = (one if id(one) in same else rules.edge(one, newer.assets.keys()) for one in old.edges)
    return Graph(map(asset, old.assets.values()), edges)


class SnapshotHistory:
    """Where an asset is kept depends on what never changes of it, so that few chunks are read for each snapshot; what
    snapshots share is read once, and the envelopes when somebody asks. The lineage of the last one is not read again by
    who has it at hand.
    """

    def __init__(
        self,
        objects: Objects,
        envelopes: Callable[[], Sequence[Envelope]],
        rules_of: RulesOf,
        newest: Graph | None = None,
    ) -> None:
        self._objects, self._read_envelopes = objects, envelopes
        self._rules_of, self._newest = rules_of, newest
        self._manifests: dict[str, Mapping[Place, Sequence[Chunk]]] = {}
        self._into: dict[tuple[str, ...], list[tuple[Envelope, EdgeEnds]]] = {}
        self._assets = lru_cache(_KEPT)(self._read_assets)
        self._ends = lru_cache(_KEPT)(self._read_ends)
        self._edges = lru_cache(_KEPT)(self._read_edges)
        self._renamed = lru_cache(_KEPT)(self._read_renamed)

    @cached_property
    def _envelopes(self) -> Sequence[Envelope]:
        return self._read_envelopes()

    @cached_property
    def _on_disk(self) -> Sequence[Envelope]:
        """The nights that have to be read."""
        return self._envelopes if self._newest is None else self._envelopes[:-1]

    def history(self, asset: Asset) -> Iterator[NightState]:
        """The asset and the edges that end in it in every snapshot, oldest first; one object while they are equal.

        Older ones as they may be told today: next to what the night after them says, as that is told.
        """
        nights = list(self._read_history(asset))
        later = asset
        ends: Sequence[Edge] = ()
        for at in range(len(nights) - 1, -1, -1):
            envelope, found, ending = nights[at]
            rules = self._rules_of(envelope) if at < len(nights) - 1 else None
            if rules is not None:
                kept = {asset.id, *(edge.source for edge in ends)}
                ending = [rules.edge(edge, kept) for edge in ending]
                found = rules.asset(found, later) if found is not None else None
                nights[at] = envelope, found, ending
            later, ends = found or later, ending
        before: tuple[Asset | None, Sequence[Edge], Sequence[Edge]] = (None, [], [])
        for envelope, found, ending in nights:
            told, ending_before, ordered = before
            if found is not told and found != told:
                told = found
            if ending is not ending_before and ending != ending_before:
                ordered = sorted(ending, key=lambda edge: edge.key.order)
            before = told, ending, ordered
            yield envelope, told, ordered

    def _read_history(self, asset: Asset) -> Iterator[NightState]:
        place, nights = place_of_asset(asset), self._on_disk
        names = [self._id_in(place, asset.id, envelope) for envelope in nights]
        states = {name: list(_each_night(self._assets(place).get(name, []), len(nights), None)) for name in set(names)}
        ends = {name: list(_each_night(self._edges(place, name), len(nights), [])) for name in set(names)}
        for number, (envelope, name) in enumerate(zip(nights, names, strict=True)):
            yield envelope, states[name][number], ends[name][number]
        if self._newest is not None:
            yield self._envelopes[-1], self._newest.asset(asset.id), list(self._newest.upstream(asset.id))

    def _id_in(self, place: Place, asset_id: str, envelope: Envelope) -> str:
        """The id that an asset had in a night, where a rule that came later changed it."""
        if PSEUDONYM.search(asset_id) and (rules := self._rules_of(envelope)) is not None:
            return self._renamed(place, rules).get(asset_id, asset_id)
        return asset_id

    def _read_renamed(self, place: Place, rules: TodaysRules) -> Mapping[str, str]:
        return {new: old for old in self._assets(place) if (new := rules.identifier(old)) != old}

    def _read_assets(self, place: Place) -> Mapping[str, _Turns[Asset | None]]:
        known: dict[bytes, Asset] = {}

        def rows(lines: Iterator[bytes]) -> Mapping[str, Asset]:
            return {asset.id: asset for asset in _rows_once(ASSETS, lines, known)}

        return self._turns([envelope.parts.assets for envelope in self._on_disk], place, rows, None)

    def _read_ends(self, place: Place) -> Mapping[bytes, _Turns[Sequence[bytes]]]:
        """The edges by the asset that they end in, which the end of a line tells: most are not asked for."""

        def rows(lines: Iterator[bytes]) -> Mapping[bytes, Sequence[bytes]]:
            found: defaultdict[bytes, list[bytes]] = defaultdict(list)
            for line in lines:
                found[line.rpartition(b',"target":')[2]].append(line)
            return found

        return self._turns([envelope.parts.edges for envelope in self._on_disk], place, rows, ())

    def _read_edges(self, place: Place, asset_id: str) -> _Turns[Sequence[Edge]]:
        turns = self._ends(place).get(canonical(asset_id) + b"}\n", [])
        known: dict[bytes, Edge] = {}
        return [(start, list(_rows_once(EDGES, lines, known))) for start, lines in turns]

    def _turns(
        self, manifests: Sequence[str], place: Place, rows: Callable[[Iterator[bytes]], Mapping[K, T]], none: T
    ) -> Mapping[K, _Turns[T]]:
        """What was on its nights in one place; chunks that a night shares with the one before are not opened."""
        found: defaultdict[K, _Turns[T]] = defaultdict(list)
        chunks_before: Sequence[Chunk] = ()
        before: Mapping[K, T] = {}
        for number, manifest in enumerate(manifests):
            several = self._chunks(manifest).get(place, ())
            if several == chunks_before:
                continue
            now = rows(line for chunk in several for line in self._objects.lines(chunk.object))
            for key in before.keys() | now.keys():
                was, is_ = before.get(key, none), now.get(key, none)
                if was is not is_ and was != is_:
                    found[key].append((number, is_))
            chunks_before, before = several, now
        return found

    def edges_into(self, kinds: Collection[str]) -> Sequence[tuple[Envelope, EdgeEnds]]:
        """The edges that end in assets of these kinds, in every snapshot, oldest first."""
        key = tuple(sorted(kinds))
        if key not in self._into:
            self._into[key] = list(self._read_into(key))
        return self._into[key]

    def _read_into(self, kinds: Collection[str]) -> Iterator[tuple[Envelope, EdgeEnds]]:
        kept: set[str] | None = None
        nights = list(self._read_into_each(kinds))
        clean: dict[int, EdgeEnds] = {}
        for envelope, ends in nights:
            rules = self._rules_of(envelope) if envelope is not nights[-1][0] else None
            if rules is None:
                yield envelope, ends
                continue
            if kept is None:
                kept = {end for edge in nights[-1][1].edges for end in (edge.source, edge.target)}
            if id(ends) not in clean:  # nights that share their edges share them here
                edges = [rules.edge(edge, kept) for edge in ends.edges]
                clean[id(ends)] = EdgeEnds(edges) if edges != ends.edges else ends
            yield envelope, clean[id(ends)]

    def _read_into_each(self, kinds: Collection[str]) -> Iterator[tuple[Envelope, EdgeEnds]]:
        known: dict[str, list[Edge]] = {}
        rows: dict[bytes, Edge] = {}
        before: list[str] = []
        found = EdgeEnds(())
        for envelope in self._envelopes:
            places = self._chunks(envelope.parts.edges)
            wanted = [chunk for place, several in places.items() if place.kind in kinds for chunk in several]
            names = [chunk.object for chunk in wanted]
            for chunk in wanted:
                if chunk.object not in known:
                    known[chunk.object] = list(_rows_once(EDGES, self._objects.lines(chunk.object), rows))
            if names != before:
                before, found = names, EdgeEnds([edge for name in names for edge in known[name]])
            yield envelope, found

    def _chunks(self, manifest: str) -> Mapping[Place, Sequence[Chunk]]:
        if manifest not in self._manifests:
            found: defaultdict[Place, list[Chunk]] = defaultdict(list)
            for chunk in chunks.chunks(self._objects, manifest):
                found[chunk.place].append(chunk)
            self._manifests[manifest] = found
        return self._manifests[manifest]


def _rows_once(part: Part[Row], lines: Iterable[bytes], known: dict[bytes, Row]) -> Iterator[Row]:
    """The rows of these lines; a line that is known is not parsed again."""
    for line in lines:
        if line not in known:
            known[line] = part.row(line)
        yield known[line]


def _each_night(turns: _Turns[T], count: int, none: T) -> Iterator[T]:
    """What it was on each of so many nights."""
    bounds = [(0, none), *turns, (count, none)]
    for (start, value), (end, _) in pairwise(bounds):
        yield from repeat(value, end - start)
