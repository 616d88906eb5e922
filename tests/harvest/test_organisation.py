"""Accounts found by AWS Organizations, over the wire: an organisation of twenty-eight accounts in nested units.

root               management (without a reader's role, as StackSets leave it)
  workloads          web
    production       bot
      models         ranker, rewards, closed (suspended)
  sandbox            play-00 ... play-20
  annex              early, late (whose reader's role wants another external id)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.policies import actions_in

from studbook.cli import main
from studbook.demo.cloud.aws import FakeAws
from studbook.harvest.run import HarvestResult, harvest
from studbook.model import Coverage
from studbook.permissions import caller_policy
from studbook.settings import Settings, SourceSettings
from studbook.sources.organizations import Organizations
from studbook.store import Catalog

MANAGEMENT, BY_HAND = "000000000000", "222222222222"
REGION = "us-west-2"


class Organisation:
    """What was made, by name."""

    def __init__(self, aws: FakeAws) -> None:
        self.aws = aws
        aws.caller_may("organizations:List*")
        aws.role(f"arn:aws:iam::{MANAGEMENT}:role/Admin")
        self.client: Any = aws.session(f"arn:aws:iam::{MANAGEMENT}:role/Admin").client(
            "organizations", endpoint_url=aws.url, region_name="us-east-1"
        )
        self.client.create_organization(FeatureSet="ALL")
        self.root: str = self.client.list_roots()["Roots"][0]["Id"]
        self.units: dict[str, str] = {}
        self.accounts: dict[str, str] = {}
        inside = {"workloads": "", "production": "workloads", "models": "production", "sandbox": "", "annex": ""}
        for name, parent in inside.items():
            made = self.client.create_organizational_unit(ParentId=self.units.get(parent, self.root), Name=name)
            self.units[name] = made["OrganizationalUnit"]["Id"]
        self.join("web", "workloads", studbook="yes")
        self.join("bot", "production", studbook="yes-please", team="support")
        self.join("ranker", "models", studbook="no")
        self.join("rewards", "models")
        self.join("closed", "models", studbook="yes")
        for number in range(21):
            self.join(f"play-{number:02}", "sandbox")
        self.join("early", "annex")
        self.join("late", "annex")
        aws.role(f"arn:aws:iam::{self.accounts['late']}:role/Reader", external_id="another")
        self.client.close_account(AccountId=self.accounts["closed"])
        self.let(BY_HAND)

    @property
    def names(self) -> dict[str, str]:
        """Account id to name."""
        found = {account: name for name, account in self.accounts.items()}
        return {**found, BY_HAND: "by hand", MANAGEMENT: "management"}

    def join(self, name: str, unit: str, **tags: str) -> None:
        """An account with a model in it."""
        asked: dict[str, Any] = {"AccountName": name, "Email": f"root+{name}@example.com"}
        if tags:
            asked["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        account = self.client.create_account(**asked)["CreateAccountStatus"]["AccountId"]
        self.client.move_account(AccountId=account, SourceParentId=self.root, DestinationParentId=self.units[unit])
        self.accounts[name] = account
        self.let(account)

    def let(self, account: str) -> None:
        """A reader's role, and one model."""
        self.aws.role(f"arn:aws:iam::{account}:role/Reader")
        model = {"ModelName": "m", "ExecutionRoleArn": f"arn:aws:iam::{account}:role/x"}
        self.aws.batch(account, REGION, [("CreateModel", model)])

    def settings(self, **organization: Any) -> Settings:
        """One account by hand, the others by the organisation; SageMaker alone."""
        role = f"arn:aws:iam::{BY_HAND}:role/Reader"
        return Settings.model_validate(
            {
                "accounts": [{"id": BY_HAND, "regions": [REGION], "role_arn": role}],
                "organization": {"role_name": "Reader", "regions": [REGION], **organization},
                "sources": {
                    "lambda": {"enabled": False},
                    "s3": {"enabled": False},
                    "mlflow": {"enabled": False},
                    "sagemaker": {"rate": 2000},
                    "organizations": {"rate": 2000},
                },
                "patience": {"attempts": 2},
            }
        )


