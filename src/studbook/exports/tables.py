"""The tables that `csv` and `parquet` write: of every snapshot the same columns with the same types.

What differs from kind to kind, and what is a list, is JSON text (RFC 8785) in one column, so that a table of one night
can be joined or united with that of another. Times are text as in the JSON export: UTC, RFC 3339 with Z.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final, Literal, NamedTuple

from studbook.exports.interface import Subject
from studbook.model import Asset, Coverage, Edge, Finding, canonical
from studbook.model.canonical import fields_of

ColumnType = Literal["text", "integer", "boolean", "json"]
Cell = str | int | bool | None


class Column(NamedTuple):
    """A column of an exported table. Its name and type are a promise: the same every night."""

    name: str
    type: ColumnType


class Table(NamedTuple):
    """One table: its columns, and its rows as cells in their order."""

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Subject], Iterator[tuple[Cell, ...]]]


def _columns(text: str) -> tuple[Column, ...]:
    """Of `name` (text) and `name:type`, with spaces between."""
    split = (word.partition(":") for word in text.split())
    return tuple(Column(name, kind or "text") for name, _, kind in split)  # type: ignore[arg-type]


def _json(value: Any) -> str:
    return canonical(value).decode()


def _snapshot(subject: Subject) -> Iterator[tuple[Cell, ...]]:
    one = subject.envelope
    yield (one.number, one.taken_at, one.digest, one.previous, one.envelope, one.generator)


def _coverage(subject: Subject) -> Iterator[tuple[Cell, ...]]:
    for row in subject.envelope.coverage:
        yield _coverage_row(row)


def _coverage_row(row: Coverage) -> tuple[Cell, ...]:
    gaps = _json([fields_of(gap) for gap in row.gaps])
    counts = row.records, row.requests, row.redacted
    return (row.account, row.region, row.source, row.status, *counts, gaps, row.reason, row.listed_at)


def _assets(subject: Subject) -> Iterator[tuple[Cell, ...]]:
    return map(_asset, subject.assets)


def _asset(one: Asset) -> tuple[Cell, ...]:
    return (
        one.id, one.kind, one.name, one.account, one.region, one.stage, one.status, one.created_at, one.modified_at,
        one.unresolved, one.first_seen, one.stale_since, one.gone_since,
        _json(dict(one.attributes)), _json(dict(one.tags)), _json(list(one.records)),
    )  # fmt: skip


def _edges(subject: Subject) -> Iterator[tuple[Cell, ...]]:
    return map(_edge, subject.edges)


def _edge(one: Edge) -> tuple[Cell, ...]:
    evidence = _json([evidence.as_data() for evidence in one.evidence])
    return (one.source, one.target, one.relation, one.role, one.certainty, one.candidate, evidence)


def _findings(subject: Subject) -> Iterator[tuple[Cell, ...]]:
    return map(_finding, subject.findings)


def _finding(one: Finding) -> tuple[Cell, ...]:
    waived = (None, None, None) if one.waived is None else (one.waived.who, one.waived.why, one.waived.until)
    return (one.id, one.rule, one.level, one.asset, one.message, one.first_seen, *waived)


TABLES: Final = (
    Table("snapshot", _columns("number:integer taken_at digest previous envelope generator"), _snapshot),
    Table(
        "coverage",
        _columns(
            "account region source status records:integer requests:integer redacted:integer gaps:json reason listed_at",
        ),
        _coverage,
    ),
    Table(
        "assets",
        _columns(
            "id kind name account region stage status created_at modified_at unresolved:boolean first_seen:integer "
            "stale_since:integer gone_since:integer attributes:json tags:json records:json"
        ),
        _assets,
    ),
    Table("edges", _columns("source target relation role certainty candidate:boolean evidence:json"), _edges),
    Table(
        "findings",
        _columns("id rule level asset message first_seen:integer waived_who waived_why waived_until"),
        _findings,
    ),
)


def batches(rows: Iterable[tuple[Cell, ...]], most: int) -> Iterator[list[tuple[Cell, ...]]]:
    """The rows in lists of at most `most`; one empty list of none."""
    rest = iter(rows)
    yield list(islice(rest, most))
    while batch := list(islice(rest, most)):
        yield batch
