"""`studbook compare`: things of a kind, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_uppercase
from typing import TYPE_CHECKING, cast

import click

from studbook.cli.options import catalog_option, snapshot_option, text_or_json
from studbook.cli.terminal import bold, dim, echo_folded, write_json

if TYPE_CHECKING:
    from studbook.api import Lineage
    from studbook.queries.compare import ComparedFact, Comparison
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook compare support-bot/2@dev support-bot/4
  studbook compare fraud/1@dev fraud/2 --format json
  studbook compare support-chat-sft/1.0.0 support-chat-sft/2.0.0    which objects of data differ
  studbook compare support-helpfulness/1.0.0 support-helpfulness/2.0.0
  studbook compare support-bot-rlvr-20261119 support-bot-rlvr-20261113 support-bot-sft-20261118

\b
The first is what the others are held against. Two nights are compared by 'studbook diff'.
"""
)
@click.argument("things", nargs=-1, required=True, metavar="THING THING...")
@click.option("--all", "everything", is_flag=True, help="What is equal too.")
@catalog_option
@snapshot_option
@text_or_json
def compare(*, things: tuple[str, ...], everything: bool, catalog: Catalog, snapshot: str, output_format: str) -> None:
    """Set two to six things of a kind side by side.

    Model versions, training jobs, MLflow runs, dataset or evaluator versions.
    """
    from studbook.api import open as open_catalog

    with open_catalog(catalog, snapshot) as lineage:
        found = lineage.compare(*things)
        if output_format == "json":
            write_json(found.to_json())
            return
        echo_folded(_comparison(cast("Comparison", found.answer), lineage, everything=everything))


def _comparison(found: Comparison, lineage: Lineage, *, everything: bool) -> Iterator[str]:
    for letter, one in zip(ascii_uppercase, found.things, strict=False):
        yield f"{dim(letter)}  {bold(lineage.handle(one))}  {dim(one.id)}"
    yield ""
    yield from found.verdicts
    yield from found.ranges
    different = [row for row in found.rows if not row.equal]
    equal = [row for row in found.rows if row.equal]
    yield from _rows(different, lineage)
    if not different:
        yield ""
        yield "nothing that is known differs"
    if equal:
        yield ""
        if everything:
            yield bold(f"equal ({len(equal)})")
            yield from _rows(equal, lineage)
        else:
            named = ", ".join(dict.fromkeys(row.section for row in equal))
            yield dim(f"equal ({len(equal)}; --all shows them): {named}")


def _rows(rows: list[ComparedFact], lineage: Lineage) -> Iterator[str]:
    from studbook.cli.text import value
    from studbook.queries.compare import spelled

    def called(word: object) -> str | None:
        return lineage.handle(word) if isinstance(word, str) and lineage.index.asset(word) is not None else None

    def side_text(row: ComparedFact, side: object) -> str:
        """A list of ids, each by its handle; an object by its size and etag; any other value as it is."""
        if row.section == "objects":
            size, etag = side if isinstance(side, tuple) else (None, None)
            return "not there" if side is None else f"{size:,} bytes, etag {etag}" if size is not None else str(etag)
        return ", ".join(called(one) or value(one) for one in side) if isinstance(side, list) else value(side)

    section = None
    for row in rows:
        if row.section != section:
            section = row.section
            yield ""
            yield bold(section)
        yield f"  {spelled(row.name, called) if section == 'evaluations' else row.name}"
        if row.equal:
            yield f"    {dim('all')}  {side_text(row, row.values[0])}"
            continue
        for letter, side in zip(ascii_uppercase, row.values, strict=False):
            yield f"    {dim(letter)}  {side_text(row, side)}"
