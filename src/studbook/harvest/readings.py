"""How each record of a snapshot was read: by which call, and for which snapshot.

A record that nobody read anew keeps what the snapshot before says of it, carried over or seen again alike, and so does
one that was read again and said the same: the readings of a night without news are those of the night before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from studbook.model import Envelope, Partition, Reading
from studbook.store import Catalog
from studbook.store.chunks import ReadingOf


def kept_readings(catalog: Catalog, envelope: Envelope | None, clean: Callable[[str], str] | None = None) -> ReadingOf:
    """What a snapshot says of readings, for records that a later one has as well.

    `clean` is what was done to the records' ids since. Records come a partition after the other.
    """

    @lru_cache(1)
    def known(partition: Partition) -> Mapping[str, Reading]:
        found = catalog.readings(envelope, partition) if envelope is not None else {}
        if clean is None:
            return found
        return {_cleaned(reference, clean): reading for reference, reading in found.items()}

    def reading_of(partition: Partition, reference: str) -> Reading:
        found = known(partition).get(reference)
        return Reading(record=reference) if found is None else replace(found, record=reference)

    return reading_of


def _cleaned(reference: str, clean: Callable[[str], str]) -> str:
    source, kind, record_id = reference.split("/", 2)
    return f"{source}/{kind}/{clean(record_id)}"
