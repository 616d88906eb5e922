"""Rate limiting on the client: a token bucket for each (account, region, API, operation), whoever calls.

AWS limits each operation of an account and region by itself, and shares that limit with the account's production. So
a bucket starts low, and learns by additive increase and multiplicative decrease (AIMD), as TCP does: it takes at most
half of what it believes the limit to be, comes up slowly while its calls are let through, and when the service says
"too many" it believes in the rate that was refused, and takes half of that from then on. A throttled operation slows
itself and no other. The road not taken: one bucket for an API, which lets a slow listing starve every description, and
takes of the dearest operation what the cheapest could bear.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from studbook.model.sources import REGISTRY

KNOWN_LIMITS: Final[Mapping[str, float]] = {"ListTrainingJobs": 2.0, "LookupEvents": 2.0}
"""Operations whose limit is known: nothing is learned upwards. ListTrainingJobs by public reports of its fixed quota,
LookupEvents by CloudTrail's documentation."""

_OTHER_LIMIT: Final = 10.0
_SHARE: Final = 1 / 2
"""Of the believed limit: the rest is for everybody else."""
_FIRST_LISTING: Final = 2.0
"""The limit that is believed of a listing before anything is learned."""
_BURST_SECONDS: Final = 1.0
_SLOWEST: Final = 1 / 16
_INCREASE: Final = 1 / 20
"""Of the first rate, for each call that had to wait and was let through."""


class Pace:
    """A token bucket of one operation: spaces the calls of many threads so that they stay below a rate.

    `most` is the highest rate that it may learn, `first` the one that it begins with (`most` where it is None); both in
    calls per second.
    """

    def __init__(
        self,
        most: float,
        first: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most = most
        self._rate = first if first is not None else most
        self._least = self._rate * _SLOWEST
        self._step = self._rate * _INCREASE
        self._clock = clock
        self._sleep = sleep
        self._next = float("-inf")
        self._slowed = float("-inf")
        self._waits = 0
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """The rate as it is now, in calls per second."""
        return self._rate

    def take(self) -> None:
        """Waits until one more call fits."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - max(0.0, _BURST_SECONDS - 1 / self._rate))
            self._next = turn + 1 / self._rate
            self._waits += turn > now
        if turn > now:
            self._sleep(turn - now)

    def throttled(self) -> None:
        """Multiplicative decrease: the rate that was refused is the limit; calls in flight together count once."""
        with self._lock:
            now = self._clock()
            if now - self._slowed >= 1 / self._rate:
                self._slowed = now
                self._most = max(self._rate * _SHARE, self._least)
                self._rate = max(self._most * _SHARE, self._least)
                self._waits = 0
                self._next = max(self._next, now + 1 / self._rate)

    def accepted(self) -> None:
        """Additive increase, by calls that had to wait: what is not used up teaches nothing."""
        with self._lock:
            if self._waits:
                self._waits -= 1
                self._rate = min(self._most, self._rate + self._step)


class Paces:
    """The paces of a harvest, made on first use; `rates` are what the configuration gives each operation of an API."""

    def __init__(self, rates: Mapping[str, float] | None = None) -> None:
        self._rates = dict(rates or {})
        self._paces: dict[tuple[str | None, str | None, str, str], Pace] = {}
        self._lock = threading.Lock()

    def of(self, account: str | None, region: str | None, api: str, operation: str) -> Pace:
        """The pace that everybody shares who calls that operation there."""
        key = (account, region, api, operation)
        with self._lock:
            if key not in self._paces:
                self._paces[key] = self._new_pace(api, operation)
            return self._paces[key]

    def _new_pace(self, api: str, operation: str) -> Pace:
        if api in self._rates:
            return Pace(self._rates[api])
        if operation in KNOWN_LIMITS:
            return Pace(KNOWN_LIMITS[operation] * _SHARE)
        most = (REGISTRY[api].rate if api in REGISTRY else _OTHER_LIMIT) * _SHARE
        listing = operation.startswith(("List", "Search")) and api not in ("s3", "mlflow")
        return Pace(most, min(most, _FIRST_LISTING * _SHARE) if listing else None)
