"""A JSON export, held against the catalog that it is said to be of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from studbook import __version__
from studbook.audit.checks import Against, Checked, Damage
from studbook.errors import NotFound, UsageError
from studbook.exports import Subject, json_export
from studbook.model import Envelope
from studbook.rules import findings_of
from studbook.store import Catalog

_MOST = 20
"""Rows that are named; the others are counted."""


def check(data: bytes, against: Against) -> Checked:
    """What of an export, as a document or as lines, is not what the catalog says. Needs a catalog."""
    if against.catalog is None:
        raise UsageError("an export is held against its catalog", "name it with --catalog DIR")
    summary = "an export"
    try:
        whole = _document(data)
        told = whole["snapshot"]
        number, digest = int(told["number"]), str(told["envelope"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return Checked(summary, [Damage("export", "is no export that can be read")])
    summary = f"an export of snapshot {number}"
    damages = against.catalog.verify(against.required)
    if not damages and against.anchor is not None:
        missed = against.anchor.missed(list(against.catalog.envelopes()))
        damages = [Damage("anchor", missed)] if missed else []
    if damages:
        return Checked(summary, damages)
    try:
        envelope = against.catalog.resolve(str(number))
    except NotFound as error:
        return Checked(summary, [Damage("export", error.message)])
    if envelope.envelope != digest:
        return Checked(summary, [Damage("snapshot", f"is of the envelope {digest}, and {number} is another one here")])
    subject = _subject(against.catalog, envelope)
    again = b"".join((json_export.write_lines if _has_lines(data) else json_export.write)(subject))
    if again == data:
        return Checked(summary, [], [f"the envelope is {digest}"])
    found = list(_different(whole, _document(again)))
    made_by = whole.get("generator", {}).get("version") if isinstance(whole.get("generator"), dict) else None
    if not found and made_by != __version__:
        return Checked(summary, [], [f"studbook {made_by} wrote it, this is {__version__}: what it says is the same"])
    if not found:
        found = [Damage("export", "says the same in other bytes than are written")]
    if len(found) > _MOST:
        found = [*found[:_MOST], Damage("export", f"and {len(found) - _MOST} more")]
    return Checked(summary, found)


def _subject(catalog: Catalog, envelope: Envelope) -> Subject:
    graph = catalog.graph(envelope)
    return Subject(envelope, graph.assets.values(), graph.edges, findings_of(catalog, envelope, graph))


def _has_lines(data: bytes) -> bool:
    return not data.startswith(b'{"assets":')


def _document(data: bytes) -> dict[str, Any]:
    """The document; of lines the one that they would be."""
    if not _has_lines(data):
        found = json.loads(data)
        if not isinstance(found, dict):
            raise TypeError
        return found
    whole: dict[str, Any] = {"assets": [], "edges": [], "findings": []}
    for line in data.splitlines():
        row = json.loads(line)
        kind = row.pop("type")
        if kind == "header":
            whole |= row
        else:
            whole[f"{kind}s"].append(row)
    return whole


def _different(was: dict[str, Any], now: dict[str, Any]) -> Iterator[Damage]:
    for name in sorted(was.keys() | now.keys()):
        told, known = was.get(name), now.get(name)
        if told == known or name == "generator":
            continue
        if name not in ("assets", "edges", "findings") or not isinstance(told, list) or known is None:
            yield Damage(name, "is not what the catalog says")
            continue
        there, here = ({_name(row): row for row in several} for several in (told, known))
        for row in sorted(there.keys() | here.keys()):
            if there.get(row) != here.get(row):
                problem = "is not in the catalog" if row not in here else "is missing" if row not in there else None
                yield Damage(name, f"{row}: {problem or 'is not what the catalog says'}")
        if there == here and any(one != other for one, other in zip_longest(told, known)):
            yield Damage(name, "are in another order than they are written in")


def _name(row: Any) -> str:
    if not isinstance(row, dict):
        return str(row)
    if "id" in row:
        return str(row["id"])
    return " ".join(str(row.get(name)) for name in ("source", "target", "relation", "role"))
