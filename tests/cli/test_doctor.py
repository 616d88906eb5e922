"""`studbook doctor`, against the demo's estate with and without faults."""

from __future__ import annotations

import json

import pytest

from studbook.aws.sessions import only_reads
from studbook.cli import main
from studbook.cli.demo import surroundings
from studbook.demo.story import SETTINGS
from studbook.harvest.doctor import examine
from studbook.settings import load_settings

DEV, PROD = "222222222222", "444444444444"


@pytest.fixture
def aws(told, monkeypatch):
    for name, value in surroundings(told.aws, told.mlflow).items():
        monkeypatch.setenv(name, value)
    told.aws.heal()
    told.aws.forget_calls()
    yield told.aws
    told.aws.heal()


@pytest.fixture
def studbook(aws, tmp_path, capsys):
    (tmp_path / "studbook.yml").write_text(SETTINGS)

    def run(*words):
        with pytest.raises(SystemExit) as stopped:
            main(["doctor", *words, "--catalog", str(tmp_path)])
        return stopped.value.code, *capsys.readouterr()

    return run


def _problems(out, account=None, source=None):
    return [
        problem
        for check in json.loads(out)["checks"]
        for problem in check["problems"]
        if account in (None, check["account"]) and source in (None, check["source"])
    ]


class TestWell:
    def test_all_is_well(self, studbook, tmp_path):
        """Exit 0, a table that fits 80 columns, a clock and an estimate; the catalog folder stays as it was."""
        code, out, _ = studbook()

        assert code == 0
        assert "all is well" in out
        assert "at least" in out
        assert "agrees with AWS's" in out
        table = out.split("\n\n")[0].splitlines()
        assert max(map(len, table)) <= 80
        assert [path.name for path in tmp_path.iterdir()] == ["studbook.yml"]

    def test_every_source_is_tried_and_only_read(self, aws, studbook):
        """Each listing is allowed, items are described where there are some; nothing but reads is sent."""
        _, out, _ = studbook("--format", "json")

        checks = json.loads(out)["checks"]
        assert {check["source"] for check in checks} == {"sagemaker", "s3", "lambda", "mlflow"}
        assert all(check["list"]["allowed"] == check["list"]["tried"] for check in checks)
        (dev,) = [c for c in checks if (c["account"], c["region"], c["source"]) == (DEV, "us-west-2", "sagemaker")]
        assert dev["describe"]["allowed"] == dev["describe"]["tried"] > 0
        assert all(only_reads(call.operation) for call in aws.calls())

    def test_it_is_cheap(self, aws, studbook):
        """An operation is called a handful of times in a region, however many jobs there are."""
        studbook()

        training = [c.count for c in aws.calls() if c.operation in ("ListTrainingJobs", "DescribeTrainingJob")]
        assert max(training) == 1


class TestDenied:
    def test_a_denied_listing_has_its_policy_line(self, aws, studbook):
        """Exit 3; the line that mends it is the policy's own; other accounts are well."""
        aws.fault("AccessDeniedException", account=PROD, operation="ListTrainingJobs")

        code, out, _ = studbook("--format", "json")

        assert code == 3
        assert {problem["operation"] for problem in _problems(out)} == {"ListTrainingJobs"}
        assert json.loads(_problems(out, PROD)[0]["mend"]) == {
            "Effect": "Allow",
            "Action": "sagemaker:ListTrainingJobs",
            "Resource": ["*"],
        }

    def test_a_denied_s3_listing_names_the_permission_not_the_operation(self, aws, studbook):
        """ListObjectVersions is allowed by s3:ListBucketVersions, on the dataset's bucket."""
        aws.fault("AccessDenied", service="s3", operation="ListObjectVersions", status=403)

        code, out, _ = studbook("--format", "json")

        mend = json.loads(_problems(out, source="s3")[0]["mend"])
        assert code == 3
        assert mend["Action"] == "s3:ListBucketVersions"
        assert "s3:prefix" in mend["Condition"]["StringEquals"]
        assert mend["Resource"] == ["arn:aws:s3:::acme-shared-data"]

    def test_a_role_that_cannot_be_assumed(self, aws, studbook):
        """It is the login that fails; the mend is the trust policy; the others are well; it is told once."""
        aws.fault("AccessDenied", service="sts", operation="AssumeRole", status=403)

        code, out, _ = studbook()

        assert code == 3
        assert "AssumeRole: AccessDenied" in out
        assert "let the trust policy of arn:aws:iam::111111111111:role/StudbookReader name you" in out
        assert "something is denied or out of reach" in out

    def test_an_mlflow_server_that_is_down(self, aws, studbook, monkeypatch):
        """MLflow out of reach is exit 3, and says which server."""
        monkeypatch.setenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", "http://127.0.0.1:9")
        monkeypatch.setattr("studbook.sources.mlflow.time.sleep", lambda seconds: None)

        code, out, _ = studbook("--format", "json")

        assert code == 3
        problems = _problems(out, source="mlflow")
        assert problems
        assert all("arn:aws:sagemaker:" in problem["message"] for problem in problems)


class TestClock:
    def test_a_wrong_clock_is_seen(self, studbook, tmp_path):
        """The Date header of AWS's answer against the time here."""
        import time

        found = examine(load_settings(tmp_path / "studbook.yml"), now=lambda: time.time() - 600)

        assert found.skew == pytest.approx(600, abs=30)


class TestUsage:
    def test_without_a_configuration(self, tmp_path, capsys):
        """Exit 2, with the way out."""
        with pytest.raises(SystemExit) as stopped:
            main(["doctor", "--catalog", str(tmp_path)])

        assert stopped.value.code == 2
        assert "studbook init" in capsys.readouterr().err

    def test_an_empty_configuration(self, tmp_path, capsys):
        """Nothing to ask is not all well."""
        (tmp_path / "studbook.yml").write_text("accounts: []\n")

        with pytest.raises(SystemExit) as stopped:
            main(["doctor", "--catalog", str(tmp_path)])

        assert stopped.value.code == 2
