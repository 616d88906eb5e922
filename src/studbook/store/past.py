"""Snapshot history: the nights up to one, for who asks what became of an asset, or of many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from studbook.model import Asset, Edge, Envelope
from studbook.model.canonical import canonical
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


class SnapshotHistory:
    """Where an asset is kept depends on what never changes of it, so that few chunks are read for each snapshot; what
    snapshots share is read once, and the envelopes when somebody asks.
    """

    def __init__(self, objects: Objects, envelopes: Callable[[], Sequence[Envelope]]) -> None:
        self._objects, self._read_envelopes = objects, envelopes
        self._manifests: dict[str, Mapping[Place, Sequence[Chunk]]] = {}
        self._into: dict[tuple[str, ...], list[tuple[Envelope, EdgeEnds]]] = {}
        self._assets = lru_cache(_KEPT)(self._read_assets)
        self._edges = lru_cache(_KEPT)(self._read_edges)

    @cached_property
    def _envelopes(self) -> Sequence[Envelope]:
        return self._read_envelopes()

    def history(self, asset: Asset) -> Iterator[tuple[Envelope, Asset | None, list[Edge]]]:
        """The asset, and the edges that end in it, in every snapshot, oldest first."""
        place = place_of_asset(asset)
        for envelope in self._envelopes:
            found: Asset | None = None
            for chunk in self._chunks(envelope.parts.assets).get(place, ()):
                if found is None and chunk.first <= asset.id <= chunk.last:
                    found = self._assets(chunk).get(asset.id)
            ending: list[Edge] = []
            for chunk in self._chunks(envelope.parts.edges).get(place, ()):
                ending += self._edges(chunk)[asset.id]
            yield envelope, found, sorted(ending, key=lambda edge: edge.key.order)

    def edges_into(self, kinds: Collection[str]) -> Sequence[tuple[Envelope, EdgeEnds]]:
        """The edges that end in assets of these kinds, in every snapshot, oldest first."""
        key = tuple(sorted(kinds))
        if key not in self._into:
            self._into[key] = list(self._read_into(key))
        return self._into[key]

    def _read_into(self, kinds: Collection[str]) -> Iterator[tuple[Envelope, EdgeEnds]]:
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
