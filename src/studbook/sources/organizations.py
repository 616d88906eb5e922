"""AWS Organizations: the accounts to harvest, where the configuration does not list them.

Calls: ListAccounts (20 accounts a request); with `units` or `stages` ListAccountsForParent and
ListOrganizationalUnitsForParent for each of those units and every unit below them; with `tags` ListTagsForResource for
each active account of the units that the configuration does not list itself. They are asked for anew each night, since
nothing tells that an account was moved or tagged. Needs the management account or a delegated administrator.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

from studbook.aws.errors import UNREADABLE, Trouble, no_answer, unreadable
from studbook.model import Coverage, Facts, Gap, Partition, Record
from studbook.model.coverage import SKIPPED, Status
from studbook.settings import Account, Organization, Settings
from studbook.sources.interface import Grant, Json, Visit

_ACCOUNT = "organization_account"


class Organizations:
    """Accounts by organizational unit and tag; they are where to look, not part of the lineage."""

    name = "organizations"
    grants: tuple[Grant, ...] = ()
    wave = 0
    follows = ()
    actions = (
        "organizations:ListAccounts",
        "organizations:ListAccountsForParent",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListTagsForResource",
    )

    def plan(self, settings: Settings, records: Iterable[Record]) -> Mapping[Partition, Sequence[str]]:
        return {Partition(None, None, self.name): ()} if settings.organization else {}

    def collect(self, visit: Visit) -> None:
        """Records nothing before everything was answered: half a list of accounts is the accounts of last night."""
        organization = visit.settings.organization
        assert organization is not None
        listed: dict[str, Json] = {}
        whole = True
        for page in visit.pages("ListAccounts", {"MaxResults": 20}, items="Accounts"):
            for index, account in enumerate(page["Accounts"]):
                try:
                    _account(organization, {**account, "Units": ()})
                    listed[account["Id"]] = account
                except UNREADABLE as error:
                    visit.gap(error, f"Accounts[{index}]")
                    whole = False
        if whole and not listed:
            raise no_answer("ListAccounts", "an organisation without an account, not even its own")
        units = _Units(visit)
        for unit in sorted({*organization.units, *organization.stages}):
            units.walk(unit)
        by_hand = {account.id for account in visit.settings.accounts}
        found: list[dict[str, Any]] = []
        for account_id, account in sorted(listed.items()):
            # The address of its root user is nobody's business.
            body = {name: value for name, value in account.items() if name != "Email"}
            body["Units"] = units.above(account_id)
            if organization.tags and account_id not in by_hand and _wanted(organization, body):
                tags = _tags(visit, account_id)
                if tags is None:
                    continue
                body["Tags"] = tags
            found.append(body)
        for body in found:
            visit.record(_ACCOUNT, body["Arn"], body, operation="ListAccounts")
        if whole:
            visit.listed(_ACCOUNT)

    def scope(self, record: Record) -> str | None:
        return None

    def normalize(self, record: Record) -> Facts:
        return Facts()


class _Units:
    """Part of the tree of units; each unit is asked for once, however many of the configured ones it is below."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._walked: set[str] = set()
        self._parents: dict[str, str] = {}
        self._homes: dict[str, str] = {}

    def walk(self, unit: str) -> None:
        """Reads a unit and all below it. Raises Trouble, also where there is no such unit."""
        if unit in self._walked:
            return
        self._walked.add(unit)
        below = {"ParentId": unit, "MaxResults": 20}
        for page in self._visit.pages("ListAccountsForParent", below, items="Accounts"):
            self._homes.update({account["Id"]: unit for account in page["Accounts"]})
        for page in self._visit.pages("ListOrganizationalUnitsForParent", below, items="OrganizationalUnits"):
            for child in page["OrganizationalUnits"]:
                self._parents[child["Id"]] = unit
                self.walk(child["Id"])

    def above(self, account: str) -> list[str]:
        """The units that were read and that an account is in, the outermost first."""
        found = []
        unit = self._homes.get(account)
        while unit is not None:
            found.append(unit)
            unit = self._parents.get(unit)
        return found[::-1]


