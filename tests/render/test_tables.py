from __future__ import annotations

import json
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_explore import site_of
from tests import pedigrees
from tests import small_catalog as small

from studbook import words
from studbook.lineage.graph import Graph
from studbook.model import Asset
from studbook.render import views
from studbook.render.cells import place, rows
from studbook.render.views.lists import OVERVIEWS, endpoints_table, judged_table
from studbook.render.views.site import Json
from studbook.render.views.tables import LIMIT, Column, Table, packed

CELLS = st.none() | st.text(max_size=5) | st.integers(0, 9)


def named(value: Any) -> Any:
    return value[0]


class Row(NamedTuple):
    id: str
    a: Any
    b: Any


class TestPlace:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("at 2026-11-21T23:49:00.5Z", 'at <span class="sb-whole">2026-11-21T23:49:00.5Z</span>'),
            ("2026-11-21 02:00 UTC: quiet", '<span class="sb-whole">2026-11-21 02:00 UTC</span>: quiet'),
            ('<b> & "c", us-west-2', '&lt;b&gt; &amp; &#34;c&#34;, <span class="sb-whole">us-west-2</span>'),
            ("job-20261121", "job-20261121"),
            (
                "arn:aws:sagemaker:us-west-2:222222222222:endpoint/a",
                "arn:aws:sagemaker:us-west-2:222222222222:endpoint/a",
            ),
        ],
    )
    def test_a_time_or_a_region_is_in_one_line_and_a_strangers_text_is_escaped_once(self, text: str, told: str) -> None:
        """Whatever stands around it."""
        assert place(text) == told


class TestTable:
    @given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=LIMIT + 20))
    def test_page_and_file_tell_the_same(self, rows: list[tuple[Any, Any]]) -> None:
        """The file of a long table begins with the rows of its page, in the same columns."""
        table = Table("T", [Column("a", lambda row: row[0]), Column("b", lambda row: row[1])], rows, "t")
        page, whole = table.on_page(), json.loads(table.whole())["rows"]

        assert len(whole) == page["count"] == len(rows)
        assert [[packed(cell) for cell in row] for row in page["rows"]] == whole[:LIMIT]
        assert (page["more"] is None) == (len(rows) <= LIMIT)

    @given(st.lists(st.tuples(CELLS, CELLS), max_size=LIMIT + 20), st.integers(0, LIMIT))
    def test_rows_that_stand_in_two_tables(self, cells: list[tuple[Any, Any]], first: int) -> None:
        """What a table tells does not depend on what another one told of the same rows."""
        rows = [Row(str(number), *pair) for number, pair in enumerate(cells)]
        columns = [Column("id", lambda row: row.id), Column("a", lambda row: row.a), Column("b", lambda row: row.b)]
        told: dict[str, list[str]] = {}
        for several in (rows[first:], rows):
            alone, shared = Table("T", columns, several, "t"), Table("T", columns, several, "t", told)

            assert shared.on_page() == alone.on_page()
            assert shared.whole() == alone.whole()

    def test_an_empty_column_is_left_out(self) -> None:
        """A column in which no row has anything is noise."""
        table = Table("T", [Column("a", named), Column("b", lambda row: row[1])], [("x", None), ("y", "")], "t")

        assert [column["title"] for column in table.on_page()["columns"]] == ["a"]

    def test_a_column_that_is_the_same_in_every_row_is_said_once(self) -> None:
        """All rows count, also those that only the file has; the first column stays, and so do all of a single row."""
        columns = [Column("a", named), Column("b", lambda row: row[1]), Column("c", lambda row: row[2])]
        rows = [("x", "y", 1)] * LIMIT + [("x", "y", 2)]
        for several, shown, same in ((rows, ["a", "c"], [["b", "y"]]), (rows[:1], ["a", "b", "c"], [])):
            table = Table("T", columns, several, "t")
            assert [column["title"] for column in table.on_page()["columns"]] == shown
            assert table.on_page()["same"] == same
            assert len(json.loads(table.whole())["rows"][0]) == len(shown)

    def test_what_the_label_says_is_no_column(self) -> None:
        """Neither on the page nor in the file, of one row as of many; a list of several kinds has it."""
        columns = [Column("a", named), Column("b", lambda row: row[1]), Column("c", lambda row: row[2])]
        for count in (1, LIMIT + 1):
            table = Table("T", columns, [("x", "y", n + 1) for n in range(count)], "t", said=("b",))
            assert [column["title"] for column in table.on_page()["columns"]] == ["a", "c"]
            assert (table.on_page()["same"], len(json.loads(table.whole())["rows"][0])) == ([], 2)
        kinds = ("endpoint_config", "training_job", "processing_job")
        site = site_of(Graph([pedigrees.asset(kind, kind) for kind in kinds], []))
        lists = {name: OVERVIEWS[name](site).on_page() for name in ("configs", "jobs")}
        titles = {name: [one["title"] for one in found["columns"]] for name, found in lists.items()}
        assert ("Kind" in titles["configs"], "Kind" in titles["jobs"]) == (False, True)

    @pytest.mark.parametrize("text", [small.HOSTILE, "good\u202egpj.exe"])
    def test_strangers_stay_text_in_files(self, text: str) -> None:
        """A hostile name is a string with nothing hidden in it."""
        assert json.dumps(packed({"name": text, "path": "x/y/", "marks": ["stale"]})).count("\\u202e") == 0


