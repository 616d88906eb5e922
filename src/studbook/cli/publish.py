"""`studbook publish`: the built site where people browse it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option, text_or_json
from studbook.cli.site import output_option
from studbook.cli.terminal import echo, say, write, write_json

if TYPE_CHECKING:
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook publish s3://our-docs/models/      tonight's site beside those that are there
  studbook publish                            to publish.to of studbook.yml
  studbook publish --all                      what was defaced in the bucket comes back
  studbook publish public/                    plain copies, as GitHub and GitLab Pages take them
  studbook publish --cloudformation > hosting.yml          a private bucket behind CloudFront
  studbook publish --format json | jq -r '.changed[]'      what CloudFront has to forget

The bucket is written with your own credentials, never with a role of the harvest. What did not change since the
version before is copied within S3; what the configuration's site.keep keeps no longer is taken away. Files
with a digest in their names, as the theme's scripts and styles, may be cached for a year; all others are asked for
again each time.
"""
)
@click.argument("to", required=False, metavar="[S3_URI|FOLDER]")
@click.option("--all", "everything", is_flag=True, help="Every version here, each file compared with the bucket's own.")
@click.option(
    "--cloudformation",
    is_flag=True,
    help="Print a template of a private bucket behind CloudFront, read from networks that you name, and do no more.",
)
@output_option
@catalog_option
@text_or_json
def publish(
    *, to: str | None, everything: bool, cloudformation: bool, output: Path, catalog: Catalog, output_format: str
) -> None:
    """Put the built site into an S3 bucket or a folder. Of a bucket, only what changed is written."""
    from studbook.errors import UsageError
    from studbook.packaged import hosting_template
    from studbook.publish import publish_site

    if cloudformation:
        write(hosting_template().read_bytes())
        return

    settings = catalog.settings()
    where = to or settings.publish.to
    if where is None:
        raise UsageError(
            "nothing says where the site is published",
            "write: studbook publish s3://bucket/prefix/, or set publish.to in studbook.yml",
        )
    done = publish_site(catalog, settings, output, where, everything=everything, report=say)
    if output_format == "json":
        write_json(done.to_json() | {"to": where})
        return
    echo(done.sentence(where))
