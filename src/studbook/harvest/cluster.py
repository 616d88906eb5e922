"""Distributed execution: the same visits on workers of a Dask cluster, for estates that take one machine too long.

A partition is the unit: one worker makes all its calls, so its budget lives there and stays correct. A worker that is
lost takes its partitions' work with it; they are visited again elsewhere. Where none is left, Dask itself waits for
ever; a night does not. Needs the extra `dask`.
"""

from __future__ import annotations

import threading
import time
import uuid
import warnings
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, Self

from distributed import Client, as_completed
from distributed.scheduler import KilledWorker, NoWorkerError

from studbook import __version__
from studbook.aws.errors import Trouble
from studbook.errors import HarvestError, UsageError
from studbook.harvest.partition import VisitOrder, VisitResult, visit_remotely
from studbook.model import Partition

_CONNECT = "15s"
_WITHOUT_WORKERS = 600.0
"""Seconds for which there may be no worker: a service that lends spare machines brings others within minutes."""
_LOOK = 1.0


class Cluster:
    """The workers behind a scheduler's address, as a context manager. Implements `harvest.run.RemoteVisits`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Any = None
        self._deserted = False

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

    def __call__(self, orders: Iterable[VisitOrder]) -> Iterator[tuple[Partition, VisitResult | Trouble]]:
        """Visits them all, and gives each as it comes back; no more are packed than the workers can begin with.

        A partition on which workers die time and again is given as the Trouble. Raises what a visit raises, and
        HarvestError where the cluster is lost, or all of its workers are and no others come.
        """
        waiting = iter(orders)
        asked: dict[Any, Partition] = {}
        done = as_completed(loop=self._client.loop)
        try:
            with self._watched(asked):
                for order in islice(waiting, max(2, 2 * sum(self._client.nthreads().values()))):
                    done.add(self._sent(order, asked))
                for future in done:
                    found = self._came(future)
                    yield asked.pop(future), found
                    future.release()
                    for order in islice(waiting, 1):
                        done.add(self._sent(order, asked))
        except BaseException:
            with suppress(Exception):
                self._client.cancel(list(asked), force=True)
            raise

    @contextmanager
    def _watched(self, asked: Collection[Any]) -> Iterator[None]:
        """Watchdog: where there is no worker for too long, all that was asked is cancelled; who waits for it goes on.

        In a thread of its own: a result may be lost with its worker while it is fetched, and then Dask waits within.
        """
        over = threading.Event()

        def watch() -> None:
            seen = time.monotonic()
            while not over.wait(_LOOK):
                if self._has_workers():
                    seen = time.monotonic()
                elif time.monotonic() - seen > _WITHOUT_WORKERS:
                    self._deserted = True
                    self._client.cancel(list(asked), force=True)
                    return

        thread = threading.Thread(target=watch, name="workers", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.nthreads())
        except OSError:  # the scheduler is away; if it stays so, the client cancels what was asked
            return False

    def _sent(self, order: VisitOrder, asked: dict[Any, Partition]) -> Any:
        with warnings.catch_warnings():
            # What is known of a partition may have many megabytes; it must travel with the task, so that another
            # worker can take this up.
            warnings.filterwarnings("ignore", message="Sending large graph")
            name = " ".join(part or "-" for part in reversed(order.task.partition))
            future = self._client.submit(visit_remotely, order, key=f"{name} {uuid.uuid4().hex}", pure=False)
        asked[future] = order.task.partition
        return future

    def _came(self, future: Any) -> VisitResult | Trouble:
        try:
            found: VisitResult = future.result()
        except KilledWorker as error:
            return Trouble("server", "visit", "WorkerLost", f"workers died on it: {error}")
        except NoWorkerError as error:  # the scheduler's own limit, `distributed.scheduler.no-workers-timeout`
            raise self._lost("has no workers") from error
        except CancelledError as error:
            minutes = f"has had no worker for {_WITHOUT_WORKERS / 60:.0f} minutes"
            raise self._lost(minutes if self._deserted else "was lost") from error
        except OSError as error:
            if future.status == "error":  # the visit's own
                raise
            raise self._lost(f"was lost: {error}") from error
        return found

    def _lost(self, how: str) -> HarvestError:
        return HarvestError(
            f"the Dask cluster at {self._address} {how}", "what came back by then is used by the next harvest"
        )


def _version() -> str:
    return __version__
