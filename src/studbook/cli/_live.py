"""The harvest's progress on a terminal."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from studbook.model import Coverage, Partition


class Live:
    """A bar of partitions with the number of records read so far. Implements `harvest.run.Progress`."""

    def __init__(self) -> None:
        self._bar = Bar(
            TextColumn("harvesting"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("partitions, {task.fields[records]} records"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=0, records=0)
        self._records: dict[Partition, int] = {}
        self._total = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def planned(self, partitions: Sequence[Partition]) -> None:
        with self._lock:
            self._bar.update(self._task, total=(self._bar.tasks[0].total or 0) + len(partitions))

    def seen(self, partition: Partition, kind: str, records: int) -> None:
        with self._lock:
            self._total += records - self._records.get(partition, 0)
            self._records[partition] = records
            self._bar.update(self._task, records=self._total)

    def finished(self, coverage: Coverage) -> None:
        with self._lock:
            self._bar.advance(self._task)
