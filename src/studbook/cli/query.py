"""`studbook trace`, `impact`, `diff`, `log`, `show`, `verify`: questions to a catalog, without AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from studbook.cli.options import catalog_option, format_option, snapshot_option
from studbook.cli.terminal import echo, echo_lines, style, write, write_json

if TYPE_CHECKING:
    from studbook.lineage.graph import Lineage
    from studbook.model import Asset, Envelope
    from studbook.queries.walks import Walk
    from studbook.store import Catalog
    from studbook.store.index import Index

F = TypeVar("F", bound=Callable[..., Any])


def _walk_options(function: F) -> F:
    for option in (
        format_option,
        snapshot_option,
        catalog_option,
        click.option("--all", "everything", is_flag=True, help="Show every line as text, however many; JSON has all."),
        click.option("--ids", is_flag=True, help="Show ids in place of names."),
        click.option("--evidence", is_flag=True, help="Show for every line which field of which operation says so."),
        click.argument("asset"),
    ):
        function = option(function)
    return function


@click.command(
    epilog="""\b
Examples:
  studbook trace support-bot-prod                  by name
  studbook trace endpoint/support-bot-prod         by the end of its ARN
  studbook trace arn:aws:sagemaker:us-west-2:444444444444:endpoint/support-bot-prod --evidence
  studbook trace model-package/support-bot/5 --snapshot 2026-11-01 --format json

\b
Each line says how the asset below goes into the one above, and how sure that is: referenced (a record names it),
declared (the Lineage API says so), inferred (Studbook concluded it; --evidence names the rule).
"""
)
@_walk_options
def trace(**options: Any) -> None:
    """Show what made ASSET: base models, data, code, evaluators, back to the origins."""
    from studbook.queries.walks import made as walk

    _print_walk(walk, **options)


@click.command(
    epilog="""\b
Examples:
  studbook impact support-chats                    who learned from this dataset, and where that runs now
  studbook impact eval-chat:7                      what this version of an evaluator judged or rewarded
  studbook impact s3://bucket/chats/ --format json
"""
)
@_walk_options
def impact(**options: Any) -> None:
    """Show what depends on ASSET: jobs, models, deployments."""
    from studbook.queries.walks import reaches as walk

    _print_walk(walk, **options)


def _print_walk(
    walk: Callable[[Lineage, str, int | None], Walk],
    *,
    asset: str,
    evidence: bool,
    ids: bool,
    everything: bool,
    catalog: Catalog,
    snapshot: str,
    output_format: str,
) -> None:
    from studbook.api import open as open_catalog
    from studbook.cli.walks import NEAREST, walk_json, walk_text

    with open_catalog(catalog, snapshot) as lineage:
        most = None if everything or output_format == "json" else NEAREST
        asked = lineage.asset(asset)
        found = walk(lineage.index, asked.id, most)
        if output_format == "json":
            write_json(walk_json(found))
            return
        echo_lines(walk_text(lineage.index, found, evidence=evidence, ids=ids, everything=everything))


@click.command(
    epilog="""\b
Examples:
  studbook diff                      the last night
  studbook diff 12                   from snapshot 12 to the latest
  studbook diff 2026-11-01 2026-11-22
  studbook diff latest~7 latest --format json
  studbook diff --format markdown    for a pull request or a chat
"""
)
@click.argument("old", default="latest~1")
@click.argument("new", default="latest")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="How facts are printed.",
)
@catalog_option
def diff(old: str, new: str, catalog: Catalog, output_format: str) -> None:
    """Show what changed from snapshot OLD to snapshot NEW: models, approvals, deployments, data, coverage."""
    from studbook.queries.diff import diff as compare
    from studbook.store.chunks import Shared

    before, after = catalog.resolve(old), catalog.resolve(new)
    shared = Shared(catalog.objects)
    was, now = catalog.graph(before, shared), catalog.graph(after, shared)
    changes = compare(was, now, before.coverage, after.coverage)
    if output_format == "json":
        write_json({"old": _dated(before), "new": _dated(after)} | changes.to_json())
        return
    from studbook.cli.changes import changes_markdown, changes_text

    shown = changes_markdown if output_format == "markdown" else changes_text
    echo_lines(shown(before, after, changes, lambda one: now.asset(one) or was.asset(one)))


@click.command(
    epilog="""\b
Examples:
  studbook log                             all snapshots, newest first
  studbook log model-package/support-bot/5 its approval, status, tags over time
  studbook log endpoint/support-bot-prod   what it ran, and since when
  studbook log --as-of 2026-11-22          as it was told that night
