"""One way to write JSON, so that equal values have equal bytes and one digest (RFC 8785)."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """The canonical JSON bytes of a JSON value.

    Raises ValueError for NaN, infinities, and integers beyond 2**53 - 1.
    """
    return rfc8785.dumps(value)


def digest(data: bytes) -> str:
    """`sha256:` and the hex digest of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()
