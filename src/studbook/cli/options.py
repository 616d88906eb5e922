"""The options that many commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from studbook.exports.edition import Edition
    from studbook.store import Catalog

F = TypeVar("F", bound=Callable[..., Any])


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


def catalog_option(function: F) -> F:
    """`--catalog DIR|S3_URI`, also STUDBOOK_CATALOG."""
    return click.option(
        "--catalog",
        type=_CatalogFolder(file_okay=False),
        default="catalog",
        envvar="STUDBOOK_CATALOG",
        show_default=True,
        show_envvar=True,
        help="The catalog folder, or s3://bucket/prefix.",
    )(function)


def snapshot_option(function: F) -> F:
    """`--snapshot S`, also spelt `--as-of`."""
    return click.option(
        "--snapshot",
        "--as-of",
        "snapshot",
        default="latest",
        show_default=True,
        metavar="S",
        help="A number, latest, latest~3, a date, or a digest's beginning.",
    )(function)


def format_option(function: F) -> F:
    """`--format text|json`: JSON goes to standard output alone."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How facts are printed.",
    )(function)


def level_option(function: F) -> F:
    """`--level error|warning|note`: from which findings on the exit code is 1."""
    return click.option(
        "--level",
        type=click.Choice(["error", "warning", "note"]),
        default="error",
        show_default=True,
        help="Findings from this level on make the exit code 1.",
    )(function)


def audience_option(function: F) -> F:
    """`--audience internal|external`; `edition` gives what outsiders may read."""
    return click.option(
        "--audience",
        type=click.Choice(["internal", "external"]),
        default="internal",
        show_default=True,
        help="external: accounts, roles, people, buckets and repositories under pseudonyms, by the secret in "
        "STUDBOOK_AUDIENCE_SECRET.",
    )(function)


def edition(catalog: Catalog) -> Edition:
    """A catalog as outsiders may read it, by the secret of the environment; UsageError where there is none."""
    from studbook.exports.edition import Edition
    from studbook.exports.pseudonyms import SECRET

    return Edition(catalog, os.environ.get(SECRET, ""))
