"""Which partitions a wave visits, and for what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from studbook.model import Partition, Record
from studbook.settings import Settings
from studbook.sources import Source


@dataclass(frozen=True, slots=True)
class Task:
    """One visit."""

    source: Source
    partition: Partition
    targets: tuple[str, ...]


def waves(sources: Iterable[Source]) -> list[int]:
    """The numbers of the waves, in order."""
    return sorted({source.wave for source in sources})


def plan(sources: Iterable[Source], wave: int, settings: Settings, records: Sequence[Record]) -> list[Task]:
    """The visits of one wave, in the order of their partitions; a source that is switched off has none."""
    tasks = [
        Task(source, partition, tuple(targets))
        for source in sources
        if source.wave == wave and settings.source(source.name).enabled
        for partition, targets in source.plan(settings, records).items()
    ]
    return sorted(tasks, key=lambda task: order(task.partition))


def order(partition: Partition) -> tuple[tuple[bool, str], ...]:
    """By account, region and source; null first."""
    return tuple((part is not None, part or "") for part in partition)
