"""The manual's page of exports: each format, who loads it, and what its command prints over the demo."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from studbook.exports import EXPORTS

PAGE = Path(__file__).parents[2] / "docs" / "exports.md"
SHOWN = re.compile(r"^```console\n\$ (.*?)\n(.*?)```", re.S | re.M)


def shown() -> Iterator[tuple[str, str]]:
    """The commands of the page, each with what stands below it."""
    return ((match[1], match[2]) for match in SHOWN.finditer(PAGE.read_text()))


def printed(command: str, catalog: Path, folder: Path) -> str:
    """What a command line of the page prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "errexit", "-c", command],
        env=os.environ | {"PATH": path, "STUDBOOK_CATALOG": str(catalog)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_format_has_its_row_and_its_section() -> None:
    """And no other has: what the page promises is there."""
    text = PAGE.read_text()
    names = {export.name for export in EXPORTS}
    assert set(re.findall(r"^\| \[`([a-z-]+)`\]", text, re.M)) == names
    assert set(re.findall(r"^## ([a-z-]+)$", text, re.M)) == names


@pytest.mark.demo
@pytest.mark.parametrize(("command", "output"), list(shown()), ids=lambda text: str(text)[:60])
def test_a_command_prints_what_the_page_shows(command: str, output: str, demo_catalog: Path, tmp_path: Path) -> None:
    """Line by line, by the shell."""
    assert printed(command, demo_catalog, tmp_path) == output


QUERIES = re.findall(r"^```sql\n(.*?)```", PAGE.read_text(), re.S | re.M)


@pytest.mark.demo
def test_every_query_has_an_answer(demo_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB 2.0 runs each as it stands, over the demo's tables."""
    printed("studbook export parquet --output .", demo_catalog, tmp_path)
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as db:
        assert [query for query in QUERIES if not db.execute(query).fetchall()] == []
    assert len(QUERIES) > 3


if __name__ == "__main__":  # python -m tests.exports.test_exports_page CATALOG: writes the page's outputs anew
    where = Path(sys.argv[1]).resolve()
    fresh = SHOWN.sub(
        lambda m: f"```console\n$ {m[1]}\n{printed(m[1], where, Path(tempfile.mkdtemp()))}```", PAGE.read_text()
    )
    PAGE.write_text(fresh)
