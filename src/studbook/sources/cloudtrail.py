"""AWS CloudTrail: who registered, approved, deployed and deleted, from where, and when.

Off until the configuration turns it on. Calls, per region: LookupEvents of SageMaker's events since the last night that
saw this partition whole, 50 a page (90 days on the first night, which is all that it keeps; `limits: {days: N}` asks
for fewer). AWS allows two such calls a second in an account and region. What only reads is not kept, and neither is
what is told by SageMaker itself: of a window the changes of versions, endpoints, components and models are, for ever.

An event is late by up to a quarter of an hour: each window begins an hour before the last one ended, and an event that
comes twice is one. The window's listing is whole, or it is a gap and the next night asks for it again. Where it shows
no write, SageMaker need not be listed (`harvest.quiet`); LookupEvents takes one attribute, so reads come as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from studbook.aws.errors import PART_LOST
from studbook.aws.times import timestamp
from studbook.model import Facts, Kind, Partition, Record
from studbook.model.attributes import at, attributes, computed
from studbook.model.evidence import value_at
from studbook.model.storable import parse_json
from studbook.settings import Settings
from studbook.sources.interface import Grant, Json, Visit, everywhere
from studbook.sources.reading import Reading, member

EVENT: Final = "trail_event"
"""The kind of the records."""
OVERLAP: Final = timedelta(hours=1)
"""Between two windows: by AWS an event comes within a quarter of an hour, mostly."""
EVENTS_KEPT: Final = timedelta(days=90)
"""How far back LookupEvents looks."""
_OF_SAGEMAKER: Final = {"AttributeKey": "EventSource", "AttributeValue": "sagemaker.amazonaws.com"}

Role = Literal["registration", "approval", "deployment", "deletion"]


class _Event(NamedTuple):
    """What an event is to Studbook."""

    role: Role
    kind: Kind
    paths: tuple[str, ...]
    """Below the event: the ARN or the name of what it is about; where one is left out, the next tells."""


_ENDPOINT: Final = ("responseElements.endpointArn", "requestParameters.endpointName")
_COMPONENT: Final = ("responseElements.inferenceComponentArn", "requestParameters.inferenceComponentName")
_EVENTS: Final[Mapping[str, _Event]] = {
    "CreateModelPackage": _Event("registration", "model_package", ("responseElements.modelPackageArn",)),
    "UpdateModelPackage": _Event("approval", "model_package", ("requestParameters.modelPackageArn",)),
    "DeleteModelPackage": _Event("deletion", "model_package", ("requestParameters.modelPackageName",)),
    "CreateEndpoint": _Event("deployment", "endpoint", _ENDPOINT),
    "UpdateEndpoint": _Event("deployment", "endpoint", _ENDPOINT),
    "DeleteEndpoint": _Event("deletion", "endpoint", _ENDPOINT[1:]),
    "CreateInferenceComponent": _Event("deployment", "inference_component", _COMPONENT),
    "UpdateInferenceComponent": _Event("deployment", "inference_component", _COMPONENT),
    "DeleteInferenceComponent": _Event("deletion", "inference_component", _COMPONENT[1:]),
    "DeleteModel": _Event("deletion", "model", ("requestParameters.modelName",)),
}
_KEPT: Final = (
    ("eventTime",),
    ("eventName",),
    ("awsRegion",),
    ("sourceIPAddress",),
    ("userIdentity", "type"),
    ("userIdentity", "arn"),
    ("userIdentity", "invokedBy"),
    ("requestParameters", "modelPackageArn"),
    ("requestParameters", "modelPackageName"),
    ("requestParameters", "modelApprovalStatus"),
    ("requestParameters", "endpointName"),
    ("requestParameters", "endpointConfigName"),
    ("requestParameters", "inferenceComponentName"),
    ("requestParameters", "modelName"),
    ("responseElements", "modelPackageArn"),
    ("responseElements", "endpointArn"),
    ("responseElements", "inferenceComponentArn"),
    ("resources",),
)
"""Of an event; what else a request said (environments, descriptions) is SageMaker's to tell."""
_EVENT_JSON: Final = "CloudTrailEvent"


def _role(record: Record) -> Role | None:
    """What the event did."""
    told = _event_of(record)
    return told.role if told is not None else None


def _event_of(record: Record) -> _Event | None:
    return _EVENTS.get(str(record.body.get("EventName")))


