"""The stage on which the story plays: four accounts, a clock, AWS clients and MLflow."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from datetime import datetime
from typing import Any

from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.demo.cloud.mlflow_server import MlflowServer

DATA, DEV, STAGING, PROD = "111111111111", "222222222222", "333333333333", "444444444444"
ACCOUNTS = {DATA: "data", DEV: "dev", STAGING: "staging", PROD: "prod"}
WEST, EUROPE = "us-west-2", "eu-west-1"
REGIONS = (WEST, EUROPE)

_LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def role(account: str, name: str) -> str:
    """The ARN of a role."""
    return f"arn:aws:iam::{account}:role/{name}"


def hub_name(account: str, region: str = WEST) -> str:
    """The name that the SDK gives an account's own hub: base32hex of a SHA-256, without padding."""
    digest = hashlib.sha256(f"AiRegistry-{region}-{account}".encode()).digest()
    return base64.b32hexencode(digest).decode().rstrip("=")


def content_arn(account: str, kind: str, name: str, version: str, region: str = WEST) -> str:
    """The ARN of a version in an account's own hub."""
    return f"arn:aws:sagemaker:{region}:{account}:hub-content/{hub_name(account, region)}/{kind}/{name}/{version}"


def tags(**given: str) -> list[dict[str, str]]:
    """Tags as most AWS APIs want them."""
    return [{"Key": key.replace("__", ":"), "Value": value} for key, value in given.items()]


def package(source: str) -> bytes:
    """A Lambda deployment package; the same source gives the same bytes."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("handler.py"), source)
    return held.getvalue()


class World:
    """AWS and MLflow as the people in the story use them: each account by a role of its own."""

    def __init__(self, aws: FakeAws, mlflow: MlflowServer) -> None:
        self.aws = aws
        self.mlflow = mlflow
        self._clients: dict[tuple[str, str, str, str], Any] = {}

    def found(self) -> None:
        """Lays the ground: roles, buckets and hubs."""
        for account in ACCOUNTS:
            self.aws.role(role(account, "StudbookReader"), external_id=EXTERNAL_ID, allow=READER)
            self.aws.role(role(account, "DataScience"))
            self.client(account, "iam").create_role(
                RoleName="EvaluatorExecution", AssumeRolePolicyDocument=json.dumps(_LAMBDA_TRUST)
            )

    def client(self, account: str, service: str, region: str = WEST, person: str = "ana") -> Any:
        """A boto3 client with the account's DataScience role, in a person's session."""
        key = (account, service, region, person)
        if key not in self._clients:
            session = self.aws.session(role(account, "DataScience"), name=person)
            self._clients[key] = session.client(service, region_name=region, endpoint_url=self.aws.url)
        return self._clients[key]

    def at(self, moment: str) -> None:
        """The story goes on at that time: `2026-11-12T09:00:00Z`."""
        now = datetime.fromisoformat(moment)
        self.aws.clock(now)
        self.mlflow.clock(now)

    def finish(
        self, arn: str, job: str, start: str, end: str, *, waited: int = 0, status: str = "Completed", **more: Any
    ) -> None:
        """The service's part: a job (`Training`, say) ran from `waited` seconds after `start` until `end`, now."""
        self.at(end)
        if job == "Training":
            more["SecondaryStatus"] = status
        times = {f"{job}StartTime": seconds(start) + waited, f"{job}EndTime": seconds(end)}
        self.aws.fill(arn, **{f"{job}JobStatus": status}, **times, **more)

    def bucket(self, account: str, name: str, *, versioned: bool = False, region: str = WEST) -> None:
        """Creates a bucket."""
        s3 = self.client(account, "s3", region)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        if versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def put(self, account: str, uri: str, text: str) -> None:
        """Writes an object."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.client(account, "s3").put_object(Bucket=bucket, Key=key, Body=text.encode())


def seconds(moment: str) -> float:
    """A time as SageMaker's JSON has it."""
    return datetime.fromisoformat(moment).timestamp()


def step(day: str, name: str, start: str, end: str, **metadata: Any) -> dict[str, Any]:
    """A step that went well, of a pipeline's execution on a day (`YYYY-MM-DD`), between two times (`HH:MM`, UTC)."""
    return {
        "StepName": name,
        "StepStatus": "Succeeded",
        "AttemptCount": 1,
        "StartTime": seconds(f"{day}T{start}:00Z"),
        "EndTime": seconds(f"{day}T{end}:00Z"),
        "Metadata": metadata,
    }


def millis(moment: str) -> int:
    """A time as MLflow has it."""
    return int(seconds(moment) * 1000)
