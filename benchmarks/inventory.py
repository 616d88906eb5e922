"""What a huge prefix costs that is told by S3 Inventory: processor, peak memory and disk of a night, and its calls.

    python -m benchmarks inventory [OBJECTS ...]

The report is made up: the objects that it names lie nowhere, for nobody asks for them. The night runs in a process of
its own; `disk` is by how much the file system of TMPDIR had less room at the most, looked at ten times a second, so
that whatever else writes there meanwhile is in it. What it prints is Markdown.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from studbook.demo.cloud.aws import FakeAws
from studbook.demo.cloud.inventory import manifest_json
from studbook.harvest.run import harvest
from studbook.settings import Settings
from studbook.store import Catalog

SIZES = (100_000, 1_000_000)
ACCOUNT, BUCKET, REPORTS = "111111111111", "frames", "inventory-reports"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"
AT = datetime(2026, 11, 20, 2, tzinfo=UTC)
FOLDER = f"{BUCKET}/daily"
COLUMNS = ("Bucket", "Key", "Size", "LastModifiedDate", "ETag")
PER_FILE = 250_000


def main(arguments: list[str] | None = None) -> None:
    """Print a row for each size."""
    print("| objects | CPU s | peak MB | disk MB | of it each, bytes | report MB | calls of S3 |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for number in [int(one) for one in arguments or ()] or SIZES:
        with tempfile.TemporaryDirectory() as folder, FakeAws() as aws:
            os.environ.update(aws.environment())
            reported = deliver(aws, number)
            aws.forget_calls()
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                free = least = shutil.disk_usage(folder).free
                waiting = pool.submit(night, folder)
                while not waiting.done():
                    least = min(least, shutil.disk_usage(folder).free)
                    time.sleep(0.1)
                seconds, peak, objects = waiting.result()
            assert objects == number, objects
            calls = sum(call.count for call in aws.calls() if call.service == "s3")
            disk = free - least
            told = f"{seconds:.1f} | {peak / 2**20:.0f} | {disk / 2**20:.0f} | {disk / number:.0f}"
            print(f"| {number:,} | {told} | {reported / 2**20:.1f} | {calls} |", flush=True)


def deliver(aws: FakeAws, number: int) -> int:
    """Puts a report of so many objects where S3 would; gives the bytes of its files."""
    aws.clock(AT - timedelta(days=1))
    aws.role(ROLE)
    s3 = aws.session(ROLE).client("s3", endpoint_url=aws.url)
    for name in (BUCKET, REPORTS):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    configuration = {
        "Id": "daily",
        "IsEnabled": True,
        "IncludedObjectVersions": "Current",
        "Schedule": {"Frequency": "Daily"},
        "Destination": {"S3BucketDestination": {"Bucket": f"arn:aws:s3:::{REPORTS}", "Format": "CSV"}},
        "OptionalFields": list(COLUMNS[2:]),
    }
    s3.put_bucket_inventory_configuration(Bucket=BUCKET, Id="daily", InventoryConfiguration=configuration)
    files: list[dict[str, Any]] = []
    for first in range(0, number, PER_FILE):
        raw = gzip.compress("".join(rows(first, min(first + PER_FILE, number))).encode(), 1, mtime=0)
        key = f"{FOLDER}/data/{first}.csv.gz"
        s3.put_object(Bucket=REPORTS, Key=key, Body=raw)
        files.append({"key": key, "size": len(raw), "MD5checksum": hashlib.md5(raw).hexdigest()})
    manifest = manifest_json(BUCKET, AT, "CSV", COLUMNS, files)
    dated = f"{FOLDER}/{AT:%Y-%m-%dT%H-%MZ}"
    s3.put_object(Bucket=REPORTS, Key=f"{dated}/manifest.json", Body=manifest)
    checksum = hashlib.md5(manifest).hexdigest().encode()
    s3.put_object(Bucket=REPORTS, Key=f"{dated}/manifest.checksum", Body=checksum)
    return sum(int(one["size"]) for one in files)


def rows(first: int, end: int) -> Iterator[str]:
    """Lines of a report, in no order of their keys."""
    for number in range(first, end):
        name = hashlib.md5(str(number).encode()).hexdigest()
        key = f"run-{name[:3]}/frame-{name[3:15]}.parquet"
        yield f'"{BUCKET}","{key}","{number % 9_000_000}","2026-11-{number % 18 + 1:02d}T00:00:00.000Z","{name}"\n'


def night(folder: str) -> tuple[float, int, int]:
    """A night of one dataset: seconds of processor, peak memory in bytes, and how many objects it found."""
    place = f"s3://{REPORTS}/{FOLDER}/"
    settings = Settings.model_validate(
        {
            "accounts": [{"id": ACCOUNT, "regions": ["us-west-2"], "role_arn": ROLE}],
            "datasets": [{"uri": f"s3://{BUCKET}/", "name": "frames", "account": ACCOUNT, "inventory": place}],
            "sources": {name: {"enabled": False} for name in ("sagemaker", "lambda", "fsx", "mlflow")},
        }
    )
    catalog = Catalog(Path(folder))
    harvest(settings, catalog, now=AT + timedelta(hours=1))
    used = resource.getrusage(resource.RUSAGE_SELF)
    (state,) = [one for one in catalog.assets(catalog.resolve("latest")) if one.kind == "dataset_version"]
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, int(state.attributes["objects"])