@pytest.fixture(scope="module")
def organisation(fake_aws) -> Organisation:
    return Organisation(fake_aws)


@pytest.fixture(autouse=True)
def environment(organisation, monkeypatch) -> Iterator[None]:
    for name, value in organisation.aws.environment().items():
        monkeypatch.setenv(name, value)
    organisation.aws.forget_calls()
    yield
    organisation.aws.heal()


def seen(made: Organisation, night: HarvestResult) -> dict[str, str]:
    """The status of each account's SageMaker, by the account's name."""
    names = made.names
    return {names[row.account]: row.status for row in night.coverage if row.source == "sagemaker" and row.account}


def stages(made: Organisation, catalog: Catalog) -> dict[str, str | None]:
    """The stage of each account's model, by the account's name."""
    names = made.names
    return {names[asset.account or ""]: asset.stage for asset in catalog.assets(catalog.latest()) if asset.name == "m"}


def organizations(night: HarvestResult) -> Coverage:
    (row,) = [row for row in night.coverage if row.source == "organizations" and row.account is None]
    return row


class TestWhoIsFound:
    def test_a_unit_with_all_units_below_it(self, organisation, tmp_path):
        """Of nested units the innermost gives the stage; who is suspended or in another unit is not visited."""
        units = organisation.units
        configured = organisation.settings(
            units=[units["workloads"]], stages={units["workloads"]: "shared", units["production"]: "production"}
        )

        night = harvest(configured, Catalog(tmp_path))

        assert seen(organisation, night) == dict.fromkeys(("by hand", "web", "bot", "ranker", "rewards"), "complete")
        assert stages(organisation, Catalog(tmp_path)) == {
            "by hand": None,
            "web": "shared",
            "bot": "production",
            "ranker": "production",
            "rewards": "production",
        }
        assert not night.partial

    def test_a_suspended_account_has_a_line_in_the_coverage(self, organisation, tmp_path):
        """Why nothing new is seen of it is told; who is in another unit is nobody's business."""
        night = harvest(organisation.settings(units=[organisation.units["workloads"]]), Catalog(tmp_path))

        (row,) = [row for row in night.coverage if row.source == "organizations" and row.account is not None]
        assert (row.account, row.status) == (organisation.accounts["closed"], "skipped")
        assert "SUSPENDED" in row.gaps[0].message

    def test_an_account_that_is_moved_away_and_back(self, organisation, tmp_path):
        """While it is in no configured unit it has a line in the coverage, and what was known of it is stale; then all
        is as it was."""
        annex, sandbox, early = (
            organisation.units["annex"],
            organisation.units["sandbox"],
            organisation.accounts["early"],
        )
        nights = []
        for away in (None, (annex, sandbox), (sandbox, annex)):
            if away:
                organisation.client.move_account(AccountId=early, SourceParentId=away[0], DestinationParentId=away[1])
            nights.append(harvest(organisation.settings(units=[annex]), Catalog(tmp_path)))

        rows = [[row for row in night.coverage if row.account == early] for night in nights]
        assert [[(row.source, row.status) for row in several] for several in rows] == [
            [("sagemaker", "complete")],
            [("organizations", "skipped")],
            [("sagemaker", "complete")],
        ]
        assert "in none of the configured units" in rows[1][0].gaps[0].message
        catalog = Catalog(tmp_path)
        states = [
            {
                (asset.stale_since, asset.gone_since)
                for asset in catalog.assets(night.envelope)
                if asset.account == early
            }
            for night in nights
        ]
        assert states == [{(None, None)}, {(2, None)}, {(None, None)}]

    def test_a_unit_within_a_unit_is_read_once(self, organisation, tmp_path):
        """A request for each page of accounts, and two for each unit, whichever units are configured; each night."""
        units = organisation.units
        configured = organisation.settings(units=[units["workloads"]], stages={units["models"]: "production"})

        nights = [harvest(configured, Catalog(tmp_path)) for _ in range(2)]

        for night in nights:
            assert organizations(night).calls == {
                "organizations:ListAccounts": 2,
                "organizations:ListAccountsForParent": 3,
                "organizations:ListOrganizationalUnitsForParent": 3,
            }
        assert not nights[1].changed

    def test_pages(self, organisation, tmp_path):
        """Twenty accounts are a page, and AWS likes to give an empty one before: none is missed."""
        organisation.aws.fault(service="organizations", operation="List*", pages="empty", times=2)

        night = harvest(organisation.settings(), Catalog(tmp_path))

        said = seen(organisation, night)
        assert (said.pop("management"), said.pop("late")) == ("failed", "failed")
        assert said == dict.fromkeys({"by hand", *organisation.accounts} - {"closed", "late"}, "complete")

    def test_by_tag(self, organisation, tmp_path):
        """Accounts that have all the tags; one request for each that is alive and in the units."""
        configured = organisation.settings(
            units=[organisation.units["workloads"]], tags={"studbook": "yes*", "team": "*"}
        )

        night = harvest(configured, Catalog(tmp_path))

        assert seen(organisation, night).keys() == {"by hand", "bot"}
        assert organizations(night).calls["organizations:ListTagsForResource"] == 4

    def test_nobody_asks_for_more_than_the_policy_allows(self, organisation, tmp_path):
        """What is asked with the caller's own credentials is what `studbook iam --part caller` prints."""
        for more in ({}, {"units": [organisation.units["sandbox"]]}, {"tags": {"team": "support"}}):
            organisation.aws.forget_calls()
            configured = organisation.settings(**more)

            harvest(configured, Catalog(tmp_path / "".join(more)), sources=[Organizations()])

            asked = {f"{call.service}:{call.operation}" for call in organisation.aws.calls()}
            assert asked | {"sts:AssumeRole"} == actions_in(caller_policy(configured))

    def test_no_address_is_kept(self, organisation, tmp_path):
        """The addresses of root users stay where they are."""
        harvest(organisation.settings(), Catalog(tmp_path), sources=[Organizations()])

        kept = [str(record.body) for record in Catalog(tmp_path).records(Catalog(tmp_path).latest())]
        assert len(kept) == 1 + len(organisation.accounts)
        assert not [text for text in kept if "example.com" in text]


