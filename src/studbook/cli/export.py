"""`studbook export`: a snapshot in a format that others read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from studbook.cli.options import catalog_option, snapshot_option


@click.command(
    epilog="""\b
Examples:
  studbook export json --output studbook.json
  studbook export json --lines | jq -c 'select(.type == "asset" and .kind == "endpoint") | .id'
  studbook export json --snapshot 2026-11-22
  studbook export schema > export.schema.json      what the JSON export looks like, as JSON Schema

The bytes depend on the snapshot, the configuration's rules and the waivers alone.
"""
)
@click.argument("format_name", metavar="FORMAT")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="The file to write; standard output by default.",
)
@click.option("--lines", is_flag=True, help="One JSON object a line instead of one document.")
@catalog_option
@snapshot_option
def export(format_name: str, output: Path | None, lines: bool, catalog: Path, snapshot: str) -> None:
    """Write a snapshot as FORMAT: json, or schema for the JSON Schema of it."""
    pieces = _pieces(format_name, lines, catalog, snapshot)
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    from studbook.store.files import replacing

    with replacing(output) as file:
        for piece in pieces:
            file.write(piece)


def _pieces(format_name: str, lines: bool, catalog: Path, snapshot: str) -> Iterator[bytes]:
    from difflib import get_close_matches

    from studbook.errors import UsageError
    from studbook.exports import EXPORTS, Subject

    chosen = {export.name: export for export in EXPORTS}.get(format_name)
    if chosen is None:
        names = [found.name for found in EXPORTS]
        near = get_close_matches(format_name, names, 1)
        raise UsageError(
            f"there is no export '{format_name}'",
            f"did you mean '{near[0]}'?" if near else "; ".join(f"{found.name}: {found.summary}" for found in EXPORTS),
        )
    if chosen.document is not None and not lines:
        return iter((chosen.document(),))
    write = chosen.write_lines if lines else chosen.write
    if write is None:
        raise UsageError(f"'{format_name}' cannot be written as lines", "leave --lines out")

    from studbook.rules import check_snapshot
    from studbook.settings import load_settings
    from studbook.store import Catalog

    settings = load_settings(catalog / "studbook.yml")
    store = Catalog(catalog)
    envelope = store.resolve(snapshot)
    graph = store.graph(envelope)
    findings = check_snapshot(graph, envelope, settings, catalog / "waivers.yml")
    return write(Subject(envelope, graph.assets.values(), graph.edges, findings))
