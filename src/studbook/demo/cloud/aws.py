"""FakeAws: the demo's AWS in a process of its own, started, steered and stopped from here.

A real HTTP server, so that boto3, its retries and its paginators are the real ones: AWS_ENDPOINT_URL points at it. In
another process, because moto's state is global to one and because the harvest should have this one for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3

from studbook.demo.cloud.served import Served
from studbook.demo.cloud.server import CALLER_KEY

EXTERNAL_ID = "studbook-demo"
READER = ("List*", "Describe*", "Get*", "BatchDescribe*", "Search", "Lookup*", "AssumeRole", "Head*")
"""What a reader's role may do, as globs over operations."""


@dataclass(frozen=True, slots=True)
class Calls:
    """How often one operation was called."""

    account: str
    region: str
    service: str
    operation: str
    count: int


class FakeAws(Served):
    """The running server, as a context manager."""

    def __init__(self, port: int = 0) -> None:
        super().__init__("studbook.demo.cloud.server", str(port))
        self._sessions: dict[str, boto3.Session] = {}

    def environment(self) -> dict[str, str]:
        """What a caller's environment needs: the address and the CI user's own key."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": CALLER_KEY,
            "AWS_SECRET_ACCESS_KEY": "of-the-demo",
            "AWS_DEFAULT_REGION": "us-west-2",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    # Steering

    def reset(self) -> None:
        """Everything is as at the start: nothing is there, nobody may do anything, and the clock begins anew."""
        self._http.delete(f"{self.url}/_studbook/all", timeout=60).raise_for_status()
        self._sessions.clear()

    def clock(self, now: datetime) -> None:
        """Moves the time. Ids of what happens next follow from it, so no two acts of a story share a time."""
        self._post("clock", {"now": now.isoformat()})

    def fill(self, arn: str, **members: Any) -> None:
        """Sets members that SageMaker or Bedrock itself fills in a record: statuses, OutputModelPackageArn, ..."""
        self._post("fill", {"arn": arn, "members": members})

    def batch(self, account: str, region: str, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Makes SageMaker calls, (operation, request) each, all at once: for estates of many thousand resources."""
        self._post("batch", {"account": account, "region": region, "calls": list(calls)})

    def role(self, arn: str, *, external_id: str | None = None, allow: tuple[str, ...] = ("*",)) -> None:
        """Lets a role be assumed: with that external id, to do what matches the globs."""
        self._post("roles", {"arn": arn, "external_id": external_id, "allow": list(allow)})

    def caller_may(self, *allow: str) -> None:
        """Lets the caller's own credentials do what matches the globs (`organizations:List*`), and assume roles."""
        self._post("caller", {"allow": allow})

    def expire_sessions(self) -> None:
        """Every session given out so far is refused from now on."""
        self._http.delete(f"{self.url}/_studbook/sessions", timeout=60).raise_for_status()
        self._sessions.clear()

    def calls(self) -> list[Calls]:
        """What was called since the start or `forget_calls`, sorted."""
        answer = self._http.get(f"{self.url}/_studbook/calls", timeout=60)
        answer.raise_for_status()
        return [Calls(*item) for item in answer.json()]

    def throttled(self) -> int:
        """How many calls a fault's `rate` has refused since `heal`."""
        answer = self._http.get(f"{self.url}/_studbook/throttled", timeout=60)
        answer.raise_for_status()
        return int(answer.json())

    def forget_calls(self) -> None:
        """Starts the counts anew."""
        self._http.delete(f"{self.url}/_studbook/calls", timeout=60).raise_for_status()

    # Clients

    def caller(self) -> boto3.Session:
        """The CI user, who may do nothing but assume roles."""
        return boto3.Session(CALLER_KEY, "of-the-demo", region_name="us-west-2")

    def session(self, role_arn: str, *, external_id: str | None = None, name: str = "demo") -> boto3.Session:
        """A session of that role under a name, by a real AssumeRole; one for each role and name."""
        key = f"{role_arn}/{name}"
        if key not in self._sessions:
            asked: dict[str, Any] = {"RoleArn": role_arn, "RoleSessionName": name}
            if external_id:
                asked["ExternalId"] = external_id
            sts = self.caller().client("sts", endpoint_url=self.url)
            given = sts.assume_role(**asked)["Credentials"]
            self._sessions[key] = boto3.Session(
                given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name="us-west-2"
            )
        return self._sessions[key]