class TestFiles:
    def test_every_long_table_has_its_file(self) -> None:
        """Where a page says that the rest lies in a file, the file is there."""
        jobs = [pedigrees.asset(f"job-{n:03}", "training_job") for n in range(LIMIT + 1)]
        runs = [pedigrees.asset(f"run-{n:03}", "mlflow_run") for n in range(LIMIT + 1)]
        places = [pedigrees.asset(f"place-{n:03}", "endpoint") for n in range(LIMIT + 1)]
        data, lab = pedigrees.asset("data", "dataset"), pedigrees.asset("lab", "mlflow_experiment")
        judge, first = pedigrees.asset("judge", "evaluator"), pedigrees.asset("judge-1", "evaluator_version")
        edges = [pedigrees.edge("data", job.id, "input_to", "train") for job in jobs]
        edges += [pedigrees.edge(run.id, "lab", "part_of") for run in runs]
        edges += [pedigrees.edge("judge", "judge-1", "has_version")]
        edges += [pedigrees.edge("judge-1", job.id, "input_to", "evaluator") for job in jobs]
        site = site_of(Graph([data, lab, judge, first, *jobs, *runs, *places], edges))
        files = dict(views.files(site))

        def pages() -> list[views.Page]:
            assets: list[Asset] = list(site.graph.assets.values())
            overviews = ("jobs", "experiments", "models", "datasets", "evaluators", "deployments", "coverage", "audit")
            return [
                *(views.page(site, name) for name in overviews),
                *views.place_pages(site),
                *(views.asset_page(site, asset, "assets/_default.html") for asset in assets),
            ]

        named = {more for page in pages() for more in mores(page.data)}
        assert named == {name for name in files if name.startswith("lists/")}
        assert len(named) >= 6
        assert "lists/endpoints.json" in named
        assert sum(name.endswith("-judged.json") for name in named) == 2

    def test_what_an_evaluator_judged(self) -> None:
        """Scores have columns of their own, as numbers; what is no number is text."""
        scored = {"tone": 4.5, "note": ["odd"]}
        job = pedigrees.asset("job", "evaluation_job", attributes={"metrics": scored})
        graph = Graph([pedigrees.asset("judge", "evaluator"), job], [pedigrees.edge("judge", "job", "input_to")])
        table = judged_table(site_of(graph), graph.assets["judge"], [graph.assets["judge"]]).on_page()
        row = dict(zip([column["title"] for column in table["columns"]], table["rows"][0], strict=True))

        assert (row["tone"], row["note"]) == (4.5, "['odd']")

    def test_endpoints_tell_what_answers(self) -> None:
        """A row has the endpoint, its model versions and their base models, as links."""
        site = site_of(Graph(small.assets(), small.edges()))
        table = endpoints_table(site).on_page()
        titles = [column["title"] for column in table["columns"]]
        row = dict(zip(titles, table["rows"][0], strict=True))

        assert row["Endpoint"]["id"] == small.ENDPOINT
        assert [link["id"] for link in row["Deployed"]["links"]] == [small.CLONE]
        assert row["Base model"]["links"]

    def test_endpoints_of_production_stand_first(self) -> None:
        """Then those of staging, then all others, each newest first; last what is gone."""
        named = {"old": "production", "dev": "development", "new": "production", "stage": "staging", "none": None}
        endpoints = [
            pedigrees.asset(name, "endpoint", stage=stage, created_at=f"2026-11-0{day}T00:00:00Z")
            for day, (name, stage) in enumerate(named.items(), start=1)
        ]
        gone = pedigrees.asset("gone", "endpoint", stage="production", created_at="2026-11-09T00:00:00Z", gone_since=1)
        table = endpoints_table(site_of(Graph([*endpoints, gone], []))).on_page()

        assert [row[0]["id"] for row in table["rows"]] == ["new", "old", "stage", "none", "dev", "gone"]


def mores(data: Json) -> list[str]:
    """Every file that page data names."""
    found = []
    for value in data.values():
        if isinstance(value, dict):
            found += mores(value)
            if value.get("more"):
                found.append(value["more"])
    return found


LINK = {"kind_title": "Job", "path": "job/x/", "id": "arn:x", "name": "n", "at": "", "marks": ["gone"]}
HOSTILE = st.text(alphabet="<>&\"'a \u202e\n", max_size=8)


class TestCells:
    @given(HOSTILE)
    def test_nothing_of_a_stranger_is_markup(self, text: str) -> None:
        """Whatever a text holds, each kind of cell has the same elements, and shows the text as pages do."""
        cells: list[tuple[Any, Any]] = [
            (one(text), one("plain"))
            for one in (
                lambda word: word,
                lambda word: LINK | {"name": word, "at": word, "id": word},
                lambda word: LINK | {"name": word, "path": None},
                lambda word: {"links": [LINK | {"name": word}]},
                lambda word: {"badge": word, "tone": "good"},
                lambda word: {"certainty": "inferred", "candidate": True, "says": word},
                lambda word: {"evidence": [word]},
                lambda word: {"code": word, "title": word},
                lambda word: {"name": word, "path": "accounts/1/"},
            )
        ]
        for hostile, plain in cells:
            found, wanted = (elements(str(rows([[one]], "../"))) for one in (hostile, plain))
            assert [(one.tag, sorted(one.attrib.keys() - {"class"})) for one in found] == [
                (one.tag, sorted(one.attrib.keys() - {"class"})) for one in wanted
            ]
            assert words.shown(text) in "".join(found[0].itertext())


def elements(html: str) -> list[Element]:
    """What a browser makes of the rows of a table."""
    document = html5lib.parse(f"<table><tbody>{html}</tbody></table>", namespaceHTMLElements=False)
    return list(document.iter())
