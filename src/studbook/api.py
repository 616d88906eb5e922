"""The Python API: one snapshot of a catalog, and the questions to it as methods.

    import studbook

    with studbook.open("catalog", as_of="2026-11-20") as lineage:
        lineage.asset("support-bot@prod")

Nothing here prints or exits. What goes wrong is an exception of `studbook.errors`, whose `message` and `hint` are
sentences for a reader.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from studbook.errors import NotFound
from studbook.model import Asset, Envelope
from studbook.queries.diff import Changes
from studbook.queries.diff import diff as difference
from studbook.queries.handles import Handles
from studbook.settings import Settings
from studbook.store import Catalog
from studbook.store.chunks import Shared
from studbook.store.index import Index


def open(catalog: str | Path | Catalog = "catalog", as_of: str | int = "latest") -> Lineage:
    """The lineage of a catalog folder as one snapshot has it; a context manager, closed when done.

    `as_of` is a snapshot's number, `latest`, `latest~3`, a date (the last snapshot on or before it) or the beginning of
    a digest. Raises NotFound where there is no catalog, or no such snapshot.
    """
    store = catalog if isinstance(catalog, Catalog) else Catalog(Path(catalog))
    return Lineage(store, store.resolve(str(as_of)))


class Lineage:
    """One snapshot, to be asked.

    Whatever is asked of an asset takes its handle: a name, `name@account`, an id, its end, a place in S3, a digest.
    """

    def __init__(self, catalog: Catalog, snapshot: Envelope) -> None:
        self.catalog = catalog
        """The folder that the snapshot is in."""
        self.snapshot = snapshot
        """Its envelope: number, time, digests, coverage."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the index. A lineage that is asked again opens it again."""
        index = self.__dict__.pop("index", None)
        self.__dict__.pop("handles", None)
        if index is not None:
            index.close()

    @cached_property
    def settings(self) -> Settings | None:
        """The configuration; None where the folder has none."""
        return self.catalog.settings() if self.catalog.settings_file.exists() else None

    @cached_property
    def index(self) -> Index:
        """Its assets and edges by id."""
        return self.catalog.index(self.snapshot)

    @cached_property
    def handles(self) -> Handles:
        """What people call its assets."""
        return Handles(self.index, self.settings, self._taken_at)

    def asset(self, handle: str, kinds: Collection[str] = ()) -> Asset:
        """The asset of that handle; where several could be meant, the one of these kinds.

        Raises NotFound, whose hint has the handles of what it could be.
        """
        try:
            return self.handles.find(handle, kinds)
        except NotFound as error:
            later = self._first_seen(handle, kinds)
            raise (later or error) from None

    def handle(self, asset: Asset | str) -> str:
        """The shortest handle of an asset, or of the asset of an id, that means no other; an unknown id as it is."""
        found = self.index.asset(asset) if isinstance(asset, str) else asset
        return self.handles.of(found) if found is not None else str(asset)

    def search(self, text: str, limit: int = 20) -> list[Asset]:
        """The assets that answer to a text, or else those whose names are like it, the likest first."""
        return list(self.handles.search(text)[:limit])

    def diff(self, older: str | int = "latest~1") -> Changes:
        """What changed since an older snapshot, which is named as `open` takes it."""
        before, shared = self.catalog.resolve(str(older)), Shared(self.catalog.objects)
        was, now = (self.catalog.graph(one, shared) for one in (before, self.snapshot))
        return difference(was, now, before.coverage, self.snapshot.coverage)

    def _taken_at(self, number: int) -> str | None:
        return self._times.get(number)

    @cached_property
    def _times(self) -> dict[int, str]:
        return {envelope.number: envelope.taken_at for envelope in self.catalog.envelopes()}

    def _first_seen(self, handle: str, kinds: Collection[str]) -> NotFound | None:
        """That a handle means nothing yet, where the newest snapshot knows it."""
        latest = self.catalog.latest()
        if latest is None or latest.number == self.snapshot.number:
            return None
        self.close()  # there is one file for the index, and it has one snapshot at a time
        with Lineage(self.catalog, latest) as now:
            try:
                asset = now.handles.find(handle, kinds)
            except NotFound:
                return None
        if asset.first_seen is None or asset.first_seen <= self.snapshot.number:
            return None
        return NotFound(
            f"snapshot {self.snapshot.number} has no {handle!r} yet",
            f"it was first seen in snapshot {asset.first_seen}, {self._taken_at(asset.first_seen)}",
        )