REFUSALS = {
    "denied": ({"code": "AccessDeniedException", "status": 400}, "AccessDeniedException"),
    "throttled": ({"code": "TooManyRequestsException", "status": 400}, "TooManyRequestsException"),
    "in no organisation": (
        {"code": "AWSOrganizationsNotInUseException", "status": 400},
        "AWSOrganizationsNotInUseException",
    ),
    "down": ({"body": "<html></html>", "status": 503}, "503"),
}
OPERATIONS = ("ListAccounts", "ListAccountsForParent", "ListOrganizationalUnitsForParent", "ListTagsForResource")


class TestRefused:
    @pytest.mark.parametrize("operation", OPERATIONS)
    @pytest.mark.parametrize(("wire", "code"), REFUSALS.values(), ids=REFUSALS)
    def test_on_the_first_night(self, organisation, tmp_path, operation, wire, code):
        """The accounts of the configuration are harvested whole, the gap is named, and nobody else is visited."""
        organisation.aws.fault(service="organizations", operation=operation, **wire)
        configured = organisation.settings(units=[organisation.units["workloads"]], tags={"studbook": "yes*"})

        night = harvest(configured, Catalog(tmp_path))

        assert seen(organisation, night) == {"by hand": "complete"}
        assert [(gap.operation, gap.code) for gap in organizations(night).gaps] == [(operation, code)]
        assert organizations(night).status == "failed"
        assert night.partial

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_on_a_later_night(self, organisation, tmp_path, operation):
        """The accounts that were found last night are harvested as ever; nothing is gone."""
        configured = organisation.settings(units=[organisation.units["workloads"]], tags={"studbook": "yes*"})
        harvest(configured, Catalog(tmp_path))
        organisation.aws.fault("AccessDeniedException", service="organizations", operation=operation)

        night = harvest(configured, Catalog(tmp_path))

        assert seen(organisation, night) == {"by hand": "complete", "web": "complete", "bot": "complete"}
        assert night.partial
        catalog = Catalog(tmp_path)
        assert not [record for record in catalog.records(catalog.latest()) if record.gone_since]

    def test_a_unit_that_is_not_there(self, organisation, tmp_path):
        """A misspelt unit is a gap, never an organisation without accounts."""
        night = harvest(organisation.settings(units=["ou-none-00000000"]), Catalog(tmp_path))

        assert seen(organisation, night) == {"by hand": "complete"}
        assert [gap.operation for gap in organizations(night).gaps] == ["ListAccountsForParent"]

    def test_accounts_that_leave_meanwhile(self, organisation, tmp_path):
        """Removed between the listing and the question for their tags: they are not there any more, and no gap."""
        organisation.aws.fault("TargetNotFoundException", operation="ListTagsForResource")
        configured = organisation.settings(units=[organisation.units["workloads"]], tags={"studbook": "yes*"})

        night = harvest(configured, Catalog(tmp_path))

        assert seen(organisation, night) == {"by hand": "complete"}
        assert organizations(night).gaps == ()

    def test_an_account_without_the_role(self, organisation, tmp_path):
        """It is a gap of its own account; the others are complete."""
        configured = organisation.settings(units=[organisation.units["annex"]])

        night = harvest(configured, Catalog(tmp_path))

        assert seen(organisation, night) == {"by hand": "complete", "early": "complete", "late": "failed"}