"""
)
@click.argument("asset", required=False)
@catalog_option
@snapshot_option
@format_option
def log(asset: str | None, catalog: Catalog, snapshot: str, output_format: str) -> None:
    """List the snapshots, or what changed about ASSET from one to the next."""
    from studbook.cli.history import asset_log_text, log_text, snapshot_log
    from studbook.errors import NotFound
    from studbook.queries.answer import Night
    from studbook.queries.log import log as ask

    if not catalog.root.is_dir():
        raise NotFound(f"{catalog.root}: there is no catalog here", "name another folder with --catalog DIR")
    if asset is None:
        rows = snapshot_log(catalog)
        if rows or snapshot != "latest":
            last = catalog.resolve(snapshot).number
            rows = [row for row in rows if row["number"] <= last]
        if output_format == "json":
            write_json({"snapshots": rows})
            return
        lines: Iterable[str] = log_text(rows)
    else:
        from studbook.api import open as open_catalog

        with open_catalog(catalog, snapshot) as lineage:
            found = lineage.asset(asset)
            answer = ask(Night.of(catalog, lineage.snapshot, lineage.index, lineage.settings), found.id, asset)
            if output_format == "json":
                write_json(answer.to_json(lineage.snapshot))
                return
            lines = list(asset_log_text(found, answer, lineage.index.asset))
    echo_lines(lines)


@click.command(
    epilog="""\b
Examples:
  studbook show latest                              a snapshot: what it covers, what it could not see
  studbook show support-bot-prod                    an asset: what is known of it, and what it touches
  studbook show 's3://bucket/chats/@sha256:...' --objects > manifest.tsv
  studbook show 's3://bucket/chats/@sha256:...' --objects | sha256sum     the digest in its id
"""
)
@click.argument("name", default="latest")
@click.option("--objects", is_flag=True, help="Of a dataset version: its object manifest (key, size, etag).")
@catalog_option
@snapshot_option
@format_option
def show(name: str, objects: bool, catalog: Catalog, snapshot: str, output_format: str) -> None:
    """Show a snapshot or an asset: NAME is a snapshot's name, or an asset's id, name, or the end of its id."""
    from studbook.api import open as open_catalog
    from studbook.cli import details
    from studbook.errors import NotFound

    named: Envelope | None = None
    if not objects:
        try:
            named = catalog.resolve(name)
        except NotFound:
            named = None
    if named is not None:
        if output_format == "json":
            write_json(named.model_dump(mode="json") | {"counts": catalog.counts(named)})
        else:
            echo_lines(details.snapshot_text(named, catalog.counts(named)))
        return
    with open_catalog(catalog, snapshot) as lineage:
        asset = lineage.asset(name)
        if objects:
            _print_objects(catalog, lineage.snapshot, lineage.index, asset, output_format)
        elif output_format == "json":
            write_json(details.asset_json(lineage.index, asset))
        else:
            echo_lines(details.asset_text(lineage.index, asset))


def _print_objects(catalog: Catalog, envelope: Envelope, index: Index, asset: Asset, output_format: str) -> None:
    from studbook.errors import NotFound
    from studbook.model.ids import manifest_lines, parse_s3

    ids = [asset.id, *(edge.source for edge in index.upstream(asset.id, "content_of"))]
    record_of = catalog.record_of(envelope)
    record = next((found for one in ids if (found := record_of("s3_prefix", one)) is not None), None)
    if record is None:
        raise NotFound(f"no object manifest is kept of {asset.id!r}", "it is kept of the versions of S3 datasets")
    uri = parse_s3(record.body["Uri"])
    assert uri is not None
    lines = manifest_lines(record.body["Contents"], uri.key)
    if output_format == "json":
        rows = (line.decode().rstrip("\n").split("\t") for line in lines)
        write_json([{"key": key, "size": int(size), "etag": etag} for key, size, etag in rows])
        return
    for line in lines:
        write(line)


@click.command(
    epilog="""\b
Examples:
  studbook verify
  studbook verify --format json

It computes every digest again, follows the chain of snapshots, and looks for whatever is missing. To know that nobody
wrote a whole new chain, keep the latest envelope's digest elsewhere and compare it with 'studbook show latest'.

\b
Exit codes: 0 all is as it was written; 1 something is damaged.
"""
)
@catalog_option
@format_option
def verify(catalog: Catalog, output_format: str) -> int:
    """Check that the catalog is whole, and as it was written."""
    from studbook.errors import NotFound

    snapshots = len(catalog.snapshots.paths())
    if not snapshots and not catalog.objects.root.exists():
        raise NotFound(f"{catalog.root}: there is no catalog here", "name another folder with --catalog DIR")
    damages = catalog.verify()
    objects = sum(1 for _ in catalog.objects)
    if output_format == "json":
        found = [{"place": damage.place, "message": damage.message} for damage in damages]
        write_json({"ok": not damages, "snapshots": snapshots, "objects": objects, "damages": found})
        return 1 if damages else 0

    for damage in damages:
        echo(f"{style('damaged', 'red')}  {damage.place}: {damage.message}")
    echo(f"{snapshots} snapshots, {objects} objects: " + (f"{len(damages)} damaged" if damages else "all as written"))
    return 1 if damages else 0


def _dated(envelope: Envelope) -> dict[str, Any]:
    return {"number": envelope.number, "taken_at": envelope.taken_at, "digest": envelope.digest}
