"""The options that many commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from studbook.store import Catalog

F = TypeVar("F", bound=Callable[..., Any])


class _CatalogFolder(click.Path):
    """A catalog by its folder, which need not be there yet."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Catalog:  # type: ignore[override]
        from pathlib import Path

        from studbook.store import Catalog

        return value if isinstance(value, Catalog) else Catalog(Path(str(super().convert(value, param, ctx))))


def catalog_option(function: F) -> F:
    """`--catalog DIR`, also STUDBOOK_CATALOG."""
    return click.option(
        "--catalog",
        type=_CatalogFolder(file_okay=False),
        default="catalog",
        envvar="STUDBOOK_CATALOG",
        show_default=True,
        show_envvar=True,
        help="The catalog folder.",
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
