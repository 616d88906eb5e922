"""The answers beside each page, and what tells agents of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.pedigrees import asset, edge
from tests.render.test_dependencies import Lineage, another_night, site_of

from studbook.lineage.graph import Graph
from studbook.model import KINDS, Finding
from studbook.model.ids import page_path
from studbook.queries import QUESTIONS
from studbook.queries.answer import Night
from studbook.render import answers
from studbook.render.dependencies import ReadSet, TrackedSite
from studbook.store import Catalog


@settings(max_examples=25)
@given(another_night())
def test_they_are_the_questions_answers(night: tuple[Lineage, list[Finding]]) -> None:
    """Each question that is asked of such an asset, and no other, as the same question answers it without a page."""
    site = site_of(*night)
    watched = TrackedSite(site, ReadSet())
    for one in site.graph.assets.values():
        told = json.loads(answers.of_asset(watched, watched.graph.assets[one.id]))
        assert told["asset"]["id"] == one.id
        assert told["asset"]["attributes"] == one.attributes
        asked = {name for name, question in QUESTIONS.items() if question.is_asked_of(one.kind)}
        assert asked - {"incident"} == told["answers"].keys() - {"incident"}
        for name, answer in told["answers"].items():
            found = QUESTIONS[name].ask(site.night, one.id)
            assert answer == json.loads(json.dumps(found.told()))
            assert answer["total"] == len(found.rows)


@pytest.mark.parametrize("kind", KINDS)
def test_of_all_data_they_have_what_it_has_reached(kind: str) -> None:
    """What jobs read as data has its incident, a table, too; nothing else has one without a question."""
    graph = Graph([asset("one", kind), asset("job", "training_job")], [edge("one", "job", "input_to")])
    told = json.loads(answers.of_asset(site_of((graph.assets, graph.edges), []), graph.assets["one"]))["answers"]
    assert ("incident" in told) == KINDS[kind].data
    assert not KINDS[kind].data or [row["asset"] for row in told["incident"]["rows"]] == ["job"]


def test_rows_are_cut_and_the_total_is_not() -> None:
    """Of a crowd the first two thousand, as the question has them."""
    jobs = [asset(f"j{n:04}", "training_job") for n in range(answers.MOST_ROWS + 5)]
    graph = Graph([asset("s3://b/d/", "dataset"), *jobs], [edge("s3://b/d/", job.id, "input_to") for job in jobs])
    site = site_of((graph.assets, graph.edges), [])
    told = json.loads(answers.of_asset(site, graph.assets["s3://b/d/"]))["answers"]
    for name in ("impact", "incident"):
        assert (told[name]["total"], len(told[name]["rows"])) == (len(jobs), answers.MOST_ROWS)


@pytest.mark.demo
def test_every_page_has_them(demo_catalog: Path, demo_site: Path) -> None:
    """As a catalog's folder answers, history included; which snapshot it is, the site says once."""
    catalog = Catalog(demo_catalog)
    envelope = catalog.resolve("latest")
    graph = catalog.graph(envelope)
    night = Night.of(catalog, envelope, graph, catalog.settings())
    root = demo_site / str(envelope.number)
    assert json.loads((root / answers.SNAPSHOT).read_text())["envelope"] == envelope.envelope
    assert "index.json" in (root / "llms.txt").read_text()
    for one in graph.assets.values():
        told = json.loads((root / page_path(one.kind, one.id) / answers.NAME).read_text())
        for name, answer in told["answers"].items():
            found = QUESTIONS[name].ask(night, one.id).told(answers.MOST_ROWS)
            assert answer == json.loads(json.dumps(found)), (one.id, name)
