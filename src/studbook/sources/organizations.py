"""AWS Organizations: the accounts to harvest, where the configuration does not list them.

Calls: ListAccounts (20 accounts a request); with `units` or `stages` also ListAccountsForParent and
ListOrganizationalUnitsForParent for every unit below those. Needs the management account or a delegated administrator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from studbook.model import Facts, Partition, Record
from studbook.settings import Account, Settings
from studbook.sources.interface import Visit

_ACCOUNT = "organization_account"


class Organizations:
    """Accounts by organizational unit; they are where to look, not part of the lineage."""

    name = "organizations"
    wave = 0
    actions = (
        "organizations:ListAccounts",
        "organizations:ListAccountsForParent",
        "organizations:ListOrganizationalUnitsForParent",
    )

    def plan(self, settings: Settings, records: Iterable[Record]) -> Mapping[Partition, Sequence[str]]:
        return {Partition(None, None, self.name): ()} if settings.organization else {}

    def collect(self, visit: Visit) -> None:
        organization = visit.settings.organization
        assert organization is not None
        units: dict[str, set[str]] = {}
        found = {}
        for page in visit.pages("ListAccounts", {"MaxResults": 20}):
            found.update({account["Id"]: account for account in page.get("Accounts") or ()})
        for unit in sorted({*organization.units, *organization.stages}):
            for account in _below(visit, unit):
                units.setdefault(account, set()).add(unit)
        for account_id, account in sorted(found.items()):
            visit.record(_ACCOUNT, account["Arn"], {**account, "Units": sorted(units.get(account_id, ()))})
        visit.listed(_ACCOUNT)

    def scope(self, record: Record) -> str | None:
        return None

    def normalize(self, record: Record) -> Facts:
        return Facts()


def _below(visit: Visit, unit: str) -> set[str]:
    """The ids of the accounts in a unit and in all units below it."""
    found = {
        account["Id"]
        for page in visit.pages("ListAccountsForParent", {"ParentId": unit, "MaxResults": 20})
        for account in page.get("Accounts") or ()
    }
    for page in visit.pages("ListOrganizationalUnitsForParent", {"ParentId": unit, "MaxResults": 20}):
        for child in page.get("OrganizationalUnits") or ():
            found |= _below(visit, child["Id"])
    return found


def with_accounts(settings: Settings, records: Iterable[Record]) -> Settings:
    """The settings with the organisation's accounts among them; one configured by hand is kept as it is. Pure."""
    organization = settings.organization
    if organization is None:
        return settings
    by_hand = {account.id for account in settings.accounts}
    found = []
    for record in records:
        body = record.body
        if record.kind != _ACCOUNT or record.gone_since is not None or body["Id"] in by_hand:
            continue
        if body.get("State", body.get("Status")) != "ACTIVE":
            continue
        units = body["Units"]
        if organization.units and not set(units) & set(organization.units):
            continue
        partition = body["Arn"].split(":")[1]
        found.append(
            Account(
                id=body["Id"],
                name=body.get("Name"),
                stage=next((organization.stages[unit] for unit in units if unit in organization.stages), None),
                regions=organization.regions,
                role_arn=f"arn:{partition}:iam::{body['Id']}:role/{organization.role_name}",
                external_id=organization.external_id,
            )
        )
    accounts = (*settings.accounts, *sorted(found, key=lambda account: account.id))
    return settings.model_copy(update={"accounts": accounts})
