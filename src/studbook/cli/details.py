"""One snapshot, and one asset, in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from studbook.cli.text import bold, dim, kind, marks, name, place, relation, safe, table, value
from studbook.lineage.graph import Lineage
from studbook.model import Asset, Edge, Envelope
from studbook.model.canonical import plain

_SHOWN = 20


def snapshot_text(envelope: Envelope, counts: Mapping[str, int]) -> Iterator[str]:
    """The envelope, and a table of what it covers."""
    yield bold(f"snapshot {envelope.number}")
    for title, thing in (
        ("taken at", envelope.taken_at),
        ("by", envelope.generator),
        ("content", envelope.digest),
        ("envelope", envelope.envelope),
        ("previous", envelope.previous),
        ("configuration", envelope.config),
        ("holds", ", ".join(f"{number} {part}" for part, number in counts.items())),
    ):
        yield f"  {dim(title.ljust(14))}{value(thing)}"
    yield ""
    yield from table(
        ("account", "region", "source", "status", "records", "requests", "gaps"),
        (
            (
                value(row.account),
                value(row.region),
                safe(row.source),
                bold(row.status) if row.status in ("failed", "partial") else row.status,
                str(row.records),
                str(row.requests),
                safe("; ".join(f"{gap.operation}: {gap.code}" for gap in row.gaps)),
            )
            for row in envelope.coverage
        ),
    )


def asset_json(lineage: Lineage, asset: Asset) -> dict[str, Any]:
    """The asset with the edges that end and start there."""
    return {
        "asset": plain(asset),
        "upstream": [plain(edge) for edge in lineage.upstream(asset.id)],
        "downstream": [plain(edge) for edge in lineage.downstream(asset.id)],
    }


def asset_text(lineage: Lineage, asset: Asset) -> Iterator[str]:
    """Its facts, then its nearest neighbours."""
    yield "  ".join(p for p in (kind(asset.kind), bold(name(asset)), dim(place(asset)), marks(asset)) if p)
    yield f"  {dim('id'.ljust(14))}{safe(asset.id)}"
    for field in ("status", "created_at", "modified_at", "first_seen"):
        if (thing := getattr(asset, field)) is not None:
            yield f"  {dim(field.replace('_', ' ').ljust(14))}{value(thing)}"
    for title, pairs in (("attributes", asset.attributes), ("tags", asset.tags)):
        if pairs:
            yield f"  {dim(title)}"
            for key in sorted(pairs):
                yield f"    {safe(key)}: {value(pairs[key])}"
    yield from _neighbours(lineage, "upstream", lineage.upstream(asset.id))
    yield from _neighbours(lineage, "downstream", lineage.downstream(asset.id))


def _neighbours(lineage: Lineage, title: str, edges: Sequence[Edge]) -> Iterator[str]:
    if not edges:
        return
    yield f"  {dim(f'{title} ({len(edges)})')}"
    for edge in edges[:_SHOWN]:
        yield "    " + _neighbour(lineage, title, edge)
    if len(edges) > _SHOWN:
        yield dim(f"    ... and {len(edges) - _SHOWN} more; --format json has all")


def _neighbour(lineage: Lineage, title: str, edge: Edge) -> str:
    other = lineage.asset(edge.source if title == "upstream" else edge.target)
    sure = edge.certainty + (", candidate" if edge.candidate else "")
    parts = [dim(relation(edge))]
    parts += [f"{kind(other.kind)} {name(other)}", dim(place(other)), marks(other)] if other is not None else []
    return "  ".join(part for part in (*parts, dim(sure)) if part)
