"""`studbook init`: a new catalog folder."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from studbook.cli.options import catalog_option, catalog_words
from studbook.cli.terminal import echo, say
from studbook.errors import UsageError

if TYPE_CHECKING:
    from studbook.store import Catalog

_ACCOUNT = re.compile(r"\d{12}")
_REGION = "us-east-1"
_ROLE = "StudbookReader"


@click.command(
    epilog="""\b
Examples:
  studbook init --here                   the account and region of your AWS credentials
  studbook init --accounts 111111111111=dev,222222222222=prod --regions us-east-1,eu-west-1
  studbook init --organization --regions us-east-1        every account of your organisation
  studbook init                          asks; without a terminal, a configuration to edit
  studbook init --here --catalog /srv/studbook            somewhere else
"""
)
@click.option(
    "--here", is_flag=True, help="Ask AWS which account and region your credentials mean, and write those in."
)
@click.option("--accounts", metavar="ID[=NAME],...", help="Read these accounts, through the role --role-name in each.")
@click.option("--organization", is_flag=True, help="Read every account of the organisation that you are in.")
@click.option(
    "--role-name", metavar="NAME", help=f"The role to assume in other accounts ({_ROLE} where none is named)."
)
@click.option("--regions", metavar="REGION,...", help="Which regions to read.")
@catalog_option
def init(
    *,
    catalog: Catalog,
    here: bool,
    accounts: str | None,
    organization: bool,
    role_name: str | None,
    regions: str | None,
) -> None:
    """Make a catalog folder, with a configuration to begin with.

    Waivers, a place for model cards and the format's description are in it, too. Whatever is wrong, nothing is left
    half done; what had to be guessed is said.
    """
    import yaml

    from studbook.packaged import packaged

    written = f"{catalog.address}/{catalog.settings_file.name}"
    if catalog.settings_file.exists():
        raise UsageError(f"{written} exists already", "edit it, or name another folder with --catalog DIR")
    if not (here or accounts or organization or role_name or regions) and sys.stdin.isatty():
        here, accounts, organization, regions = _asked()
    if here or accounts or organization:
        settings = _settings(
            here=here, accounts=accounts, organization=organization, role_name=role_name, regions=regions
        )
        text = (
            "# The configuration of a catalog: 'studbook help configuration' explains every key.\n\n"
            + yaml.safe_dump(settings, sort_keys=False)
        )
    elif role_name or regions:
        raise UsageError("whose regions, or whose role?", "say --here, --accounts ID,... or --organization as well")
    else:
        text = type(catalog)(packaged("catalog")).settings_file.read_text(encoding="utf-8")
    text += (
        f"\nredact:\n  salt: {os.urandom(16).hex()}  # this catalog's own, to be kept: see 'studbook help security'\n"
    )
    catalog.create(text)
    option = catalog_words(catalog)
    echo(f"wrote {written}")
    say("next:")
    if not (here or accounts or organization):
        say(f"  edit {written}: your accounts, regions and datasets")
    say(f"  studbook doctor{option}")
    say(f"  studbook harvest{option}")
    say(f"  studbook build{option} && studbook serve{option}")


def _asked() -> tuple[bool, str | None, bool, str | None]:
    """Which accounts and regions, from whoever sits at the terminal."""
    whose = click.prompt(
        "Accounts to read: 'here' (those of your AWS credentials), 'organization', or ids with commas", default="here"
    )
    regions = click.prompt("Regions, with commas (empty: the region of your AWS settings)", default="") or None
    whose = whose.strip()
    if whose in ("here", "organization"):
        return whose == "here", None, whose == "organization", regions
    return False, whose, False, regions


def _settings(
    *, here: bool, accounts: str | None, organization: bool, role_name: str | None, regions: str | None
) -> dict[str, Any]:
    """The configuration as data, so that no name can be anything but a text in the file."""
    named = [region for region in re.split(r"[\s,]+", regions or "") if region]
    settings: dict[str, Any] = {"accounts": []}
    if here:
        from studbook.aws.sessions import caller

        account, region, name = caller()
        named = named or [_region(region)]
        label = re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-") or account
        settings["accounts"].append({"id": account, "name": label, "regions": list(named)})
    elif not named:
        import boto3

        named = [_region(boto3.Session().region_name)]
    role = role_name or _ROLE
    for item in re.split(r"[\s,]+", accounts or ""):
        account, _, name = item.partition("=")
        if not item or any(known["id"] == account for known in settings["accounts"]):
            continue
        if not _ACCOUNT.fullmatch(account):
            raise UsageError(
                f"{item!r} is no account", "an account's id has twelve digits: --accounts 111111111111=dev"
            )
        settings["accounts"].append(
            {
                "id": account,
                "name": name or account,
                "regions": list(named),
                "role_arn": f"arn:aws:iam::{account}:role/{role}",
            }
        )
    if organization:
        settings["organization"] = {"role_name": role, "regions": list(named)}
    return {key: value for key, value in settings.items() if value}


def _region(found: str | None) -> str:
    if found is None:
        say(f"no region is set: taking {_REGION} (guessed; name others with --regions)")
    return found or _REGION
