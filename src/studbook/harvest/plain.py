"""From what botocore returns to JSON that has one canonical form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

_MAX_INTEGER: Final = 2**53 - 1


def timestamp(value: datetime) -> str:
    """`2026-11-22T02:00:00Z`, with milliseconds only where there are some. A naive time is UTC."""
    utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    text = utc.strftime("%Y-%m-%dT%H:%M:%S")
    milliseconds = utc.microsecond // 1000
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"


def plain(value: Any) -> Any:
    """JSON: times as text, no bytes, no streams, no response metadata, numbers that every reader can hold."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _MAX_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items() if key != "ResponseMetadata" and _is_json(item)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value if _is_json(item)]
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Decimal):
        return plain(int(value) if value == value.to_integral_value() else float(value))
    raise TypeError(f"{type(value).__name__} is no JSON")


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, (str, bool, int, float, Mapping, list, tuple, datetime, Decimal))
