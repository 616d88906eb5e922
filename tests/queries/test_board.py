"""The status board: what stands in each line, and in which order."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from tests.pedigrees import lineage
from tests.queries.estates import estates

from studbook.lineage.graph import Graph
from studbook.model import Finding
from studbook.queries.answer import Night
from studbook.queries.board import LineStatus, board
from studbook.queries.candidates import candidates
from studbook.queries.runs import runs

LINE = """
    bots(model_package_group) -has_version-> bot/1(model_package)
    bots -has_version-> bot/2(model_package)
    bot/1 -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> prod(endpoint)
    cats(model_package_group) -has_version-> cat/1(model_package) -packaged_as-> cm(model)
    cm -deployed_to-> cc(endpoint_config) -deployed_to-> stage(endpoint)
    loose(model) -deployed_to-> lc(endpoint_config) -deployed_to-> lost(endpoint)
    j1(evaluation_job)
    j2(evaluation_job)
    bot/1 -input_to:evaluated_model-> j1
    bot/2 -input_to:evaluated_model-> j2
    e/1(evaluator_version) -input_to:evaluator-> j1
    e/1 -input_to:evaluator-> j2
    d@1(dataset_version) -input_to:data-> j1
    d@1 -input_to:data-> j2
"""
FACTS: dict[str, dict[str, Any]] = {
    "bot/1": {"attributes": {"approval": "Approved"}, "created_at": "2026-11-01T00:00:00Z"},
    "bot/2": {"attributes": {"approval": "PendingManualApproval"}, "created_at": "2026-11-02T00:00:00Z"},
    "prod": {"stage": "production"},
    "stage": {"stage": "staging"},
    "lost": {"stage": "production"},
    "j1": {"attributes": {"metrics": {"exact": 0.5}}},
    "j2": {"attributes": {"metrics": {"exact": 0.75}}},
}


def found(asset: str, level: Any = "error") -> Finding:
    return Finding(id=asset, rule="unevaluated", level=level, asset=asset, message="x")


def by_name(graph: Graph, *findings: Finding) -> dict[str, LineStatus]:
    return {line.name: line for line in board(Night(graph), findings).lines}


class TestBoard:
    def test_what_production_runs_and_what_waits(self) -> None:
        """The approval, scores and candidate are those of the version that production runs."""
        status = by_name(lineage(LINE, FACTS))["bots"]
        assert (status.version, status.endpoints, status.approval) == ("bot/1", ("prod",), "Approved")
        assert [(one.judgement.metric, one.value, one.change) for one in status.scores] == [("exact", 0.5, None)]
        assert status.candidate is not None
        assert (status.candidate.version, status.candidate.verdict, status.waiting) == ("bot/2", "better", 1)

    def test_staging_is_not_production(self) -> None:
        """What runs elsewhere alone is said to run elsewhere."""
        status = by_name(lineage(LINE, FACTS))["cats"]
        assert (status.version, status.endpoints, status.others) == (None, (), ("stage",))

    def test_what_no_line_has_answers_too(self) -> None:
        """An endpoint whose model nobody registered is in no line, and not forgotten."""
        assert board(Night(lineage(LINE, FACTS)), ()).unregistered == ("lost",)

    def test_errors_in_production_come_first(self) -> None:
        """Then errors elsewhere, then what production runs."""
        graph = lineage(LINE, FACTS)
        assert [line.name for line in board(Night(graph), ()).lines] == ["bots", "cats"]
        assert [line.name for line in board(Night(graph), [found("stage")]).lines] == ["cats", "bots"]
        assert [line.name for line in board(Night(graph), [found("stage"), found("bot/1")]).lines] == ["bots", "cats"]

    def test_what_is_waived_is_no_problem(self) -> None:
        """It stands with the findings, and is counted nowhere."""
        graph = lineage(LINE, FACTS)
        assert by_name(graph, found("prod", "warning"))["bots"].problems == {"warning": 1}

    @settings(max_examples=25)
    @given(estates())
    def test_it_says_what_the_questions_say(self, graph: Graph) -> None:
        """Over any estate: each live endpoint stands where `runs` has it, and each candidate is one of `candidates`."""
        night = Night(graph)
        stand = board(night, ())
        for line in stand.lines:
            assert line.waiting == len(candidates(night, line.group).rows)
            for endpoint in line.endpoints:
                assert any(row.version is not None for row in runs(night, endpoint).rows)
        live = {one.id for one in graph.of_kind("endpoint") if one.gone_since is None}
        told = {one for line in stand.lines for one in (*line.endpoints, *line.others)}
        assert told | set(stand.unregistered) == live
        assert told.isdisjoint(stand.unregistered)
