"""The commands that only read a catalog, as a shell sees them: questions, `diff`, `show`, `verify`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from markdown import Markdown
from tests.pedigrees import asset, commit, edge, lineage, record

from studbook.cli import QUESTIONS, main
from studbook.cli.terminal import printable
from studbook.cli.text import value
from studbook.lineage.graph import Graph
from studbook.model import Coverage, Edge, Gap
from studbook.model.ids import fingerprint
from studbook.queries.walks import made
from studbook.store import Catalog

CONTENTS = [{"Key": "chats/b.jsonl", "Size": 3, "ETag": "e2"}, {"Key": "chats/a.jsonl", "Size": 5, "ETag": "e1"}]
VERSION = f"s3://bucket/chats/@{fingerprint(CONTENTS, 'chats/')}"
BOT = "arn:aws:sagemaker:us-west-2:111111111111:endpoint/bot"
HOSTILE = "judge \x1b[31mred\x1b[0m [bold]x[/bold] \u202e\n<script>"
TEXT = f"""
    s3://bucket/chats/(dataset) -has_version-> {VERSION}(dataset_version) -input_to:train~?-> tune(training_job)
    llama/1(base_model_version) -input_to:base_model-> tune -produced-> bot/1(model_package)
    tune -recorded_in-> run(mlflow_run)
    bot/1 -packaged_as-> m(model) -deployed_to:blue-> conf(endpoint_config) -deployed_to:blue-> {BOT}(endpoint)
    bot/1 -input_to:evaluated_model-> exam(evaluation_job)
    judge(evaluator_version) -input_to:evaluator-> exam
