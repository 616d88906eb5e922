"""docs/extending.md works: its code is put where the page says, and run in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

TOP = Path(__file__).parent.parent
PAGE = (TOP / "docs" / "extending.md").read_text()
REGISTRIES = (
    "model/sources.py",
    "sagemaker/__init__.py",
    "joins/__init__.py",
    "rules/__init__.py",
    "exports/__init__.py",
)


class Part(NamedTuple):
    """A block of the page: a new file, or lines after a line of one that is there."""

    path: str
    is_line: bool
    text: str


PARTS = [
    Part(path, kind == "diff", text)
    for kind, path, text in re.findall(r'```(\w+) title="([^"]+)"\n(.*?)```', PAGE, re.S)
]


def _replace(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text)


def put(tree: Path, part: Part) -> None:
    """A file of the copy is a link to ours: it is replaced, never written."""
    path = tree / part.path
    if not part.is_line:
        assert not path.exists(), f"{part.path} is there already: the page needs another example"
        _replace(path, part.text)
        return
    before, *added = part.text.splitlines()
    text = path.read_text()
    assert text.count(f"{before[1:]}\n") == 1, f"{part.path} has no such line, or several: {before[1:]}"
    _replace(path, text.replace(f"{before[1:]}\n", "\n".join([before[1:], *(line[1:] for line in added)]) + "\n"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What a checkout has of code, tests and manual."""
    leave = shutil.ignore_patterns("*.pyc.*", "screens")  # compiled code is valid there too, unless it is being written
    for name in ("src", "tests"):
        shutil.copytree(TOP / name, tmp_path / name, copy_function=os.link, ignore=leave)
    shutil.copytree(TOP / "docs", tmp_path / "docs", ignore=leave)  # no links: commands of the page write there
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    return tmp_path


def run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def outcome_of(tree: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    return run(tree, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *tests)


class TestPage:
    def test_each_example_is_a_file_and_a_line(self) -> None:
        """Beside its test nothing has more parts; a kind has no file, its name and its row are in one table."""
        for section in re.split(r"^## ", PAGE, flags=re.M)[1:]:
            parts = re.findall(r'```(\w+) title="src/([^"]+)"', section)
            assert [kind for kind, _ in parts] == (
                ["diff", "diff"] if section.startswith("A kind") else ["python", "diff"]
            )

    def test_every_example_works(self, tree: Path) -> None:
        """All of them together: their own tests pass, and whatever is told of each part of the kind they are, once the
        page's commands have written the manual anew."""
        for part in PARTS:
            put(tree, part)
        commands = re.findall(r"`python -m (tests\.\S+)` writes", PAGE)
        assert len(commands) == 3
        for command in commands:
            written = run(tree, "-m", command)
            assert written.returncode == 0, written.stderr
        own = [part.path for part in PARTS if part.path.startswith("tests/") and part.path.endswith(".py")]
        own = [path for path in own if not (TOP / path).exists()]
        manual = [f"{command.replace('.', '/')}.py" for command in commands]
        chosen = "invocation_job or edge_packaging or registered or glue or graphml or code_of_job or owner"
        chosen += " or attribute_docs or lineage_docs or rules_manual or census or TestActions"
        recorded = [f"tests/sources/test_recorded.py::{group}" for group in ("TestExample", "TestLineage")]
        registries = ["tests/test_every_job.py", "tests/test_registered.py", "tests/sources/test_census.py"]
        done = outcome_of(
            tree, *own, *manual, *recorded, *registries, "tests/cli/test_iam.py::TestActions", "-k", chosen, "-vv"
        )

        assert done.returncode == 0, done.stdout[-4000:]
        for said in ("invocation_job", "edge_packaging_job", *own):
            assert said in done.stdout

    def test_a_line_that_is_forgotten_fails_by_name(self, tree: Path) -> None:
        """A file that no registry has, a type without a recorded answer, a rule that the manual does not know."""
        for part in PARTS:
            if not (part.is_line and part.path.endswith(REGISTRIES)) and not part.path.startswith("tests/"):
                put(tree, part)
        done = outcome_of(tree, "tests/test_registered.py", "tests/test_lineage_docs.py::TestRules")

        assert done.returncode == 1
        for name in (
            "GlueTables",
            "sagemaker.edge",
            "joins.code_of_job",
            "rules.endpoint_without_owner",
            "exports.graphml",
        ):
            assert name in done.stdout
        assert "rule:code-of-job" in done.stdout

    @pytest.mark.parametrize(
        "forgotten", [part for part in PARTS if part.path.endswith("kinds.py")], ids=["name", "row"]
    )
    def test_a_kind_by_half_is_none(self, tree: Path, forgotten: Part) -> None:
        """A name without its row, or a row without its name, stops every import, and says which kind it is."""
        for part in PARTS:
            if part.path == forgotten.path and part is not forgotten:
                put(tree, part)
        done = run(tree, "-c", "import studbook.model")

        assert done.returncode != 0
        assert "invocation_job" in done.stderr
