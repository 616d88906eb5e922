"""`studbook export json`: everything, in canonical JSON (RFC 8785).

The form is the JSON Schema that `studbook export schema` prints; docs/commands.md tells it in words.

The members of the document come in the order that canonical JSON asks for, so it is written as it is read: a million
assets need no more memory than ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from studbook import __version__
from studbook.exports.interface import Export, Subject
from studbook.model import Asset, Envelope, canonical
from studbook.model.canonical import fields_of
from studbook.model.edge import edge_json

SCHEMA = "studbook.export/2"


def write(subject: Subject) -> Iterator[bytes]:
    """One document, in one line of canonical JSON with a line feed, piece by piece."""
    yield b'{"assets":['
    yield from _separated(map(_object, subject.assets))
    yield b'],"edges":['
    yield from _separated(map(edge_json, subject.edges))
    yield b'],"findings":['
    yield from _separated(canonical(finding.as_data()) for finding in subject.findings)
    head = _head(subject.envelope)
    for name in sorted(head):
        yield b"," if name != "generator" else b"],"
        yield canonical(name) + b":" + canonical(head[name])
    yield b"}\n"


def write_lines(subject: Subject) -> Iterator[bytes]:
    """A header, then a line for each asset, edge and finding; `type` says which."""
    yield canonical({"type": "header", **_head(subject.envelope)}) + b"\n"
    for asset in subject.assets:
        yield canonical({"type": "asset", **fields_of(asset)}) + b"\n"
    for edge in subject.edges:
        yield canonical({"type": "edge", **edge.as_data()}) + b"\n"
    for finding in subject.findings:
        yield canonical({"type": "finding", **finding.as_data()}) + b"\n"


def _object(row: Asset) -> bytes:
    return canonical(fields_of(row))


def _separated(rows: Iterable[bytes]) -> Iterator[bytes]:
    comma = b""
    for row in rows:
        yield comma + row
        comma = b","


def _head(envelope: Envelope) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "generator": {"name": "studbook", "version": __version__},
        "snapshot": {
            **envelope.summary,
            "previous": envelope.previous,
            "coverage": envelope.model_dump(mode="json", include={"coverage"})["coverage"],
        },
    }


EXPORT = Export(
    "json",
    "the whole snapshot: assets, edges, findings, coverage",
    write,
    write_lines,
    whole=True,
    file="studbook.json",
)
