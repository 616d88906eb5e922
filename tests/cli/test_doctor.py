"""`studbook doctor`, against the demo's estate with and without faults."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from studbook.aws.sessions import only_reads
from studbook.cli import main
from studbook.cli.demo import surroundings
from studbook.demo.cloud.aws import EXTERNAL_ID
from studbook.demo.estate.story import SETTINGS
from studbook.harvest.doctor import examine
from studbook.harvest.estimate import Reckoning
from studbook.harvest.run import harvest
from studbook.packaged import packaged
from studbook.settings import load_settings
from studbook.sources.interface import Listing
from studbook.sources.sagemaker import RESOURCES
from studbook.store import Catalog

DEV, PROD = "222222222222", "444444444444"


@pytest.fixture
def aws(demo_world, monkeypatch):
    for name, value in surroundings(demo_world.aws, demo_world.mlflow).items():
        monkeypatch.setenv(name, value)
    demo_world.aws.heal()
    demo_world.aws.forget_calls()
    yield demo_world.aws
    demo_world.aws.heal()


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
        assert "on a first night" in out
        assert "agrees with AWS's" in out
        table = out.split("\n\n")[0].splitlines()
        assert max(map(len, table)) <= 80
        assert [path.name for path in tmp_path.iterdir()] == ["studbook.yml"]

    def test_every_source_is_tried_and_only_read(self, aws, studbook):
        """Each listing is allowed, items are described where there are some; nothing but reads is sent."""
        _, out, _ = studbook("--format", "json")

        checks = json.loads(out)["checks"]
        assert {check["source"] for check in checks} == {"sagemaker", "bedrock", "s3", "lambda", "mlflow", "cloudtrail"}
        assert all(check["list"]["allowed"] == check["list"]["tried"] for check in checks)
        (dev,) = [c for c in checks if (c["account"], c["region"], c["source"]) == (DEV, "us-west-2", "sagemaker")]
        assert dev["describe"]["allowed"] == dev["describe"]["tried"] > 0
        assert dev["search"] == {"allowed": 1, "tried": 1}
        assert all(only_reads(call.operation) for call in aws.calls())

    def test_it_is_cheap(self, aws, studbook):
        """An operation is called a handful of times in a region, however many jobs there are."""
        studbook()

        asked = ("ListTrainingJobs", "DescribeTrainingJob", "Search")
        assert {call.count for call in aws.calls() if call.operation in asked} == {1}

    def test_a_large_estate(self, studbook, tmp_path):
        """Of many partitions an account that is well has one line, with the sums; JSON has them all."""
        regions = "eu-west-1, eu-west-2, eu-central-1, us-east-1, us-east-2, us-west-1, us-west-2"
        (tmp_path / "studbook.yml").write_text(re.sub(r"regions: \[.*?\]", f"regions: [{regions}]", SETTINGS))

        _, out, _ = studbook()

        assert len(re.findall(r"^\w+ \d{12} +well ", out, re.M)) == 4
        assert "sagemaker" not in out
        assert re.search(rf"dev {DEV} +well +(\d+)/\1 ", out)


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

    def test_a_source_that_may_read_nothing(self, aws, studbook):
        """One block, with the policy as a whole for its cure, and not one for each of thirty operations."""
        aws.fault("AccessDeniedException", account=PROD, service="sagemaker")

        code, out, _ = studbook()

        assert (code, out.count("AccessDeniedException"), out.count("what 'studbook iam' prints")) == (3, 1, 1)
        assert re.search(r"^ListAIBenchmarkJobs and \d\d more operations: AccessDeniedException$", out, re.M)

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
        monkeypatch.setattr("studbook.sources.mlflow_api.time.sleep", lambda seconds: None)

        code, out, _ = studbook("--format", "json")

        assert code == 3
        problems = _problems(out, source="mlflow")
        assert problems
        assert all("arn:aws:sagemaker:" in problem["message"] for problem in problems)

    def test_a_denied_search_is_dear_and_no_more(self, aws, studbook):
        """Exit 0, for a harvest sees everything all the same; the line that makes it cheap is there."""
        aws.fault("AccessDeniedException", account=PROD, operation="Search")

        code, out, _ = studbook("--format", "json")

        assert code == 0
        assert [(p["operation"], p["needed"]) for p in _problems(out, PROD)] == [("Search", False)] * 2
        assert json.loads(_problems(out, PROD)[0]["mend"])["Action"] == "sagemaker:Search"
        assert json.loads(out)["well"]

    @pytest.mark.parametrize(
        ("wire", "mend"),
        [
            ({"body": "<html>Log in</html>", "status": 401}, "set STUDBOOK_MLFLOW_<NAME>_TOKEN"),
            ({"body": "<html>Log in</html>", "status": 302}, "set STUDBOOK_MLFLOW_<NAME>_TOKEN"),
            ({"code": "PERMISSION_DENIED", "status": 403}, "let that user read"),
            ({"drop": True}, "is it running"),
        ],
        ids=["wants a login", "sends to a login page", "denies", "down"],
    )
    def test_an_mlflow_server_of_ones_own(self, demo_world, studbook, tmp_path, wire, mend, monkeypatch):
        """What mends it is no business of IAM's."""
        monkeypatch.setattr("studbook.sources.mlflow_api.time.sleep", lambda seconds: None)
        server = f'{{name: lab, tracking_uri: "{demo_world.mlflow.url}"}}'
        (tmp_path / "studbook.yml").write_text(f"mlflow: [{server}]\n")
        demo_world.mlflow.fault(account="-", **wire)

        code, out, _ = studbook("--format", "json")
        demo_world.mlflow.heal()

        assert code == 3
        assert [problem["mend"][: len(mend)] for problem in _problems(out)] == [mend]

    def test_a_service_that_is_out_of_reach(self, studbook, monkeypatch):
        """No policy mends a network: the way to look for it is named instead."""
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", "http://127.0.0.1:9")

        code, out, _ = studbook("--format", "json")

        assert code == 3
        assert all(problem["mend"].startswith("nobody answers there") for problem in _problems(out, source="sagemaker"))


