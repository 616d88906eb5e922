"""`studbook check`: what the rules say of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option, format_option, snapshot_option
from studbook.cli.terminal import bold, dim, echo, echo_folded, say, style, write_json

if TYPE_CHECKING:
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook check                     exit code 1 where there is an error that nobody waived
  studbook check --level warning     warnings count too
  studbook check --snapshot latest~1 --format json

\b
Exit codes: 0 nothing at or above the level; 1 findings; 2 wrong usage, configuration or waivers.
"""
)
@click.option(
    "--level",
    type=click.Choice(["error", "warning", "note"]),
    default="error",
    show_default=True,
    help="Findings from this level on make the exit code 1.",
)
@catalog_option
@snapshot_option
@format_option
def check(catalog: Catalog, snapshot: str, level: str, output_format: str) -> int:
    """Apply the rules; waived findings are shown, and do not count."""
    from studbook.cards import load_cards
    from studbook.cli.text import kind, place
    from studbook.rules import LEVELS, check_snapshot

    settings = catalog.settings()
    load_cards(catalog.cards_folder)  # a mistake in one is told with file and line
    envelope = catalog.resolve(snapshot)
    graph = catalog.graph(envelope)
    findings = check_snapshot(catalog, envelope, graph, settings)
    graver = LEVELS[: LEVELS.index(level) + 1]
    counting = [finding for finding in findings if finding.level in graver and finding.waived is None]
    if output_format == "json":
        write_json({"snapshot": envelope.number, "findings": [finding.as_data() for finding in findings]})
        return 1 if counting else 0
    colors = {"error": "red", "warning": "yellow", "note": "bold"}
    for wanted in LEVELS:
        several = [finding for finding in findings if finding.level == wanted]
        if several:
            echo(style(f"{wanted}s ({len(several)})", colors[wanted]))
        for finding in several:
            waived = f"[waived by {waived.who} until {waived.until}]" if (waived := finding.waived) else ""
            asset = graph.assets[finding.asset] if finding.asset is not None else None
            about = (kind(asset.kind), dim(place(asset))) if asset is not None else ()
            line = (bold(finding.rule), *about, dim(waived))
            echo_folded(("  " + "  ".join(part for part in line if part), f"      {finding.message}"))
    accepted = sum(finding.waived is not None for finding in findings)
    say(f"snapshot {envelope.number}: {len(findings)} findings, {accepted} waived, {len(counting)} at or above {level}")
    return 1 if counting else 0
