"""The shared budget of calls."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def pace(most: float, time: Time, first: float | None = None) -> Pace:
    return Pace(most, first, clock=time.clock, sleep=time.sleep)


class TestPace:
    def test_spaces_calls(self, time):
        """A hundred calls at ten a second take ten seconds, less one second's worth at the start."""
        paced = pace(10, time)

        for _ in range(100):
            paced.take()

        assert 8.9 <= time.now <= 10

    def test_a_rest_earns_no_flood(self, time):
        """After a long rest no more than one second's worth goes out at once."""
        paced = pace(10, time)
        paced.take()
        time.now = 1000

        for _ in range(20):
            paced.take()

        assert time.now >= 1000.9

    def test_a_slow_operation_has_no_burst(self, time):
        """At one call a second the second call waits for a second."""
        paced = pace(1, time)

        paced.take()
        paced.take()

        assert time.now == 1

    def test_refused_it_takes_half_of_what_was_refused(self, time):
        """The rate that was refused is the limit from then on, and half of it is taken at the most."""
        paced = pace(8, time)

        paced.throttled()
        for _ in range(1000):
            paced.take()
            paced.accepted()

        assert paced.rate == 4

    def test_refusals_in_flight_count_once(self, time):
        """Sixteen threads that are refused in one moment slow it down once, not sixteen times."""
        paced = pace(8, time)

        for _ in range(16):
            paced.throttled()

        assert paced.rate == 2

    def test_never_stops(self, time):
        """However often it is refused, it keeps asking."""
        paced = pace(8, time)

        for _ in range(50):
            paced.throttled()
            time.now += 10

        assert paced.rate == 0.5

    def test_learns_upwards(self, time):
        """It begins low, and comes up to the most while its calls are let through."""
        paced = pace(5, time, first=1)

        for _ in range(200):
            paced.take()
            paced.accepted()

        assert paced.rate == 5
        assert time.now > 30

    def test_what_never_waits_teaches_nothing(self, time):
        """Calls that come slower than the rate do not show that more would be borne."""
        paced = pace(5, time, first=1)

        for _ in range(200):
            time.now += 2
            paced.take()
            paced.accepted()

        assert paced.rate == 1

    @given(st.lists(st.sampled_from(["call", "refused", "rest"]), max_size=200))
    def test_whatever_happens_it_stays_within(self, happenings):
        """Never above what it may take, never still."""
        time = Time()
        paced = pace(5, time, first=1)
        for happening in happenings:
            if happening == "rest":
                time.now += 30
                continue
            paced.take()
            paced.throttled() if happening == "refused" else paced.accepted()
            assert 1 / 16 <= paced.rate <= 5


class TestPaces:
    def test_is_shared(self):
        """Whoever calls one operation in one region of one account draws on one budget, and nobody else does."""
        paces = Paces()
        one = paces.of("1", "us-west-2", "sagemaker", "ListModels")

        assert one is paces.of("1", "us-west-2", "sagemaker", "ListModels")
        for other in (
            ("1", "eu-west-1", "sagemaker", "ListModels"),
            ("2", "us-west-2", "sagemaker", "ListModels"),
            ("1", "us-west-2", "sagemaker", "ListEndpoints"),
        ):
            assert one is not paces.of(*other)

    def test_takes_half_of_a_known_limit(self):
        """ListTrainingJobs bears two calls a second: one is taken, and nothing is learned upwards."""
        paced = Paces().of("1", "us-west-2", "sagemaker", "ListTrainingJobs")

        for _ in range(100):
            paced.accepted()

        assert paced.rate == 1

    def test_takes_the_configured_rate(self):
        """The configuration's rate beats what would be learned."""
        paces = Paces({"sagemaker": 3})

        assert paces.of("1", "us-west-2", "sagemaker", "ListModels").rate == 3
        assert paces.of("1", "us-west-2", "sagemaker", "ListTrainingJobs").rate == 3