class TestHere:
    """What is wrong on this side is told first, once, and nothing is asked for it."""

    def test_what_an_example_left(self, aws, studbook, tmp_path):
        """`studbook init` writes examples: accounts and places are not asked, an external id is remarked on."""
        (tmp_path / "studbook.yml").write_text((packaged("catalog") / "studbook.yml").read_text())

        code, out, _ = studbook("--format", "json")
        found = json.loads(out)

        assert code == 3
        assert found["checks"] == []
        assert [one["code"] for one in found["here"]] == ["LeftFromExample"] * 4
        assert found["caller"].startswith("arn:aws:")
        assert {call.operation for call in aws.calls()} == {"GetCallerIdentity"}

        mine = SETTINGS.split("datasets:")[0].replace(EXTERNAL_ID, "choose-one")
        (tmp_path / "studbook.yml").write_text(mine)
        here = json.loads(studbook("--format", "json")[1])["here"]
        assert {(one["code"], one["needed"]) for one in here} == {("LeftFromExample", False)}

    def test_credentials_of_another_account(self, aws, studbook, tmp_path):
        """It says whose they are, and ends."""
        (tmp_path / "studbook.yml").write_text('accounts: [{id: "999999999999", name: x, regions: [us-west-2]}]\n')

        code, out, _ = studbook()

        assert code == 3
        assert "WrongAccount" in out
        assert "give the account a role_arn" in " ".join(out.split())

    def test_places_of_an_account_that_is_left_out(self, aws, studbook, tmp_path):
        """A harvest would ask for them with that account's role: the caller's own is never tried in its stead."""
        text = SETTINGS.replace("us-west-2", "us-wset-2").replace("eu-west-1", "eu-wset-1")
        (tmp_path / "studbook.yml").write_text(text)

        code, out, _ = studbook("--format", "json")

        assert code == 3
        assert _problems(out, source="s3") == []
        assert not [call for call in aws.calls() if call.operation in ("GetBucketVersioning", "ListObjectsV2")]

    def test_a_region_that_there_is_not(self, aws, studbook, tmp_path):
        """It is named once, with what is spelt nearly so, and asked for nowhere."""
        (tmp_path / "studbook.yml").write_text(SETTINGS.replace("eu-west-1", "eu-wset-1"))

        code, out, _ = studbook()

        assert code == 3
        assert out.count("UnknownRegion") == 1
        assert "did you mean eu-west-1?" in out
        assert "eu-wset-1" not in {call.region for call in aws.calls()}

    @pytest.mark.parametrize(
        ("fault", "cure"),
        [
            ({"error": "ExpiredToken", "status": 403}, "the session has expired"),
            ({"error": "InvalidClientTokenId", "status": 403}, "does not know this access key"),
            ({"error": "SignatureDoesNotMatch", "status": 403}, "secret key is not that of the access key"),
        ],
        ids=lambda value: value if isinstance(value, str) else value["error"],
    )
    def test_a_login_that_aws_refuses(self, aws, studbook, fault, cure):
        """One block with its cure; no account is asked."""
        aws.fault(fault["error"], service="sts", status=fault["status"])

        code, out, _ = studbook()

        assert code == 3
        assert out.count("\n  said  ") == out.count("\n  mend  ") == 1
        assert cure in " ".join(out.split())
        assert {call.operation for call in aws.calls()} == {"GetCallerIdentity"}

    def test_without_dot_and_with_a_card_that_cannot_be_read(self, studbook, tmp_path, monkeypatch):
        """What a night would stop at, and what its site would lack, is known before."""
        monkeypatch.setenv("PATH", "/nowhere")
        (tmp_path / "cards").mkdir()
        (tmp_path / "cards" / "fraud.md").write_text("---\nowner: [\n---\n")

        here = json.loads(studbook("--format", "json")[1])["here"]

        assert [(one["code"], one["needed"]) for one in here] == [("Mistake", True), ("NoDot", False)]

    def test_roles_of_several_accounts_that_cannot_be_assumed_are_one_cause(self, aws, studbook):
        """Each account has its own trust policy, and they are told together."""
        aws.fault("AccessDenied", service="sts", operation="AssumeRole", status=403)

        _, out, _ = studbook()

        assert out.count("AssumeRole: AccessDenied") == 1
        assert "and so in 3 more accounts" in out


