"""From botocore's values to JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from io import BytesIO

import pytest

from studbook.harvest.plain_json import plain
from studbook.model import canonical

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


class TestPlain:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (NOON, "2026-11-22T12:00:00Z"),
            (NOON.replace(microsecond=123_456), "2026-11-22T12:00:00.123Z"),
            (NOON.replace(microsecond=400), "2026-11-22T12:00:00Z"),
            (NOON.astimezone(timezone(timedelta(hours=2))), "2026-11-22T12:00:00Z"),
            (NOON.replace(tzinfo=None), "2026-11-22T12:00:00Z"),
            (2**60, str(2**60)),
            (float("nan"), "nan"),
            (2.0**60, 2.0**60),
            (Decimal("3"), 3),
            (Decimal("0.5"), 0.5),
            ({"a": b"bytes", "b": BytesIO(), "c": 1}, {"c": 1}),
            ({"ResponseMetadata": {"RequestId": "x"}, "a": [None, True]}, {"a": [None, True]}),
        ],
    )
    def test_values(self, value, expected):
        """Times are UTC text, bytes and metadata are left out, and every number has a canonical form."""
        assert plain(value) == expected
        assert canonical(plain(value))

    def test_whole_numbers(self):
        """`1.0` is kept as RFC 8785 writes it, so that a record is the same read tonight and read back."""
        kept = plain({"InitialVariantWeight": 1.0, "Weights": [0.5, -0.0, 3.0]})

        assert canonical(kept) == b'{"InitialVariantWeight":1,"Weights":[0.5,0,3]}'
        assert [type(weight) for weight in (kept["InitialVariantWeight"], *kept["Weights"])] == [int, float, int, int]
