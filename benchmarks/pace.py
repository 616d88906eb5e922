"""What a harvest makes of a limit: throttled calls, failures and wall time, beside boto3 with as many threads.

    python -m benchmarks pace [JOBS ...]

The demo's AWS lets ten calls a second through for each account, region and service, and ten at once after a rest, as a
token bucket does; the others it throttles. Studbook harvests one account and ten of them, 16 workers each, at the rate
that it has without a configuration (ten), and one whose limit is half of that, for another tool takes the rest. Beside
it boto3 makes the same calls on 16 threads, in each of its modes of retrying. `least` is the time that the limit leaves
to the account with the most calls. JOBS are the training jobs of each account.
What it prints is Markdown, as docs/benchmarks.md has it.
"""

from __future__ import annotations

import os
import tempfile
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
    print(f"\n### {jobs:,} training jobs in each account, {RATE} calls a second allowed\n")
    print("| what | accounts | calls | throttled | failed | seconds | least |")
    print("| --- " + "| ---: " * 6 + "|", flush=True)
    one = ACCOUNTS[:1]
    made = _row(aws, "Studbook", one, RATE, lambda: _studbook(one))
    _row(aws, "Studbook", ACCOUNTS, RATE, lambda: _studbook(ACCOUNTS))
    _row(aws, f"Studbook, {RATE // 2} allowed", one, RATE // 2, lambda: _studbook(one))
    for mode in ("legacy", "standard", "adaptive"):
        _row(aws, f"boto3, {mode}", one, RATE, lambda mode=mode: _boto3(one[0], mode, made))  # type: ignore[misc]


def _row(aws: FakeAws, what: str, accounts: tuple[str, ...], rate: int, run: Callable[[], int]) -> Calls:
    """Runs with full buckets; gives what was called in the first account."""
    aws.heal()
    aws.fault(service="sagemaker", rate=rate)
    aws.forget_calls()
    begun = time.perf_counter()
    failed = run()
    seconds = time.perf_counter() - begun
    throttled = aws.throttled()
    calls = [call for call in aws.calls() if call.service == "sagemaker"]
    each = Counter[str]()
    for call in calls:
        each[call.account] += call.count
    most = max(each.values()) - throttled / len(accounts)
    least = max(0.0, (most - rate) / rate)
    numbers = f"{len(accounts)} | {each.total():,} | {throttled:,} | {failed:,} | {seconds:.0f} | {least:.0f}"
    print(f"| {what} | {numbers} |", flush=True)
    return Counter({call.operation: call.count for call in calls if call.account == accounts[0]})


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
        found = harvest(settings, Catalog(Path(folder)), workers=WORKERS)
    return sum(gap.code != "Skipped" for row in found.coverage for gap in row.gaps)


def _boto3(account: str, mode: Literal["legacy", "standard", "adaptive"], budget: Calls) -> int:
    """As many of the same calls, on as many threads; gives the number of those that were given up."""
    sts = boto3.client("sts", region_name=REGION)
    given = sts.assume_role(RoleArn=reader(account), RoleSessionName="plain", ExternalId=EXTERNAL_ID)["Credentials"]
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=REGION)
    client = session.client("sagemaker", config=Config(retries={"mode": mode}, max_pool_connections=WORKERS))
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
