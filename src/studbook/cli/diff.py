"""`studbook diff`: what changed from one snapshot to another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from studbook.cli.options import catalog_option, format_option
from studbook.cli.terminal import echo_folded, echo_lines, write_json

if TYPE_CHECKING:
    from studbook.lineage.graph import Graph
    from studbook.model import Envelope
    from studbook.queries.handles import Handles
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook diff                      the last night
  studbook diff 2                    from snapshot 2 to the latest
  studbook diff 2026-11-20 2026-11-22
  studbook diff latest~3 latest --format json
  studbook diff --format markdown    for a pull request or a chat
"""
)
@click.argument("old", default="latest~1")
@click.argument("new", default="latest")
@format_option("text", "markdown", "json")
@catalog_option
def diff(old: str, new: str, catalog: Catalog, output_format: str) -> None:
    """Show what changed from snapshot OLD to snapshot NEW. Models, approvals, deployments, data, coverage."""
    from studbook.queries.diff import WholeNight
    from studbook.queries.diff import diff as compare
    from studbook.queries.handles import Handles, InMemory

    before, after = catalog.resolve(old), catalog.resolve(new)
    was, now = catalog.compared(before, after)
    changes = compare(WholeNight.of(catalog, before, was), WholeNight.of(catalog, after, now))
    if output_format == "json":
        write_json({"old": _dated(before), "new": _dated(after)} | changes.to_json())
        return
    from studbook.cli.changes import changes_markdown, changes_text

    shown, told = (changes_markdown, echo_lines) if output_format == "markdown" else (changes_text, echo_folded)
    settings = catalog.settings() if catalog.settings_file.exists() else None
    graphs = (now, was)
    handles = [Handles(InMemory(graph), settings) for graph in graphs]
    told(shown(before, after, changes, partial(_called, graphs, handles)))


def _called(graphs: Sequence[Graph], handles: Sequence[Handles], asset_id: str) -> tuple[str, str]:
    """An asset's kind and handle, of the first night that has it; an id of none as it is."""
    from studbook.model.kinds import kind_words

    for graph, of in zip(graphs, handles, strict=True):
        if (asset := graph.asset(asset_id)) is not None:
            return kind_words(asset.kind), of.of(asset)
    return "", asset_id


def _dated(envelope: Envelope) -> dict[str, Any]:
    return {"number": envelope.number, "taken_at": envelope.taken_at, "digest": envelope.digest}
