"""`studbook check`: what the rules say of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option, format_option, level_option, snapshot_option
from studbook.cli.terminal import bold, dim, echo, echo_folded, say, style, write, write_json

if TYPE_CHECKING:
    from studbook.model import Asset, Finding
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook check                     exit code 1 where there is an error that nobody waived
  studbook check --level warning     warnings count too
  studbook check --snapshot latest~1 --format json
  studbook check --format sarif > studbook.sarif     for code scanning; junit is for a test report
  studbook check --new-only --format markdown        what the night before did not have

\b
Exit codes: 0 nothing at or above the level; 1 findings; 2 wrong usage, configuration or waivers.
"""
)
@level_option
@click.option(
    "--new-only", is_flag=True, help="Only what the snapshot before did not have; a finding is known by its id."
)
@format_option("text", "json", "sarif", "junit", "markdown", meaning="How findings are printed.")
@catalog_option
@snapshot_option
def check(catalog: Catalog, snapshot: str, level: str, new_only: bool, output_format: str) -> int:
    """Tell what the rules say of a snapshot. Waived findings are shown, and do not count.

    Findings, waivers and settings are those of the night, which its snapshot keeps; a snapshot of format 1 kept none,
    and is told by those of today.
    """
    from studbook.cards import load_cards
    from studbook.cli.text import LEVEL_COLORS
    from studbook.cli.working_files import changed_lines
    from studbook.queries.handles import Handles
    from studbook.rules import LEVELS, findings_of, is_failing, load_rules_and_waivers, new_findings

    load_rules_and_waivers(catalog.settings(), catalog.root)
    load_cards(catalog.cards_folder)  # a mistake in one is told with file and line
    envelope = catalog.resolve(snapshot)
    for line in changed_lines(catalog, envelope):
        say(f"{line}; 'studbook relink' takes it in")
    findings = findings_of(catalog, envelope)
    if new_only:
        findings = new_findings(catalog, envelope, findings)
    counting = [finding for finding in findings if is_failing(finding, level)]
    if output_format == "json":
        write_json({"snapshot": envelope.number, "findings": [finding.as_data() for finding in findings]})
        return 1 if counting else 0
    if output_format != "text":
        from studbook.exports import EXPORTS, Subject

        export = next(export for export in EXPORTS if export.name == output_format)
        assert export.write is not None
        options = {"level": level} if "level" in export.options else {}
        with catalog.index(envelope) as index:
            about = sorted({finding.asset for finding in findings if finding.asset is not None})
            assets = [asset for asset_id in about if (asset := index.asset(asset_id)) is not None]
        for piece in export.write(Subject(envelope, assets, (), findings), **options):
            write(piece)
        return 1 if counting else 0
    with catalog.index(envelope) as index:
        handles = Handles(index, catalog.settings())
        for wanted in LEVELS:
            several = [finding for finding in findings if finding.level == wanted]
            if several:
                echo(style(f"{wanted}s ({len(several)})", LEVEL_COLORS[wanted]))
            for finding in several:
                asset = index.asset(finding.asset) if finding.asset is not None else None
                echo_folded(_lines(finding, asset, handles.of(asset) if asset is not None else ""))
    accepted = sum(finding.waived is not None for finding in findings)
    say(f"snapshot {envelope.number}: {len(findings)} findings, {accepted} waived, {len(counting)} at or above {level}")
    return 1 if counting else 0


def _lines(finding: Finding, asset: Asset | None, handle: str) -> tuple[str, str]:
    from studbook.cli.text import place
    from studbook.model.kinds import kind_words

    waived = f"[waived by {waived.who} until {waived.until}]" if (waived := finding.waived) else ""
    about = (f"{kind_words(asset.kind)} {handle}", dim(place(asset))) if asset is not None else ()
    return "  " + "  ".join(
        part for part in (bold(finding.rule), *about, dim(waived)) if part
    ), f"      {finding.message}"
