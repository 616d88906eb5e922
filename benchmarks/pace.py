"""What a harvest makes of limits: throttled calls, its own and those of a client beside it, failures and wall time.

    python -m benchmarks pace [JOBS ...]

The demo's AWS has a token bucket for each operation of an account and region: two calls a second of ListTrainingJobs,
ten of every other, and as many at once after a rest; what is above is throttled. A second client, the account's
production, lists and describes training jobs all the while at half of those limits. Studbook harvests one account and
ten of them at the pace that it learns by itself, 16 workers each, and one whose limits are half as high. Beside it
boto3 makes the same calls on 16 threads, in each of its modes of retrying. `theirs` are the second client's throttled
calls, of those that it made. JOBS are the training jobs of each account. What it prints is Markdown, as
docs/benchmarks.md has it.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import boto3
from benchmarks.estate import REGION, Sizes, build, reader
from botocore.config import Config
from botocore.exceptions import ClientError

from studbook.demo.cloud.aws import EXTERNAL_ID, FakeAws
from studbook.harvest.run import harvest
from studbook.settings import Settings
from studbook.sources.sagemaker import RESOURCES
from studbook.store import Catalog

SIZES = (1_000,)
WORKERS = 16
RATE = 10
ACCOUNTS = tuple(f"{number:012}" for number in range(111_122_223_333, 111_122_223_343))

Calls = Counter[str]


def main(arguments: list[str] | None = None) -> None:
    """Print a table for each size."""
    for jobs in [int(size) for size in arguments or ()] or SIZES:
        with FakeAws() as aws:
            os.environ.update(aws.environment())
            for account in ACCOUNTS:
                build(aws, Sizes.of(jobs), account)
            _measure(aws, jobs)


def _measure(aws: FakeAws, jobs: int) -> None:
    print(f"\n### {jobs:,} training jobs in each account\n")
    print("| what | accounts | calls | throttled | theirs | failed | seconds |")
    print("| --- " + "| ---: " * 6 + "|", flush=True)
    one = ACCOUNTS[:1]
    made = _row(aws, "Studbook", one, RATE, lambda: _studbook(one))
    _row(aws, "Studbook", ACCOUNTS, RATE, lambda: _studbook(ACCOUNTS))
    _row(aws, f"Studbook, {RATE // 2} allowed", one, RATE // 2, lambda: _studbook(one))
    for mode in ("legacy", "standard", "adaptive"):
        _row(aws, f"boto3, {mode}", one, RATE, lambda mode=mode: _boto3(one[0], mode, made))  # type: ignore[misc]


def _row(aws: FakeAws, what: str, accounts: tuple[str, ...], rate: int, run: Callable[[], int]) -> Calls:
    """Runs with full buckets; gives what was called in the first account, without the second client's calls."""
    aws.heal()
    aws.fault(service="sagemaker", operation="ListTrainingJobs", rate=rate / 5)
    aws.fault(service="sagemaker", rate=rate)
    aws.forget_calls()
    with Production(accounts[0], rate) as production:
        begun = time.perf_counter()
        failed = run()
        seconds = time.perf_counter() - begun
    each = Counter[str]()
    first = Counter[str]()
    for call in aws.calls():
        if call.service == "sagemaker":
            each[call.account] += call.count
            if call.account == accounts[0]:
                first[call.operation] += call.count
    theirs = production.calls
    throttled = aws.throttled() - production.throttled
    numbers = f"{len(accounts)} | {each.total() - theirs.total():,} | {throttled:,}"
    refused = f"{production.throttled:,} of {theirs.total():,}"
    print(f"| {what} | {numbers} | {refused} | {failed:,} | {seconds:.0f} |", flush=True)
    return first - theirs


class Production:
    """The second client: two threads that use half of the limits of two operations, until the block ends."""

    def __init__(self, account: str, rate: int) -> None:
        self.calls, self.throttled = Calls(), 0
        self._account, self._end = account, threading.Event()
        self._threads = [
            threading.Thread(target=self._use, args=("ListTrainingJobs", {"MaxResults": 1}, rate / 10)),
            threading.Thread(target=self._use, args=("DescribeTrainingJob", {"TrainingJobName": "none"}, rate / 2)),
        ]

    def __enter__(self) -> Production:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _use(self, operation: str, request: dict[str, Any], rate: float) -> None:
        client = _client(self._account, Config(retries={"total_max_attempts": 1}))
        while not self._end.wait(1 / rate):
            self.calls[operation] += 1
            try:
                client._make_api_call(operation, request)
            except ClientError as error:
                self.throttled += error.response["Error"]["Code"] == "ThrottlingException"


def _client(account: str, config: Config) -> Any:
    sts = boto3.client("sts", region_name=REGION)
    given = sts.assume_role(RoleArn=reader(account), RoleSessionName="plain", ExternalId=EXTERNAL_ID)["Credentials"]
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=REGION)
    return session.client("sagemaker", config=config)


def _studbook(accounts: tuple[str, ...]) -> int:
    """A first night; gives the number of gaps."""
    settings = Settings.model_validate(
        {
            "accounts": [
                {"id": one, "regions": [REGION], "role_arn": reader(one), "external_id": EXTERNAL_ID}
                for one in accounts
            ],
            "sources": {"sagemaker": {"workers": WORKERS}},
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        found = harvest(settings, Catalog(Path(folder)))
    return sum(gap.code != "Skipped" for row in found.coverage for gap in row.gaps)


def _boto3(account: str, mode: Literal["legacy", "standard", "adaptive"], budget: Calls) -> int:
    """As many of the same calls, on as many threads; gives the number of those that were given up."""
    client = _client(account, Config(retries={"mode": mode}, max_pool_connections=WORKERS))
    left = Counter(budget)
    failed: list[ClientError] = []

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = client._make_api_call(operation, request)
        except ClientError as error:
            failed.append(error)
            return {}
        return answer

    def pages(operation: str, request: dict[str, Any], items: str) -> list[dict[str, Any]]:
        found, following = [], {}
        while True:
            page = call(operation, {**request, **following, "MaxResults": 100})
            found += page.get(items, [])
            if "NextToken" not in page:
                return found
            following = {"NextToken": page["NextToken"]}

    tops = [resource for resource in RESOURCES if resource.listing.parent is None]
    with ThreadPoolExecutor(WORKERS) as pool:
        listed = [
            [
                pool.submit(pages, found.listing.operation, {**found.listing.params, **variant}, found.listing.items)
                for variant in found.listing.variants
            ]
            for found in tops
        ]
        for found, several in zip(tops, listed, strict=True):
            summaries = [summary for each in several for summary in each.result()]
            if summaries and found.bulk is not None:
                pool.submit(pages, found.bulk.operation, dict(found.bulk.params), found.bulk.items)
            for summary in summaries if found.describe is not None else ():
                request = dict(found.describe.params(summary))  # type: ignore[union-attr]
                operation = found.describe.operation  # type: ignore[union-attr]
                if left[operation] > 0:
                    left[operation] -= 1
                    pool.submit(call, operation, request)
                for detail in found.details:
                    if left[detail.operation] > 0 and detail.operation == "ListTags":
                        left[detail.operation] -= 1
                        pool.submit(call, detail.operation, {"ResourceArn": found.identify(summary)})
    return len(failed)