class TestEstimate:
    def test_it_is_about_what_a_harvest_takes(self, studbook, tmp_path):
        """From nothing but first pages it is off by a fifth at most; from a snapshot by a twentieth."""

        def asked() -> tuple[int, int]:
            said = json.loads(studbook("--format", "json")[1])["harvest_estimate"]
            assert not said["at_least"]
            return said["first_night"], said["unchanged_night"]

        settings = load_settings(tmp_path / "studbook.yml")
        guessed = asked()
        took = [sum(row.requests for row in harvest(settings, Catalog(tmp_path)).coverage) for _ in range(2)]
        reckoned = asked()

        for real, guess, reckoning in zip(took, guessed, reckoned, strict=True):
            assert guess == pytest.approx(real, rel=0.2)
            assert reckoning == pytest.approx(real, rel=0.05)

    def test_more_than_a_page(self):
        """Where a listing has more than the page that was read, the estimate says that it is a lower bound."""
        resource = replace(RESOURCES[-1], bulk=None, details=(), listing=Listing(operation="ListCows", items="Cows"))
        reckoning = Reckoning((), ())

        reckoning.add(resource, 100, (), searches=False)

        assert reckoning.estimate(1, tried=0, targets=0).more


class TestClock:
    def test_a_wrong_clock_is_seen(self, studbook, tmp_path):
        """The Date header of AWS's answer against the time here."""
        import time

        found = examine(load_settings(tmp_path / "studbook.yml"), now=lambda: time.time() - 600)

        assert found.skew == pytest.approx(600, abs=30)

    def test_a_clock_for_which_the_login_is_refused(self, aws, tmp_path, studbook):
        """AWS takes no signature of such a clock; its refusal tells the time, and the mend is the clock."""
        import time

        aws.fault("SignatureDoesNotMatch", service="sts", message="Signature expired", status=403)

        found = examine(load_settings(tmp_path / "studbook.yml"), now=lambda: time.time() + 900)

        assert found.skew == pytest.approx(-900, abs=30)
        assert [one.mend[:24] for one in found.here] == ["set this machine's clock"]
        assert [check.partition for check in found.checks if check.partition.account] == []


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


