"""`studbook harvest --dask`: the same snapshot from the workers of a real cluster, also when one of them dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from test_quiet_partitions import BEGAN, EMPTY, reader, settings
from tests.harvest.two_accounts import FIRST, REGION, Estate, organisation

from studbook.cli import main
from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.demo.cloud.mlflow_server import MlflowServer
from studbook.harvest.run import HarvestResult, harvest
from studbook.store import Catalog

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def estate(tmp_path_factory) -> Iterator[Estate]:
    with FakeAws() as aws, MlflowServer(tmp_path_factory.mktemp("mlflow")) as mlflow:
        made = Estate(aws, mlflow, *organisation(aws))
        made.found()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in made.environment().items():
                patch.setenv(name, value)
            yield made


@contextmanager
def started(folder: Path, workers: int) -> Iterator[tuple[str, subprocess.Popen[bytes], list[subprocess.Popen[bytes]]]]:
    """A scheduler's address, its process, and so many worker processes; nobody starts a dead one again."""
    file = folder / "scheduler.json"
    quiet: Any = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": (folder / "log").open("w")}
    scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    worker = ["distributed.cli.dask_worker", "--nthreads", "2", "--no-nanny", "--no-dashboard"]
    processes = [
        subprocess.Popen([sys.executable, "-m", *words, "--scheduler-file", str(file)], **quiet)
        for words in (scheduler, *[worker] * workers)
    ]
    try:
        while not file.exists():
            assert processes[0].poll() is None
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers)
        yield address, processes[0], processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(estate, tmp_path_factory) -> Iterator[str]:
    with started(tmp_path_factory.mktemp("dask"), 5) as (address, *_):
        yield address


def catalog(estate: Estate, folder: Path) -> Path:
    folder.mkdir()
    (folder / "studbook.yml").write_text(estate.configuration())
    return folder


def harvested(folder: Path, *words: str, command: str = "harvest") -> tuple[int, Catalog]:
    site = ["--output", str(folder.parent / "site")] if command == "nightly" else []
    with pytest.raises(SystemExit) as stopped:
        main([command, "--catalog", str(folder), *site, *words])
    return int(stopped.value.code or 0), Catalog(folder)


def digest(made: Catalog) -> str:
    envelope = made.latest()
    assert envelope is not None
    return envelope.digest


class TestSameSnapshot:
    def test_two_nights(self, estate, cluster, tmp_path):
        """On workers and on threads the content is the same to the byte, on a first night and on a second."""
        here, there = catalog(estate, tmp_path / "here"), catalog(estate, tmp_path / "there")

        for command in ("harvest", "nightly"):
            code, on_threads = harvested(here)
            assert code == 0
            code, on_workers = harvested(there, "--dask", cluster, command=command)
            assert code in (0, 1)  # what a night finds is another matter
            assert digest(on_workers) == digest(on_threads)

        rows = [envelope.coverage for envelope in on_workers.envelopes()]
        assert {row.status for row in rows[1]} == {"complete"}
        assert not (there / ".harvest").exists()

    def test_a_failure_there(self, estate, cluster, tmp_path):
        """What a worker cannot see is a gap as it is here."""
        estate.aws.fault("AccessDeniedException", account=FIRST, operation="ListModels")

        code, made = harvested(catalog(estate, tmp_path / "there"), "--dask", cluster)

        estate.aws.heal()
        gaps = [(row.account, gap.operation) for row in made.latest().coverage for gap in row.gaps]
        assert (code, gaps) == (3, [(FIRST, "ListModels")])

    def test_a_worker_that_dies(self, estate, cluster, tmp_path):
        """The partitions of a worker that is killed in the middle of its work are visited again by another one."""
        _, on_threads = harvested(catalog(estate, tmp_path / "here"))
        there = catalog(estate, tmp_path / "there")
        estate.aws.fault(account=FIRST, operation="ListModels", seconds=120, times=1)
        estate.aws.forget_calls()
        words = ["harvest", "--catalog", str(there), "--dask", cluster]

        with distributed.Client(cluster, set_as_default=False) as client:
            pids = client.run(os.getpid)
            harvest = subprocess.Popen([sys.executable, "-m", "studbook", *words])
            while not (worker := stuck(estate, client, FIRST, "sagemaker", "ListModels")):
                assert harvest.poll() is None
                time.sleep(0.05)
            os.kill(pids[worker], signal.SIGKILL)

        assert harvest.wait() == 0
        made = Catalog(there)
        assert digest(made) == digest(on_threads)
        assert {row.status for row in made.latest().coverage} == {"complete"}


class TestNobodyIsLeft:
    @pytest.mark.parametrize("what", ["the workers", "the scheduler"])
    def test_in_the_middle_of_a_night(self, estate, tmp_path, capsys, monkeypatch, what):
        """A night whose workers all die, or whose scheduler does, ends and says so, and the catalog is as it was; the
        next one goes on from what came back."""
        monkeypatch.setattr("studbook.harvest.cluster._WITHOUT_WORKERS", 3)
        there = catalog(estate, tmp_path / "there")
        estate.aws.fault(account=FIRST, operation="ListModels", seconds=120, times=1)
        estate.aws.forget_calls()
        with (
            started(tmp_path, 2) as (address, scheduler, workers),
            distributed.Client(address, set_as_default=False) as client,
            ThreadPoolExecutor(1) as pool,
        ):
            night = pool.submit(harvested, there, "--dask", address)
            while not stuck(estate, client, FIRST, "sagemaker", "ListModels"):
                assert not night.done()
                time.sleep(0.05)
            for process in workers if what == "the workers" else [scheduler]:
                process.kill()
            code, made = night.result(timeout=120)

        assert (code, made.latest()) == (4, None)
        told = " ".join(capsys.readouterr().err.split())
        assert f"the Dask cluster at {address} " in told
        assert ("has had no worker for" if what == "the workers" else "was lost") in told
        assert any((there / ".harvest").iterdir())
        code, made = harvested(there)
        assert (code, made.latest() is None) == (0, False)


