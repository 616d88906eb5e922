"""`studbook prove`: one fact of one night, with all that shows that it was in the catalog then."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option, snapshot_option
from studbook.cli.terminal import say, write

if TYPE_CHECKING:
    from studbook.api import Lineage
    from studbook.store import Catalog

_LARGEST = 4096
"""Bytes that a proof of an usual estate keeps within."""


@click.command(
    epilog="""\b
Examples:
  studbook prove support-bot/4 --output approval.proof.gz    an asset: its approval, its scores
  studbook prove support-chat-prompts/1.0.0 support-bot-rlvr-20261119 input_to train
  studbook prove support-bot/4 --as-of 2026-11-20 | gzip -dc | jq .row
  studbook verify approval.proof.gz --anchor sha256:3f9c...

A proof holds the row, its place in the snapshot's tree, the envelope, its place in the log, and the checkpoint; it is
gzipped JSON, of at most 4 KB unless the envelope alone (a row for each account, region and source) is longer.
"""
)
@click.argument("fact", nargs=-1, required=True, metavar="ASSET | SOURCE TARGET RELATION [ROLE]")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="The file; standard output by default.")
@catalog_option
@snapshot_option
def prove(fact: tuple[str, ...], output: Path | None, catalog: Catalog, snapshot: str) -> None:
    """Prove that a snapshot says something of an asset or an edge. Of an asset, all of its attributes."""
    from studbook.api import open as open_catalog
    from studbook.errors import UsageError
    from studbook.store.files import write_whole
    from studbook.store.proofs import prove as proof_of

    if len(fact) not in (1, 3, 4):
        raise UsageError("what is to be proved?", "name an asset, or an edge: SOURCE TARGET RELATION, and its ROLE")
    if output is None and sys.stdout.isatty():
        raise UsageError("a proof is no text", "name a file with --output FILE, or send it through: | gzip -dc | jq .")
    with open_catalog(catalog, snapshot) as lineage:
        part, row = _row(lineage, fact)
        envelope = lineage.snapshot
    data = proof_of(catalog, envelope, part, row)
    if len(data) > _LARGEST:
        say(f"the proof has {len(data):,} bytes: the envelope of {len(envelope.coverage):,} partitions is long")
    if output is None:
        write(data)
    else:
        write_whole(output, data)


def _row(lineage: Lineage, fact: tuple[str, ...]) -> tuple[str, bytes]:
    """The part and the row, as it is stored, without its line feed."""
    from studbook.errors import NotFound, UsageError
    from studbook.store.chunks import ASSETS, EDGES

    if len(fact) == 1:
        return "assets", ASSETS.line(lineage.asset(fact[0])).removesuffix(b"\n")
    source, target = lineage.asset(fact[0]), lineage.asset(fact[1])
    between = [edge for edge in lineage.index.downstream(source.id) if edge.target == target.id]
    found = [edge for edge in between if edge.relation == fact[2] and (len(fact) == 3 or edge.role == fact[3])]
    if not found:
        there = ", ".join(sorted({" ".join(filter(None, (edge.relation, edge.role))) for edge in between}))
        raise NotFound(f"no edge {' '.join(fact[2:])} leads from {source.id} to {target.id}", there or "none does")
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} edges {fact[2]} lead from {source.id} to {target.id}",
            "name the role: " + ", ".join(str(edge.role) for edge in found),
        )
    return "edges", EDGES.line(found[0]).removesuffix(b"\n")
