"""What an older night says is told by today's redaction rules, wherever it is compared with a newer one."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from benchmarks.estate import ACCOUNT, READER_ROLE, REGION, settings

from studbook.cli import main
from studbook.demo.cloud.aws import EXTERNAL_ID, READER
from studbook.store import Catalog

SECRET = re.compile("tulip-[0-9]+")
RULES = {"values": [SECRET.pattern], "salt": "of this catalog"}
VERSION = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/bots-tulip-9/1"
JOB = {
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/x",
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "image"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


def described(note: str) -> tuple[str, dict]:
    """What people wrote of a version."""
    return "UpdateModelPackage", {
        "ModelPackageArn": VERSION,
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": note,
        "CustomerMetadataProperties": {"note": note},
    }


def configured(catalog: Path, **changes: object) -> None:
    text = json.dumps(settings().model_dump(mode="json", exclude_defaults=True) | changes)
    (catalog / "studbook.yml").write_text(text)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    return int(end.value.code or 0)


@pytest.fixture(scope="module")
def nights(tmp_path_factory, fake_aws):
    """Four nights: a value changes on the second, the rule comes on the third, another value changes on the fourth."""
    folder = tmp_path_factory.mktemp("nights")
    catalog = folder / "catalog"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in fake_aws.environment().items():
            patch.setenv(name, value)
        fake_aws.role(READER_ROLE, external_id=EXTERNAL_ID, allow=READER)
        made = JOB | {
            "TrainingJobName": "m-tulip-4711",
            "OutputDataConfig": {"S3OutputPath": "s3://out/tulip-4712/"},
            "HyperParameters": {"comment": "see tulip-4713"},
        }
        fake_aws.batch(ACCOUNT, REGION, [("CreateTrainingJob", made)])
        fake_aws.batch(ACCOUNT, REGION, [("CreateModelPackageGroup", {"ModelPackageGroupName": "bots-tulip-9"})])
        fake_aws.batch(ACCOUNT, REGION, [("CreateModelPackage", {"ModelPackageGroupName": "bots-tulip-9"})])
        fake_aws.batch(ACCOUNT, REGION, [described("see tulip-1")])
        Catalog(catalog).create("accounts: []\n")
        reports = []
        steps = ((None, {}), ("see tulip-2", {}), (None, {"redact": RULES}), ("a note", {"redact": RULES}))
        for note, rules in steps:
            if note is not None:
                fake_aws.batch(ACCOUNT, REGION, [described(note)])
            configured(catalog, **rules)
            report = folder / f"report-{len(reports) + 1}.json"
            words = ("--catalog", str(catalog), "--output", str(folder / "site"), "--format", "json")
            with pytest.MonkeyPatch.context() as inner, report.open("w") as out:
                inner.setattr("sys.stdout", out)
                assert run("nightly", *words) == 0
            reports.append(json.loads(report.read_text()))
    return folder, reports


@pytest.fixture
def asked(nights, capsys):
    """Asks the catalog; gives what is printed."""

    def ask(*words: str) -> str:
        assert run(*words, "--catalog", str(nights[0] / "catalog")) == 0
        printed = capsys.readouterr()
        return printed.out + printed.err

    return ask


def identifiers(changes: dict) -> list:
    return [changes[name] for name in ("assets_added", "assets_gone", "edges_gained", "edges_lost")]


class TestDiff:
    @pytest.mark.parametrize("style", ["text", "markdown", "json"])
    @pytest.mark.parametrize("pair", [("1", "2"), ("1", "3"), ("2", "3"), ("1", "4"), ("3", "4")])
    def test_no_secret_of_any_night(self, asked, pair, style):
        """Whichever two nights are compared, and however it is told."""
        assert not SECRET.search(asked("diff", *pair, "--format", style))

    def test_what_a_rule_calls_otherwise_is_the_same_thing(self, asked):
        """Neither gone nor new, nor is anything changed; nothing that merely looks random is."""
        changes = json.loads(asked("diff", "2", "3", "--format", "json"))

        assert identifiers(changes) == [[], [], [], []]
        assert changes["assets_changed"] == []

    def test_a_change_is_told_without_its_secret(self, asked):
        """What it was reads as redacted, what it is stands there."""
        [changed] = json.loads(asked("diff", "2", "4", "--format", "json"))["assets_changed"]

        fields = {field["name"]: (field["old"], field["new"]) for field in changed["fields"]}
        assert fields["attributes.approval_description"] == ("see [redacted]", "a note")
        assert fields["attributes.metadata"] == ({"note": "see [redacted]"}, {"note": "a note"})


class TestLog:
    def test_no_secret_of_any_night(self, nights, asked):
        """Of a version that had another name then: each change of it, with what was said before as redacted."""
        catalog = Catalog(nights[0] / "catalog")
        [version] = [one for one in catalog.assets(catalog.latest()) if one.kind == "model_package"]

        rows = json.loads(asked("log", version.id, "--format", "json"))["rows"]

        assert not SECRET.search(json.dumps(rows) + asked("log", version.id))
        assert {(row["night"], row["event"]) for row in rows if row["event"] in ("first_seen", "gone")} == {
            (1, "first_seen")
        }
        metadata = [row for row in rows if row["field"] == "attributes.metadata"]
        assert [(row["night"], row["was"], row["is"]) for row in metadata] == [
            (4, {"note": "see [redacted]"}, {"note": "a note"})
        ]

    def test_what_a_rule_calls_otherwise_has_its_whole_history(self, nights, asked):
        """It was first seen when it was, under the name that it had, and nothing happened to it since."""
        catalog = Catalog(nights[0] / "catalog")
        [job] = [one for one in catalog.assets(catalog.latest()) if one.kind == "training_job"]
        assert re.fullmatch("m-redacted-[0-9a-f]{8}", job.name)
        assert job.first_seen == 1

        rows = json.loads(asked("log", job.id, "--format", "json"))["rows"]

        assert [(row["night"], row["event"]) for row in rows] == [(1, "first_seen")]


class TestSite:
    def test_no_file_has_a_secret_from_the_rule_on(self, nights):
        """Changes, histories, answers, search and the chain; the sites before it stay as they were written."""
        site = nights[0] / "site"

        def holds(number: int) -> list[str]:
            files = [path for path in (site / str(number)).rglob("*") if path.is_file()]
            texts = {path: path.read_bytes() for path in files}
            plain = {path: gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text for path, text in texts.items()}
            return [path.name for path, text in plain.items() if SECRET.search(f"{path} {text.decode('latin-1')}")]

        assert [bool(holds(number)) for number in (1, 2, 3, 4)] == [True, True, False, False]

    def test_its_changes_have_neither_gone_nor_new(self, nights):
        """What the browser adds up over several nights."""
        step = json.loads((nights[0] / "site" / "3" / "changes" / "step.json").read_text())
        assert [step[name] for name in ("added", "removed", "changed", "edges_added", "edges_removed")] == [[]] * 5


class TestNews:
    def test_the_report_of_a_night(self, nights):
        """Nothing is new on the night of the rule but that there was a secret; what was found stays what it was."""
        third, fourth = nights[1][2:]
        assert not SECRET.search(json.dumps([third, fourth]))
        assert third["changes"] == ["Nothing changed."]
        assert [one["rule"] for one in third["new_findings"]] == ["secret-found"]
        [found] = [one for one in third["findings"] if "redacted-" in (one["asset"] or "")]
        assert (found["rule"], found["first_seen"]) == ("unevaluated", 1)

    def test_the_chain_counts_what_changed(self, asked):
        """The version on the second and the fourth night, nothing on the third."""
        told = json.loads(asked("log", "--format", "json"))
        assert [row["changes"] for row in told["snapshots"]] == [1, 0, 1, None]


def test_nights_of_one_configuration_and_program_are_told_as_they_are(nights):
    """Nothing is looked for in what was written by today's rules."""
    catalog = Catalog(nights[0] / "catalog")
    third, fourth = catalog.resolve("3"), catalog.resolve("4")
    rules_of = catalog.rules_of()

    assert (rules_of(third), rules_of(fourth)) == (None, None)
    assert rules_of(catalog.resolve("2")) is not None
