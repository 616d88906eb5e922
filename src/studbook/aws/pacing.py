"""The shared budget of calls: one pace for each (account, region, API), whoever calls.

A pace is a token bucket that slows down by half when the service says "too many" and recovers call by call. AWS
publishes no rates for most read calls (reference: ThrottlingException per account and region), hence the adaption.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

RATES: Final[Mapping[str, float]] = {
    "sagemaker": 10.0,
    "bedrock": 5.0,
    "lambda": 10.0,
    "s3": 50.0,
    "mlflow": 20.0,
    "organizations": 4.0,
}
"""Calls per second, until the configuration says otherwise."""
OTHER_RATE: Final = 10.0

_BURST_SECONDS = 0.2
_SLOWEST = 1 / 16
_RECOVERY = 1 / 50


class Pace:
    """Spaces the calls of many threads so that they stay below a rate."""

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = rate
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._next = float("-inf")
        self._slowed = float("-inf")
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """Calls per second, as slowed down as it is now."""
        return self._rate

    def take(self) -> None:
        """Waits until one more call fits."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - _BURST_SECONDS)
            self._next = turn + 1 / self._rate
        if turn > now:
            self._sleep(turn - now)

    def throttled(self) -> None:
        """Halves the rate; calls that were in flight together count once."""
        with self._lock:
            now = self._clock()
            if now - self._slowed >= 1 / self._rate:
                self._slowed = now
                self._rate = max(self._rate / 2, self._limit * _SLOWEST)
                self._next = max(self._next, now + 1 / self._rate)

    def accepted(self) -> None:
        """Recovers a little."""
        if self._rate < self._limit:
            with self._lock:
                self._rate = min(self._limit, self._rate + self._limit * _RECOVERY)


class Paces:
    """The paces of a harvest, made on first use."""

    def __init__(self, rates: Mapping[str, float] | None = None) -> None:
        self._rates = {**RATES, **(rates or {})}
        self._paces: dict[tuple[str | None, str | None, str], Pace] = {}
        self._lock = threading.Lock()

    def of(self, account: str | None, region: str | None, api: str) -> Pace:
        """The pace that everybody shares who calls `api` there."""
        key = (account, region, api)
        with self._lock:
            if key not in self._paces:
                self._paces[key] = Pace(self._rates.get(api, OTHER_RATE))
            return self._paces[key]
