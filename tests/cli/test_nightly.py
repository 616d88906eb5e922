"""`studbook nightly`, as CI sees it: one report, whatever happened."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from types import SimpleNamespace

import pytest
import yaml
from jsonschema import validate
from prometheus_client.parser import text_string_to_metric_families
from tests.render.test_edition import found_in, originals

from studbook.aws.bucket import writer
from studbook.cli import main
from studbook.cli.demo import surroundings
from studbook.cli.nightly import markdown, text
from studbook.cli.terminal import uncolored
from studbook.demo.estate.story import SETTINGS
from studbook.errors import StudbookError
from studbook.exports import EXPORTS, Export
from studbook.exports.schema import document
from studbook.model import Finding
from studbook.nightly import Report, Step
from studbook.proof.note import ED25519, Signer, new_key
from studbook.render import views
from studbook.store import Catalog

BUCKET = "nightly-docs"
ORDER = ["preflight", "harvest", "check", "export", "build", "publish"]


@pytest.fixture
def aws(demo_world, monkeypatch):
    for name, value in surroundings(demo_world.aws, demo_world.mlflow).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    demo_world.aws.heal()
    yield demo_world.aws
    demo_world.aws.heal()


@pytest.fixture
def nightly(aws, tmp_path, capsys):
    """A night; gives its exit code and what it printed."""
    (tmp_path / "studbook.yml").write_text(SETTINGS)

    def run(*words):
        with pytest.raises(SystemExit) as stopped:
            main(["nightly", "--catalog", str(tmp_path), "--output", str(tmp_path / "site"), *words])
        return stopped.value.code, capsys.readouterr().out

    return run


def outcomes(out: str, order: list[str] = ORDER) -> dict[str, str]:
    """The outcome of each step of a report, by name."""
    report = json.loads(out)
    assert report["schema"] == "studbook.report/1"
    assert [step["name"] for step in report["steps"]] == order
    return {step["name"]: step["outcome"] for step in report["steps"]}


def of_accounts(*numbers: str) -> str:
    """The demo's configuration of these accounts alone: a night in a part of the time."""
    told = yaml.safe_load(SETTINGS)
    told["accounts"] = [one for one in told["accounts"] if one["id"] in numbers]
    return yaml.safe_dump({name: told[name] for name in ("accounts", "sources")} | {"site": {"pictures": "off"}})


