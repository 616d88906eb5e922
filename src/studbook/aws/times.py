"""Timestamps (ISO 8601, UTC) from AWS's times: `2026-11-22T02:00:00Z`, with milliseconds only where there are some."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_timestamp

from studbook.model.storable import Unfit


def timestamp(value: datetime) -> str:
    """The text of a time; a naive one is UTC."""
    utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    text = utc.isoformat(timespec="seconds")[:19]
    milliseconds = utc.microsecond // 1000
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"


def parsed(value: Any) -> str | Unfit:
    """The same of a time as it is in an answer; for botocore, whose own way through local time costs a fifth more.

    What is no time is Unfit, and costs itself: botocore would refuse the answer that it is in.
    """
    try:
        if isinstance(value, (int, float)):
            return timestamp(datetime.fromtimestamp(value, UTC))
        return timestamp(parse_timestamp(value))
    except (ValueError, TypeError, OverflowError, OSError, RuntimeError):
        return Unfit("is no time")