class TestLogin:
    """Nothing is asked of AWS: the login at home fails first."""

    @pytest.fixture
    def home(self, tmp_path, monkeypatch):
        """A user's home with a profile of IAM Identity Center, and one that gets its keys from a program."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        for name, file in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
            monkeypatch.setenv(name, str(tmp_path / file))
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        sso = "sso_start_url = https://acme.example/start\nsso_region = us-east-1\nregion = us-east-1\n"
        (tmp_path / "config").write_text(
            f"[profile sso]\n{sso}sso_account_id = 999999999999\nsso_role_name = Reader\n"
            "[profile program]\nregion = us-east-1\ncredential_process = false\n"
        )
        return tmp_path

    @pytest.mark.parametrize(
        ("profile", "cure"),
        [
            ("sso", "aws sso login --profile sso"),
            ("program", "credential_process"),
            ("nobody", "aws configure list-profiles"),
            (None, "there are no credentials"),
        ],
    )
    @pytest.mark.parametrize("command", ["doctor", "harvest"])
    def test_each_has_its_own_cure(self, home, monkeypatch, capsys, profile, cure, command):
        """What is wrong with the caller's login is not blamed on the reader's role."""
        if profile:
            monkeypatch.setenv("AWS_PROFILE", profile)
        role = "arn:aws:iam::111111111111:role/StudbookReader"
        (home / "studbook.yml").write_text(
            f'accounts: [{{id: "111111111111", name: dev, regions: [us-east-1], role_arn: "{role}"}}]\n'
            'documents: [{uri: "s3://b/reports/", account: "111111111111"}]\n'
        )

        with pytest.raises(SystemExit):
            main([command, "--catalog", str(home)])
        said = "".join(capsys.readouterr())

        assert cure in said
        assert "trust policy" not in said

    @pytest.mark.parametrize("command", ["doctor", "harvest"])
    def test_where_nobody_answers_the_network_is_named_and_no_role(self, home, monkeypatch, capsys, command):
        """One cause has one cure, whichever command meets it."""
        for name, value in (("ACCESS_KEY_ID", "AKIA1"), ("SECRET_ACCESS_KEY", "x"), ("MAX_ATTEMPTS", "1")):
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        (home / "studbook.yml").write_text('accounts: [{id: "111111111111", name: dev, regions: [us-east-1]}]\n')

        with pytest.raises(SystemExit):
            main([command, "--catalog", str(home)])
        said = "".join(capsys.readouterr())

        assert "check the network, the proxy" in said
        assert "trust policy" not in said

    def test_a_profile_that_is_not_there_is_nobodys_bug(self, home, monkeypatch, capsys):
        """Also where a command meets it at home, before anything is asked: exit 2 and the cure."""
        monkeypatch.setenv("AWS_PROFILE", "nobody")

        with pytest.raises(SystemExit) as stopped:
            main(["init", "--accounts", "111111111111=dev", "--catalog", str(home / "catalog")])

        assert stopped.value.code == 2
        assert "aws configure list-profiles" in capsys.readouterr().err
        assert not (home / "catalog").exists()