class TestNightly:
    def test_a_report_that_cannot_be_kept_is_a_later_step(self, aws, tmp_path, monkeypatch, capsys):
        """The snapshot is written: the exit code, also of the printed report, is 5 and not 4."""
        (tmp_path / "studbook.yml").write_text(of_accounts("111111111111"))
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/dev/full")

        with pytest.raises(SystemExit) as stopped:
            main(["nightly", "--catalog", str(tmp_path), "--output", str(tmp_path / "site"), "--format", "json"])

        out, err = capsys.readouterr()
        assert (stopped.value.code, json.loads(out)["exit"]) == (5, 5)
        assert Catalog(tmp_path).resolve("latest").number == json.loads(out)["snapshot"]["number"]
        assert "could not be written elsewhere: [Errno 28] No space left on device" in err

    def test_what_cannot_be_made_of_one_asset_costs_no_other(self, aws, tmp_path, monkeypatch, capsys):
        """Pages of a kind and one export meet a bug: all others are made and published, both are named, exit is 5."""

        def odd(site, asset, template):
            if asset.kind == "artifact":
                raise KeyError("a stranger's words")
            return views.asset_page(site, asset, template)

        def odd_row(subject):
            raise TypeError("a stranger's words")

        (tmp_path / "studbook.yml").write_text(of_accounts("111111111111"))
        monkeypatch.setattr("studbook.render.page_writer.views", SimpleNamespace(**vars(views) | {"asset_page": odd}))
        monkeypatch.setattr("studbook.exports.EXPORTS", (Export("odd", "odd", odd_row, file="odd.json"), *EXPORTS))
        folders = {name: str(tmp_path / name) for name in ("site", "exports", "public")}
        words = ["--output", folders["site"], "--exports", folders["exports"], "--publish", folders["public"]]

        with pytest.raises(SystemExit) as stopped:
            main(["nightly", "--catalog", str(tmp_path), "--format", "json", *words])

        out, _ = capsys.readouterr()
        told = {step["name"]: step["message"] for step in json.loads(out)["steps"]}
        assert stopped.value.code == json.loads(out)["exit"] == 5
        found = outcomes(out)
        assert (found["export"], found["build"], found["publish"]) == ("failed", "partial", "ok")
        assert told["export"].startswith("not made: odd.json (TypeError at ")
        assert (tmp_path / "exports" / "studbook.json").exists()
        assert re.search(r"\d+ files? could not be made; artifact/[^ ]+/: KeyError at ", told["build"])
        page = next((tmp_path / "public" / "latest" / "artifact").rglob("index.html")).read_text()
        assert "This page could not be made" in page
        assert "stranger's words" not in page + out

    def test_a_night_and_the_next(self, nightly, aws, tmp_path, monkeypatch):
        """Findings are exit 1 and the site is there all the same; the next night says that nothing is new."""
        summary = tmp_path / "summary.md"
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        exports, metrics = tmp_path / "exports", tmp_path / "studbook.prom"
        public = tmp_path / "public"

        code, out = nightly(
            "--format", "json", "--exports", str(exports), "--metrics", str(metrics), "--publish", str(public)
        )

        report = json.loads(out)
        assert (code, report["exit"]) == (1, 1)
        assert outcomes(out) == dict.fromkeys(ORDER, "ok") | {"check": "findings"}
        assert report["snapshot"]["number"] == 1
        assert report["changes"] == []
        assert report["new_findings"] == report["findings"]
        assert report["findings"]
        assert (tmp_path / "site" / "latest" / "index.html").exists()
        assert json.loads((exports / "studbook.json").read_bytes())["findings"] == report["findings"]
        assert sorted(path.name for path in exports.iterdir()) == [
            "csv",
            "findings.junit.xml",
            "findings.md",
            "findings.sarif",
            "openlineage.jsonl",
            "prov.json",
            "studbook.json",
            "studbook.schema.json",
        ]
        assert (public / "latest" / "index.html").read_bytes() == (tmp_path / "site/latest/index.html").read_bytes()
        values = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(metrics.read_text())
            for sample in family.samples
        }
        assert values["studbook_exit_code",] == 1
        assert values["studbook_new_findings",] == len(report["findings"])
        assert values["studbook_step", "build", "ok"] == 1
        assert sum(value for key, value in values.items() if key[0] == "studbook_findings") == len(report["findings"])

        key = tmp_path / "studbook.key"
        key.write_bytes(new_key()[0])
        code, out = nightly("--format", "json", "--sign-key", str(key))

        report = json.loads(out)
        assert code == 1
        assert outcomes(out, [*ORDER[:2], "sign", *ORDER[2:]]) == {
            "preflight": "ok",
            "harvest": "ok",
            "sign": "ok",
            "check": "findings",
            "build": "ok",
        } | dict.fromkeys(("export", "publish"), "skipped")
        assert report["changes"] == ["Nothing changed."]
        assert report["new_findings"] == []
        assert summary.read_text().count("## Studbook: Snapshot") == 2
        log = Catalog(tmp_path).log
        signer = Signer.of_file(log.checkpoint().origin, key.read_bytes()).verifier(ED25519)
        signer.check(log.note(), log.note().signatures[0])
        assert str(signer) in report["steps"][2]["message"]

    def test_a_part_that_failed_hides_no_findings(self, aws, nightly, tmp_path):
        """Exit 3, the gap is named, the findings are told and the site is there."""
        (tmp_path / "studbook.yml").write_text(of_accounts("333333333333", "444444444444"))
        aws.fault("AccessDeniedException", account="333333333333", service="sagemaker")

        code, out = nightly("--format", "json")

        report = json.loads(out)
        assert (code, outcomes(out)["harvest"], outcomes(out)["check"]) == (3, "partial", "findings")
        assert {gap["account"] for gap in report["gaps"]} == {"333333333333"}
        assert report["findings"]
        assert (tmp_path / "site" / "latest" / "index.html").exists()

    def test_a_build_that_fails_after_a_snapshot_is_exit_5(self, nightly, tmp_path):
        """What was harvested and found is told; the catalog is not as it was before, so this is not exit 4."""
        (tmp_path / "templates" / "pages").mkdir(parents=True)
        (tmp_path / "templates" / "pages" / "home.html").write_text("{{ no_such_thing() }}")
        (tmp_path / "studbook.yml").write_text(f"{SETTINGS}  templates: templates\n")

        code, out = nightly("--format", "json", "--publish", str(tmp_path / "public"))

        assert code == 5
        assert outcomes(out) == {
            "preflight": "ok",
            "harvest": "ok",
            "check": "findings",
            "export": "skipped",
            "build": "failed",
            "publish": "skipped",
        }
        assert json.loads(out)["snapshot"]["number"] == 1

    def test_nothing_harvested_is_exit_4(self, aws, nightly, tmp_path):
        """Nothing is written, and the report says so, with each gap: also the measurements for Prometheus."""
        aws.fault("AccessDeniedException")

        code, out = nightly("--format", "json", "--metrics", str(tmp_path / "studbook.prom"))

        assert code == 4
        told = json.loads(out)["gaps"]
        accounts = {one["id"] for one in yaml.safe_load(SETTINGS)["accounts"]}
        assert accounts <= {gap["account"] for gap in told}
        assert {gap["code"] for gap in told} == {"AccessDenied"}
        assert f"\nstudbook_gaps {len(told)}\n" in (tmp_path / "studbook.prom").read_text()
        assert outcomes(out)["harvest"] == "failed"
        assert {outcomes(out)[name] for name in ORDER[2:]} == {"skipped"}
        assert json.loads(out)["snapshot"] is None
        assert not (tmp_path / "site").exists()

    @pytest.mark.parametrize(
        ("file", "text"),
        [
            ("studbook.yml", f"{SETTINGS}rules: {{unevaluted: {{enabled: false}}}}\n"),
            ("studbook.yml", f"{SETTINGS}accuonts: []\n"),
            ("waivers.yml", "- {rule: unevaluated}\n"),
            ("cards/bot.md", "---\nowner: [a\n---\n"),
        ],
    )
    def test_a_mistake_is_told_before_anything_is_asked(self, aws, nightly, tmp_path, file, text):
        """Nobody waits for a harvest to hear of a typing error."""
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
        aws.forget_calls()

        code, out = nightly("--format", "json")

        assert code == 2
        assert outcomes(out) == {"preflight": "failed"} | dict.fromkeys(ORDER[1:], "skipped")
        assert file.partition(".")[0] in json.loads(out)["steps"][0]["message"]
        assert not aws.calls()

    def test_a_bucket_that_is_not_there_is_a_mistake(self, aws, nightly):
        """The bucket alone is asked for; the harvest never begins."""
        aws.caller_may("s3:*")
        aws.forget_calls()

        code, out = nightly("--format", "json", "--publish", "s3://no-such-bucket-anywhere/x/")

        assert (code, outcomes(out)["preflight"]) == (2, "failed")
        assert [one for one in aws.calls() if one.service != "s3"] == []

    def test_published_to_a_bucket(self, aws, nightly, tmp_path):
        """What was built is in the bucket before the night ends."""
        (tmp_path / "studbook.yml").write_text(of_accounts("444444444444"))
        aws.caller_may("s3:*", "sts:*")
        client = writer(1)
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})

        code, out = nightly("--format", "json", "--publish", f"s3://{BUCKET}/site/")

        assert (code, outcomes(out)["publish"]) == (1, "ok")
        assert client.head_object(Bucket=BUCKET, Key="site/latest/index.html")["CacheControl"] == "no-cache"

    def test_a_dry_run_asks_nothing_and_writes_nothing(self, aws, nightly, tmp_path):
        """It says whether a night would begin."""
        before = sorted(tmp_path.rglob("*"))
        aws.forget_calls()

        code, out = nightly("--dry-run", "--format", "json")

        assert code == 0
        assert outcomes(out) == {"preflight": "ok"} | dict.fromkeys(ORDER[1:], "skipped")
        assert not aws.calls()
        assert sorted(tmp_path.rglob("*")) == before

        code, out = nightly("--dry-run", "--format", "json", "--sign-key", str(tmp_path / "studbook.yml"))

        assert (code, json.loads(out)["steps"][0]["outcome"]) == (2, "failed")  # that file is no key


