"""What a night without news costs an organisation: calls by operation, where CloudTrail tells what need not be listed.

    python -m benchmarks organisation [ACCOUNTS [WORKERS]]

500 accounts with four regions each, if it is not said, found by AWS Organizations, with a model in every region: none
is one of those that are asked once a week. The first night lists everything. On the next nothing has changed: what is
printed is what that costs, the share of partitions that is listed whatever the events say included. The demo's
CloudTrail refuses a third call of an account and region within a second, as AWS does; a refused call would be made, and
counted, again. A bucket of calls is AWS's for one operation in one account and region: the second column has the one
that was asked most. What it prints is Markdown.

With a number of workers, three at least, the second night is played again, from the same first one, by so many worker
processes of a Dask cluster on this machine: as it is, then with one of them killed among the trails; and then the first
night with another one killed among the listings. The last column says whether the snapshot's digest and all that the
coverage says are those of the night without a cluster.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.estate import reader

from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.harvest.run import HarvestResult, harvest
from studbook.settings import Settings
from studbook.store import Catalog

ACCOUNTS = 500
REGIONS = ("us-west-2", "us-east-1", "eu-west-1", "eu-central-1")
BEGAN = datetime(2026, 11, 2, 2, tzinfo=UTC)
_MANAGEMENT = "000000000000"


def main(arguments: list[str] | None = None) -> None:
    """Print the calls of each night."""
    number, workers, *_ = (*map(int, arguments or ()), *(ACCOUNTS, 0)[len(arguments or ()) :])
    with tempfile.TemporaryDirectory() as folder, FakeAws() as aws:
        os.environ.update(aws.environment())
        build(aws, number)
        print(f"\n### {number:,} accounts x {len(REGIONS)} regions\n")
        print("| night | calls | most of one bucket | listed whole | quiet | gaps | seconds | same |")
        print("| --- | ---: | --- | ---: | ---: | ---: | ---: | --- |")
        alone, there, elsewhere = (Path(folder) / name for name in ("alone", "there", "elsewhere"))
        first, plain = _Played(aws, "first", 0, alone), None
        if workers:
            shutil.copytree(alone, there)
            shutil.copytree(alone, there.with_name("again"))
        plain = _Played(aws, "nothing changed", 1, alone)
        print("\n| call | first | nothing changed |\n| --- | ---: | ---: |")
        for operation in sorted(first.calls | plain.calls, key=lambda one: (-plain.calls[one], one)):
            print(f"| {operation} | {first.calls[operation]:,} | {plain.calls[operation]:,} |")
        if workers:
            print(f"\n{workers} workers of a Dask cluster:\n", flush=True)
            with _cluster(Path(folder), workers) as (unharmed, killing):
                trails = number * len(REGIONS)
                _Played(aws, "nothing changed", 1, there, unharmed, plain)
                _Played(
                    aws, "nothing changed, a worker killed", 1, there.with_name("again"), killing(trails // 2), plain
                )
                _Played(aws, "first, a worker killed", 0, elsewhere, killing(trails * 3 // 2), first)


Visits = Callable[[Iterable[Any]], Iterator[Any]]


class _Played:
    """One night, and its row of the table."""

    def __init__(
        self, aws: FakeAws, name: str, day: int, place: Path, visits: Visits | None = None, like: Any = None
    ) -> None:
        aws.clock(BEGAN + timedelta(days=day))
        aws.forget_calls()
        began = time.perf_counter()
        night = harvest(settings(), Catalog(place), now=BEGAN + timedelta(days=day), elsewhere=visits)
        took = time.perf_counter() - began
        made = aws.calls()
        self.calls = Counter[str]()
        for call in made:
            self.calls[f"{call.service}:{call.operation}"] += call.count
        most = max((call.count, call.operation) for call in made if call.service != "sts")
        self.told = (
            night.envelope.digest,
            [(row.partition, row.status, row.records, row.gaps, row.reason, row.listed_at) for row in night.coverage],
        )
        same = "" if like is None else "yes" if self.told == like.told else "NO"
        row = f"{self.calls.total():,} | {most[1]} {most[0]} | {_told(night)} | {took:,.0f} | {same}"
        print(f"| {name} | {row} |", flush=True)


@contextmanager
def _cluster(folder: Path, number: int) -> Iterator[tuple[Visits, Callable[[int], Visits]]]:
    """A scheduler and so many worker processes: their visits; and those of one night, in which one worker is killed.

    That is done when so many visits came back: trails first, one in each region of an account, and then listings.
    """
    from distributed import Client

    from studbook.harvest.cluster import Cluster

    file = folder / "scheduler.json"
    scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    worker = ["distributed.cli.dask_worker", "--nthreads", "4", "--no-nanny", "--no-dashboard"]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", *words, "--scheduler-file", str(file)], cwd=folder, stderr=(folder / "log").open("a")
        )
        for words in (scheduler, *[worker] * number)
    ]
    try:
        while not file.exists():
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(number)
            with Cluster(address) as workers:

                def killing(after: int) -> Visits:
                    came = itertools.count(1)

                    def visits(orders: Iterable[Any]) -> Iterator[Any]:
                        for each in workers(orders):
                            if next(came) == after:
                                busy = next(name for name, keys in client.processing().items() if keys)
                                os.kill(client.run(os.getpid)[busy], signal.SIGKILL)
                            yield each

                    return visits

                yield workers, killing
    finally:
        for process in started:
            process.kill()
            process.wait()


def build(aws: FakeAws, number: int) -> None:
    """An organisation of so many accounts, a model in each of their regions."""
    aws.clock(BEGAN - timedelta(days=2))
    aws.caller_may("organizations:List*")
    admin = f"arn:aws:iam::{_MANAGEMENT}:role/Admin"
    aws.role(admin)
    client: Any = aws.session(admin).client("organizations", endpoint_url=aws.url, region_name="us-east-1")
    client.create_organization(FeatureSet="ALL")
    made = [_MANAGEMENT]
    for index in range(number - 1):
        asked = {"AccountName": f"account-{index}", "Email": f"root+{index}@example.com"}
        made.append(client.create_account(**asked)["CreateAccountStatus"]["AccountId"])
    for account in made:
        aws.role(reader(account), external_id=EXTERNAL_ID, allow=READER)
        model = {"ModelName": "m", "ExecutionRoleArn": f"arn:aws:iam::{account}:role/x"}
        for region in REGIONS:
            aws.batch(account, region, [("CreateModel", model)])


def settings() -> Settings:
    """All accounts of the organisation, CloudTrail at AWS's own pace, the rest without a brake."""
    return Settings.model_validate(
        {
            "organization": {
                "role_name": reader(_MANAGEMENT).rpartition("/")[2],
                "external_id": EXTERNAL_ID,
                "regions": REGIONS,
            },
            "sources": {
                "cloudtrail": {"enabled": True},
                "organizations": {"rate": 100_000},
                "sagemaker": {"rate": 100_000},
            },
        }
    )


def _told(night: HarvestResult) -> str:
    rows = [row for row in night.coverage if row.source == "sagemaker"]
    status = Counter(row.status for row in rows)
    gaps = sum(len(row.gaps) for row in night.coverage)
    return f"{status['complete']:,} | {status['quiet']:,} | {gaps:,}"


if __name__ == "__main__":
    main()
