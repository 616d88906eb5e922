"""`studbook reproduce`: the request that would make a model again, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option, format_option, snapshot_option
from studbook.cli.terminal import bold, dim, echo_folded, style, uncolored, write

if TYPE_CHECKING:
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
@format_option("text", "json", "python", meaning="For a reader, for a program, or as a boto3 script.")
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
