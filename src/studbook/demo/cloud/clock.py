"""The demo's time: it stands still until it is told to move, so that every run of the story has the same dates."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from threading import Lock
from uuid import UUID


class Clock:
    """A settable clock, and the random ids of what happens at that time.

    Each move of the clock seeds the ids anew, from the time and the number of moves so far: how often somebody read in
    between changes nothing, and no two moves give out the same ids.
    """

    def __init__(self, now: datetime = datetime(2026, 11, 1, tzinfo=UTC)) -> None:
        self._lock = Lock()
        self._random = random.Random()  # noqa: S311 - ids of a demo, not keys
        self._start = now
        self._now = now
        self._moves = 0
        self.seed = ""
        self.reset()

    def reset(self) -> None:
        """As it was made: the same moves give out the same ids again."""
        self._moves = 0
        self.set(self._start)

    def set(self, now: datetime) -> None:
        """Moves to a time, backwards too."""
        with self._lock:
            self._now = now.astimezone(UTC)
            self._moves += 1
            self.seed = f"{self._moves} {self._now.isoformat()}"
            self._random.seed(self.seed)

    @property
    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return self._now

    def naive(self) -> datetime:
        """The time in UTC without a zone, as moto keeps it."""
        return self._now.replace(tzinfo=None)

    def seconds(self) -> float:
        """Seconds since 1970, whole milliseconds."""
        return round(self._now.timestamp(), 3)

    def uuid4(self) -> UUID:
        """The next id."""
        with self._lock:
            return UUID(int=self._random.getrandbits(128), version=4)