class TestQuiet:
    def test_accounts_that_are_found(self, organisation, tmp_path):
        """They are as quiet as those that the configuration names itself; the session is all that they cost beside."""
        found = organisation.settings(units=[organisation.units["models"]])
        trail = SourceSettings(enabled=True)
        configured = found.model_copy(update={"sources": {**found.sources, "cloudtrail": trail}})
        nights = [harvest(configured, Catalog(tmp_path), now=datetime(2027, 1, day, tzinfo=UTC)) for day in (11, 12)]

        assert seen(organisation, nights[0]) == dict.fromkeys(("by hand", "ranker", "rewards"), "complete")
        assert sorted(seen(organisation, nights[1]).values()).count("quiet") >= 2
        assert nights[1].envelope.digest == nights[0].envelope.digest


class TestDoctor:
    def test_it_asks_in_every_account_that_is_found(self, organisation, tmp_path, capsys):
        """An account has a line with its name; where Organizations refuses, the line that mends it is the caller's."""
        configured = organisation.settings(units=[organisation.units["sandbox"]])
        (tmp_path / "studbook.yml").write_text(
            configured.model_dump_json(include={"accounts", "organization", "sources"})
        )

        with pytest.raises(SystemExit) as stopped:
            main(["doctor", "--catalog", str(tmp_path)])
        assert stopped.value.code == 0
        assert f"play-07 {organisation.accounts['play-07']} " in capsys.readouterr().out

        organisation.aws.fault("AccessDeniedException", service="organizations", operation="ListAccounts")
        with pytest.raises(SystemExit) as stopped:
            main(["doctor", "--format", "json", "--catalog", str(tmp_path)])
        checks = {check["source"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
        assert stopped.value.code == 3
        assert json.loads(checks["organizations"]["problems"][0]["mend"])["Action"] == "organizations:ListAccounts"
        assert checks["sagemaker"]["account"] == BY_HAND
        assert not checks["sagemaker"]["problems"]
