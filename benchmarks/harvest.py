"""What a harvest costs: calls, CPU and memory, on the first night, an unchanged one, and one with 1 % changed.

    python -m benchmarks harvest [JOBS ...]

The estate (benchmarks/estate.py) lives in the demo's AWS, a process of its own; the harvest is the real one, boto3 over
HTTP. Each night runs in a fresh process, so that its CPU and peak memory are its own. Then the calls of the first night
are made again by boto3 alone, one after the other, its answers thrown away: that is what a harvest cannot avoid.
`least` is `minimum`: the fewest calls that the sources promise. `reading` is the CPU until the last partition was read.
What it prints is Markdown, as docs/benchmarks.md has it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from math import ceil
from pathlib import Path
from typing import Any

import boto3
from benchmarks.estate import READER_ROLE, REGION, Sizes, build, change, settings

from studbook.demo.cloud.aws import EXTERNAL_ID, FakeAws
from studbook.harvest.run import NoProgress, harvest
from studbook.model import Coverage
from studbook.sources.interface import anywhere
from studbook.sources.sagemaker import RESOURCES
from studbook.store import Catalog

SIZES = (2_000, 8_000, 100_000)


def main(arguments: list[str] | None = None) -> None:
    """Print a table for each size."""
    for jobs in [int(size) for size in arguments or ()] or SIZES:
        _measure(Sizes.of(jobs))


def minimum(sizes: Sizes, after: Sizes) -> dict[str, int]:
    """The fewest calls that the sources' docstrings promise, by night; `after` are the sizes after the change.

    Listings: 100 a page, one page for a type without any. Search: packages every night, the rest on the
    first. One description for each serverless job and each group, two calls for each endpoint configuration.
    """
    first = _listing(sizes) + sum(_pages(sizes)) + 1 + sizes.serverless + sizes.groups + 2 * sizes.endpoints
    new = [now - before for now, before in zip(_counts(after), _counts(sizes), strict=True)]
    searches = sum(ceil(number / 100) for number in new)
    changed = _listing(after) + searches + after.serverless - sizes.serverless + 2 * new[-1]
    return {"first": first, "unchanged": _listing(sizes), "1 % changed": changed}


def _counts(sizes: Sizes) -> tuple[int, int, int]:
    return sizes.jobs, sizes.models, sizes.endpoints


def _pages(sizes: Sizes) -> list[int]:
    return [ceil(number / 100) for number in _counts(sizes)]


def _listing(sizes: Sizes) -> int:
    """An unchanged night."""
    packages = max(1, ceil(sizes.packages / 100))
    filled = {"training_job", "model", "endpoint", "endpoint_config", "model_package_group", "model_package"}
    empty = sum(
        len(resource.listing.variants)
        for resource in RESOURCES
        if resource.kind not in filled and resource.listing.parent is None and resource.where is anywhere
    )
    pages = _pages(sizes)
    listings = sum(pages) + pages[-1] + 1 + packages + empty  # the configurations like the endpoints; the groups
    return listings + ceil(sizes.packages / 100) + 1  # AssumeRole


def _measure(sizes: Sizes) -> None:
    with tempfile.TemporaryDirectory() as folder, FakeAws() as aws:
        environment = {**os.environ, **aws.environment()}
        build(aws, sizes)
        rows: dict[str, dict[str, Any]] = {}
        after = sizes
        for night in ("first", "unchanged", "1 % changed"):
            if night == "1 % changed":
                after = change(aws, sizes)
            aws.forget_calls()
            rows[night] = _run(environment, "night", folder)
            rows[night]["calls"] = {call.operation: call.count for call in aws.calls()}
        plain = _run(environment, "plain", json.dumps(rows["first"]["calls"]))
    _print(sizes, rows, plain, minimum(sizes, after))


def _run(environment: dict[str, str], what: str, argument: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.harvest", f"--{what}", argument]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _print(sizes: Sizes, rows: dict[str, dict[str, Any]], plain: dict[str, Any], least: dict[str, int]) -> None:
    print(f"\n### {sizes.jobs:,} training jobs, {sizes.records:,} records\n")
    print(f"boto3 alone, the first night's calls: {plain['calls']:,} calls, {plain['cpu']:.1f} s of CPU.\n")
    print("| night | calls | least | CPU, reading | CPU, all | reading : boto3 | all : boto3 | peak memory |")
    print("| --- " + "| ---: " * 7 + "|")
    for night, row in rows.items():
        ratios = [f"{row[part] / plain['cpu']:.2f}" if night == "first" else "" for part in ("reading", "cpu")]
        spent = [f"{row['reading']:.1f} s", f"{row['cpu']:.1f} s", *ratios, f"{row['peak']:,.0f} MB"]
        calls = [f"{sum(row['calls'].values()):,}", f"{least[night]:,}"]
        print(f"| {' | '.join([night, *calls, *spent])} |")
    print("\n| call | " + " | ".join(rows) + " |")
    print("| --- " + "| ---: " * len(rows) + "|", flush=True)
    for operation in sorted({name for row in rows.values() for name in row["calls"]}):
        counts = [row["calls"].get(operation, 0) for row in rows.values()]
        if max(counts) > 1:
            print(f"| {operation} | {' | '.join(f'{count:,}' for count in counts)} |", flush=True)


def _night(folder: str) -> dict[str, Any]:
    reading = _Reading()
    wall, cpu = time.perf_counter(), time.process_time()
    harvest(settings(), Catalog(Path(folder)), progress=reading)
    return {**_spent(wall, cpu), "reading": reading.until - cpu}


class _Reading(NoProgress):
    """Notes when the last partition was read; what follows is lineage and the store."""

    until = 0.0

    def finished(self, coverage: Coverage) -> None:
        self.until = time.process_time()


def _plain(calls: str) -> dict[str, Any]:
    """The same number of the same calls: every page and every description of what the pages show."""
    budget = Counter(json.loads(calls))
    wall, cpu = time.perf_counter(), time.process_time()
    sts = boto3.client("sts", region_name=REGION)
    given = sts.assume_role(RoleArn=READER_ROLE, RoleSessionName="plain", ExternalId=EXTERNAL_ID)["Credentials"]
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=REGION)
    client = session.client("sagemaker")
    made = 1

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        nonlocal made
        made += 1
        budget[operation] -= 1
        answer: dict[str, Any] = client._make_api_call(operation, request)
        return answer

    def pages(operation: str, request: dict[str, Any], items: str) -> list[dict[str, Any]]:
        found, following = [], {}
        while budget[operation] > 0:
            page = call(operation, {**request, **following, "MaxResults": 100})
            found += page[items]
            if "NextToken" not in page:
                break
            following = {"NextToken": page["NextToken"]}
        return found

    for found in RESOURCES:
        listing = found.listing
        if listing.parent is not None:
            continue
        summaries = [
            summary
            for variant in listing.variants
            for summary in pages(listing.operation, {**listing.params, **variant}, listing.items)
        ]
        if summaries and found.bulk is not None:
            pages(found.bulk.operation, dict(found.bulk.params), found.bulk.items)
        for summary in summaries:
            if found.describe is None or budget[found.describe.operation] <= 0:
                break
            body = call(found.describe.operation, dict(found.describe.params(summary)))
            for detail in found.details:
                if budget[detail.operation] > 0:
                    call(detail.operation, dict(detail.params(body)))
    return {**_spent(wall, cpu), "calls": made}


def _spent(wall: float, cpu: float) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--night", folder]:
            print(json.dumps(_night(folder)))
        case ["--plain", calls]:
            print(json.dumps(_plain(calls)))
        case sizes:
            main(sizes)