class TestForOutsiders:
    """`--audience external`: the night of a company whose names nobody else may read."""

    KEY = "a secret of the house, kept apart"

    @pytest.fixture
    def company(self, aws, demo_catalog, tmp_path, monkeypatch):
        """The demo's four nights, to be gone on with."""
        monkeypatch.setenv("STUDBOOK_AUDIENCE_SECRET", self.KEY)
        return shutil.copytree(demo_catalog, tmp_path / "catalog")

    def night(self, capsys, company, *words):
        """Its exit code, and what it printed; all that it writes for others is in one folder."""
        outside = company.parent / "outside"
        fixed = ["--catalog", company, "--output", outside / "site", "--exports", outside / "exports"]
        with pytest.raises(SystemExit) as stopped:
            main(["nightly", "--format", "json", *map(str, (*fixed, *words))])
        return stopped.value.code, capsys.readouterr()

    def test_no_original_is_in_what_they_get(self, aws, company, tmp_path, monkeypatch, capsys):
        """Site, exports, the published copy, summary, metrics and the report of a night with a gap: all are masked, the
        report says for whom it is, and the night is in the catalog as it is; insiders' nights go elsewhere."""
        outside = tmp_path / "outside"
        outside.mkdir()
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(outside / "summary.md"))
        aws.fault("AccessDeniedException", account="333333333333", service="sagemaker")
        words = ("--publish", outside / "public", "--metrics", outside / "metrics")

        code, told = self.night(capsys, company, "--audience", "external", *words)

        (outside / "report.json").write_text(told.out)
        report = json.loads(told.out)
        validate(report, json.loads(document(of="report")))
        assert (code, report["audience"], report["exit"]) == (3, "external", 3)
        assert outcomes(told.out) == dict.fromkeys(ORDER, "ok") | {"harvest": "partial", "check": "findings"}
        assert all(gap["account"].startswith("account-") for gap in report["gaps"])
        assert report["gaps"]
        assert report["changes"]
        assert report["findings"] == json.loads((outside / "exports" / "studbook.json").read_bytes())["findings"]
        assert (outside / "site" / "latest" / "export.json").read_bytes() == (
            outside / "exports" / "studbook.json"
        ).read_bytes()
        assert "For outsiders" in (outside / "summary.md").read_text()
        assert found_in(outside, {*originals(company), self.KEY, str(tmp_path)}) > 1000
        latest = Catalog(company).resolve("latest")
        assert latest.number == report["snapshot"]["number"] == 5
        assert {gap.code for row in latest.coverage if row.account == "333333333333" for gap in row.gaps}

        aws.forget_calls()
        code, told = self.night(capsys, company)
        assert (code, aws.calls()) == (2, [])
        assert "is for outsiders already" in json.loads(told.out)["steps"][0]["message"]

    def test_why_a_step_failed_is_for_insiders(self, aws, company, capsys):
        """The report has none of an error's words; standard error has them."""
        aws.fault("AccessDeniedException")

        code, told = self.night(capsys, company, "--audience", "external")

        assert (code, outcomes(told.out)["harvest"]) == (4, "failed")
        assert "111111111111" in told.err
        assert "111111111111" not in told.out

    def test_without_a_secret(self, aws, company, monkeypatch, capsys):
        """Nothing is asked, and the way out is told."""
        monkeypatch.setenv("STUDBOOK_AUDIENCE_SECRET", "short")
        aws.forget_calls()

        code, told = self.night(capsys, company, "--audience", "external")

        assert (code, aws.calls()) == (2, [])
        assert "openssl rand" in told.err


