"""AWS CloudTrail in memory: what was called of SageMaker, by whom, from where; and LookupEvents, as AWS limits it.

Two calls a second in an account and region, 50 events a page, the newest first, one attribute to look up by.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from studbook.demo.cloud.clock import Clock
from studbook.demo.cloud.protocols import ApiError, Asked

Json = dict[str, Any]

_KEPT = 20_000
"""Events of an account and region; AWS keeps those of 90 days."""
_PAGE = 50
_CALLS, _SECOND = 2, 1.0
_ADDRESS = "203.0.113.17"


class CloudTrail:
    """All accounts and regions of one imaginary AWS."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: defaultdict[tuple[str, str], deque[Json]] = defaultdict(lambda: deque(maxlen=_KEPT))
        self._asked: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._numbers: Counter[tuple[str, str, bool]] = Counter()

    def note(self, account: str, called: Asked, *, who: str, asked: Json, said: Json, read: bool) -> None:
        """Keeps what was called; what only reads has no answer in its event."""
        region, operation = called.region, called.operation
        # What a harvest reads comes in any order, and clients add tokens of their own: ids depend on neither.
        self._numbers[account, region, read] += 1
        number = self._numbers[account, region, read]
        told = f"{number} {read} {account} {region} {operation} {self._clock.now.isoformat()}"
        drawn = hashlib.sha256(told.encode()).hexdigest()
        event_id = "-".join((drawn[:8], drawn[8:12], drawn[12:16], drawn[16:20], drawn[20:32]))
        now = self._clock.now
        event = {
            "eventVersion": "1.09",
            "userIdentity": {"type": "AssumedRole", "arn": who, "accountId": account},
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": "sagemaker.amazonaws.com",
            "eventName": operation,
            "awsRegion": region,
            "sourceIPAddress": _ADDRESS,
            "requestParameters": _spelled(asked),
            "responseElements": None if read or not said else _spelled(said),
            "readOnly": read,
            "eventID": event_id,
        }
        self._events[account, region].append(
            {
                "EventId": event_id,
                "EventName": operation,
                "ReadOnly": "true" if read else "false",
                "EventTime": now.timestamp(),
                "EventSource": "sagemaker.amazonaws.com",
                "Username": who.rpartition("/")[2],
                "CloudTrailEvent": json.dumps(event, default=str),
            }
        )

    def call(self, account: str, region: str, operation: str, request: Json) -> Json:
        """Answers LookupEvents, and nothing else."""
        if operation != "LookupEvents":
            raise ApiError("UnknownOperationException", f"The demo's CloudTrail has no {operation}.", 404)
        asked, now = self._asked[account, region], time.monotonic()
        while asked and asked[0] <= now - _SECOND:
            asked.popleft()
        if len(asked) >= _CALLS:
            raise ApiError("ThrottlingException", "Rate exceeded")
        asked.append(now)
        attributes = request.get("LookupAttributes") or []
        size = request.get("MaxResults", _PAGE)
        if len(attributes) > 1 or not 1 <= size <= _PAGE:
            raise ApiError("InvalidLookupAttributesException", "One attribute, and at most 50 results.")
        first, last = (_moment(request.get(name)) for name in ("StartTime", "EndTime"))
        found = [
            event
            for event in reversed(self._events[account, region])
            if all(str(event.get(one["AttributeKey"])) == one["AttributeValue"] for one in attributes)
            and (first is None or event["EventTime"] >= first)
            and (last is None or event["EventTime"] <= last)
        ]
        begin = int(request.get("NextToken") or 0)
        said: Json = {"Events": found[begin : begin + size]}
        if begin + size < len(found):
            said["NextToken"] = str(begin + size)
        return said


def _spelled(value: Any) -> Any:
    """A request or an answer as CloudTrail spells its members: with a small letter first."""
    if isinstance(value, Mapping):
        return {str(name)[:1].lower() + str(name)[1:]: _spelled(item) for name, item in value.items()}
    return [_spelled(item) for item in value] if isinstance(value, list) else value


def _moment(value: Any) -> float | None:
    if value is None or isinstance(value, int | float):
        return value
    return datetime.fromisoformat(str(value)).timestamp()
