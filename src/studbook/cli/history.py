"""The log of the catalog: its snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from studbook.cli.terminal import bold, echo_lines, table, write_json
from studbook.errors import NotFound
from studbook.store import Catalog


def snapshot_log(catalog: Catalog) -> list[dict[str, Any]]:
    """The snapshots, newest first; `changes` counts assets that came, went or changed since the one before."""
    rows = []
    before = None
    for envelope in catalog.envelopes():
        counts = catalog.counts(envelope)
        rows.append(
            {
                **envelope.summary,
                "assets": counts["assets"],
                "edges": counts["edges"],
                "records": counts["records"],
                "gaps": sum(len(row.gaps) for row in envelope.coverage),
                "requests": sum(row.requests for row in envelope.coverage),
                "changes": None if before is None else len(catalog.changed(before, envelope)),
            }
        )
        before = envelope
    return rows[::-1]


def log_text(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A table, one line a snapshot, in the order of the rows."""
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


def print_snapshots(catalog: Catalog, snapshot: str, *, as_json: bool) -> None:
    """The snapshots up to one of them, newest first."""
    if not catalog.root.is_dir():
        raise NotFound(f"{catalog.address}: there is no catalog here", "name another folder with --catalog DIR")
    rows = snapshot_log(catalog)
    if rows or snapshot != "latest":
        last = catalog.resolve(snapshot).number
        rows = [row for row in rows if row["number"] <= last]
    if as_json:
        write_json({"snapshots": rows})
    else:
        echo_lines(log_text(rows))