class TestQuietNights:
    """Three accounts in two regions each, with CloudTrail."""

    ACCOUNTS = ("444400000001", "444400000002", "444400000003")

    @pytest.fixture
    def aws(self, estate) -> FakeAws:
        estate.aws.clock(BEGAN - timedelta(days=2))
        for account in self.ACCOUNTS:
            estate.aws.role(reader(account), external_id=EXTERNAL_ID, allow=READER)
            for region in (REGION, EMPTY):
                model = {"ModelName": "m", "ExecutionRoleArn": f"arn:aws:iam::{account}:role/x"}
                estate.aws.batch(account, region, [("CreateModel", model)])
        return estate.aws

    def night(self, aws: FakeAws, made: Catalog, day: int, workers: Any = None) -> HarvestResult:
        now = BEGAN + timedelta(days=day)
        aws.clock(now)
        aws.forget_calls()
        time.sleep(1)  # CloudTrail bears two calls a second, whoever makes them
        return harvest(settings(self.ACCOUNTS), made, now=now, elsewhere=workers)

    def calls(self, aws: FakeAws) -> Counter[tuple[str, str, str]]:
        """What was asked besides sessions, of which every visit elsewhere has its own."""
        return Counter(
            {(one.account, one.region, one.operation): one.count for one in aws.calls() if one.service != "sts"}
        )

    def test_a_worker_dies_on_each_of_two_nights(self, aws, estate, cluster, tmp_path):
        """In the middle of a listing, and of reading a trail: the snapshots and what the coverage says are those of a
        machine alone, the second night is as quiet, and a call is made again at most once."""
        from studbook.harvest.cluster import Cluster

        here, there = Catalog(tmp_path / "here"), Catalog(tmp_path / "there")
        dying = [("sagemaker", "ListModels"), ("cloudtrail", "LookupEvents")]
        with (
            Cluster(cluster) as workers,
            distributed.Client(cluster, set_as_default=False) as client,
            ThreadPoolExecutor(1) as pool,
        ):
            for day, (source, operation) in enumerate(dying):
                alone = self.night(aws, here, day)
                cost = self.calls(aws)
                aws.fault(account=self.ACCOUNTS[1], region=REGION, operation=operation, seconds=120, times=1)
                running: Future[HarvestResult] = pool.submit(self.night, aws, there, day, workers)
                while not (worker := stuck(estate, client, self.ACCOUNTS[1], source, operation)):
                    assert not running.done()
                    time.sleep(0.25)
                pids = client.run(os.getpid)
                os.kill(pids[worker], signal.SIGKILL)
                shared = running.result()

                assert worker not in client.nthreads()
                assert shared.envelope.digest == alone.envelope.digest
                assert self.told(shared) == self.told(alone)
                again = self.calls(aws)
                assert again[self.ACCOUNTS[1], REGION, operation] > cost[self.ACCOUNTS[1], REGION, operation]
                assert again.keys() == cost.keys()
                # One more where the trail was asked again so soon that it refused.
                spare = {call: call[2] == "LookupEvents" for call in cost}
                assert [call for call, n in again.items() if n > 2 * cost[call] + spare[call]] == []

        assert {row.status for row in shared.coverage if row.source == "sagemaker"} == {"quiet"}
        assert {operation for _, _, operation in again} == {"LookupEvents"}

    def told(self, night: HarvestResult) -> list[tuple[Any, ...]]:
        return [(row.partition, row.status, row.records, row.gaps, row.reason, row.listed_at) for row in night.coverage]


def stuck(estate: Estate, client, account: str, source: str, operation: str) -> str | None:
    """The worker that waits for the answer that does not come."""
    asked = (account, REGION, operation)
    if not any((call.account, call.region, call.operation) == asked for call in estate.aws.calls()):
        return None
    visited = f"{source} {REGION} {account} "
    return next(
        (worker for worker, keys in client.processing().items() if any(k.startswith(visited) for k in keys)), None
    )


class TestUsage:
    @pytest.mark.parametrize("command", ["harvest", "nightly"])
    def test_no_cluster(self, estate, tmp_path, capsys, monkeypatch, command):
        """An address where nobody answers is wrong usage, and says so before anything is asked."""
        monkeypatch.setattr("studbook.harvest.cluster._CONNECT", "1s")
        estate.aws.forget_calls()

        code, made = harvested(catalog(estate, tmp_path / "there"), "--dask", "tcp://127.0.0.1:9", command=command)

        assert (code, estate.aws.calls()) == (2, [])
        told = capsys.readouterr()
        assert "no Dask scheduler answers" in " ".join((told.out + told.err).split())
        assert made.latest() is None
