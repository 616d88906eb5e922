"""CSV and Parquet, loaded by DuckDB 2.0 and pyarrow 25."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exports.hostile_snapshot import TEXTS, told

from studbook.exports import EXPORTS, Subject
from studbook.exports.tables import TABLES

FORMATS = {export.name: export for export in EXPORTS if export.files is not None}


def written(name: str, subject: Subject, folder: Path) -> Path:
    files = FORMATS[name].files
    assert files is not None
    for file, pieces in files(subject):
        (folder / file).write_bytes(b"".join(pieces))
    return folder


def rows(name: str, table: str, folder: Path) -> list[dict[str, Any]]:
    """All rows of a file, by DuckDB, with its own guesses of types."""
    path = str(folder / f"{table}.{name}")
    with duckdb.connect() as db:
        read = f"read_{name}(?, header=true)" if name == "csv" else "read_parquet(?)"
        found = db.execute(f"SELECT * FROM {read}", [path])
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("name", FORMATS)
class TestBoth:
    def test_every_table_is_there_whole(self, name: str, tmp_path: Path) -> None:
        """As many rows as assets, edges and findings; JSON columns hold JSON."""
        written(name, told(), tmp_path)
        assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(table.name for table in TABLES)
        subject = told()
        for table, several in (("assets", subject.assets), ("edges", subject.edges), ("findings", subject.findings)):
            assert len(rows(name, table, tmp_path)) == len(list(several))
        assets = rows(name, "assets", tmp_path)
        assert [json.loads(row["attributes"]) for row in assets] == [dict(one.attributes) for one in told().assets]
        [snapshot] = rows(name, "snapshot", tmp_path)
        assert snapshot["number"] == 12

    def test_the_same_bytes_twice(self, name: str, tmp_path: Path) -> None:
        """Equal snapshots are equal files."""
        folders = [tmp_path / "one", tmp_path / "other"]
        for folder in folders:
            folder.mkdir()
            written(name, told(), folder)
        for file in folders[0].iterdir():
            assert file.read_bytes() == (folders[1] / file.name).read_bytes()

    def test_joins_hold(self, name: str, tmp_path: Path) -> None:
        """Each end of an edge is an asset, whatever its id begins with."""
        written(name, told(), tmp_path)
        ids = {row["id"] for row in rows(name, "assets", tmp_path)}
        assert {row[end] for row in rows(name, "edges", tmp_path) for end in ("source", "target")} <= ids


class TestParquet:
    def test_every_snapshot_has_the_same_schema(self, tmp_path: Path) -> None:
        """One without anything, too: nights can be read as one table."""
        for folder, subject in (("full", told()), ("empty", told(assets=[], edges=[], findings=[]))):
            (tmp_path / folder).mkdir()
            written("parquet", subject, tmp_path / folder)
        for table in TABLES:
            full, empty = (pq.read_schema(tmp_path / one / f"{table.name}.parquet") for one in ("full", "empty"))
            assert full.equals(empty)
            assert full.names == [column.name for column in table.columns]

    def test_names_are_as_they_were_written(self, tmp_path: Path) -> None:
        """Nothing in Parquet runs: no text is changed."""
        written("parquet", told(), tmp_path)
        assert {row["name"] for row in rows("parquet", "assets", tmp_path)} == set(TEXTS)


class TestCsv:
    @settings(max_examples=50)
    @given(st.sampled_from("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"), st.text(max_size=20))
    def test_no_cell_is_a_formula(self, sign: str, rest: str) -> None:
        """An apostrophe stands before it; Python's reader gives back all else as it was."""
        files = FORMATS["csv"].files
        assert files is not None
        [data] = [b"".join(pieces) for file, pieces in files(told(named=sign + rest)) if file == "assets.csv"]
        found = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
        assert {row["name"] for row in found} == {"'" + sign + rest}
        assert not any(cell.startswith(tuple("=+-@")) for row in found for cell in row.values())
