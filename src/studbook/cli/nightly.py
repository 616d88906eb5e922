"""`studbook nightly`: what CI runs every night."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option

if TYPE_CHECKING:
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook nightly                           harvest, check, build the site into 'site'
  studbook nightly --output public --level warning

\b
Exit codes: the first of 4 (nothing harvested), 3 (part of the harvest failed), 1 (findings), 0.
"""
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("site"),
    show_default=True,
    help="Where the site goes.",
)
@click.option(
    "--level",
    type=click.Choice(["error", "warning", "note"]),
    default="error",
    show_default=True,
    help="Findings from this level on make the exit code 1.",
)
@catalog_option
@click.pass_context
def nightly(ctx: click.Context, catalog: Catalog, output: Path, level: str) -> int:
    """Harvest, check and build, in that order; the site is built whatever the check finds."""
    from studbook.cards import load_cards
    from studbook.cli.check import check
    from studbook.cli.harvest import harvest
    from studbook.cli.site import build
    from studbook.rules import prepared

    prepared(catalog.settings(), catalog.root)  # a mistake in them is told at once
    load_cards(catalog.cards_folder)
    harvested = int(ctx.invoke(harvest, catalog=catalog) or 0)
    checked = int(ctx.invoke(check, catalog=catalog, level=level) or 0)
    ctx.invoke(build, catalog=catalog, output=output)
    return harvested or checked
