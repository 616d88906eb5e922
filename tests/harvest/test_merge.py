"""Denied is never gone."""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import replace

import pytest

from studbook.harvest.merge import merge
from studbook.harvest.partition_store import PartitionStore
from studbook.model import Record
from studbook.store.chunks import RECORDS


def record(name: str, kind: str = "model", created: str = "2026-01-01T00:00:00Z", **more) -> Record:
    fields = {"source": "sagemaker", "account": "1", "region": "r", "revision": "a", "body": {"CreationTime": created}}
    return Record(kind=kind, id=name, **{**fields, **more})


@pytest.fixture
def merged(tmp_path):
    """The records of a partition after a night; what was known, what was seen, and what was listed to its end."""

    def of(known, seen=(), complete=(), undescribed=(), number=7):
        with closing(PartitionStore(tmp_path / uuid.uuid4().hex)) as store:
            store.load_previous(map(RECORDS.line, known))
            for found in seen:
                store.add(found)
            for kind, name in undescribed:
                store.unreadable(kind, name)
            merge(store, complete=set(complete), scope=lambda found: "scope", number=number)
            records = list(store.records())
            assert store.held() == sum(found.gone_since is None for found in records)
            return records

    return of


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
    def test_gone_needs_a_complete_listing(self, merged, complete, expected):
        """Only a complete listing of its kind, or of its part of it, makes a missing record gone; else it is stale."""
        (found,) = merged([record("m")], [], complete)

        assert (found.stale_since, found.gone_since) == expected

    def test_stale_keeps_its_first_night(self, merged):
        """Since when something is unseen does not move from night to night."""
        (found,) = merged([record("m", stale_since=4)])

        assert found.stale_since == 4

    def test_gone_stays_gone(self, merged):
        """A tombstone is the same every night, whatever was listed."""
        tombstone = record("m", gone_since=3)

        assert merged([tombstone], [], [("model", None)]) == [tombstone]

    def test_stale_then_gone(self, merged):
        """Once a complete listing lacks it, what was stale is gone."""
        (found,) = merged([record("m", stale_since=4)], [], [("model", None)])

        assert (found.stale_since, found.gone_since) == (None, 7)

    def test_listed_but_unreadable_is_stale(self, merged):
        """What a listing shows and no description explains keeps its old facts."""
        (found,) = merged([record("m")], [], [("model", None)], [("model", "m")])

        assert (found.stale_since, found.gone_since) == (7, None)

    def test_seen_wins(self, merged):
        """Tonight's record replaces last night's."""
        tonight = record("m", revision="b")

        assert merged([record("m", stale_since=2)], [tonight]) == [tonight]

    def test_a_reused_name(self, merged):
        """The earlier holder of an id that was deleted and given away keeps its history under another id."""
        old, new = record("m"), record("m", created="2026-02-02T00:00:00Z")

        assert merged([old], [new]) == [new, replace(old, id="m@2026-01-01T00:00:00Z", gone_since=7)]

    def test_a_name_that_went_to_and_fro(self, merged):
        """What an earlier night said of the earlier holder stands, should the name change hands back and forth."""
        first, second = record("m"), record("m", created="2026-02-02T00:00:00Z")
        buried = replace(first, id="m@2026-01-01T00:00:00Z", gone_since=3)

        assert merged([first, buried], [second]) == [second, buried]

    def test_order(self, merged):
        """The order of records does not depend on the order of discovery."""
        several = [record("b"), record("a"), record("a", kind="endpoint")]

        assert merged([], several) == merged([], reversed(several))