TRAIL: Final = attributes(
    "action",
    "cloudtrail:LookupEvents",
    at("name", "EventName", "What was called."),
    at("created_at", "EventTime", "When it was called."),
    at("event_id", "EventId", "The event's id in CloudTrail."),
    at("actor", (f"{_EVENT_JSON}|userIdentity.arn", f"{_EVENT_JSON}|userIdentity.invokedBy"), "Who called it."),
    at("address", f"{_EVENT_JSON}|sourceIPAddress", "The address, or the AWS service, that it was called from."),
    at("approval", f"{_EVENT_JSON}|requestParameters.modelApprovalStatus", "The approval that it gave or took."),
    computed("type", "trail", "What it did: registration, approval, deployment or deletion.", _role),
)


class CloudTrail:
    """The trail of each region of each account."""

    name = "cloudtrail"
    grants: tuple[Grant, ...] = (Grant("Cloudtrail"),)
    actions = ("cloudtrail:LookupEvents",)
    wave = 1
    follows: tuple[str, ...] = ()

    def plan(self, settings: Settings, records: Iterable[Record]) -> Mapping[Partition, Sequence[str]]:
        """Every region of every account, without targets."""
        return everywhere(self.name, settings)

    def collect(self, visit: Visit) -> None:
        """One window; events of earlier windows stay, for nobody lists them again."""
        for kept in visit.known(EVENT):
            visit.reuse(kept)
        window: dict[str, Any] = {"LookupAttributes": [_OF_SAGEMAKER], "MaxResults": 50}
        if (start := _start(visit)) is not None:
            window["StartTime"] = start
        tokens = {"NextToken": "NextToken"}
        for page in visit.pages("LookupEvents", window, tokens=tokens, items="Events"):
            for event in page["Events"]:
                try:
                    if _writes(event):
                        visit.wrote()
                    _keep(visit, event)
                except PART_LOST as error:
                    visit.gap(error, str(event.get("EventId")) if isinstance(event, Mapping) else None)
        visit.listed(EVENT)

    def scope(self, record: Record) -> str | None:
        return None

    def normalize(self, record: Record) -> Facts:
        """The event as an action, with an edge to what it was done to."""
        reading = Reading(record, "LookupEvents")
        reading.show("action", TRAIL)
        told = _event_of(record)
        if told is None:
            return reading.facts
        for path in (f"{_EVENT_JSON}|{one}" for one in (*told.paths, "resources[0].ARN")):
            named = value_at(record.body, path)
            if isinstance(named, str) and named.startswith("arn:"):
                if (target := reading.named(named, told.kind)) is not None:
                    reading.edge(record.id, target, "associated", path, role=told.role)
                    break
            elif isinstance(named, str) and named:
                reading.by_name(told.kind, named, path, "associated", upstream=False, role=told.role)
                break
        return reading.facts


def window_start(since: str) -> str:
    """When a window begins that goes on from a night, by the time at which that was taken."""
    return timestamp(datetime.fromisoformat(since) - OVERLAP)


def _start(visit: Visit) -> str | None:
    if visit.since is not None:
        return window_start(visit.since)
    days = visit.settings.source("cloudtrail").limits.get("days")
    return timestamp(datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)) if days is not None else None


_UNREAD: Final = re.compile(
    r"(Create|Update|Delete|Start|Stop)(App|Domain|Space|UserProfile|NotebookInstance)(LifecycleConfig)?"
    r"|CreatePresigned(Domain|NotebookInstance|MlflowTrackingServer|MlflowApp)Url"
)
"""Writes to what Studbook never reads: people who open Studio every morning change nothing."""


def _writes(event: Json) -> bool:
    """Whether an event may have changed what a listing shows: all do that do not say that they only read."""
    return event.get("ReadOnly") != "true" and not _UNREAD.fullmatch(str(event.get("EventName")))


def _keep(visit: Visit, event: Json) -> None:
    told = _EVENTS.get(event["EventName"])
    if told is None or event.get("ReadOnly") == "true":
        return
    whole = parse_json(event[_EVENT_JSON])
    if whole.get("errorCode") or (told.role == "approval" and member(whole, *_APPROVAL) is None):
        return
    kept: dict[str, Any] = {}
    for path in _KEPT:
        if (value := member(whole, *path)) is not None:
            part = kept.setdefault(path[0], {}) if len(path) > 1 else kept
            part[path[-1]] = value
    body = {name: event[name] for name in ("EventId", "EventName", "EventTime")}
    body[_EVENT_JSON] = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    account, region, _ = visit.partition
    visit.record(EVENT, f"cloudtrail:{account}/{region}/{event['EventId']}", body, operation="LookupEvents")


_APPROVAL: Final = ("requestParameters", "modelApprovalStatus")
SOURCE: Final = CloudTrail()
