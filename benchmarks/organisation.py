"""What a night without news costs an organisation: calls by operation, where CloudTrail tells what need not be listed.

    python -m benchmarks organisation [ACCOUNTS]

500 accounts with four regions each, if it is not said, found by AWS Organizations, with a model in every region: none
is one of those that are asked once a week. The first night lists everything. On the next nothing has changed: what is
printed is what that costs, the share of partitions that is listed whatever the events say included. The demo's
CloudTrail refuses a third call of an account and region within a second, as AWS does; a refused call would be made, and
counted, again. A bucket of calls is AWS's for one operation in one account and region: the second column has the one
that was asked most. What it prints is Markdown.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.estate import reader

from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.harvest.run import Harvested, harvest
from studbook.settings import Settings
from studbook.store import Catalog

ACCOUNTS = 500
REGIONS = ("us-west-2", "us-east-1", "eu-west-1", "eu-central-1")
BEGAN = datetime(2026, 11, 2, 2, tzinfo=UTC)
_MANAGEMENT = "000000000000"


def main(arguments: list[str] | None = None) -> None:
    """Print the calls of both nights."""
    number = int((arguments or [str(ACCOUNTS)])[0])
    with tempfile.TemporaryDirectory() as folder, FakeAws() as aws:
        os.environ.update(aws.environment())
        build(aws, number)
        print(f"\n### {number:,} accounts x {len(REGIONS)} regions\n")
        print("| night | calls | most of one bucket | listed whole | quiet | gaps | seconds |")
        print("| --- | ---: | --- | ---: | ---: | ---: | ---: |")
        asked: list[Counter[str]] = []
        for day, name in enumerate(("first", "nothing changed")):
            aws.clock(BEGAN + timedelta(days=day))
            aws.forget_calls()
            began = time.perf_counter()
            night = harvest(settings(), Catalog(Path(folder)), now=BEGAN + timedelta(days=day))
            took = time.perf_counter() - began
            calls: Counter[str] = Counter()
            made = aws.calls()
            for call in made:
                calls[f"{call.service}:{call.operation}"] += call.count
            asked.append(calls)
            most = max((call.count, call.operation) for call in made if call.service != "sts")
            print(f"| {name} | {calls.total():,} | {most[1]} {most[0]} | {_told(night)} | {took:,.0f} |", flush=True)
    print("\n| call | first | nothing changed |\n| --- | ---: | ---: |")
    for operation in sorted(asked[0] | asked[1], key=lambda one: (-asked[1][one], one)):
        print(f"| {operation} | {asked[0][operation]:,} | {asked[1][operation]:,} |")


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


def _told(night: Harvested) -> str:
    rows = [row for row in night.coverage if row.source == "sagemaker"]
    status = Counter(row.status for row in rows)
    gaps = sum(len(row.gaps) for row in night.coverage)
    return f"{status['complete']:,} | {status['quiet']:,} | {gaps:,}"


if __name__ == "__main__":
    main()
