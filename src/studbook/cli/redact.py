"""`studbook redact`: a catalog without a value that is in nights long past."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option
from studbook.cli.terminal import echo, say

if TYPE_CHECKING:
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook redact --from-history --output clean

First add the value to redact.values of studbook.yml, or its key to redact.keys.

A rule that you add reaches what was kept before it from the next harvest or relink on; older snapshots stay as they
were written. This command writes a new catalog in which no snapshot has what the rules cover. The chain of snapshots
begins again in it, and its first envelope says which chain it continues and why. Then change the secret, put the new
folder in the place of the old one, and take the old one out of wherever it was copied.
"""
)
@click.option("--from-history", is_flag=True, required=True, help="Every snapshot, from the first one on.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The new catalog; an empty folder.",
)
@catalog_option
def redact(catalog: Catalog, from_history: bool, output: Path) -> int:
    """Write a new catalog without what the redaction rules cover. This one stays as it is."""
    from studbook.harvest.rewrite import rewrite

    target = type(catalog)(output)
    count = rewrite(catalog, catalog.settings(), target, lambda envelope: say(f"snapshot {envelope.number}"))
    echo(
        f"wrote {output}: {len(target.snapshots.paths())} snapshots, {count:,} values taken out; the chain begins again"
    )
    return 0
