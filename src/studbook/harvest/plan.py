"""Scheduling: which partitions a wave visits, and for what."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from studbook.model import Partition, Record
from studbook.settings import Settings
from studbook.sources import Source


@dataclass(frozen=True, slots=True)
class Task:
    """One visit: to a partition of the source whose name it bears. Can be pickled."""

    partition: Partition
    targets: tuple[str, ...]
    swept: bool
    """Whether the account was found in an organisation rather than configured by hand."""
    since: str | None = None
    """When the last night was taken that saw the partition whole."""


def waves(sources: Iterable[Source]) -> list[int]:
    """The numbers of the waves, ascending."""
    return sorted({source.wave for source in sources})


def plan(
    sources: Iterable[Source],
    wave: int,
    settings: Settings,
    having: Callable[[tuple[str, ...]], Iterable[Record]],
    by_hand: Container[str | None],
) -> list[Task]:
    """The visits of one wave, in the order of their partitions; a source that is switched off has none.

    `having` gives the records with one of some texts in their JSON, and may give others. `by_hand` are the accounts
    that the configuration names itself.
    """
    tasks = [
        Task(partition, tuple(targets), partition.account not in by_hand)
        for source in sources
        if source.wave == wave and settings.source(source.name).enabled
        for partition, targets in source.plan(settings, having(source.follows)).items()
    ]
    return sorted(tasks, key=lambda task: task.partition.order)