class TestForPeople:
    REPORT = Report(
        steps=[
            Step("preflight", "ok", "the configuration, 3 cards, 1 waiver and the folders"),
            Step("harvest", "partial", "snapshot 12: 27 of 28 sources seen whole, in 812 requests " + "and more " * 12),
            Step("check", "findings", "1 error; 1 new"),
            Step("export", "skipped", "nothing asked for it"),
            Step("build", "failed", "a template | with ```odd``` words"),
            Step("publish", "skipped", "the step before it failed"),
        ],
        changes=("Model-1 is Approved, before Rejected.",),
        new_findings=(
            Finding(
                id="0" * 16, rule="unevaluated", level="error", asset="a", message="```\n<script>x</script>\x1b[31m"
            ),
        ),
        error=StudbookError("a template", "mend the template"),
    )

    def test_text(self):
        """A line for each step within a terminal's width, what is new, the way out, and what the exit code means."""
        lines = [uncolored(line) for line in text(self.REPORT)]

        assert [line.split()[0] for line in lines if line[:1].strip()][:6] == [*ORDER[:6]]
        assert max(map(len, lines)) <= 100
        assert "mend       mend the template" in lines
        assert "new findings (1)" in lines
        assert lines[-1] == "exit 5: the snapshot was written, and a later step, or a part of it, failed"

    def test_markdown(self):
        """Nothing that somebody named acts on the page that shows it."""
        lines = list(markdown(self.REPORT))

        assert "| build | ❌ failed | `a template \\| with '''odd''' words` |" in lines
        assert [line for line in lines if "script" in line] == [r" error ```\n<script>x</script>\x1b[31m unevaluated"]
        assert lines.count("```text") == lines.count("```") == 2
