"""The shared budget of calls."""

from __future__ import annotations

import threading

import pytest

from studbook.aws.pacing import Pace, Paces


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lock = threading.Lock()

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def pace(rate: float, time: Time) -> Pace:
    return Pace(rate, clock=time.clock, sleep=time.sleep)


class TestPace:
    def test_spaces_calls(self, time):
        """A hundred calls at ten a second take ten seconds, less the small burst at the start."""
        paced = pace(10, time)

        for _ in range(100):
            paced.take()

        assert 9.5 <= time.now <= 10

    def test_a_rest_earns_no_flood(self, time):
        """After a long rest no more than the burst goes out at once."""
        paced = pace(10, time)
        paced.take()
        time.now = 1000

        for _ in range(20):
            paced.take()

        assert time.now >= 1001.5

    def test_slows_down_when_throttled(self, time):
        """Being refused halves the rate."""
        paced = pace(8, time)

        paced.throttled()

        assert paced.rate == 4

    def test_refusals_in_flight_count_once(self, time):
        """Sixteen threads that are refused in one moment halve the rate once, not sixteen times."""
        paced = pace(8, time)

        for _ in range(16):
            paced.throttled()

        assert paced.rate == 4

    def test_never_stops(self, time):
        """However often it is refused, it keeps asking."""
        paced = pace(8, time)

        for _ in range(50):
            paced.throttled()
            time.now += 10

        assert paced.rate == 0.5

    def test_recovers(self, time):
        """Accepted calls bring the rate back to what is allowed and no further."""
        paced = pace(8, time)
        paced.throttled()

        for _ in range(100):
            paced.accepted()

        assert paced.rate == 8


class TestPaces:
    def test_is_shared(self):
        """Whoever calls one API in one region of one account draws on one budget."""
        paces = Paces()

        assert paces.of("1", "us-west-2", "sagemaker") is paces.of("1", "us-west-2", "sagemaker")
        assert paces.of("1", "us-west-2", "sagemaker") is not paces.of("1", "eu-west-1", "sagemaker")

    def test_takes_the_configured_rate(self):
        """The configuration's rate beats the built-in one."""
        assert Paces({"sagemaker": 3}).of("1", "us-west-2", "sagemaker").rate == 3
