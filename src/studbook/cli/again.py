"""`studbook reproduce` and `compare`: how a model was made, to make it again or to set it beside others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, cast

import click

from studbook.cli.options import catalog_option, format_option, snapshot_option
from studbook.cli.terminal import bold, dim, echo_folded, style, uncolored, write, write_json

if TYPE_CHECKING:
    from studbook.api import Lineage
    from studbook.queries.compare import ComparedFact, Comparison
    from studbook.queries.reproduce import Reproduction
    from studbook.store import Catalog

_COLORS = {"exact": "green", "close": "yellow", "not possible": "red"}


@click.command(
    epilog="""\b
Examples:
  studbook reproduce support-bot/4               can it be made again? what stands in the way?
  studbook reproduce support-bot/4 --format python --output again.py
  studbook reproduce fraud-xgb-20261115 --format json | jq .request > request.json
  aws sagemaker create-training-job --cli-input-json file://request.json

The verdict is about what goes in: exact, close, or not possible, each with its reasons. What was redacted is <FILL IN>.
That roles, keys, networks and quotas are still as they were is not checked.
"""
)
@click.argument("asset")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "python"]),
    default="text",
    show_default=True,
    help="For a reader, for a program, or as a boto3 script.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file in place of standard output.")
@catalog_option
@snapshot_option
def reproduce(asset: str, output_format: str, output: Path | None, catalog: Catalog, snapshot: str) -> None:
    """Write the request that would train ASSET again. ASSET is a model version or a job."""
    from studbook.api import open as open_catalog
    from studbook.errors import UsageError
    from studbook.model import canonical
    from studbook.queries.reproduce import KINDS, script
    from studbook.queries.reproduce import reproduce as find

    with open_catalog(catalog, snapshot) as lineage:
        found = find(lineage.index, lineage.asset(asset, KINDS), lineage.catalog.record_of(lineage.snapshot))
    if output_format == "text" and output is None:
        echo_folded(_reproduction(found))
        return
    if output_format == "json":
        text = canonical(found.to_json()).decode()
    elif output_format == "python":
        text = script(found).rstrip("\n")
    else:
        text = "\n".join(map(uncolored, _reproduction(found)))
    if output is None:
        write(f"{text}\n".encode())
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror}", "name another file with --output") from None


def _reproduction(found: Reproduction) -> Iterator[str]:
    from studbook.cli.text import name
    from studbook.model.kinds import kind_words

    yield f"{kind_words(found.asset.kind)} {bold(name(found.asset))}  {dim(found.asset.id)}"
    if found.job.id != found.asset.id:
        yield f"  made by the {kind_words(found.job.kind)} {bold(name(found.job))}  {dim(found.job.id)}"
    yield f"  can be made again: {style(found.verdict, _COLORS[found.verdict])}"
    for title, lines in (
        ("in the way", [f"{r.leaves.ljust(12)}  {r.part}: {r.message}" for r in found.reasons]),
        ("fixed", [f"{pin.part}: {pin.value}" for pin in found.pins]),
        (
            "object versions",
            [f"{m.channel}: {len(m.objects)} of {m.dataset_version}" for m in found.manifests],
        ),
    ):
        if lines:
            yield ""
            yield bold(title)
            yield from (f"  {line}" for line in lines)
    yield ""
    yield bold(f"request ({found.operation})")
    yield from _indented(found.request)


def _indented(request: object) -> Iterator[str]:
    import json

    # ASCII: a terminal sees nothing that it would act on.
    for line in json.dumps(request, indent=2, sort_keys=True).splitlines():
        yield f"  {line}"


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
@format_option
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

    def told(row: ComparedFact, side: object) -> str:
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
            yield f"    {dim('all')}  {told(row, row.values[0])}"
            continue
        for letter, side in zip(ascii_uppercase, row.values, strict=False):
            yield f"    {dim(letter)}  {told(row, side)}"
