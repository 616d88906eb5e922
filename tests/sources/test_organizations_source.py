"""Accounts from AWS Organizations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harvest.scripted import Visits, refused

from studbook.aws.errors import Trouble
from studbook.model import Partition
from studbook.settings import Account, Organization, Settings
from studbook.sources.organizations import Organizations, not_visited, with_accounts

HERE = Partition(None, None, "organizations")


def settings(**more) -> Settings:
    return Settings(organization=Organization(**{"role_name": "Reader", "regions": ("us-west-2",), **more}))


def member(account: str, **more):
    return {"Id": account, "Arn": f"arn:aws:organizations::1:account/o-1/{account}", "State": "ACTIVE", **more}


def below(**params):
    members = {"ou-prod": [], "ou-prod-ml": [member("222222222222")], "ou-dev": [member("333333333333")]}
    return {"Accounts": members[params["ParentId"]]}


def units(**params):
    return {"OrganizationalUnits": [{"Id": "ou-prod-ml"}] if params["ParentId"] == "ou-prod" else []}


SCRIPT = {
    "ListAccounts": [
        {"Accounts": [member("222222222222", Name="ml-prod")], "NextToken": "t"},
        {"Accounts": [member("333333333333"), member("444444444444", State="SUSPENDED")]},
    ],
    "ListAccountsForParent": below,
    "ListOrganizationalUnitsForParent": units,
}


def found(tmp_path, configured, script=SCRIPT):
    visit = Visits(tmp_path, configured)(script, partition=HERE)
    Organizations().collect(visit)
    return with_accounts(configured, visit.seen.values()).accounts


class TestOrganizations:
    def test_every_active_account(self, tmp_path):
        """All pages are read; an account that is suspended is left out."""
        accounts = found(tmp_path, settings(external_id="x1"))

        assert [(account.id, account.role_arn, account.external_id) for account in accounts] == [
            ("222222222222", "arn:aws:iam::222222222222:role/Reader", "x1"),
            ("333333333333", "arn:aws:iam::333333333333:role/Reader", "x1"),
        ]

    def test_by_unit(self, tmp_path):
        """Of a unit, accounts are taken from all units below it."""
        assert [account.id for account in found(tmp_path, settings(units=("ou-prod",)))] == ["222222222222"]

    def test_stages(self, tmp_path):
        """A unit gives its stage to the accounts below it."""
        accounts = found(tmp_path, settings(stages={"ou-prod": "production", "ou-dev": "development"}))

        assert [account.stage for account in accounts] == ["production", "development"]

    def test_by_hand_wins(self, tmp_path):
        """An account that the configuration lists stays as it lists it."""
        by_hand = Account(id="222222222222", regions=("eu-west-1",))
        configured = settings().model_copy(update={"accounts": (by_hand,)})

        accounts = found(tmp_path, configured)

        assert accounts[0] == by_hand
        assert [account.id for account in accounts] == ["222222222222", "333333333333"]

    def test_only_where_it_is_configured(self):
        """Without an organisation in the configuration nobody is asked."""
        assert Organizations().plan(Settings(), ()) == {}

    @pytest.mark.parametrize("operation", ["ListAccounts", "ListAccountsForParent"])
    def test_denied(self, tmp_path, operation):
        """A denial is raised before anything counts as complete: accounts known from earlier stay."""
        visit = Visits(tmp_path, settings(units=("ou-prod",)))(
            {**SCRIPT, operation: refused("AccessDeniedException")}, partition=HERE
        )

        with pytest.raises(Exception, match="AccessDenied"):
            Organizations().collect(visit)

        assert visit.complete == set()

    def test_nobody(self, tmp_path):
        """An organisation has an account, the one that pays: a list without any is no answer."""
        visit = Visits(tmp_path, settings())({**SCRIPT, "ListAccounts": {"Accounts": []}}, partition=HERE)

        with pytest.raises(Trouble, match="NoAnswer"):
            Organizations().collect(visit)

        assert visit.complete == set()

    @pytest.mark.parametrize(
        ("account", "gone", "why"),
        [
            (member("222222222222", Units=["ou-prod"], Tags={"a": "b"}), None, None),
            (
                member("222222222222", Units=["ou-prod"], Tags={"a": "b"}),
                3,
                "the account is not in the organisation since snapshot 3",
            ),
            (
                member("222222222222", Units=[], Tags={"a": "b"}),
                None,
                "the account is in none of the configured units any more",
            ),
            (
                member("222222222222", Units=["ou-prod"], Tags={}),
                None,
                "the account has not the configured tags any more",
            ),
        ],
    )
    def test_an_account_that_was_swept_and_is_not_any_more_has_a_line(self, tmp_path, account, gone, why):
        """What is told of it is from before, and its row says why; who never was looked into is nobody's business."""
        configured = settings(units=("ou-prod",), tags={"a": "b"})
        visit = Visits(tmp_path, configured)(SCRIPT, partition=HERE)
        visit.record("organization_account", account["Arn"], account, operation="ListAccounts")
        (one,) = (replace(record, gone_since=gone) for record in visit.seen.values())

        told = [
            (row.account, row.status, row.gaps[0].message) for row in not_visited(configured, [one], {"222222222222"})
        ]
        assert told == ([("222222222222", "skipped", f"{why}, and what was known of it is kept")] if why else [])
        assert list(not_visited(configured, [one])) == []

    @pytest.mark.parametrize("odd", [None, 7, [], {}, "redacted-0a1b2c3d", ["x"], {"a": 7}])
    @pytest.mark.parametrize("name", ["Id", "Arn", "Name", "State", "Units", "Tags"])
    def test_an_account_that_cannot_be_read_costs_itself(self, tmp_path, name, odd):
        """It is another's no loss; and unless it can be swept all the same, its row says why not."""
        configured = settings(units=("ou-prod",), tags={"a": "b"})
        script = {**SCRIPT, "ListTagsForResource": {"Tags": [{"Key": "a", "Value": "b"}]}}
        visit = Visits(tmp_path, configured)(script, partition=HERE)
        Organizations().collect(visit)
        wanted = next(one for one in visit.seen.values() if one.body["Id"] == "222222222222")
        other = replace(wanted, id=f"{wanted.id[:-12]}555555555555", body={**wanted.body, "Id": "555555555555"})
        odd_one = replace(wanted, body={**wanted.body, name: odd})

        accounts = {one.id for one in with_accounts(configured, [odd_one, other]).accounts}
        rows = list(not_visited(configured, [odd_one, other]))

        assert "555555555555" in accounts
        if name in ("Id", "Arn"):
            assert [(row.account, row.status) for row in rows] == [("222222222222", "failed")]
        assert "222222222222" in accounts or rows or name in ("Units", "Tags", "State")
