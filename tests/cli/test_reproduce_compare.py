"""`studbook reproduce` and `compare` on the demo."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest

from studbook.cli import main
from studbook.exports.schema import document

DEV = "222222222222:model-package"


@pytest.fixture
def run(demo_catalog: Path, capsys: pytest.CaptureFixture[str]):
    """Runs a command on the demo's catalog; gives its exit code and what it printed."""

    def call(*args: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main([*args, "--catalog", str(demo_catalog)])
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out or printed.err

    return call


class TestReproduce:
    def test_a_clone_in_production(self, run) -> None:
        """Text for a reader: the verdict, and why it is not better."""
        code, out = run("reproduce", "444444444444:model-package/support-bot/2")
        assert code == 0
        assert "can be made again: close" in out
        assert "the service takes the latest" in out
        assert "Environment.HF_TOKEN was redacted: fill it in" in out

    def test_drifted_data_has_its_object_versions(self, run) -> None:
        """The fraud model's data was overwritten; the bucket keeps what was read."""
        _, out = run("reproduce", f"{DEV}/fraud/1", "--format", "json")
        found = json.loads(out)
        assert {manifest["channel"] for manifest in found["manifests"]} == {"train", "validation"}
        assert any("keeps what was read" in reason["message"] for reason in found["reasons"])
        assert found["request"]["TrainingJobName"] == "fraud-xgb-20261115-again"

    def test_nothing_left_to_chance_is_exact(self, run) -> None:
        """An image by digest, no code, data whose object versions are kept: every part of it is fixed."""
        _, out = run("reproduce", "fraud-xgb-pinned-20261121", "--format", "json")
        found = json.loads(out)
        assert (found["verdict"], found["reasons"]) == ("exact", [])
        assert {pin["part"] for pin in found["pins"]} == {"data (train)", "data (validation)", "image"}

    def test_a_name_that_others_have_too(self, run) -> None:
        """A job records into a run of its own name: what no request makes is not meant."""
        code, out = run("reproduce", "support-bot-sft-20261118")
        assert code == 0
        assert out.startswith("training job support-bot-sft-20261118")

    def test_a_script_into_a_file(self, run, tmp_path: Path) -> None:
        """It is Python, and nothing goes to standard output."""
        code, out = run("reproduce", f"{DEV}/fraud/1", "--format", "python", "--output", str(tmp_path / "again.py"))
        assert (code, out) == (0, "")
        compile((tmp_path / "again.py").read_text(), "again.py", "exec")

    def test_an_endpoint_is_no_job(self, run) -> None:
        """Wrong usage, with a way out."""
        code, err = run("reproduce", "444444444444:endpoint/support-bot-prod")
        assert code == 2
        assert "hint: name a model version" in err

    def test_a_folder_that_is_not_there(self, run, tmp_path: Path) -> None:
        """A sentence, not a traceback."""
        code, err = run("reproduce", f"{DEV}/fraud/1", "--output", str(tmp_path / "no" / "again.py"))
        assert code == 2
        assert "No such file or directory" in err


class TestCompare:
    def test_differences_first_and_the_rest_folded(self, run) -> None:
        """Two versions of the support bot: other scores of the same evaluator on the same data."""
        code, out = run("compare", f"{DEV}/support-bot/2", f"{DEV}/support-bot/4")
        assert code == 0
        assert "0.71" in out
        assert "0.79" in out
        assert "learning_rate" not in out
        assert "score by support-helpfulness/1.0.0 on support-golden/1.0.0" in out
        assert "support-bot-prod, acme-assistants" in out
        assert out.rstrip().rpartition("\n")[2].startswith("equal (")

    def test_all_of_it(self, run) -> None:
        """`--all` unfolds what is equal; the JSON always has both."""
        _, out = run("compare", f"{DEV}/support-bot/2", f"{DEV}/support-bot/4", "--all")
        assert "learning_rate" in out
        _, out = run("compare", f"{DEV}/support-bot/2", f"{DEV}/support-bot/4", "--format", "json")
        told = json.loads(out)
        assert {row["name"] for row in told["rows"] if row["equal"]} >= {"learning_rate", "lora_rank"}
        assert (told["question"], told["snapshot"]["number"], len(told["verdicts"])) == ("compare", 4, 1)
        jsonschema.validate(told, json.loads(document(of="answer")))

    def test_two_of_one_name_are_told_apart(self, run) -> None:
        """What differs never reads the same on both sides, whatever it is called."""
        _, out = run("compare", f"{DEV}/fraud/1", f"{DEV}/support-bot/4")
        # What is too long for a line goes on below it, further in.
        lines = [line.split(maxsplit=1) for line in re.sub(r"\n {8}", " ", out).splitlines() if line.startswith("    ")]
        pairs = [pair for pair in pairwise(lines) if [one[0] for one in pair] == ["A", "B"]]
        assert pairs
        assert all(left[1] != right[1] for left, right in pairs)

    def test_three_jobs_of_a_name_that_runs_have_too(self, run) -> None:
        """A name that a job and its run share means what the others are; the first is what they are held against."""
        names = [f"support-bot-{one}" for one in ("sft-20261112", "sft-20261118", "rlvr-20261119")]
        code, out = run("compare", *names)
        assert code == 0
        assert f"{names[2]} against {names[0]}: train/loss \N{MINUS SIGN}0.36" in out
        assert "support-chat-sft/2.0.0" in out

    def test_two_nights_have_their_own_command(self, run) -> None:
        """It is named."""
        code, out = run("compare", "2", "4")
        assert code == 2
        assert "studbook diff 2 4" in out
