"""The log: of the catalog, and of one asset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from studbook.cli.text import bold, change, dim, end, kind, name, place, safe, table
from studbook.model import Asset, Edge
from studbook.model.canonical import plain
from studbook.queries.diff import changed_fields
from studbook.store import Catalog


def snapshot_log(catalog: Catalog) -> list[dict[str, Any]]:
    """The snapshots, newest first; `changes` counts assets that came, went or changed since the one before."""
    rows = []
    before = None
    for envelope in catalog.envelopes():
        counts = catalog.counts(envelope)
        rows.append(
            {
                "number": envelope.number,
                "taken_at": envelope.taken_at,
                "digest": envelope.digest,
                "envelope": envelope.envelope,
                "assets": counts["assets"],
                "edges": counts["edges"],
                "records": counts["records"],
                "gaps": sum(len(row.gaps) for row in envelope.coverage),
                "requests": sum(row.requests for row in envelope.coverage),
                "changes": None if before is None else catalog.changed(before, envelope),
            }
        )
        before = envelope
    return rows[::-1]


def log_text(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A table."""
    head = ("snapshot", "taken", "content", "assets", "edges", "gaps", "requests", "changes")
    yield from table(
        head,
        (
            (
                bold(str(row["number"])),
                row["taken_at"],
                row["digest"].removeprefix("sha256:")[:12],
                str(row["assets"]),
                str(row["edges"]),
                str(row["gaps"]),
                str(row["requests"]),
                "first" if row["changes"] is None else str(row["changes"] or "none"),
            )
            for row in rows
        ),
    )


def asset_log(catalog: Catalog, asset: Asset) -> list[dict[str, Any]]:
    """What changed about an asset, oldest first: its fields, and the edges that end in it.

    A snapshot in which nothing changed about it is left out; the first that has it says `first: true`.
    """
    steps: list[dict[str, Any]] = []
    before: Asset | None = None
    ended: dict[Any, Edge] = {}
    for envelope, now, edges in catalog.history(asset):
        ends = {edge.key: edge for edge in edges}
        fields = list(changed_fields(before, now)) if before is not None and now is not None else []
        gained = [edge for key, edge in ends.items() if key not in ended]
        lost = [edge for key, edge in ended.items() if key not in ends]
        first = before is None and now is not None
        if first or fields or gained or lost:
            steps.append(
                {
                    "snapshot": envelope.number,
                    "taken_at": envelope.taken_at,
                    "first": first,
                    "fields": [plain(field) for field in fields],
                    "edges_gained": [plain(edge) for edge in gained],
                    "edges_lost": [plain(edge) for edge in lost],
                }
            )
        before, ended = now or before, ends
    return steps


def asset_log_text(
    asset: Asset, steps: Iterable[Mapping[str, Any]], lineage: Callable[[str], Asset | None]
) -> Iterator[str]:
    """One block for each snapshot in which something changed."""
    yield f"{kind(asset.kind)} {bold(name(asset))}  {dim(place(asset))}"
    for step in steps:
        yield f"{bold(str(step['snapshot']))}  {step['taken_at']}" + ("  first seen" if step["first"] else "")
        for field in step["fields"]:
            yield f"    {change(field['name'], field['old'], field['new'])}"
        for sign, edges in (("+", step["edges_gained"]), ("-", step["edges_lost"])):
            for edge in edges:
                role = f" ({safe(edge['role'])})" if edge["role"] is not None else ""
                source = end(edge["source"], lineage(edge["source"]))
                yield f"    {sign} {source}  {dim(edge['relation'].replace('_', ' ') + role)}"
