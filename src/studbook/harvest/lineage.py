"""From the records of a snapshot to its lineage: everything, or a night's changes and what they touch.

Both come to the same bytes. What a night needs of the one before lies in a cache; where that is of another snapshot,
another configuration or another Studbook, missing or damaged, everything is linked. A night without changes has the
lineage of the one before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from studbook import __version__
from studbook.errors import CatalogError
from studbook.lineage.chronicle import chronicle, chronicled
from studbook.lineage.link import LinkContext, link_read
from studbook.lineage.relink import Change, relink
from studbook.lineage.ties import Datasets, Ties, stem, ties
from studbook.model import Asset, Envelope, Facts, Parts, Record, canonical, digest
from studbook.sources import normalize
from studbook.store import Catalog
from studbook.store.catalog import Kept
from studbook.store.chunks import RECORDS, chunks
from studbook.store.ties import Key, TiesFile

FEWEST = 50_000
"""Of fewer records everything is linked each night: that takes seconds, and keeps nothing for the next."""


class Lineage:
    """The lineage of one snapshot that is to be. A context manager."""

    def __init__(
        self, catalog: Catalog, context: LinkContext, records: str, config: str, *, fewest: int | None = None
    ) -> None:
        self._catalog, self._context, self._records, self._config = catalog, context, records, config
        self._few = sum(chunk.rows for chunk in chunks(catalog.objects, records)) < (
            FEWEST if fewest is None else fewest
        )
        self._datasets = Datasets([*(dataset.id for dataset in context.datasets), *self._listed()])
        self._file = TiesFile(catalog.root / "index.sqlite-ties", catalog.objects)
        self._keeps = False
        self.linked = 0
        """How many records were linked."""
        self.whole = True
        """Whether that were all."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def derived(self, previous: Envelope | None, number: int, *, anew: bool = False) -> Parts:
        """The content of snapshot `number`, kept in the catalog; `anew` links everything."""
        if previous is not None and not anew and self._same(previous):
            self.whole = False
            return previous.parts
        if previous is not None and not anew and not self._few:
            # What is kept may not be what was linked the night before; then nothing of it is believed.
            with suppress(sqlite3.Error, CatalogError, _UnsureError):
                return self._amended(previous, number)
        return self._anew(previous, number)

    def keep(self, envelope: Envelope) -> None:
        """Lays down for the next night what was made for this snapshot, once it is there."""
        if self._keeps:
            with suppress(sqlite3.Error, OSError, CatalogError):
                self._file.seal(self._stamp(envelope))

    def _same(self, previous: Envelope) -> bool:
        of = (previous.parts.records, previous.config, previous.generator)
        return of == (self._records, self._config, f"studbook {__version__}")

    def _anew(self, previous: Envelope | None, number: int) -> Parts:
        numbers: dict[str, list[int | None]] = {}
        self._keeps = not self._few and self._begun()
        linked = link_read(self._read(numbers), self._context)
        before = self._catalog.assets(previous) if previous else ()
        kept = self._catalog.keep_lineage(self._records, chronicle(linked, before, number), linked.edges)
        if self._keeps:
            self._keeps = False
            with suppress(sqlite3.Error, CatalogError):
                self._file.fill(numbers, kept.places)
                self._keeps = True
        return kept.parts

    def _begun(self) -> bool:
        with suppress(sqlite3.Error, OSError):
            self._file.begin()
            return True
        return False

    def _read(self, numbers: dict[str, list[int | None]]) -> Iterator[tuple[Record, Facts]]:
        for chunk in chunks(self._catalog.objects, self._records):
            of_chunk = numbers[chunk.object] = []
            for line in self._catalog.objects.lines(chunk.object):
                record = RECORDS.row(line)
                facts = normalize(record)
                self.linked += 1
                of_chunk.append(self.linked)
                if self._keeps:
                    found = ties(record, facts, self._datasets)
                    self._file.add(self.linked, _keys(found), map(stem, found.near))
                yield record, facts

    def _amended(self, previous: Envelope, number: int) -> Parts:
        if not self._file.open(self._stamp(previous)):
            raise _UnsureError
        moves = self._file.moves(self._records)
        change = relink(
            self._file,
            list(moves.before.values()),
            moves.after,
            normalize=normalize,
            context=self._context,
            datasets=self._datasets,
        )
        if change is None:
            raise _UnsureError
        kept = self._kept(previous, change, number)
        self._file.amend(
            moves,
            dict(zip(moves.before, map(_keys, change.before), strict=True)),
            [_keys(found) for found in change.after],
            {stem(uri) for found in change.after for uri in found.near},
            kept.places,
            [asset_id for asset_id, now in change.assets.items() if now is None],
        )
        self.linked, self.whole = change.linked, False
        self._keeps = True
        return kept.parts

    def _kept(self, previous: Envelope, change: Change, number: int) -> Kept:
        places = self._file.places({*change.assets, *(key.target for key in change.edges)})
        earlier = self._catalog.assets_of(previous, change.assets.keys() & places.keys(), places)
        if earlier.keys() != change.assets.keys() & places.keys():
            raise _UnsureError
        for asset_id, was in change.assets_before.items():
            known = earlier.get(asset_id)
            expected = chronicled(*was, known, number) if was is not None else None
            if known != expected:
                raise _UnsureError
        assets: dict[str, Asset | None] = {}
        for asset_id, now in change.assets.items():
            if now is not None:
                assets[asset_id] = chronicled(*now, earlier.get(asset_id), number)
            elif asset_id in earlier:
                assets[asset_id] = None
        edges = {key: (change.edges_before[key], edge) for key, edge in change.edges.items()}
        if any(key.target not in places and assets.get(key.target) is None for key in edges):
            raise _UnsureError
        return self._catalog.amend_lineage(previous.parts, self._records, assets, edges, places)

    def _listed(self) -> Iterator[str]:
        for chunk in chunks(self._catalog.objects, self._records):
            for line in self._catalog.objects.lines(chunk.object) if chunk.place.kind == "s3_prefix" else ():
                dataset = json.loads(line)["body"].get("Dataset")
                if isinstance(dataset, str):
                    yield dataset

    def _stamp(self, envelope: Envelope) -> str:
        of = [__version__, repr(self._context), repr(self._datasets), envelope.digest]
        return digest(canonical(of))


class _UnsureError(Exception):
    """What is kept is not enough to go by."""


def _keys(found: Ties) -> Iterator[Key]:
    for key in found.gives.keys() | found.passes:
        yield f"gives {key}", ""
    for key in found.asks:
        yield f"asks {key}", ""
    for way, several in (("named", found.named), ("claimed", found.claimed)):
        for asset_id, words in several.items():
            yield f"{way} {stem(asset_id)}", f"{asset_id} {found.age} {' '.join(sorted(words))}"
