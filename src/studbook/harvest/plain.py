"""From what botocore returns to JSON that has one canonical form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from studbook.aws.times import timestamp

_MAX_INTEGER: Final = 2**53 - 1
_JSON: Final = (str, dict, list, int, float, datetime, Decimal, tuple, Mapping)


def plain(value: Any) -> Any:
    """JSON: times as text, no bytes, no streams, no response metadata, numbers that every reader can hold."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is dict:
        return _object(value)
    if kind is list:
        return [item if type(item) is str else plain(item) for item in value if _is_json(item)]
    if isinstance(value, int):
        return value if abs(value) <= _MAX_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value if _is_json(item)]
    if isinstance(value, Decimal):
        return plain(int(value) if value == value.to_integral_value() else float(value))
    raise TypeError(f"{kind.__name__} is no JSON")


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(key): item if type(item) is str else plain(item)
        for key, item in value.items()
        if key != "ResponseMetadata" and _is_json(item)
    }


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, _JSON)