"""
FACTS: dict[str, dict[str, Any]] = {
    BOT: {"name": "bot", "status": "InService", "stage": "production"},
    "bot/1": {"attributes": {"approval": "PendingManualApproval"}},
    "llama/1": {"attributes": {"unresolved": True}, "account": "aws"},
    "judge": {"name": HOSTILE},
    "exam": {"attributes": {"metrics": {"accuracy": 0.5}}},
}
APPROVED = FACTS | {
    "bot/1": {"attributes": {"approval": "Approved"}},
    "run": {"stale_since": 2},
    VERSION: {"attributes": {"current": False, "superseded_since": 2}},
}


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Two nights: a model waits for approval; then it is approved, its dataset is another and a server was not seen."""
    (tmp_path / "studbook.yml").write_text("accounts: []\n")
    body = {"Uri": "s3://bucket/chats/", "Contents": CONTENTS, "CreationTime": None}
    records = [record(VERSION, source="s3", kind="s3_prefix", region=None, body=body)]
    commit(Catalog(tmp_path), lineage(TEXT, FACTS), records=records, night=1)
    commit(Catalog(tmp_path), lineage(TEXT, APPROVED), records=records, night=2)
    return tmp_path


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def run(catalog: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """The command line, as a shell would call it."""

    def call(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as stop:
            main([*arguments, "--catalog", str(catalog)])
        out, err = capsysbinary.readouterr()
        return Said(int(stop.value.code or 0), out.decode(), err.decode())

    return call


def drawn(out: str) -> list[str]:
    """The tree between the sentence and what is not known."""
    return out.partition("\n\n")[2].partition("\n\nnot known")[0].splitlines()


class TestTrace:
    def test_is_a_tree_to_the_origins_each_line_with_its_certainty(self, run: Run) -> None:
        """Kind, handle, stage, relation, role and certainty, and what is uncertain is marked."""
        said = run("trace", "endpoint/bot", "--tree")
        lines = drawn(said.out)
        assert lines[0] == "endpoint  bot  production"
        assert lines[1] == "└─ endpoint config  conf  deployed to (blue)  referenced"
        (dataset,) = [line for line in lines if "dataset version" in line]
        assert dataset.endswith("input to (train)  inferred, candidate")
        assert len(dataset) <= 100
        (base,) = [line for line in lines if "llama/1" in line]
        assert base.endswith("base model version  llama/1  [unresolved]  input to (base_model)  referenced")
        assert any("MLflow run  run" in line and "[stale since 2]" in line for line in lines)
        assert any("judged  bot/1" in line for line in lines)
        assert any("scores  accuracy=0.5" in line for line in lines)
        assert said.code == 0

    def test_shows_evidence_where_asked(self, run: Run) -> None:
        """The field of the operation that says so stands under the line that it proves."""
        lines = drawn(run("trace", "bot", "--tree", "--evidence").out)
        assert lines[2].strip(" │") == "by sagemaker:DescribeThing#Field"

    def test_json_is_the_answer(self, run: Run) -> None:
        """Root, direction, assets, edges, evaluations: as the walk itself."""
        found = run("trace", BOT, "--format", "json").json
        walk = made(lineage(TEXT, APPROVED), BOT)
        assert (found["root"], found["direction"]) == (BOT, "upstream")
        assert [a["id"] for a in found["assets"]] == [a.id for a in walk.assets]
        assert [(e["source"], e["target"]) for e in found["edges"]] == [(e.source, e.target) for e in walk.edges]
        assert found["evaluations"] == [
            {
                "job": "exam",
                "models": ["bot/1"],
                "evaluators": ["judge"],
                "data": [],
                "scores": {"accuracy": 0.5},
            }
        ]

    def test_of_an_earlier_night(self, run: Run) -> None:
        """--snapshot and --as-of ask what was known then."""
        for option in ("--snapshot", "--as-of"):
            found = run("trace", BOT, option, "2026-11-01", "--format", "json").json
            (package,) = [a for a in found["assets"] if a["id"] == "bot/1"]
            assert package["attributes"]["approval"] == "PendingManualApproval"

    def test_what_was_shown_is_not_opened_twice(self, run: Run, catalog: Path) -> None:
        """A circle of clones is a finite tree that says where it closes."""
        graph = lineage("a(model_package) -copied_to-> b(model_package) -copied_to-> a")
        commit(Catalog(catalog), graph, night=3)
        lines = drawn(run("trace", "a", "--tree").out)
        assert [line.split("  ")[1] for line in lines[:3]] == ["a", "b", "a"] or "(see above)" in lines[2]
        assert lines[2].endswith("(see above)")

    def test_a_place_that_is_written_again_opens_for_each_reader_as_it_was(self, run: Run, catalog: Path) -> None:
        """Below an early reader the writers before it, below a late one those of later, too."""
        graph = lineage(
            """
            w1(processing_job) -produced-> features(artifact) -input_to:train-> r1(training_job)
            w2(processing_job) -produced-> features -input_to:train-> r2(training_job)
            r1 -produced-> a(artifact) -input_to:checkpoint-> last(training_job)
            r2 -produced-> b(artifact) -input_to:checkpoint-> last
            """,
            {
                job: {"attributes": {"started_at": f"2026-11-{day:02}", "ended_at": f"2026-11-{day:02}"}}
                for day, job in enumerate(("w1", "r1", "w2", "r2", "last"), 1)
            },
        )
        commit(Catalog(catalog), graph, night=3)
        words = [line.split("  ") for line in drawn(run("trace", "last", "--tree").out)[:10]]
        names = [next(one for one in line[1:] if one in {*graph.assets}) for line in words]
        assert names == ["last", "a", "r1", "features", "w1", "b", "r2", "features", "w1", "w2"]

    def test_a_chain_longer_than_pythons_stack(self, run: Run, catalog: Path) -> None:
        """A thousand clones deep, and still an answer."""
        depth = 1500
        assets = [asset(f"c{n:04}", "model_package") for n in range(depth)]
        edges = [
            Edge(source=a.id, target=b.id, relation="copied_to", certainty="referenced", evidence=("x:Y#Z",))
            for a, b in pairwise(assets)
        ]
        commit(Catalog(catalog), Graph(assets, edges), night=3)
        assert len(drawn(run("trace", f"c{depth - 1}", "--tree").out)) == depth + 2

    @pytest.mark.parametrize("command", ["trace", "impact", "show", "log"])
    def test_of_nothing_says_how_to_go_on(self, run: Run, command: str) -> None:
        """Exit code 2, the facts' stream stays empty."""
        said = run(command, "nobody")
        assert (said.code, said.out) == (2, "")
        assert "nobody" in said.err
        assert "hint:" in said.err

    def test_many_of_one_kind_are_counted_and_all_are_told_as_json(self, run, catalog: Path) -> None:
        """A dataset with hundreds of jobs has a page that ends, says what it left out, and how to have it."""
        jobs = [asset(f"j{n:03}", "training_job") for n in range(300)]
        graph = Graph(
            [asset("crowd", "dataset"), asset("bot", "model_package"), *jobs],
            [
                *(edge("crowd", job.id, "input_to", "train") for job in jobs),
                edge("j299", "bot", "produced"),
            ],
        )
        commit(Catalog(catalog), graph, night=3)
        said = run("impact", "crowd")
        assert "crowd --limit 0" in said.out
        assert len(said.out.splitlines()) < 40
        every = run("impact", "crowd", "--limit", "0").out.splitlines()
        assert sum(line.startswith("j") for line in every) == 300
        assert max(map(len, every)) <= 100
        found = run("impact", "crowd", "--format", "json").json
        assert (found["total"], len(found["rows"]), len(found["assets"])) == (301, 301, 302)
        assert len(run("impact", "crowd", "--format", "json", "--limit", "5").json["rows"]) == 5
        assert sum("training job  j" in line for line in run("impact", "crowd", "--tree").out.splitlines()) == 300


class TestIncident:
    def test_what_to_type_next_has_the_window(self, run: Run) -> None:
        """Without it the same question has other rows: who read before is hit, too."""
        said = run("incident", "s3://bucket/chats/", "--from", "2026-01-01", "--limit", "1")
        assert " --from 2026-01-01 --limit 0 " in said.out
        assert " --from 2026-01-01 --tree " in said.out
        assert not [line for line in said.out.splitlines() if "studbook log" in line and "--from" in line]


class TestImpact:
    def test_reaches_what_runs(self, run: Run) -> None:
        """From a dataset to the endpoint that answers with it."""
        found = run("impact", "s3://bucket/chats/", "--format", "json").json
        assert found["direction"] == "downstream"
        assert BOT in [a["id"] for a in found["assets"]]


class TestStrangers:
    @pytest.mark.parametrize(
        "command",
        [
            ["trace", BOT],
            ["impact", "judge"],
            ["show", "judge"],
            ["check", "--level", "note"],
            ["diff"],
            ["log", "judge"],
        ],
        ids=lambda command: command[0],
    )
    def test_hostile_names_are_shown_as_text(self, run: Run, command: list[str]) -> None:
        """No escape sequence of a name reaches the terminal, nothing is hidden, no line is broken."""
        out = run(*command).out
        assert "\x1b[31m" not in out
        assert "\u202e" not in out
        assert "\n<script>" not in out

    def test_markup_of_a_name_is_no_markup(self, run: Run) -> None:
        """Brackets stay brackets; escapes are written out."""
        assert r"judge \x1b[31mred\x1b[0m [bold]x[/bold] \u202e\n<script>" in run("show", "judge").out

    def test_safe_keeps_what_can_be_read(self) -> None:
        """Letters of any script are no danger."""
        assert printable("Modèle 模型 🐎 a b") == "Modèle 模型 🐎 a b"
        assert printable("a\tb\r\x00\x9b\u2028\ud800") == r"a\tb\r\x00\x9b\u2028\ud800"

    @pytest.mark.parametrize(
        ("thing", "text"),
        [(None, "-"), (True, "yes"), ([1, "a\n"], "1, a\\n"), ({"b": [], "a": 0.5}, "a=0.5, b=-"), ("", "")],
    )
    def test_values_fit_in_a_line(self, thing: Any, text: str) -> None:
        """Whatever JSON an attribute is."""
        assert printable(value(thing)) == text


class TestDiff:
    def test_tells_of_approval_and_drift(self, run: Run) -> None:
        """The last night, in terms people use."""
        out = run("diff").out
        assert "snapshot 1 (2026-11-01T02:00:00Z) to 2 (2026-11-02T02:00:00Z)" in out
        assert "model version bot/1: PendingManualApproval -> Approved" in out
        assert "training job tune read dataset version" in out

    def test_of_equal_nights_says_so(self, run: Run) -> None:
        """And names both."""
        assert run("diff", "2", "latest").out.splitlines()[1:] == ["nothing changed"]

    def test_as_json(self, run: Run) -> None:
        """Both nights, and every list."""
        found = run("diff", "1", "2", "--format", "json").json
        assert (found["old"]["number"], found["new"]["number"]) == (1, 2)
        assert found["approvals_changed"][0]["new"] == "Approved"

    def test_what_is_gone_is_told_once(self, run: Run, catalog: Path) -> None:
        """Under what is gone, and not once more as changed; what is only stale says since when."""
        facts = {**APPROVED, "judge": {**APPROVED["judge"], "gone_since": 3}, BOT: {**APPROVED[BOT], "stale_since": 3}}
        commit(Catalog(catalog), lineage(TEXT, facts), night=3)
        out = run("diff", "2", "3").out
        assert "assets gone (1)" in out
        assert "evaluator version" not in out.partition("assets changed (1)")[2]
        assert "endpoint bot: stale since snapshot 3" in out

    def test_gaps_of_one_code_are_one(self, run: Run, catalog: Path) -> None:
        """A region that is denied has dozens of gaps: a few operations are named, the others counted."""
        gaps = tuple(Gap(operation=f"List{n}", code="AccessDeniedException", message="") for n in range(9))
        row = Coverage(
            account="111111111111", region=None, source="sagemaker", status="failed", records=0, requests=9, gaps=gaps
        )
        commit(Catalog(catalog), lineage(TEXT, APPROVED), coverage=[row], night=3)
        out = run("diff", "2", "3").out
        assert "gap AccessDeniedException: List0, List1, List2 and 6 more" in " ".join(out.split())

    def test_as_markdown_names_of_strangers_do_nothing(self, run: Run, catalog: Path) -> None:
        """Whatever is in a name stays within a code block: no heading, link, picture, mention or tag comes of it."""
        hostile = "# x\n```\n@team ![p](https://x.example/p.png) <img src=x> **b** | `"
        assets = [asset(hostile, "model_package"), asset("t", "training_job", name=hostile)]
        graph = Graph(assets, [edge("t", hostile, "produced")])
        commit(Catalog(catalog), graph, night=3)
        out = run("diff", "2", "3", "--format", "markdown").out
        html = Markdown(extensions=["fenced_code"]).convert(out)
        assert out.startswith("## Snapshot 2 (2026-11-02T02:00:00Z) to 3 (2026-11-03T02:00:00Z)")
        assert "### Models added (1)" in out
        for tag in ("<img", "<strong", "<a ", "<h1"):
            assert tag not in html
        assert "x.example" in out
        assert "x.example" not in re.sub(r"^```diff$.*?^```$", "", out, flags=re.MULTILINE | re.DOTALL)

    def test_as_markdown_of_equal_nights(self, run: Run) -> None:
        """A sentence."""
        assert run("diff", "2", "latest", "--format", "markdown").out.splitlines()[-1] == "Nothing changed."

    def test_in_a_catalog_of_one_night(self, run: Run, catalog: Path) -> None:
        """There is nothing to compare with: exit code 2, not a crash."""
        Catalog(catalog).snapshots.paths()[1].unlink()
        assert run("diff").code == 2


class TestLog:
    def test_lists_the_nights_newest_first(self, run: Run) -> None:
        """Number, time, content, sizes, and how much changed."""
        lines = run("log").out.splitlines()
        assert [line.split()[0] for line in lines] == ["snapshot", "2", "1"]
        assert lines[1].split()[-1] == "3"
        assert lines[2].split()[-1] == "first"

    def test_as_json(self, run: Run) -> None:
        """The same, for programs."""
        newest, oldest = run("log", "--format", "json").json["snapshots"]
        assert (newest["number"], newest["changes"], newest["requests"]) == (2, 3, 2)
        assert (oldest["changes"], oldest["assets"], oldest["edges"]) == (None, 11, 10)

    def test_of_an_asset_is_its_mutable_facts_over_time(self, run: Run) -> None:
        """When it was first seen, and each change since."""
        out = run("log", "bot/1").out
        lines = [" ".join(line.split()) for line in out.splitlines()]
        assert lines[3:5] == ["night at event was is", "1 2026-11-01 02:00 first seen"]
        told = "2 2026-11-02 02:00 approval PendingManualApproval Approved note CloudTrail not read"
        assert told in " ".join(out.split())

    def test_as_of_a_night_knows_nothing_of_later_ones(self, run: Run) -> None:
        """The nights until then, and what had changed about an asset by then."""
        (only,) = run("log", "--as-of", "2026-11-01", "--format", "json").json["snapshots"]
        rows = run("log", "bot/1", "--snapshot", "1", "--format", "json").json["rows"]
        assert only["number"] == 1
        assert {row["night"] for row in rows} == {1}
        assert run("log", "--snapshot", "7").code == 2

    def test_where_there_is_no_catalog(self, tmp_path: Path) -> None:
        """A folder that is not there has no empty log, it is a slip."""
        with pytest.raises(SystemExit) as stop:
            main(["log", "--catalog", str(tmp_path / "elsewhere")])
        assert stop.value.code == 2

    def test_of_an_endpoint_says_what_it_ran(self, run: Run, catalog: Path) -> None:
        """A new endpoint configuration is a fact of the endpoint, though it is an edge."""
        moved = TEXT.replace(
            "conf(endpoint_config) -deployed_to:blue-> arn", "conf2(endpoint_config) -deployed_to:blue-> arn"
        )
        commit(Catalog(catalog), lineage(moved, APPROVED), night=3)
        (last,) = (row for row in run("log", "bot", "--format", "json").json["rows"] if row["event"] == "changed")
        assert (last["night"], last["field"], last["was"], last["is"]) == (3, "deployed_to (blue)", "conf", "conf2")
        lines = [" ".join(line.split()) for line in run("log", "bot").out.splitlines()]
        assert "3 2026-11-03 02:00 deployed to (blue) conf conf2" in lines


class TestShow:
    def test_a_snapshot(self, run: Run, catalog: Path) -> None:
        """Its digests in full, for whoever keeps them elsewhere, and its coverage."""
        envelope = run("show", "--format", "json").json
        out = run("show", "2").out
        assert envelope["envelope"] in out
        assert envelope["digest"] in out
        assert "111111111111  us-west-2  sagemaker  complete" in out
        assert envelope["counts"].pop("findings") > 0
        assert envelope["counts"] == {"assets": 11, "edges": 10, "records": 1, "people": 1, "readings": 1}
        assert envelope["config"] == Catalog(catalog).settings().digest

    def test_an_asset(self, run: Run) -> None:
        """Its fields, and its neighbours on both sides."""
        out = run("show", "bot/1").out
        assert "approval: Approved" in out
        assert "produced  training job tune" in out
        assert "packaged as  deployable model m" in out
        found = run("show", "bot/1", "--format", "json").json
        assert [e["source"] for e in found["upstream"]] == ["tune"]
        assert len(found["downstream"]) == 2

    def test_the_object_manifest_has_the_digest_of_the_id(self, run: Run) -> None:
        """`show --objects | sha256sum` is the fingerprint, in byte order of the keys."""
        out = run("show", VERSION, "--objects").out
        assert out == "a.jsonl\t5\te1\nb.jsonl\t3\te2\n"
        assert VERSION.endswith(hashlib.sha256(out.encode()).hexdigest())
        assert run("show", VERSION, "--objects", "--format", "json").json[0] == {
            "key": "a.jsonl",
            "size": 5,
            "etag": "e1",
        }

    def test_the_object_manifest_of_what_has_none(self, run: Run) -> None:
        """A training job is no dataset version."""
        assert run("show", "tune", "--objects").code == 2


class TestVerify:
    def test_whole(self, run: Run) -> None:
        """Exit code 0, and how much was looked at."""
        said = run("verify")
        assert said.code == 0
        assert said.out.startswith("2 snapshots, ")
        assert said.out.endswith("all as written\n")

    def test_damaged(self, run: Run, catalog: Path) -> None:
        """Exit code 1; each damage is a sentence that names the file."""
        path = next(catalog.glob("objects/??/*"))
        path.write_bytes(b"")
        said = run("verify")
        assert said.code == 1
        assert path.name in said.out
        found = run("verify", "--format", "json")
        assert (found.code, found.json["ok"]) == (1, False)
        assert path.name in found.json["damages"][0]["place"]

    def test_where_there_is_no_catalog(self, tmp_path: Path) -> None:
        """A folder that is not there is not whole, it is a slip."""
        with pytest.raises(SystemExit) as stop:
            main(["verify", "--catalog", str(tmp_path / "elsewhere")])
        assert stop.value.code == 2


class TestEveryQuestion:
    @pytest.mark.parametrize("command", [*QUESTIONS, "diff", "show", "verify", "check", "export"])
    def test_help_has_examples(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Whoever asks for help sees how the command is used."""
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert f"Examples:\n    studbook {command}" in capsys.readouterr().out.replace("  Examples:\n", "Examples:\n")

    @pytest.mark.parametrize("arguments", [["log"], ["show"], ["check"], ["trace", "bot"], ["export", "json"]])
    def test_an_empty_catalog_names_the_way_to_a_snapshot(self, run: Run, tmp_path: Path, arguments: list[str]) -> None:
        """Except `log`, of which nothing is an answer too."""
        for path in (tmp_path / "snapshots").iterdir():
            path.unlink()
        said = run(*arguments)
        assert said.code == (0 if arguments == ["log"] else 2)
        assert arguments == ["log"] or "studbook harvest" in said.err
