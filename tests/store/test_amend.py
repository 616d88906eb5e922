"""Writing what changed comes to what writing everything comes to."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pedigrees import asset, edge, record

from studbook.errors import CatalogError
from studbook.model import Edge, canonical
from studbook.model.canonical import plain
from studbook.store.chunks import (
    EDGES,
    RECORDS,
    Place,
    amend_part,
    place_of_asset,
    place_of_record,
    write_part,
    write_records,
)
from studbook.store.objects import Objects

PART = replace(EDGES, rows_per_chunk=4)
PLACES = [place_of_asset(asset("one", kind)) for kind in ("model", "endpoint")]
names = st.sampled_from([f"n{number}" for number in range(12)])
ends = st.tuples(names, names)
drawn = st.dictionaries(ends, st.booleans(), max_size=40)


def rows(found: dict[tuple[str, str], bool]) -> list[Edge]:
    return [replace(edge(*pair, "input_to"), candidate=doubtful) for pair, doubtful in found.items()]


def place(row: Edge) -> Place:
    return PLACES[row.target < "n5"]


class TestAmend:
    @settings(deadline=None)
    @given(drawn, drawn, st.sets(ends, max_size=30))
    def test_equal_to_writing_everything(self, before, new, gone):
        """Whatever comes, goes and changes, and wherever the cuts are, the manifest is the one of the whole."""
        now = {pair: doubtful for pair, doubtful in (before | new).items() if pair not in gone}
        with tempfile.TemporaryDirectory() as folder:
            objects = Objects(Path(folder))
            changes: dict[Place, Any] = {one: {} for one in PLACES}
            for row in rows(before | new):
                pair = (row.source, row.target)
                if pair in new or pair in gone:
                    changes[place(row)][row.key.order] = PART.line(row) if pair in now else None
            first = write_part(objects, PART, rows(before), place)
            changes = {one: several for one, several in changes.items() if several}
            assert amend_part(objects, PART, first, changes) == write_part(objects, PART, rows(now), place)

    def test_what_is_not_as_expected_is_not_amended(self, tmp_path):
        """A row that is other than it was taken for is an error, and so is one that should not be there."""
        objects = Objects(tmp_path)
        (row,) = rows({("a", "n9"): False})
        first = write_part(objects, PART, [row], place)
        changes = {place(row): {row.key.order: None}}
        for expected in (b"other\n", None):
            with pytest.raises(CatalogError, match="is not what it was taken for"):
                amend_part(objects, PART, first, changes, {place(row): {row.key.order: expected}})


class TestLines:
    @given(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.none() | st.text(st.characters(exclude_categories=["Cs"])),
        st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1),
    )
    def test_an_edge_is_written_canonically(self, name, role, evidence):
        """Whatever text an edge has, its line is its canonical JSON."""
        row = Edge(
            source=name, target="b", relation="input_to", role=role, certainty="declared", evidence=tuple(evidence)
        )
        assert EDGES.line(row) == canonical(plain(row)) + b"\n"

    def test_records_that_are_lines_already(self, tmp_path):
        """They are kept as records are."""
        objects = Objects(tmp_path)
        several = [record("b"), record("a", account=None), record("x", source="s3", body={}), record("y", kind="model")]
        whole = write_part(objects, RECORDS, several, place_of_record)
        assert write_records(objects, map(RECORDS.line, several)) == whole
