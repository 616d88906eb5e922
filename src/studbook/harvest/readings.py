"""Provenance of records: how each record of a snapshot was read: by which call, and for which snapshot.

A record that nobody read anew keeps what the snapshot before says of it, carried over or seen again alike, and so does
one that was read again and said the same: the readings of a night without news are those of the night before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from studbook.harvest.partition_store import PartitionStore
from studbook.model import Envelope, Partition, Reading
from studbook.store import Catalog
from studbook.store.chunks import ReadingOf


def readings_of(
    catalog: Catalog,
    before: Envelope | None,
    *,
    clean: Callable[[str], str] | None = None,
    tonight: Callable[[Partition], PartitionStore | None] = lambda partition: None,
    number: int = 0,
) -> ReadingOf:
    """How records are read that a snapshot may have, and that snapshot `number` has from what was visited `tonight`.

    `clean` is what was done to the records' ids since the snapshot. One partition is held at a time: its records come
    together.
    """
    readings = catalog.readings(before) if before is not None else lambda partition: {}

    @lru_cache(1)
    def known(partition: Partition) -> dict[str, Reading]:
        found = readings(partition)
        if clean is not None:
            found = {_cleaned(reference, clean): reading for reference, reading in found.items()}
        store = tonight(partition)
        if store is None:
            return found
        source = partition.source
        for kind, record_id, known_as in store.renamed():
            if (earlier := found.get(f"{source}/{kind}/{known_as}")) is not None:
                found[f"{source}/{kind}/{record_id}"] = earlier
        for kind, record_id, operation in store.brought():
            reference = f"{source}/{kind}/{record_id}"
            found[reference] = Reading(record=reference, operation=operation, snapshot=number)
        return found

    def reading_of(partition: Partition, reference: str) -> Reading:
        found = known(partition).get(reference)
        if found is None:
            return Reading(record=reference)
        return found if found.record == reference else replace(found, record=reference)

    return reading_of


def _cleaned(reference: str, clean: Callable[[str], str]) -> str:
    source, kind, record_id = reference.split("/", 2)
    return f"{source}/{kind}/{clean(record_id)}"
