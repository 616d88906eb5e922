"""The log: of the catalog, and of one asset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from studbook.cli.terminal import bold, dim, table
from studbook.cli.text import end, kind, name, place
from studbook.cli.text import value as shown
from studbook.model import Asset
from studbook.queries.log import Log
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
                "changes": None if before is None else len(catalog.changed(before, envelope)),
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


def asset_log_text(asset: Asset, found: Log, lineage: Callable[[str], Asset | None]) -> Iterator[str]:
    """The sentence, then the events below each other."""
    yield f"{kind(asset.kind)} {bold(name(asset))}  {dim(place(asset))}"
    yield found.summary

    def told(value: object) -> str:
        known = lineage(value) if isinstance(value, str) else None
        return shown(value) if known is None else end(known.id, known)

    rows = []
    for row in found.rows:
        words = (
            told(row.is_) if row.was is None else f"{told(row.was)} ->" + f" {told(row.is_)}" * (row.is_ is not None)
        )
        words = "" if (row.was, row.is_) == (None, None) else words
        more = [row.field or "", words, f"by {row.by}" if row.by else "", row.note or ""]
        rows.append((str(row.night), row.at, row.event.replace("_", " "), "  ".join(filter(None, more))))
    yield from table(("night", "at", "event", ""), rows)
