"""Thread pool that never holds up the end: a call that hangs is waited for a moment, then left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Final

_PREFIX: Final = "studbook-"
_GRACE: Final = 2.0
"""Seconds for what is in flight when something fails, or somebody presses Ctrl-C."""


class Threads(ThreadPoolExecutor):
    """A pool whose block, left by an exception, begins nothing more and waits for `_GRACE` seconds only."""

    def __init__(self, workers: int, name: str) -> None:
        super().__init__(workers, thread_name_prefix=_PREFIX + name)
        self._begun: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(fn, *args, **kwargs)
        self._begun.add(future)
        future.add_done_callback(self._begun.discard)
        return future

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        hung = False
        if error is not None:
            self.shutdown(wait=False, cancel_futures=True)
            hung = bool(wait(set(self._begun), _GRACE).not_done)
        self.shutdown(wait=not hung)


def left_behind() -> bool:
    """Whether some thread still hangs in a call, so that Python would wait for it before it ends."""
    return any(thread.name.startswith(_PREFIX) for thread in threading.enumerate())
