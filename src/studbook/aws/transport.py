"""Limits of HTTP answers, for every client: bytes, and seconds from the first byte to the last.

A timeout of a socket is about silence: a server that sends a byte a second is never silent. What a connection reads is
therefore counted here, below headers, chunks and compression, for botocore and `requests` alike.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Mapping
from functools import cache, partial
from http.client import HTTPResponse
from typing import Any, Final, NamedTuple

from studbook.aws.errors import Trouble
from studbook.settings import Patience

_SILENCES: Final = 5
"""So many times as long as a service may be silent an answer may take."""

_deadline = threading.local()


class Limits(NamedTuple):
    """Of one answer."""

    bytes: int
    seconds: float

    @classmethod
    def of(cls, patience: Patience) -> Limits:
        """What a configuration allows one answer."""
        return cls(patience.answer_bytes, _SILENCES * patience.read_timeout)


def end_at(moment: float) -> None:
    """What this thread reads from now on ends at that moment of the monotonic clock, whatever was read by then."""
    _deadline.moment = moment


def too_slow() -> Trouble:
    """The rest of an answer is not waited for."""
    return Trouble("limit", "http", "SlowAnswer", "the answer takes too long (patience.read_timeout, visit_seconds)")


def too_large(limits: Limits) -> Trouble:
    """The rest of an answer is not read."""
    return Trouble(
        "limit", "http", "LargeAnswer", f"the answer is larger than patience.answer_bytes ({limits.bytes:,})"
    )


def bounded(pools: Mapping[str, type[Any]], limits: Limits) -> dict[str, type[Any]]:
    """urllib3's classes of connection pools by scheme, with these limits on what their connections read."""
    return {scheme: _bounded(pool, limits) for scheme, pool in pools.items()}  # type: ignore[arg-type]  # a class has a hash


@cache
def _bounded(pool: Any, limits: Limits) -> Any:
    if hasattr(pool, "studbook_limits"):
        return pool
    made = staticmethod(partial(_BoundedResponse, limits=limits))
    connection = type("BoundedConnection", (pool.ConnectionCls,), {"response_class": made})
    return type("BoundedPool", (pool,), {"ConnectionCls": connection, "studbook_limits": limits})


class _BoundedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedReader(self.fp.detach(), sock, limits))


class _BoundedReader(io.RawIOBase):
    """What comes over a socket, as long as the limits hold. Raises Trouble."""

    def __init__(self, raw: Any, sock: socket.socket, limits: Limits) -> None:
        self._raw = raw
        self._sock = sock
        self._limits = limits
        self._silence = sock.gettimeout()
        self._ends = min(time.monotonic() + limits.seconds, getattr(_deadline, "moment", float("inf")))
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise too_slow()
        if self._silence is None or left < self._silence:
            self._sock.settimeout(left)
        try:
            count: int | None = self._raw.readinto(buffer)
        except TimeoutError:
            if time.monotonic() >= self._ends:
                raise too_slow() from None
            raise
        self._read += count or 0
        if self._read > self._limits.bytes:
            raise too_large(self._limits)
        return count

    def fileno(self) -> int:
        found: int = self._raw.fileno()
        return found

    def close(self) -> None:
        self._raw.close()
        super().close()
