"""Nothing above `queries/` walks the lineage by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]

ONE_STEP = """
def makers(lineage, asset):
    return [lineage.asset(edge.source) for edge in lineage.upstream(asset.id, "produced")]

def shown(lineage, asset):
    walk = made(lineage, asset.id)
    return [len(makers(lineage, one)) for one in walk.assets]
"""
WALKS = {
    "a loop": """
def walk(lineage, asset_id):
    ahead = [asset_id]
    while ahead:
        ahead += [edge.target for edge in lineage.downstream(ahead.pop())]
""",
    "a recursion through another function": """
def walk(lineage, asset_id):
    return [below(lineage, edge) for edge in lineage.downstream(asset_id)]

def below(lineage, edge):
    return walk(lineage, edge.target)
""",
    "two steps at once": """
def grandparents(lineage, asset_id):
    return {up.source for edge in lineage.upstream(asset_id) for up in lineage.upstream(edge.source)}
""",
    "two steps by a helper": ONE_STEP
    + """
def grandparents(lineage, asset):
    several = []
    for maker in makers(lineage, asset):
        several.append(maker)
    return [makers(lineage, one) for one in several]
""",
}


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOP / ".ci" / "one_step.py"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_product_takes_single_steps() -> None:
    """Pages, rules, exports and commands ask `queries/` for anything farther away."""
    done = check(TOP / "src" / "studbook")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", WALKS)
def test_a_walk_is_found(name: str, tmp_path: Path) -> None:
    """However it is written."""
    (tmp_path / "views.py").write_text(WALKS[name])
    done = check(tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("views.py:")


def test_a_step_from_what_a_question_answered_is_none(tmp_path: Path) -> None:
    """The edges of an asset that a walk of `queries/` found may be asked for."""
    (tmp_path / "views.py").write_text(ONE_STEP)
    assert check(tmp_path).returncode == 0
