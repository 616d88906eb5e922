"""Snapshot history: the nights up to one, for who asks what became of an asset, or of many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from studbook.lineage.graph import Graph
from studbook.model import PSEUDONYM, Asset, Edge, Envelope
from studbook.model.canonical import canonical
from studbook.redaction.past_rules import TodaysRules
from studbook.store import chunks
from studbook.store.chunks import ASSETS, EDGES, Chunk, Place, place_of_asset
from studbook.store.objects import Objects

_KEPT = 256
"""Chunks of each part that stay in memory: assets are asked for one after the other."""


class EdgeEnds:
    """Edges by the asset that they end in, and by the one that they start from."""

    def __init__(self, edges: Sequence[Edge]) -> None:
        self.edges = edges

    @cached_property
    def upstream(self) -> Mapping[str, Sequence[Edge]]:
        found: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            found[edge.target].append(edge)
        return found

    @cached_property
    def downstream(self) -> Mapping[str, Sequence[Edge]]:
        found: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            found[edge.source].append(edge)
        return found


class _EdgesInto:
    """The edges of a chunk by the asset that they end in, which the end of a line tells: most are not asked for."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines: defaultdict[bytes, list[bytes]] = defaultdict(list)
        self._edges: dict[str, list[Edge]] = {}
        for line in lines:
            self._lines[line.rpartition(b',"target":')[2]].append(line)

    def __getitem__(self, asset_id: str) -> Sequence[Edge]:
        if asset_id not in self._edges:
            lines = self._lines.get(canonical(asset_id) + b"}\n", ())
            self._edges[asset_id] = [EDGES.row(line) for line in lines]
        return self._edges[asset_id]


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
        self._edges = lru_cache(_KEPT)(self._read_edges)
        self._renamed = lru_cache(_KEPT)(self._read_renamed)

    @cached_property
    def _envelopes(self) -> Sequence[Envelope]:
        return self._read_envelopes()

    def history(self, asset: Asset) -> Iterator[tuple[Envelope, Asset | None, list[Edge]]]:
        """The asset, and the edges that end in it, in every snapshot, oldest first.

        Older ones as they may be told today: next to what the night after them says, as that is told.
        """
        nights = list(self._read_history(asset))
        later, kept = asset, {asset.id}
        for at in range(len(nights) - 1, -1, -1):
            envelope, found, ending = nights[at]
            rules = self._rules_of(envelope) if at < len(nights) - 1 else None
            if rules is not None:
                ending = [rules.edge(edge, kept) for edge in ending]
                found = rules.asset(found, later) if found is not None else None
                nights[at] = envelope, found, ending
            later, kept = found or later, {asset.id, *(edge.source for edge in ending)}
        for envelope, found, ending in nights:
            yield envelope, found, sorted(ending, key=lambda edge: edge.key.order)

    def _read_history(self, asset: Asset) -> Iterator[tuple[Envelope, Asset | None, list[Edge]]]:
        place = place_of_asset(asset)
        newest = self._newest
        for envelope in self._envelopes if newest is None else self._envelopes[:-1]:
            several = self._chunks(envelope.parts.assets).get(place, ())
            asset_id = self._id_in(several, asset.id, envelope)
            found: Asset | None = None
            for chunk in several:
                if found is None and chunk.first <= asset_id <= chunk.last:
                    found = self._assets(chunk).get(asset_id)
            ending: list[Edge] = []
            for chunk in self._chunks(envelope.parts.edges).get(place, ()):
                ending += self._edges(chunk)[asset_id]
            yield envelope, found, ending
        if newest is not None:
            yield self._envelopes[-1], newest.asset(asset.id), list(newest.upstream(asset.id))

    def _id_in(self, several: Sequence[Chunk], asset_id: str, envelope: Envelope) -> str:
        """The id that an asset had in a night, where a rule that came later changed it."""
        if PSEUDONYM.search(asset_id) and (rules := self._rules_of(envelope)) is not None:
            for chunk in several:
                if asset_id in (renamed := self._renamed(chunk, rules)):
                    return renamed[asset_id]
        return asset_id

    def _read_renamed(self, chunk: Chunk, rules: TodaysRules) -> Mapping[str, str]:
        return {new: old for old in self._assets(chunk) if (new := rules.identifier(old)) != old}

    def edges_into(self, kinds: Collection[str]) -> Sequence[tuple[Envelope, EdgeEnds]]:
        """The edges that end in assets of these kinds, in every snapshot, oldest first."""
        key = tuple(sorted(kinds))
        if key not in self._into:
            self._into[key] = list(self._read_into(key))
        return self._into[key]

    def _read_into(self, kinds: Collection[str]) -> Iterator[tuple[Envelope, EdgeEnds]]:
        kept: set[str] | None = None
        nights = list(self._read_ends(kinds))
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

    def _read_ends(self, kinds: Collection[str]) -> Iterator[tuple[Envelope, EdgeEnds]]:
        known: dict[str, list[Edge]] = {}
        before: list[str] = []
        found = EdgeEnds(())
        for envelope in self._envelopes:
            places = self._chunks(envelope.parts.edges)
            wanted = [chunk for place, several in places.items() if place.kind in kinds for chunk in several]
            names = [chunk.object for chunk in wanted]
            for chunk in wanted:
                if chunk.object not in known:
                    known[chunk.object] = list(chunks.rows_of(self._objects, EDGES, chunk))
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

    def _read_assets(self, chunk: Chunk) -> Mapping[str, Asset]:
        return {asset.id: asset for asset in chunks.rows_of(self._objects, ASSETS, chunk)}

    def _read_edges(self, chunk: Chunk) -> _EdgesInto:
        return _EdgesInto(self._objects.lines(chunk.object))
