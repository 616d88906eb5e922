"""Distributed execution: the same visits on workers of a Dask cluster, for estates that take one machine too long.

A partition is the unit: one worker makes all its calls, so its budget lives there and stays correct. A worker that is
lost takes its partitions' work with it; they are visited again elsewhere. Needs the extra `dask`.
"""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Self

from distributed import Client, as_completed
from distributed.scheduler import KilledWorker

from studbook import __version__
from studbook.aws.errors import Trouble
from studbook.errors import HarvestError, UsageError
from studbook.harvest.partition import Order, Return, visit_apart
from studbook.model import Partition

_CONNECT = "15s"


class Cluster:
    """The workers behind a scheduler's address, as a context manager. Implements `harvest.run.Elsewhere`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Any = None

    def __enter__(self) -> Self:
        """Raises UsageError where there is no cluster, or one with another Studbook."""
        try:
            self._client = Client(self._address, timeout=_CONNECT, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise UsageError(
                f"no Dask scheduler answers at {self._address}: {error}", "start one with 'dask scheduler'"
            ) from error
        try:
            found = set(self._client.run(_version, on_error="return").values())
        except Exception as error:
            self._client.close()
            raise UsageError(f"the workers of {self._address} do not answer: {error}", "look at their logs") from error
        if not found:
            self._client.close()
            raise UsageError(f"{self._address} has no workers", "start some with 'dask worker'")
        if found != {__version__}:
            self._client.close()
            raise UsageError(
                f"the workers of {self._address} do not all have Studbook {__version__}",
                "install the same version on every worker",
            )
        return self

    def __exit__(self, *exc: object) -> None:
        self._client.close()

    def __call__(self, orders: Iterable[Order]) -> Iterator[tuple[Partition, Return | Trouble]]:
        """Visits them all, and gives each as it comes back; no more are packed than the workers can begin with.

        A partition on which workers die time and again is given as the Trouble. Raises what a visit raises, and
        HarvestError where the cluster is lost.
        """
        waiting = iter(orders)
        asked: dict[Any, Partition] = {}
        done = as_completed(loop=self._client.loop)
        try:
            for order in islice(waiting, max(2, 2 * sum(self._client.nthreads().values()))):
                done.add(self._sent(order, asked))
            for future in done:
                partition = asked.pop(future.key)
                yield partition, self._came(future)
                future.release()
                for order in islice(waiting, 1):
                    done.add(self._sent(order, asked))
        except BaseException:
            with suppress(Exception):
                self._client.cancel(list(done.futures), force=True)
            raise

    def _sent(self, order: Order, asked: dict[Any, Partition]) -> Any:
        with warnings.catch_warnings():
            # What is known of a partition may have many megabytes; it must travel with the task, so that another
            # worker can take this up.
            warnings.filterwarnings("ignore", message="Sending large graph")
            name = " ".join(part or "-" for part in reversed(order.task.partition))
            future = self._client.submit(visit_apart, order, key=f"{name} {uuid.uuid4().hex}", pure=False)
        asked[future.key] = order.task.partition
        return future

    def _came(self, future: Any) -> Return | Trouble:
        if future.status == "cancelled":
            raise HarvestError(
                f"the Dask cluster at {self._address} was lost", "what came back by then is used by the next harvest"
            )
        error = future.exception()
        if isinstance(error, KilledWorker):
            return Trouble("server", "visit", "WorkerLost", f"workers died on it: {error}")
        if error is not None:
            raise error
        found: Return = future.result()
        return found


def _version() -> str:
    return __version__
