"""Denied is never gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studbook.harvest.merge import merge
from studbook.model import Record


def record(name: str, kind: str = "model", created: str = "2026-01-01T00:00:00Z", **more) -> Record:
    fields = {"source": "sagemaker", "account": "1", "region": "r", "revision": "a", "body": {"CreationTime": created}}
    return Record(kind=kind, id=name, **{**fields, **more})


def keyed(*records: Record) -> dict[tuple[str, str], Record]:
    return {(found.kind, found.id): found for found in records}


def merged(known, seen, complete=(), undescribed=(), number=7):
    return merge(
        known, seen, complete=set(complete), undescribed=set(undescribed), scope=lambda found: "scope", number=number
    )


class TestMerge:
    @pytest.mark.parametrize(
        ("complete", "expected"),
        [
            ([("model", None)], (None, 7)),
            ([("model", "scope")], (None, 7)),
            ([("model", "other scope")], (7, None)),
            ([("endpoint", None)], (7, None)),
            ([], (7, None)),
        ],
    )
    def test_gone_needs_a_complete_listing(self, complete, expected):
        """Only a complete listing of its kind, or of its part of it, makes a missing record gone; else it is stale."""
        (found,) = merged(keyed(record("m")), {}, complete)

        assert (found.stale_since, found.gone_since) == expected

    def test_stale_keeps_its_first_night(self):
        """Since when something is unseen does not move from night to night."""
        (found,) = merged(keyed(record("m", stale_since=4)), {})

        assert found.stale_since == 4

    def test_gone_stays_gone(self):
        """A tombstone is the same every night, whatever was listed."""
        tombstone = record("m", gone_since=3)

        assert merged(keyed(tombstone), {}, [("model", None)]) == [tombstone]

    def test_stale_then_gone(self):
        """Once a complete listing lacks it, what was stale is gone."""
        (found,) = merged(keyed(record("m", stale_since=4)), {}, [("model", None)])

        assert (found.stale_since, found.gone_since) == (None, 7)

    def test_listed_but_unreadable_is_stale(self):
        """What a listing shows and no description explains keeps its old facts."""
        (found,) = merged(keyed(record("m")), {}, [("model", None)], [("model", "m")])

        assert (found.stale_since, found.gone_since) == (7, None)

    def test_seen_wins(self):
        """Tonight's record replaces last night's."""
        tonight = record("m", revision="b")

        assert merged(keyed(record("m", stale_since=2)), keyed(tonight)) == [tonight]

    def test_a_reused_name(self):
        """The earlier holder of an id that was deleted and given away keeps its history under another id."""
        old, new = record("m"), record("m", created="2026-02-02T00:00:00Z")

        assert merged(keyed(old), keyed(new)) == [new, replace(old, id="m@2026-01-01T00:00:00Z", gone_since=7)]

    def test_order(self):
        """The order of records does not depend on the order of discovery."""
        several = [record("b"), record("a"), record("a", kind="endpoint")]

        assert merged({}, keyed(*several)) == merged({}, keyed(*reversed(several)))
