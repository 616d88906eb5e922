"""`studbook verify`: is it as it was written, and is it what was seen before?"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from studbook.cli.options import audience_option, catalog_option, edition, text_or_json
from studbook.cli.terminal import echo, echo_lines, say, style, write_json

if TYPE_CHECKING:
    from studbook.audit.checks import Against, Checked
    from studbook.store import Catalog
    from studbook.store.verify import Damage

_FEW_DAMAGES = 20
"""So many of one snapshot are named, the others counted."""


@click.command(
    epilog="""\b
Examples:
  studbook verify                                    the catalog
  studbook verify --deep
  studbook verify --anchor sha256:3f9c...            the digest of an envelope that you kept
  studbook verify --anchor checkpoint-2026-11-22     a copy of log/checkpoint
  studbook verify support-bot.zip                    an evidence pack, on its own
  studbook verify approval.proof.gz                  a proof, on its own
  studbook verify studbook.json --catalog catalog    an export
  studbook verify https://docs.example.com/models/ --catalog catalog
  studbook verify outside.json --audience external --catalog catalog

It computes every digest again, follows the chain of snapshots and the log, and looks for whatever is missing. Only an
anchor, kept where the catalog's writers cannot write, shows that nobody wrote a whole new chain.

\b
Exit codes: 0 all is as it was written; 1 something is damaged.
"""
)
@click.argument("target", required=False, metavar="[FILE|URL]")
@click.option("--anchor", metavar="DIGEST|CHECKPOINT", help="What must be in the chain: an envelope, or a checkpoint.")
@click.option("--key", "keys", multiple=True, help="A public key that must have signed the checkpoint.")
@click.option("--deep", is_flag=True, help="Of a catalog: derive each lineage again from its records, and compare.")
@audience_option
@catalog_option
@text_or_json
@click.pass_context
def verify(  # noqa: PLR0917 - options
    ctx: click.Context,
    target: str | None,
    anchor: str | None,
    keys: tuple[str, ...],
    deep: bool,
    audience: str,
    catalog: Catalog,
    output_format: str,
) -> int:
    """Check that a catalog, or what came out of one, is as written.

    Without FILE it is the catalog. With --deep also that each lineage is what its records say: of the snapshots that
    this Studbook made with the configuration as it is now; of others it is said that they were not derived again.
    """
    from studbook.audit.target import check

    if target is not None:
        named = ctx.get_parameter_source("catalog") is not ParameterSource.DEFAULT
        if audience == "external":
            catalog = edition(catalog)
        return _report(check(target, _against(catalog, named, anchor, keys)), output_format)
    return _catalog(catalog, _against(catalog, True, anchor, keys), deep, output_format)


def _against(catalog: Catalog, named: bool, anchor: str | None, keys: tuple[str, ...]) -> Against:
    from studbook.audit.checks import Against
    from studbook.proof.note import Verifier
    from studbook.store.anchor import Anchor

    there = catalog.settings_file.is_file()
    required = tuple(map(Verifier.parse, keys))
    known = (*required, *(catalog.settings().log.verifiers if there else ()))
    return Against(Anchor.parse(anchor, known) if anchor else None, known, required, catalog if named else None)


def _report(checked: Checked, output_format: str) -> int:
    damages = checked.damages
    if output_format == "json":
        found = [{"place": damage.place, "message": damage.message} for damage in damages]
        write_json({"ok": not damages, "checked": checked.summary, "damages": found, "notes": checked.notes})
        return 1 if damages else 0
    for damage in damages:
        echo(f"{style('damaged', 'red')}  {damage.place}: {damage.message}")
    for note in checked.notes:
        echo(note)
    echo(f"{checked.summary}: " + (f"{len(damages)} damaged" if damages else "all as written"))
    return 1 if damages else 0


def _catalog(catalog: Catalog, against: Against, deep: bool, output_format: str) -> int:
    from studbook.cli.working_files import changed_lines
    from studbook.errors import NotFound
    from studbook.store.verify import Damage

    snapshots = len(catalog.snapshots.paths())
    if not snapshots and not catalog.objects.root.exists():
        hint = "take one with 'studbook harvest', or name another folder with --catalog DIR"
        raise NotFound(f"{catalog.address}: there is no snapshot here", hint)
    damages = catalog.verify(against.required)
    if against.anchor is not None and not any(damage.place.startswith("snapshots") for damage in damages):
        missed = against.anchor.missed(list(catalog.envelopes()))
        damages += [Damage("snapshots", missed)] if missed else []
    if deep and not damages:
        damages = _derived_otherwise(catalog)
    objects = sum(1 for _ in catalog.objects)
    changed = [] if damages else changed_lines(catalog, catalog.latest())
    unneeded = [] if damages else catalog.unneeded()
    set_back = [] if damages else _set_back(catalog)
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
                "set_back": set_back,
            }
        )
        return 1 if damages else 0

    echo_lines(changed)
    echo_lines(f"{place}: no snapshot needs it" for place in unneeded)
    echo_lines(set_back)
    for damage in damages:
        echo(f"{style('damaged', 'red')}  {damage.place}: {damage.message}")
    echo(f"{snapshots} snapshots, {objects} objects: " + (f"{len(damages)} damaged" if damages else "all as written"))
    return 1 if damages else 0


def _set_back(catalog: Catalog) -> list[str]:
    """Times that go backwards, which digests cannot tell from a clock that was mended: said, and no damage."""
    return [
        f"snapshot {after.number} says {after.taken_at}, the one before it {before.taken_at}: a clock was wrong, or "
        "somebody wrote one of the two"
        for before, after in pairwise(catalog.envelopes())
        if after.taken_at < before.taken_at
    ]


def _derived_otherwise(catalog: Catalog) -> list[Damage]:
    from studbook.harvest.derive import differing
    from studbook.redaction.past_rules import same_rules
    from studbook.store.verify import Damage

    settings, found = catalog.settings(), []
    for envelope in catalog.envelopes():
        if not same_rules(envelope, settings):
            say(f"snapshot {envelope.number}: not derived again: another configuration or Studbook made it")
            continue
        what = list(differing(catalog, settings, envelope))
        found += [
            Damage(f"snapshot {envelope.number}", f"{one} is not what the records say") for one in what[:_FEW_DAMAGES]
        ]
        if len(what) > _FEW_DAMAGES:
            found.append(Damage(f"snapshot {envelope.number}", f"and {len(what) - _FEW_DAMAGES} more"))
    return found
