"""What a harvest may cost, on a small estate of the benchmark's proportions, against a server that counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.estate import REGION, Sizes, build, change, reader, settings
from benchmarks.harvest import minimum

from studbook.demo.aws import EXTERNAL_ID, FakeAws
from studbook.harvest.run import harvest
from studbook.settings import Settings
from studbook.store import Catalog

OTHER = "444455556666"
SIZES = replace(Sizes.of(200), models=110, endpoints=110)


@pytest.fixture(scope="module")
def aws():
    with FakeAws() as aws:
        build(aws, SIZES)
        yield aws


@pytest.fixture(autouse=True)
def environment(aws, monkeypatch):
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    yield
    aws.heal()


def cost(aws, catalog):
    aws.forget_calls()
    harvested = harvest(settings(), catalog)
    return harvested, sum(call.count for call in aws.calls())


class TestNights:
    def test_three_nights(self, aws, tmp_path):
        """Each night costs what the sources promise, no call more."""
        catalog = Catalog(tmp_path / "catalog")
        first, calls = cost(aws, catalog)
        after_first = minimum(SIZES, SIZES)
        assert calls == after_first["first"]

        second, calls = cost(aws, catalog)
        assert calls == after_first["unchanged"]
        assert not second.changed

        sizes = change(aws, SIZES)
        third, calls = cost(aws, catalog)
        assert calls <= minimum(SIZES, sizes)["1 % changed"]
        records = [sum(row.records for row in night.coverage) for night in (first, third)]
        assert records[1] - records[0] == sizes.records - SIZES.records

    def test_without_search(self, aws, tmp_path):
        """A role that may not Search sees the same records, for more calls, and no gap is a failure."""
        with_search = harvest(settings(), Catalog(tmp_path / "with"))
        aws.fault("AccessDeniedException", operation="Search")

        without = harvest(settings(), Catalog(tmp_path / "without"))

        assert without.envelope.digest == with_search.envelope.digest
        assert not without.partial
        assert {gap.operation for row in without.coverage for gap in row.gaps} == {"Search"}


@pytest.fixture(scope="module")
def other(aws):
    """Another account."""
    build(aws, Sizes.of(100), OTHER)


@pytest.fixture
def limited(aws, other):
    """Its API lets forty calls a second through, and as many at once."""
    aws.fault(service="sagemaker", rate=40)


class TestPace:
    def night(self, rate: float, folder):
        here = {"id": OTHER, "regions": [REGION], "role_arn": reader(OTHER), "external_id": EXTERNAL_ID}
        configured = {"accounts": [here], "sources": {"sagemaker": {"rate": rate, "workers": 16}}}
        return harvest(Settings.model_validate(configured), Catalog(folder))

    def test_below_the_limit_nothing_is_throttled(self, aws, limited, tmp_path):
        """Sixteen workers within the budget: the service never has to say no."""
        night = self.night(32, tmp_path)

        assert aws.throttled() == 0
        assert not night.partial

    def test_above_the_limit_nothing_is_lost(self, aws, limited, tmp_path):
        """Told of ten times what it may, it slows down by itself; each throttled call is made again."""
        night = self.night(400, tmp_path)

        assert aws.throttled() > 0
        assert not night.partial
