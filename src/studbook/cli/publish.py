"""`studbook publish`: the built site where people browse it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option, format_option
from studbook.cli.site import output_option
from studbook.cli.terminal import echo, say, write_json

if TYPE_CHECKING:
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook publish s3://our-docs/models/          tonight's site beside those that are there
  studbook publish                                to publish.to of studbook.yml
  studbook publish --all                          every version that was built here, each file compared

The bucket is written with your own credentials, never with a role of the harvest. What did not change since the
version before is copied within S3; what the configuration's site.keep keeps no longer is taken away.
"""
)
@click.argument("to", required=False, metavar="[S3_URI]")
@click.option("--all", "everything", is_flag=True, help="Compare every version here, not the new and the newest alone.")
@output_option
@catalog_option
@format_option
def publish(to: str | None, everything: bool, output: Path, catalog: Catalog, output_format: str) -> None:
    """Put the built site into an S3 bucket, at the price of what changed."""
    from studbook.aws.bucket import writer
    from studbook.errors import UsageError
    from studbook.model.ids import parse_s3
    from studbook.publish import WORKERS
    from studbook.publish import publish as send
    from studbook.render.versions import kept

    settings = catalog.settings()
    where = to or settings.publish.to
    uri = parse_s3(where)
    if uri is None:
        raise UsageError(
            f"{where!r} is no S3 URI" if where else "nothing says where the site is published",
            "write: studbook publish s3://bucket/prefix/, or set publish.to in studbook.yml",
        )
    envelopes = list(catalog.envelopes())
    drop = {envelope.number for envelope in envelopes} - {e.number for e in kept(envelopes, settings.site.keep)}
    done = send(
        output,
        uri,
        writer(WORKERS),
        drop=drop,
        everything=everything,
        report=say,
    )
    if output_format == "json":
        write_json(done.to_json() | {"to": str(uri)})
        return
    echo(
        f"published {', '.join(done.versions)} to {uri}: {done.sent:,} files sent ({done.sent_bytes:,} bytes), "
        f"{done.copied:,} copied, {done.removed:,} removed, {done.unchanged:,} as they were; "
        f"{sum(done.calls.values()):,} requests"
    )
