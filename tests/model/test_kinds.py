"""The table of kinds is the one place that says what a kind is."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studbook.drawing import _OUTLINES
from studbook.lineage.from_id import asset_from_id
from studbook.model import KINDS, RELATIONS
from studbook.model.kinds import ARN_KINDS, JOB_CATEGORIES, JOB_KINDS, Kind

TOP = Path(__file__).parents[2]
SOURCE = TOP / "src" / "studbook"
TABLE = SOURCE / "model" / "kinds.py"
RECORDED = TOP / "tests" / "sources" / "recorded"
REASON = "# Fewer kinds: "
ANYTHING = {"same_as", "associated"}


def lists_of_jobs(text: str) -> Iterator[tuple[int, set[str]]]:
    """Every display and every call in a module that means two or more kinds of job, and the line where it begins."""
    for node in ast.walk(ast.parse(text)):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            parts = [*node.elts]
        elif isinstance(node, ast.Dict):
            parts = [*node.keys, *node.values]
        elif isinstance(node, ast.Call):
            parts = [*node.args]
        elif isinstance(node, ast.MatchOr):
            parts = [case.value for case in node.patterns if isinstance(case, ast.MatchValue)]
        words = {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
        found = words & {*JOB_KINDS}
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".endswith"):
            found = {kind for kind in JOB_KINDS for word in words if kind.endswith(word)}
        if len(found) > 1:
            yield node.lineno, found


def unexplained(text: str) -> list[tuple[int, set[str]]]:
    """The lists of jobs over which no comment says why they leave the others out."""
    lines = text.splitlines()
    return [(line, jobs) for line, jobs in lists_of_jobs(text) if REASON not in f"{lines[line - 2]}{lines[line - 1]}"]


class TestLists:
    @pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
    def test_no_module_lists_kinds_of_job(self, path: Path) -> None:
        """Who needs the jobs asks the table; who needs fewer of them says why, so that none is left out unawares."""
        if path != TABLE:
            assert unexplained(path.read_text()) == []

    @pytest.mark.parametrize(
        "text",
        [
            'JOBS = ("training_job", "transform_job")',
            'x = {"training_job": 1, "tuning_job": 2}',
            'reading.named(arn, "tuning_job", "automl_job")',
            'kind.endswith("_job")',
            'match kind:\n    case "training_job" | "tuning_job":\n        pass',
        ],
    )
    def test_a_list_is_found(self, text: str) -> None:
        """In every form in which Python writes several words down."""
        assert unexplained(f"\n{text}")

    def test_a_reason_lets_it_pass(self) -> None:
        """A comment over the list says what is left out on purpose."""
        assert unexplained(f'{REASON}these alone have parents.\nJOBS = ("training_job", "tuning_job")') == []


class TestTable:
    @pytest.mark.parametrize("kind", JOB_KINDS)
    def test_a_job_says_all_that_is_asked_of_jobs(self, kind: str) -> None:
        """Every kind of job reads something, makes something, and is a task of a bill of materials."""
        info = KINDS[kind]

        assert info.bom_task
        assert info.section == "jobs"
        assert "input_to" in info.ends
        assert "produced" in info.starts

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_is_data_is_a_component(self, kind: str) -> None:
        """What jobs read as data is in a bill of materials, and only what is no job is."""
        info = KINDS[kind]

        assert not info.data or info.bom_type
        assert bool(info.bom_task) == info.job
        assert not (info.bom_type and info.job)
        assert info.shape == "box" or info.shape in _OUTLINES
        assert {*info.starts, *info.ends} <= set(RELATIONS) - ANYTHING

    def test_an_arn_is_of_one_kind(self) -> None:
        """No two kinds claim the ARNs of one type of resource."""
        assert len(ARN_KINDS) == sum(len(info.arn) for info in KINDS.values())
        assert set(JOB_CATEGORIES.values()) <= set(JOB_KINDS)

    @given(st.sampled_from(sorted(ARN_KINDS)), st.from_regex(r"[a-zA-Z][a-zA-Z0-9-]{0,20}", fullmatch=True))
    def test_an_arn_tells_its_kind(self, of: str, name: str) -> None:
        """What nothing but an ARN is known of has the kind of the table, and a name."""
        service, _, resource = of.partition(":")
        found = asset_from_id(f"arn:aws:{service}:us-west-2:111122223333:{resource}/{name}")

        assert (found.kind, found.name, found.account) == (ARN_KINDS[of], name, "111122223333")

    def test_every_kind_can_be_met(self) -> None:
        """A kind has a title, a plural and a meaning of its own."""
        assert len({info.title for info in KINDS.values()}) == len({info.plural for info in KINDS.values()})
        assert len({info.meaning for info in KINDS.values()}) == len(get_args(Kind))


class TestRelations:
    @pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
    def test_what_is_recorded_has_relations_of_the_table(self, path: Path) -> None:
        """No edge of the recorded answers joins kinds that the table does not let it join."""
        found = json.loads(path.read_text())
        kinds = {asset: said.partition(",")[0] for asset, said in found["assets"].items()}
        wrong = []
        for text in found["edges"]:
            match = re.fullmatch(r"(\S+) -(\w+)\S*-> (\S+)", text)
            assert match, text
            source, relation, target = match.groups()
            if relation in ANYTHING:
                continue
            if source in kinds and relation not in KINDS[kinds[source]].starts:
                wrong.append((kinds[source], relation, "starts"))
            if target in kinds and relation not in KINDS[kinds[target]].ends:
                wrong.append((kinds[target], relation, "ends"))
            if ":evaluated_model" in text and source in kinds and not KINDS[kinds[source]].judged:
                wrong.append((kinds[source], relation, "judged"))

        assert wrong == []
