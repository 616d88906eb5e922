"""`studbook iam`: the permissions that a harvest needs, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from studbook.cli.options import catalog_option, format_option
from studbook.cli.terminal import say, write, write_document

if TYPE_CHECKING:
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook iam                                           what the reader's role may do
  studbook iam --part trust --principal ARN --external-id X      who may assume it
  studbook iam --part caller                             what whoever runs Studbook needs
  studbook iam --account 111111111111                    that account's role: its own datasets
  studbook iam --format terraform --principal ARN        the role as Terraform
  studbook iam --format cloudformation > reader.json     as a template, for a StackSet, too
"""
)
@catalog_option
@click.option(
    "--part",
    type=click.Choice(["policy", "trust", "caller", "all"]),
    default="policy",
    show_default=True,
    help="Which document, as JSON.",
)
@format_option(
    "json",
    "terraform",
    "cloudformation",
    meaning="Terraform and CloudFormation have the whole role: policy and trust.",
)
@click.option("--account", metavar="ID", help="For the role of one account: no datasets and documents but its own.")
@click.option("--principal", metavar="ARN", help="Whoever runs Studbook: a role, a user or an account's root.")
@click.option("--external-id", metavar="X", help="The external id to ask for; else the configuration's, if it has one.")
def iam(
    *,
    catalog: Catalog,
    part: str,
    output_format: str,
    account: str | None,
    principal: str | None,
    external_id: str | None,
) -> int:
    """Print the least-privilege policy that a harvest needs.

    It has the sources that are on; all of them where there is no configuration.
    """
    from studbook import permissions as made
    from studbook.errors import UsageError
    from studbook.model.ids import parse_arn

    if principal is not None and parse_arn(principal) is None:
        raise UsageError(f"{principal} is no ARN", "write --principal arn:aws:iam::111111111111:role/ci")
    path = catalog.settings_file
    settings = catalog.settings() if path.exists() else None
    if settings is None:
        say(
            f"{path}: there is no configuration, so this is for the sources that are on by default; "
            f"put your buckets in the place of {made.PLACEHOLDER_BUCKET}",
        )
    if account is not None:
        if settings is None or (settings.organization is None and settings.account(account) is None):
            raise UsageError(f"{path} has no account {account}", "list it there, or leave --account out")
        if part in ("caller", "all"):
            raise UsageError("whoever runs Studbook has one policy for all accounts", "leave --account out")
        settings = made.for_account(settings, account)
    external_id = external_id or (_shared_external_id(settings) if settings else None)
    document = made.policy(settings)
    _warn(made.size(document))
    if output_format == "terraform":
        write(made.terraform(document, made.role_name(settings), principal, external_id).encode())
        return 0
    if output_format == "cloudformation":
        write_document(made.cloudformation(document, made.role_name(settings), principal, external_id))
        return 0
    if part in ("trust", "all") and principal is None:
        raise UsageError("a trust policy names somebody", "say who runs Studbook with --principal ARN")
    documents = {
        "policy": document,
        "trust": made.trust(principal or "", external_id),
        "caller": made.caller_policy(settings),
    }
    write_document(documents if part == "all" else documents[part])
    return 0


def _shared_external_id(settings: Any) -> str | None:
    """The external id that all the configuration's roles ask for; None where they differ or ask for none."""
    found = {account.external_id for account in settings.accounts if account.role_arn}
    if settings.organization is not None:
        found.add(settings.organization.external_id)
    return found.pop() if len(found) == 1 else None


def _warn(size: int) -> None:
    from studbook.permissions import INLINE_LIMIT, MANAGED_LIMIT

    if size <= MANAGED_LIMIT:
        return
    refused = (
        f"a role's inline policies may have {INLINE_LIMIT} in all: IAM will refuse it"
        if size > INLINE_LIMIT
        else f"it fits into a role, as these templates have it, but not into a managed policy ({MANAGED_LIMIT})"
    )
    say(
        f"the policy has {size} characters; {refused}. Shorter: --account ID for each account, or fewer and higher "
        "prefixes among the datasets",
    )
