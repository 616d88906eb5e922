"""How SageMaker's lists and Search choose, sort and cut: filters before a page is cut and after it, and tokens."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from studbook.demo.cloud.protocols import ApiError

Json = dict[str, Any]

_BEFORE_PAGING = {
    "HubContentType": ("HubContentType",),
    "HubContentName": ("HubContentName",),
    "JobCategory": ("JobCategory",),
    "PipelineName": ("PipelineName",),
    "SourceArn": ("SourceArn",),
    "DestinationArn": ("DestinationArn",),
    "SourceType": ("SourceType",),
    "DestinationType": ("DestinationType",),
    "AssociationType": ("AssociationType",),
    "ArtifactType": ("ArtifactType",),
    "ActionType": ("ActionType",),
    "ContextType": ("ContextType",),
    "SourceUri": ("Source", "SourceUri"),
    "ModelApprovalStatus": ("ModelApprovalStatus",),
    "EndpointNameEquals": ("EndpointName",),
    "VariantNameEquals": ("VariantName",),
    "ModelCardName": ("ModelCardName",),
    "Status": ("Status",),
    "TrackingServerStatus": ("TrackingServerStatus",),
}
"""Request members of lists that must equal a member of the record: indexed, so a page is cut after them."""


def _status(record: Json) -> str | None:
    return next((v for k, v in record.items() if k.endswith("Status") and not k.startswith("Secondary")), None)


def order(request: Json, name: str) -> Callable[[Json], Any]:
    """What a list sorts by; `name` is the member that holds a record's name. Equals stay in order of creation."""
    by = request.get("SortBy", "CreationTime")
    if by in ("Name", "HubName", "HubContentName"):
        return lambda record: (str(record.get(name, "")),)
    if by == "LastModifiedTime":
        return lambda record: (record.get("LastModifiedTime", 0), str(record.get(name, "")))
    return lambda record: (record.get("CreationTime", record.get("StartTime", 0)),)


def before_paging(record: Json, request: Json, name: str) -> bool:
    """Whether a record is among those that are cut into pages."""
    for member, path in _BEFORE_PAGING.items():
        if request.get(member) is not None:
            value: Any = record
            for part in path:
                value = value.get(part) if isinstance(value, dict) else None
            if value != request[member]:
                return False
    named = str(record.get(name, ""))
    if request.get("NameContains", "") not in named or not named.startswith(request.get("PipelineNamePrefix", "")):
        return False
    created: float = record.get("CreationTime", 0)
    after = request.get("CreationTimeAfter", request.get("CreatedAfter"))
    before = request.get("CreationTimeBefore", request.get("CreatedBefore"))
    return not (after is not None and created <= after) and not (before is not None and created >= before)


def after_paging(record: Json, request: Json) -> bool:
    """Whether a record of a page is shown. AWS looks at these only now, so a page may come out empty."""
    if request.get("StatusEquals") and _status(record) != request["StatusEquals"]:
        return False
    modified: float = record.get("LastModifiedTime", 0)
    after, before = request.get("LastModifiedTimeAfter"), request.get("LastModifiedTimeBefore")
    return not (after is not None and modified <= after) and not (before is not None and modified >= before)


def matches(record: Json, condition: Json) -> bool:
    """Whether a record with its Tags meets one filter of a SearchExpression."""
    name, operator, wanted = condition["Name"], condition.get("Operator", "Equals"), condition.get("Value")
    if name.startswith("Tags."):
        tags = {tag["Key"]: tag["Value"] for tag in record["Tags"]}
        value: Any = tags.get(name[5:])
    else:
        value = record.get(name)
    if operator in ("Exists", "NotExists"):
        return bool((value is not None) == (operator == "Exists"))
    if value is None or wanted is None:
        return bool(operator == "NotEquals")
    if operator in ("GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"):
        number = datetime.fromisoformat(wanted).timestamp() if "-" in str(wanted) else float(wanted)
        if value == number:
            return bool(operator.endswith("OrEqualTo"))
        return bool((value > number) == operator.startswith("Greater"))
    if operator == "Contains":
        return str(wanted) in str(value)
    return bool((str(value) == wanted) == (operator != "NotEquals"))


def token(operation: str, request: Json, start: int) -> str:
    """The NextToken after which a list goes on; it is good for the same request alone."""
    return base64.urlsafe_b64encode(json.dumps([operation, start, fingerprint(request)]).encode()).decode()


def offset(operation: str, request: Json) -> int:
    """Where the page begins. Raises ApiError for a token that is another request's."""
    if not request.get("NextToken"):
        return 0
    try:
        asked, start, mark = json.loads(base64.urlsafe_b64decode(request["NextToken"]))
    except ValueError:
        raise ApiError("ValidationException", "Invalid NextToken.") from None
    if asked != operation or mark != fingerprint(request):
        raise ApiError("ValidationException", "NextToken belongs to another request.")
    return int(start)


def fingerprint(request: Json) -> str:
    """What two pages of one listing have in common."""
    rest = {key: value for key, value in sorted(request.items()) if key not in ("NextToken", "MaxResults")}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()[:16]
