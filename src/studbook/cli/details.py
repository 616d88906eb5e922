"""One snapshot, and one asset, in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studbook.cli.terminal import bold, dim, table
from studbook.cli.text import and_more, gaps_by_code, how_sure, marks, name, place, relation, value
from studbook.lineage.graph import LineageReader
from studbook.model import Asset, Edge, Envelope, Evidence
from studbook.model.canonical import fields_of
from studbook.model.kinds import kind_words

if TYPE_CHECKING:
    from studbook.api import Lineage
    from studbook.queries.promotion import Step
    from studbook.queries.sources_of import RecordOf

_SHOWN = 20
_WIDE = 200


def snapshot_text(envelope: Envelope, counts: Mapping[str, int]) -> Iterator[str]:
    """The envelope, what the snapshot holds (`counts`, by part), and a table of what it covers, line by line."""
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
                row.source,
                bold(row.status) if row.status in ("failed", "partial") else row.status,
                str(row.records),
                str(row.requests),
                "; ".join(gaps_by_code((gap.operation, gap.code) for gap in row.gaps)),
            )
            for row in envelope.coverage
        ),
    )


def asset_json(lineage: LineageReader, asset: Asset) -> dict[str, Any]:
    """The asset with the edges that end there (`upstream`) and start there (`downstream`); of a model or a version
    of it the ways that it took, too."""
    shown: dict[str, Any] = {
        "asset": fields_of(asset),
        "upstream": [edge.as_data() for edge in lineage.upstream(asset.id)],
        "downstream": [edge.as_data() for edge in lineage.downstream(asset.id)],
    }
    if paths := _promotions(lineage, asset):
        shown["promotion"] = [[step.as_data() for step in path] for path in paths]
    return shown


def asset_text(opened: Lineage, asset: Asset) -> Iterator[str]:
    """Its facts, then its nearest neighbours; everything by its handle."""
    lineage = opened.index
    yield _head(opened, asset)
    yield f"  {dim('id'.ljust(14))}{asset.id}"
    if name(asset) != opened.handle(asset):
        yield f"  {dim('name'.ljust(14))}{name(asset)}"
    for field in ("status", "created_at", "modified_at", "first_seen"):
        if (thing := getattr(asset, field)) is not None:
            yield f"  {dim(field.replace('_', ' ').ljust(14))}{value(thing)}"
    for title, pairs in (("attributes", asset.attributes), ("tags", asset.tags)):
        if pairs:
            yield f"  {dim(title)}"
            for key in sorted(pairs):
                yield f"    {key}: {value(pairs[key])}"
    yield from _promotion_text(opened, _promotions(lineage, asset))
    yield from _neighbours(opened, "upstream", lineage.upstream(asset.id))
    yield from _neighbours(opened, "downstream", lineage.downstream(asset.id))


def _head(opened: Lineage, asset: Asset) -> str:
    return "  ".join(
        p for p in (kind_words(asset.kind), bold(opened.handle(asset)), dim(place(asset)), marks(asset)) if p
    )


def evidence_json(lineage: LineageReader, asset: Asset, record_of: RecordOf) -> dict[str, Any]:
    """The asset, its attributes' values with their evidence, and its edges on both sides, by key."""
    from studbook.queries.sources_of import sources_of

    edges = [*lineage.upstream(asset.id), *lineage.downstream(asset.id)]
    return {
        "asset": fields_of(asset),
        "attributes": [one.as_data() for one in sources_of(asset, record_of)],
        "edges": [edge.as_data() for edge in sorted(edges, key=lambda edge: edge.key.order)],
    }


def evidence_text(opened: Lineage, asset: Asset, record_of: RecordOf) -> Iterator[str]:
    """Each value and each edge with its evidence, and what stands there."""
    from studbook.queries.sources_of import quoted, sources_of

    def lines(several: Iterable[Evidence]) -> Iterator[str]:
        for one in several:
            there = quoted(one, record_of)
            says = f": {_short(value(there))}" if there is not None else ""
            yield f"      {dim(f'by {one}{says}')}"

    lineage = opened.index
    yield _head(opened, asset)
    yield f"  {dim('id'.ljust(14))}{asset.id}"
    for one in sources_of(asset, record_of):
        yield f"    {one.name}: {_short(value(one.value))}"
        yield from lines(one.evidence)
    for title, edges in (("upstream", lineage.upstream(asset.id)), ("downstream", lineage.downstream(asset.id))):
        if edges:
            yield f"  {dim(f'{title} ({len(edges)})')}"
        for edge in edges:
            yield "    " + _neighbour(opened, title, edge)
            yield from lines(edge.evidence)


def _short(text: str) -> str:
    return text if len(text) <= _WIDE else text[: _WIDE - 3] + "..."


def _promotions(lineage: LineageReader, asset: Asset) -> Sequence[Sequence[Step]]:
    from studbook.queries.promotion import promotion, promotions

    if asset.kind == "model_package":
        return (promotion(lineage, asset.id),)
    return promotions(lineage, asset.id) if asset.kind == "model_package_group" else ()


def _promotion_text(opened: Lineage, paths: Sequence[Sequence[Step]]) -> Iterator[str]:
    """Each way through accounts, a line a version; when exactly an approval was given is for `studbook log` to tell."""
    if not paths:
        return
    yield f"  {dim('promotion')}"
    for path in paths[:_SHOWN]:
        for step in path:
            yield ("    " if step is path[0] else "      ") + "  ".join(filter(None, _step_words(opened, step)))
    if len(paths) > _SHOWN:
        yield dim(f"    {and_more(len(paths) - _SHOWN)}")


def _step_words(opened: Lineage, step: Step) -> tuple[str, ...]:
    """Which version, where, since when, whether approved, how it came there, and where it runs."""
    package = step.package
    origins = [opened.handle(edge.source) for edge in step.copied]
    sure = set(map(how_sure, step.copied))
    runs_at = ", ".join(map(opened.handle, step.runs_at))
    return (
        " ".join(filter(None, (opened.handle(package), marks(package)))),
        dim(place(package)),
        value(package.created_at)[:10],
        step.approval or "" if step.released else "only logged",
        f"copy of {', '.join(origins)} ({'; '.join(sorted(sure))})" if origins else "",
        f"shared with {', '.join(step.shared_with)}" if step.shared_with else "",
        f"runs at {runs_at}" if runs_at else "",
    )


def _neighbours(opened: Lineage, title: str, edges: Sequence[Edge]) -> Iterator[str]:
    if not edges:
        return
    yield f"  {dim(f'{title} ({len(edges)})')}"
    for edge in edges[:_SHOWN]:
        yield "    " + _neighbour(opened, title, edge)
    if len(edges) > _SHOWN:
        yield dim(f"    {and_more(len(edges) - _SHOWN)}")


def _neighbour(opened: Lineage, title: str, edge: Edge) -> str:
    other = opened.index.asset(edge.source if title == "upstream" else edge.target)
    parts = [dim(relation(edge))]
    parts += (
        [f"{kind_words(other.kind)} {opened.handle(other)}", dim(place(other)), marks(other)]
        if other is not None
        else []
    )
    return "  ".join(part for part in (*parts, dim(how_sure(edge))) if part)
