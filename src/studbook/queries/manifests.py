"""Manifest comparison: which objects two states of a dataset share, by key, size and etag; and which places in S3 the
records behind an edge name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studbook.model import Edge
from studbook.model.evidence import value_at
from studbook.model.ids import manifest_rows, parse_s3
from studbook.queries.answer import RecordOf

Objects = Mapping[str, tuple[int, str]]
"""The objects of one state: key below the state's own prefix to size in bytes and etag."""


@dataclass(frozen=True, slots=True)
class ManifestChange:
    """One object that is not in both states as it is in the other."""

    key: str
    """Below the states' common prefix where there is one, else the whole key."""
    change: str
    """`changed`, `new` or `gone`."""
    was: int | None
    """Its size in bytes in the earlier state; None where it was not there."""
    now: int | None


@dataclass(frozen=True, slots=True)
class ManifestChanges:
    """From an earlier state to a later one."""

    same: int
    """How many objects have key, size and etag in common: as far as S3 tells, they are the same."""
    rows: tuple[ManifestChange, ...]
    """By key."""

    def number(self, change: str) -> int:
        """How many objects are `changed`, `new` or `gone`, whichever is asked for."""
        return sum(row.change == change for row in self.rows)

    @property
    def summary(self) -> str:
        """`3 objects the same, 1 changed, 0 new, 2 gone`."""
        told = (f"{self.number(change)} {change}" for change in ("changed", "new", "gone"))
        return ", ".join([f"{self.same} {'object' if self.same == 1 else 'objects'} the same", *told])


def manifest_changes(before: Objects, after: Objects) -> ManifestChanges:
    """Compare two states. The keys of states in two folders (`v1/`, `v2/`) are compared below their folders."""
    rows = []
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was != now:
            change = "new" if was is None else "gone" if now is None else "changed"
            rows.append(ManifestChange(key, change, was and was[0], now and now[0]))
    return ManifestChanges(len(before.keys() | after.keys()) - len(rows), tuple(rows))


def objects_of(body: Mapping[str, Any]) -> Objects:
    """The objects of a listing: a body with `Uri` and `Contents`, as a record of `s3_prefix` has it."""
    uri = parse_s3(body["Uri"])
    rows = manifest_rows(body["Contents"], uri.key if uri is not None else "")
    return {key: (size, etag) for key, size, etag in rows}


def recorded_places(record_of: RecordOf, edge: Edge) -> list[str]:
    """The places in S3 that the records behind an edge name; empty where none is kept."""
    found = []
    for one in edge.evidence:
        if one.record and not one.operation.startswith("s3:"):
            _, kind, record_id = one.record.split("/", 2)
            record = record_of(kind, record_id)
            if record is not None and (uri := parse_s3(value_at(record.body, one.path))) is not None:
                found.append(str(uri))
    return found
