"""`studbook iam`: what it prints is what a harvest needs, and what the manual shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from studbook.cli import main
from studbook.cli.demo import surroundings
from studbook.demo.story import SETTINGS
from studbook.harvest.run import harvest
from studbook.settings import Settings, load_settings
from studbook.sources.iam import action_of, actions_in, caller_policy, policy, resources_of
from studbook.sources.mlflow import ALLOWED
from studbook.store import Catalog

MANUAL = Path(__file__).parent.parent.parent / "docs" / "organisation.md"
ACCOUNT = {"id": "111111111111", "regions": ["us-west-2"], "role_arn": "arn:aws:iam::111111111111:role/Reader"}


@pytest.fixture
def studbook(tmp_path, capsys):
    def run(*words):
        with pytest.raises(SystemExit) as stopped:
            main(["iam", *words, "--catalog", str(tmp_path)])
        return stopped.value.code, *capsys.readouterr()

    return run


class TestPolicy:
    def test_the_manual_shows_what_the_command_prints(self, studbook):
        """docs/organisation.md holds the policy to the letter."""
        shown = re.search(r"<!-- studbook iam -->\n```json\n(.*?)```\n<!-- end -->", MANUAL.read_text(), re.S)

        code, out, _ = studbook()

        assert code == 0
        assert shown is not None
        assert shown[1] == out

    def test_a_harvest_calls_nothing_outside(self, told, tmp_path, monkeypatch):
        """Every request that AWS or MLflow met, in a first night and in a second, is an action of the policies."""
        for name, value in surroundings(told.aws, told.mlflow).items():
            monkeypatch.setenv(name, value)
        (tmp_path / "studbook.yml").write_text(SETTINGS)
        settings = load_settings(tmp_path / "studbook.yml")
        told.aws.forget_calls()

        seen = [harvest(settings, Catalog(tmp_path)) for _ in range(2)]

        met = {action_of(f"{call.service}:{call.operation}") for call in told.aws.calls()}
        told_of = {name for one in seen for row in one.coverage for name in row.calls}
        asked = {name.removeprefix("mlflow:") for name in told_of if name.startswith("mlflow:")}
        allowed = actions_in(policy(settings))
        assert {"sagemaker:ListTrainingJobs", "s3:ListBucketVersions", "sts:AssumeRole"} <= met
        assert met <= allowed | actions_in(caller_policy(settings))
        assert "runs/search" in asked
        assert asked <= {path.rpartition("/mlflow/")[2] for _, path in ALLOWED}
        assert {action_of(f"mlflow:{path}", app=app) for path in asked for app in (True, False)} <= allowed

    def test_every_mlflow_request_has_its_action(self):
        """The allow-list of paths and the declared actions are one list."""
        paths = {path.rpartition("/mlflow/")[2] for _, path in ALLOWED}

        wanted = {action_of(f"mlflow:{path}") for path in paths}

        assert wanted == {name for name in actions_in(policy()) if name.startswith("sagemaker-mlflow:")}

    def test_a_source_that_is_off_needs_nothing(self):
        """Without MLflow nobody may open an App's API."""
        names = actions_in(
            policy(Settings.model_validate({"accounts": [ACCOUNT], "sources": {"mlflow": {"enabled": False}}}))
        )

        assert "sagemaker:ListTrainingJobs" in names
        assert not {
            name for name in names if "mlflow" in name.lower() and "List" not in name and "Describe" not in name
        }

    def test_apis_that_open_a_whole_service_are_scoped(self):
        """MLflow's actions reach MLflow's resources only; hub content is named on both of its ARNs."""
        assert resources_of(policy(), "sagemaker:CallMlflowAppApi") == ["arn:aws:sagemaker:*:*:mlflow-app/*"]
        assert resources_of(policy(), "sagemaker-mlflow:SearchRuns") == [
            "arn:aws:sagemaker:*:*:mlflow-tracking-server/*"
        ]
        assert resources_of(policy(), "sagemaker:DescribeHubContent") == [
            "arn:aws:sagemaker:*:*:hub/*",
            "arn:aws:sagemaker:*:*:hub-content/*",
        ]

    def test_only_the_configured_prefixes_are_listed(self):
        """Two datasets in one bucket are its two prefixes; a dollar starts no policy variable."""
        settings = Settings.model_validate(
            {
                "accounts": [ACCOUNT],
                "datasets": [
                    {"uri": "s3://lake/chats/", "account": "111111111111"},
                    {"uri": "s3://lake/a${b/", "account": "111111111111"},
                    {"uri": "s3://elsewhere/x/"},
                ],
            }
        )

        statements = [one for one in policy(settings)["Statement"] if "s3:ListBucket" in one["Action"]]

        assert [one["Resource"] for one in statements] == [["arn:aws:s3:::lake"]]
        assert statements[0]["Condition"] == {"StringEquals": {"s3:prefix": ["a${$}{b/", "chats/"]}}
        assert resources_of(caller_policy(settings), "s3:ListBucket") == ["arn:aws:s3:::elsewhere"]


class TestTrust:
    def test_names_the_principal_and_the_external_id(self, studbook):
        """Nobody else may assume the role, and nobody without the id."""
        _, out, _ = studbook(
            "--part", "trust", "--principal", "arn:aws:iam::999999999999:role/ci", "--external-id", "x"
        )

        assert json.loads(out)["Statement"] == [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::999999999999:role/ci"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "x"}},
            }
        ]

    def test_a_trust_policy_for_nobody_is_wrong_usage(self, studbook):
        """It asks for the principal, and prints nothing to standard output."""
        code, out, err = studbook("--part", "trust")

        assert (code, out) == (2, "")
        assert "--principal" in err


class TestTemplates:
    def test_cloudformation_holds_the_policy(self, studbook):
        """The template's role has the very policy, and trusts its parameter alone."""
        _, out, _ = studbook("--format", "cloudformation")

        role = json.loads(out)["Resources"]["Reader"]["Properties"]
        assert role["Policies"][0]["PolicyDocument"] == policy()
        assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": {"Ref": "Principal"}}

    def test_terraform_holds_the_policy(self, studbook, tmp_path):
        """The policy's JSON is in it, with the dollar of a prefix kept from being a template."""
        (tmp_path / "studbook.yml").write_text(
            'accounts: [{id: "111111111111", regions: [us-west-2], role_arn: "arn:aws:iam::111111111111:role/Reader"}]\n'  # noqa: E501
            'datasets: [{uri: "s3://lake/a$b/", account: "111111111111"}]\n'
        )

        _, out, _ = studbook("--format", "terraform", "--principal", "arn:aws:iam::999999999999:role/ci")

        assert 'name               = "Reader"' in out or 'name = "Reader"' in out
        assert '"a$${$}b/"' in out
        assert 'default     = "arn:aws:iam::999999999999:role/ci"' in out
