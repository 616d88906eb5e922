"""`studbook verify`: is it as it was written, and is it what was seen before?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option, format_option
from studbook.cli.terminal import echo, echo_lines, say, style, write_json

if TYPE_CHECKING:
    from studbook.store import Catalog
    from studbook.store.verify import Damage

_FEW_DAMAGES = 20
"""So many of one snapshot are named, the others counted."""


@click.command(
    epilog="""\b
Examples:
  studbook verify
  studbook verify --deep
  studbook verify --anchor sha256:3f9c...            the digest of an envelope that you kept
  studbook verify --anchor checkpoint-2026-11-22     a copy of log/checkpoint

It computes every digest again, follows the chain of snapshots and the log, and looks for whatever is missing. Only an
anchor, kept where the catalog's writers cannot write, shows that nobody wrote a whole new chain.

\b
Exit codes: 0 all is as it was written; 1 something is damaged.
"""
)
@click.option("--deep", is_flag=True, help="Derive each lineage again from its records, and compare.")
@click.option("--anchor", metavar="DIGEST|CHECKPOINT", help="What must be in the chain: an envelope, or a checkpoint.")
@catalog_option
@format_option
def verify(catalog: Catalog, deep: bool, anchor: str | None, output_format: str) -> int:
    """Check that the catalog is whole, and as it was written.

    With --deep also that each lineage is what its records say: of the snapshots that this Studbook made with the
    configuration as it is now; of others it is said that they were not derived again.
    """
    from studbook.cli.working_files import changed_lines
    from studbook.errors import NotFound

    snapshots = len(catalog.snapshots.paths())
    if not snapshots and not catalog.objects.root.exists():
        raise NotFound(f"{catalog.address}: there is no catalog here", "name another folder with --catalog DIR")
    damages = catalog.verify()
    if anchor and not any(damage.place.startswith("snapshots") for damage in damages):
        damages += _not_anchored(catalog, anchor)
    if deep and not damages:
        damages = _derived_otherwise(catalog)
    objects = sum(1 for _ in catalog.objects)
    changed = [] if damages else changed_lines(catalog, catalog.latest())
    unneeded = [] if damages else catalog.unneeded()
    if output_format == "json":
        found = [{"place": damage.place, "message": damage.message} for damage in damages]
        write_json(
            {
                "ok": not damages,
                "snapshots": snapshots,
                "objects": objects,
                "damages": found,
                "changed": changed,
                "unneeded": unneeded,
            }
        )
        return 1 if damages else 0

    echo_lines(changed)
    echo_lines(f"{place}: no snapshot needs it" for place in unneeded)
    for damage in damages:
        echo(f"{style('damaged', 'red')}  {damage.place}: {damage.message}")
    echo(f"{snapshots} snapshots, {objects} objects: " + (f"{len(damages)} damaged" if damages else "all as written"))
    return 1 if damages else 0


def _not_anchored(catalog: Catalog, text: str) -> list[Damage]:
    from studbook.store.anchor import Anchor
    from studbook.store.verify import Damage

    missed = Anchor.parse(text, catalog.settings().log.verifiers).missed(list(catalog.envelopes()))
    return [Damage("snapshots", missed)] if missed else []


def _derived_otherwise(catalog: Catalog) -> list[Damage]:
    from studbook.harvest.derive import can_derive, differing
    from studbook.store.verify import Damage

    settings, found = catalog.settings(), []
    for envelope in catalog.envelopes():
        if not can_derive(envelope, settings):
            say(f"snapshot {envelope.number}: not derived again: another configuration or Studbook made it")
            continue
        what = list(differing(catalog, settings, envelope))
        found += [
            Damage(f"snapshot {envelope.number}", f"{one} is not what the records say") for one in what[:_FEW_DAMAGES]
        ]
        if len(what) > _FEW_DAMAGES:
            found.append(Damage(f"snapshot {envelope.number}", f"and {len(what) - _FEW_DAMAGES} more"))
    return found