def _tags(visit: Visit, account: str) -> dict[str, str] | None:
    """An account's tags; None where it was removed since it was listed."""
    try:
        return {
            tag["Key"]: tag["Value"]
            for page in visit.pages("ListTagsForResource", {"ResourceId": account}, items="Tags")
            for tag in page["Tags"]
        }
    except Trouble as trouble:
        if trouble.meaning == "gone":
            return None
        raise


def _state(body: Json) -> str:
    """ACTIVE, or why nobody can look into an account."""
    return str(body.get("State", body.get("Status")))


def _wanted(organization: Organization, body: Json) -> bool:
    """Whether an account is alive, and in one of the units where the configuration names some."""
    return _state(body) == "ACTIVE" and _in_units(organization, body)


def _in_units(organization: Organization, body: Json) -> bool:
    return not organization.units or bool(set(body["Units"]) & set(organization.units))


def _tagged(organization: Organization, body: Json) -> bool:
    """Whether an account has all the tags that the configuration asks for."""
    tags = body.get("Tags") or {}
    return all(name in tags and fnmatchcase(tags[name], glob) for name, glob in organization.tags.items())


def _account(organization: Organization, body: Json) -> Account:
    """An account as the configuration would have it. Raises ValueError where it is none."""
    partition = body["Arn"].split(":")[1]
    return Account(
        id=body["Id"],
        name=body.get("Name"),
        # Of nested units the innermost says it.
        stage=next((organization.stages[u] for u in reversed(body["Units"]) if u in organization.stages), None),
        regions=organization.regions,
        role_arn=f"arn:{partition}:iam::{body['Id']}:role/{organization.role_name}",
        external_id=organization.external_id,
    )


def with_accounts(settings: Settings, records: Iterable[Record]) -> Settings:
    """The settings with the organisation's accounts among them; one configured by hand is kept as it is. Pure."""
    organization = settings.organization
    if organization is None:
        return settings
    by_hand = {account.id for account in settings.accounts}
    found = []
    for record in records:
        body = record.body
        if record.kind != _ACCOUNT or record.gone_since is not None or str(body.get("Id")) in by_hand:
            continue
        with suppress(*UNREADABLE):  # `not_visited` tells it
            if _wanted(organization, body) and _tagged(organization, body):
                found.append(_account(organization, body))
    accounts = (*settings.accounts, *sorted(found, key=lambda account: account.id))
    return settings.model_copy(update={"accounts": accounts})


def not_visited(settings: Settings, records: Iterable[Record], kept: Collection[str | None] = ()) -> Iterator[Coverage]:
    """A row for each account of the organisation that would be swept if it were not suspended, or on its way there, and
    for each of which that cannot be told: a rule of redaction that covers account ids hides whose accounts they are.

    Of the accounts of which something is `kept`, so which were swept before, also for those that left the organisation,
    its configured units, or their tags.
    """
    organization = settings.organization
    if organization is None:
        return
    by_hand = {account.id for account in settings.accounts}
    for record in records:
        account = str(record.body.get("Id"))
        if record.kind != _ACCOUNT or account in by_hand:
            continue
        try:
            why = _why_not(organization, record, swept=account in kept)
        except UNREADABLE as error:
            gap = unreadable("ListAccounts", error, f"{_ACCOUNT} {record.id}")
            yield _row(record.id.rpartition("/")[2], "failed", gap.code, f"{gap.subject}: {gap.message}")
        else:
            if why is not None:
                yield _row(account, "skipped", SKIPPED, f"{why}, and what was known of it is kept")


def _why_not(organization: Organization, record: Record, *, swept: bool) -> str | None:
    """Why nobody looks into an account; None where somebody does, or never did. Raises ValueError where it is none."""
    body = record.body
    if record.gone_since is not None:
        return f"the account is not in the organisation since snapshot {record.gone_since}" if swept else None
    _account(organization, body)
    if not _in_units(organization, body):
        return "the account is in none of the configured units any more" if swept else None
    if _state(body) != "ACTIVE":
        return f"the account is {_state(body)}: nobody can look into it"
    return "the account has not the configured tags any more" if swept and not _tagged(organization, body) else None


def _row(account: str, status: Status, code: str, message: str) -> Coverage:
    return Coverage(
        account=account,
        region=None,
        source=Organizations.name,
        status=status,
        records=0,
        requests=0,
        calls={},
        gaps=(Gap(operation="ListAccounts", code=code, message=message),),
    )
