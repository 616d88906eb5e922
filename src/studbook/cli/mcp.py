"""`studbook mcp`: the questions as tools for agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option

if TYPE_CHECKING:
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook mcp --catalog catalog              over a catalog's folder
  studbook mcp https://lineage.example.com    over a built site: what its pages' index.json say
  claude mcp add studbook -- studbook mcp --catalog /srv/catalog

It speaks the Model Context Protocol on standard input and output, and needs an extra package:
pip install 'studbook[mcp]'
"""
)
@click.argument("site", required=False)
@catalog_option
def mcp(site: str | None, catalog: Catalog) -> None:
    """Offer the questions to agents as tools (MCP). Over the catalog, or over the built SITE at an address."""
    from studbook.errors import NotFound, UsageError

    try:
        from studbook import mcp as door
    except ImportError as error:
        raise UsageError(f"the package for MCP is not there: {error}", "pip install 'studbook[mcp]'") from None
    if site is not None:
        door.serve(door.BuiltSite(site))
        return
    if catalog.latest() is None:
        raise NotFound(f"{catalog.address}: there is no snapshot here", "name another folder with --catalog DIR")
    source = door.Folder(catalog)
    try:
        door.serve(source)
    finally:
        source.close()
