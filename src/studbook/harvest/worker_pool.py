"""Worker pool: calls in flight side by side; what they bring is handled one after the other, in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

Job = TypeVar("Job")
Found = TypeVar("Found")


class OrderedPool(Generic[Job, Found]):
    """Runs `fetch` on several threads, and `handle` on the thread that submits, as the answers come.

    `handle` is given the number of the job, in order of submission: answers come in any order. No more than twice as
    many jobs as threads wait, whatever is submitted. What `fetch` raises ends it: `submit`, or the end of the block,
    raises it when all that were in flight have landed.
    """

    def __init__(self, workers: int, fetch: Callable[[Job], Found], handle: Callable[[int, Job, Found], None]) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="reader")
        self._limit = 2 * workers
        self._fetch = fetch
        self._handle = handle
        self._numbers = count()
        self._landed: SimpleQueue[tuple[int, Job, Found | None, BaseException | None]] = SimpleQueue()
        self._flying = 0
        self._over = False

    def submit(self, job: Job) -> None:
        """Hands a job over; waits, and handles, where too many are waiting already."""
        while self._flying >= self._limit or not self._landed.empty():
            self._land()
        self._flying += 1
        self._pool.submit(self._fly, next(self._numbers), job)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        first = error
        self._over = error is not None
        while self._flying:
            try:
                self._land()
            except BaseException as another:  # noqa: BLE001 - raised below; until all have landed none is lost
                self._over = True
                first = first or another
        self._pool.shutdown()
        if first is not None and error is None:
            raise first

    def _fly(self, number: int, job: Job) -> None:
        if self._over:
            self._landed.put((number, job, None, None))
            return
        try:
            self._landed.put((number, job, self._fetch(job), None))
        except BaseException as error:  # noqa: BLE001 - raised where it lands
            self._landed.put((number, job, None, error))

    def _land(self) -> None:
        number, job, found, error = self._landed.get()
        self._flying -= 1
        if error is not None:
            raise error
        if found is not None:
            self._handle(number, job, found)
