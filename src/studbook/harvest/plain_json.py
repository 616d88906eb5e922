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
    if isinstance(value, (list, tuple)):
        return [item if type(item) is str else plain(item) for item in value if _is_json(item)]
    if isinstance(value, int):
        return value if abs(value) <= _MAX_INTEGER else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        # As RFC 8785 writes it; a record with a whole number in it would else be none for the fast encoder.
        return int(value) if value.is_integer() and abs(value) <= _MAX_INTEGER else value
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, Decimal):
        return plain(int(value) if value == value.to_integral_value() else float(value))
    raise TypeError(f"{kind.__name__} is no JSON")


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Goes through every member of every answer, hence the shortcuts."""
    said = {}
    for key, item in value.items():
        kind = type(item)
        if kind is str or kind is bool or item is None:
            found = item
        elif kind is dict:
            found = _object(item)
        elif _is_json(item):
            found = plain(item)
        else:
            continue
        said[key if type(key) is str else str(key)] = found
    said.pop("ResponseMetadata", None)
    return said


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, _JSON)
