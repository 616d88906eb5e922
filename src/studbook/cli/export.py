"""`studbook export`: a snapshot in a format that others read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option, snapshot_option
from studbook.cli.terminal import say, write

if TYPE_CHECKING:
    from studbook.model import Record
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook export json --output studbook.json
  studbook export json --lines | jq -c 'select(.type == "asset" and .kind == "endpoint") | .id'
  studbook export json --snapshot 2026-11-22
  studbook export schema > export.schema.json      what the JSON export looks like, as JSON Schema
  studbook export cyclonedx --asset model-package/support-bot/4 --output support-bot-4.cdx.json
  studbook export evidence --asset model-package/support-bot/4 --output support-bot-4.zip

\b
Formats:
  json        the whole snapshot: assets, edges, findings, coverage
  schema      its JSON Schema (2020-12)
  pedigree    one asset with everything that made, judged and runs it, as JSON
  cyclonedx   one model version as a CycloneDX 1.6 bill of materials
  evidence    one asset's pedigree with the API records behind it, as a ZIP file

The bytes depend on the snapshot, the configuration's rules, the cards and the waivers alone.
"""
)
@click.argument("format_name", metavar="FORMAT")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="The file to write; standard output by default.",
)
@click.option("--asset", "about", metavar="ASSET", default=None, help="What it is about; a name, as for 'show'.")
@click.option("--lines", is_flag=True, help="One JSON object a line instead of one document.")
@catalog_option
@snapshot_option
def export(
    *, format_name: str, output: Path | None, about: str | None, lines: bool, catalog: Catalog, snapshot: str
) -> None:
    """Write a snapshot, or what is known of one asset, as FORMAT."""
    pieces = _pieces(format_name, about, lines, catalog, snapshot)
    if output is None:
        for piece in pieces:
            write(piece)
        return
    from studbook.store.files import replacing

    with replacing(output) as file:
        for piece in pieces:
            file.write(piece)


def _pieces(format_name: str, about: str | None, lines: bool, catalog: Catalog, snapshot: str) -> Iterator[bytes]:
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
    if (chosen.about is None) != (about is None):
        raise UsageError(
            f"'{format_name}' is about {'one asset' if about is None else 'no single asset'}",
            "name it with --asset" if about is None else "leave --asset out, or take 'pedigree' for one asset",
        )
    if chosen.document is not None and not lines:
        return iter((chosen.document(),))
    write = chosen.write_lines if lines else chosen.write
    if write is None and (chosen.about is None or lines):
        raise UsageError(f"'{format_name}' cannot be written as lines", "leave --lines out")

    from studbook.api import open as open_catalog
    from studbook.cards import load_cards
    from studbook.queries.pedigree import pedigree
    from studbook.rules import check_snapshot

    settings = catalog.settings()
    envelope = catalog.resolve(snapshot)
    graph = catalog.graph(envelope)
    findings = check_snapshot(graph, envelope, settings, catalog.waivers_file)
    if write is not None:
        return write(Subject(envelope, graph.assets.values(), graph.edges, findings))
    assert chosen.about is not None
    assert about is not None

    def records(ids: Sequence[str]) -> Iterator[Record]:
        wanted = frozenset(ids)
        return (record for record in catalog.records(envelope) if record.id in wanted)

    with open_catalog(catalog, snapshot) as lineage:
        asset = lineage.asset(about)
    found = pedigree(
        graph,
        asset.id,
        findings=lambda asset_id: (finding for finding in findings if finding.asset == asset_id),
        cards=load_cards(catalog.cards_folder, lambda problem: say(f"warning: {problem.message}")),
        records=records,
    )
    return iter((chosen.about(found),))
