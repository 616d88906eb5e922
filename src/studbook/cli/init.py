"""`studbook init`: a new catalog folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click

from studbook.cli.options import catalog_option
from studbook.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  studbook init                          a folder 'catalog' with a configuration to edit
  studbook init --here                   filled in with the account and region of your AWS credentials
  studbook init --catalog /srv/studbook  somewhere else
"""
)
@click.option(
    "--here", is_flag=True, help="Ask AWS which account and region your credentials mean, and write those in."
)
@catalog_option
def init(catalog: Path, here: bool) -> None:
    """Make a catalog folder: configuration, waivers, a place for model cards, and the format's description."""
    from studbook.packaged import packaged
    from studbook.settings import load_settings

    target = catalog / "studbook.yml"
    if target.exists():
        raise UsageError(f"{target} exists already", "edit it, or name another folder with --catalog DIR")
    text = (packaged("catalog") / "studbook.yml").read_text(encoding="utf-8")
    if here:
        text = _for_these_credentials()
    (catalog / "cards").mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    for name in ("README.md", "waivers.yml"):
        if not (catalog / name).exists():
            shutil.copyfile(packaged("catalog") / name, catalog / name)
    ignored = catalog / ".gitignore"
    if not ignored.exists():
        ignored.write_text("index.sqlite*\n.harvest/\n", encoding="utf-8")
    load_settings(target)
    option = "" if catalog == Path("catalog") else f" --catalog {catalog}"
    click.echo(f"wrote {target}")
    click.echo("next:", err=True)
    if not here:
        click.echo(f"  edit {target}: your accounts, regions and datasets", err=True)
    click.echo(f"  studbook harvest{option}", err=True)
    click.echo(f"  studbook build{option} && studbook serve{option}", err=True)


def _for_these_credentials() -> str:
    from studbook.aws.sessions import caller

    account, region, name = caller()
    label = re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-") or account
    return (
        "# The configuration of a catalog: docs/configuration.md explains every key.\n\n"
        "accounts:\n"
        f'  - id: "{account}"\n'
        f"    name: {label}\n"
        f"    regions: [{region}]\n"
    )
