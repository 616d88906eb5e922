"""The options that many commands share."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from studbook.exports.edition import Edition
    from studbook.store import Catalog


class _CatalogFolder(click.Path):
    """A catalog by its folder, which need not be there yet, or by its place in S3."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Catalog:  # type: ignore[override]
        from studbook.store import Catalog, open_catalog

        if isinstance(value, Catalog):
            return value
        if str(value).startswith("s3://"):
            # An audit asks what is in the bucket, not what was there when somebody looked.
            return open_catalog(str(value), believe_cache=ctx is None or ctx.info_name != "verify")
        return open_catalog(str(super().convert(value, param, ctx)))


def format_option(
    *formats: str, meaning: str = "How facts are printed."
) -> Callable[[Callable[..., Any] | click.Command], Any]:
    """`--format`, the first of these by default. Whatever it is, JSON goes to standard output alone."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=meaning,
    )


catalog_option = click.option(
    "--catalog",
    type=_CatalogFolder(file_okay=False),
    default="catalog",
    envvar="STUDBOOK_CATALOG",
    show_default=True,
    show_envvar=True,
    help="The catalog folder, or s3://bucket/prefix.",
)
snapshot_option = click.option(
    "--snapshot",
    "--as-of",
    "snapshot",
    default="latest",
    show_default=True,
    metavar="S",
    help="A number, latest, latest~3, a date, or a digest's beginning.",
)
level_option = click.option(
    "--level",
    type=click.Choice(["error", "warning", "note"]),
    default="error",
    show_default=True,
    help="Findings from this level on make the exit code 1.",
)
audience_option = click.option(
    "--audience",
    type=click.Choice(["internal", "external"]),
    default="internal",
    show_default=True,
    help="external: accounts, roles, people, buckets and repositories under pseudonyms, by the secret in "
    "STUDBOOK_AUDIENCE_SECRET.",
)
"""Whoever takes it asks for the `edition`."""
text_or_json = format_option("text", "json")


def catalog_words(catalog: Catalog) -> str:
    """The option that a next command needs to meet the same catalog; empty where it meets it anyway."""
    known = ("catalog", os.environ.get("STUDBOOK_CATALOG"))
    return "" if catalog.address in known else f" --catalog {shlex.quote(catalog.address)}"


def edition(catalog: Catalog) -> Edition:
    """A catalog as outsiders may read it, by the secret of the environment; UsageError where there is none."""
    from studbook.exports.edition import Edition
    from studbook.exports.pseudonyms import SECRET

    return Edition(catalog, os.environ.get(SECRET, ""))
