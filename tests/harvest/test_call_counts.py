"""What a harvest may cost, on a small estate of the benchmark's proportions, against a server that counts."""

from __future__ import annotations

import re
import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.estate import REGION, Sizes, build, change, job, reader, settings
from benchmarks.harvest import minimum

from studbook.demo.cloud.aws import EXTERNAL_ID, READER
from studbook.harvest.run import NoProgress, harvest
from studbook.settings import Settings
from studbook.store import Catalog

OTHER, EMPTY = "444455556666", "777788889999"
MANUAL = Path(__file__).parent.parent.parent / "docs" / "organisation.md"
LONG = {f"prompt-{number}": "x" * 2_000 for number in range(6)}
FAST = {"sagemaker": {"rate": 100_000}}
SIZES = replace(Sizes.of(200), models=110, endpoints=110)


@pytest.fixture(scope="module")
def aws(fake_aws):
    build(fake_aws, SIZES)
    return fake_aws


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


def limit(aws, rate: int) -> None:
    """From now on the API lets so many calls a second through, and as many at once."""
    aws.fault(service="sagemaker", rate=rate)


class TestNothing:
    def test_costs_what_the_manual_says(self, aws, tmp_path):
        """To see that an account and region are empty takes a call for each listing, of which nothing hides another."""
        empty = {"id": EMPTY, "regions": [REGION], "role_arn": reader(EMPTY), "external_id": EXTERNAL_ID}
        aws.role(reader(EMPTY), external_id=EXTERNAL_ID)

        def calls(**sagemaker) -> Counter[str]:
            sources = {"sagemaker": {"rate": 1000, **sagemaker}, "bedrock": {"enabled": True, "rate": 1000}}
            aws.forget_calls()
            harvest(Settings.model_validate({"accounts": [empty], "sources": sources}), Catalog(tmp_path))
            return sum((Counter({call.service: call.count}) for call in aws.calls()), Counter())

        told = re.search(r"has nothing costs (\d+) calls a night.*?\((\d+) without", MANUAL.read_text(), re.S)
        assert told is not None
        assert calls() == {"sts": 1, "sagemaker": int(told[1]), "bedrock": 9}
        assert calls(leave_out=["lineage_api"])["sagemaker"] == int(told[2])


class TestPace:
    def night(self, rate: float, folder):
        here = {"id": OTHER, "regions": [REGION], "role_arn": reader(OTHER), "external_id": EXTERNAL_ID}
        configured = {"accounts": [here], "sources": {"sagemaker": {"rate": rate, "workers": 16}}}
        return harvest(Settings.model_validate(configured), Catalog(folder))

    def test_below_the_limit_nothing_is_throttled(self, aws, other, tmp_path):
        """Sixteen workers within the budget: the service never has to say no."""
        limit(aws, 40)

        night = self.night(32, tmp_path)

        assert aws.throttled() == 0
        assert not night.partial

    def test_above_the_limit_nothing_is_lost(self, aws, other, tmp_path):
        """Told of fifty times what it may, it slows down by itself; each throttled call is made again.

        A machine that is too slow to reach the limit has a lower one.
        """
        for rate in (8, 4, 2, 1):
            aws.heal()
            limit(aws, rate)
            assert not self.night(rate * 50, tmp_path / str(rate)).partial
            if aws.throttled():
                break

        assert aws.throttled() > 0


class TestMemory:
    def reading(self, aws, account: str, jobs: int, folder) -> int:
        """The most that was held until the last record was read, in bytes."""
        aws.role(reader(account), external_id=EXTERNAL_ID, allow=READER)
        calls = [
            (operation, {**request, "HyperParameters": LONG}) for operation, request in map(job, range(1, jobs * 2, 2))
        ]
        aws.batch(account, REGION, calls)
        here = {"id": account, "regions": [REGION], "role_arn": reader(account), "external_id": EXTERNAL_ID}
        peak: list[int] = []

        class Watched(NoProgress):
            def finished(self, coverage):
                peak.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()

        tracemalloc.start()
        done = harvest(
            Settings.model_validate({"accounts": [here], "sources": FAST}), Catalog(folder), progress=Watched()
        )
        assert [row.records for row in done.coverage] == [jobs]
        return peak[0]

    def test_records_lie_on_disk(self, aws, tmp_path):
        """Twice as many full pages of records of twelve kilobytes each need hardly more memory to be read."""
        self.reading(aws, "666677778888", 2, tmp_path / "what is made once")
        few = self.reading(aws, "777788889999", 200, tmp_path / "few")
        many = self.reading(aws, "888899990000", 400, tmp_path / "many")

        assert many - few < 200 * 2_000
