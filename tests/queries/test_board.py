"""The status board: what stands in each line, and in which order."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from tests.pedigrees import lineage
from tests.queries.generated_estates import estates

from studbook.lineage.graph import Graph
from studbook.model import Coverage, Finding, Gap
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


def at(status: LineStatus) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place.endpoint for place in status.places))


class TestBoard:
    def test_what_production_runs_and_what_waits(self) -> None:
        """The approval, scores and candidate are those of the version that production runs."""
        status = by_name(lineage(LINE, FACTS))["bots"]
        assert (status.version, at(status), status.approval) == ("bot/1", ("prod",), "Approved")
        assert [(one.judgement.metric, one.value, one.change) for one in status.scores] == [("exact", 0.5, None)]
        assert status.candidate is not None
        assert (status.candidate.version, status.candidate.verdict, status.waiting) == ("bot/2", "better", 1)

    def test_what_production_runs_without_a_share_of_the_requests_waits(self) -> None:
        """A variant of weight 0 serves nobody who does not name it, whether in service or scaled to none."""
        drawn = LINE + "\n bot/2 -packaged_as-> n(model) -deployed_to:next-> c"
        for share, version, waiting in ((0.0, "bot/1", 1), (0.1, "bot/2", 0)):
            variants = [{"name": "all", "weight": 1.0, "instances": 0}, {"name": "next", "weight": share}]
            told = {**FACTS, "prod": {"stage": "production", "attributes": {"variants": variants}}}
            graph = lineage(drawn.replace("m(model) -deployed_to->", "m(model) -deployed_to:all->"), told)
            status = by_name(graph)["bots"]
            assert (status.version, at(status), status.waiting) == (version, ("prod",), waiting)
            assert [row.version for row in runs(Night(graph), "prod").rows] == ["bot/1", "bot/2"]

    def test_staging_is_not_production(self) -> None:
        """What runs elsewhere alone is said to run elsewhere."""
        status = by_name(lineage(LINE, FACTS))["cats"]
        assert (status.version, at(status), status.others) == (None, (), ("stage",))

    def test_the_approval_is_that_of_the_copy_that_runs(self) -> None:
        """That the copy beside it in the same account is approved says nothing of what answers."""
        drawn = (
            LINE
            + """
            bot/1 -copied_to-> copy/1(model_package)
            copy/1 -packaged_as-> km(model) -deployed_to-> kc(endpoint_config) -deployed_to-> also(endpoint)
        """
        )
        facts = {**FACTS, "bot/1": {**FACTS["bot/1"], "account": "222222222222"}, "copy/1": {"attributes": {}}}
        status = by_name(lineage(drawn, {**facts, "also": {"stage": "production"}}))["bots"]
        assert (status.version, at(status), status.approval) == ("copy/1", ("also", "prod"), None)
        status = by_name(lineage(drawn, {**facts, "also": {"stage": "staging"}}))["bots"]
        assert (status.version, at(status), status.approval) == ("bot/1", ("prod",), "Approved")

    def test_two_versions_in_production_are_both_told(self) -> None:
        """The newest stands first, and is not all."""
        drawn = (
            LINE + "\nbot/2 -packaged_as-> m2(model) -deployed_to-> c2(endpoint_config) -deployed_to-> new(endpoint)"
        )
        status = by_name(lineage(drawn, {**FACTS, "new": {"stage": "production"}}))["bots"]
        assert status.version == "bot/2"
        assert [(one.endpoint, one.version, one.older) for one in status.places] == [
            ("new", "bot/2", False),
            ("prod", "bot/1", True),
        ]

    def test_where_something_is_wrong_comes_first(self) -> None:
        """By what is worst of the endpoint and of the copy that answers there, whatever version that is."""
        drawn = (
            LINE + "\nbot/2 -packaged_as-> m2(model) -deployed_to-> c2(endpoint_config) -deployed_to-> new(endpoint)"
        )
        graph = lineage(drawn, {**FACTS, "new": {"stage": "production"}})
        for findings, places in (
            ([found("prod", "note")], [("prod", "note"), ("new", None)]),
            ([found("prod", "warning"), found("bot/2")], [("new", "error"), ("prod", "warning")]),
            ([found("prod"), found("bot/1", "note"), found("new")], [("new", "error"), ("prod", "error")]),
        ):
            status = by_name(graph, *findings)["bots"]
            assert [(one.endpoint, one.worst) for one in status.places] == places

    def test_nothing_found_is_no_proof_where_something_could_not_be_seen(self) -> None:
        """Of a whole night nothing is unknown; of one with a gap whatever is missing may be there."""
        graph = lineage(LINE, FACTS)
        gap = Gap(operation="ListEndpoints", code="AccessDeniedException", message="")
        seen = Coverage(
            account="1", region="r", source="sagemaker", status="partial", records=1, requests=1, gaps=(gap,)
        )
        assert {line.unknown for line in board(Night(graph, (seen,)), ()).lines} == {True}
        assert {line.unknown for line in board(Night(lineage("g(model_package_group)")), ()).lines} == {False}

    def test_an_endpoint_that_nobody_saw_into_runs_nobody_knows_what(self) -> None:
        """It is not said to run what no group has, and one that is only named does not answer."""
        drawn = LINE + "\nx(endpoint_config) -deployed_to-> dark(endpoint)\nnamed(endpoint)"
        unseen = {"attributes": {"unresolved": True}}
        stand = board(Night(lineage(drawn, {**FACTS, "x": unseen, "named": unseen})), ())
        assert (stand.hidden, stand.unregistered) == (("dark",), ("lost",))
        assert stand.summary.startswith("4 endpoints answer;")

    def test_data_that_may_have_been_read_is_no_fact(self) -> None:
        """One of several states that fit is not what it was trained on."""
        drawn = (
            LINE
            + """
            sure(dataset_version) -input_to:train-> t(training_job) -produced-> bot/1
            one(dataset_version) -input_to:train~?-> t
        """
        )
        assert by_name(lineage(drawn, FACTS))["bots"].data == ("sure",)

    def test_judged_without_a_score_is_judged(self) -> None:
        """A report that nobody could read, and an evaluator without versions, are no scores to compare."""
        drawn = "\n".join(line for line in LINE.splitlines() if "e/1" not in line)
        status = by_name(lineage(drawn, FACTS))["bots"]
        assert (status.scores, status.judged) == ((), True)

    def test_what_no_line_has_answers_too(self) -> None:
        """An endpoint whose model nobody registered is in no line, and not forgotten."""
        assert board(Night(lineage(LINE, FACTS)), ()).unregistered == ("lost",)

    def test_what_failed_answers_nothing(self) -> None:
        """Production does not run what is deployed at an endpoint that takes no requests, and nobody counts it."""
        stand = board(Night(lineage(LINE, FACTS | {one: {"status": "Failed"} for one in ("prod", "lost")})), ())
        bots = next(line for line in stand.lines if line.name == "bots")
        assert (bots.version, at(bots), bots.others) == (None, (), ("prod",))
        assert (stand.unregistered, stand.summary[:18]) == ((), "1 endpoint answers")

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
            for endpoint in at(line):
                assert any(row.version is not None for row in runs(night, endpoint).rows)
        live = {one.id for one in graph.of_kind("endpoint") if one.gone_since is None}
        # One that is only named answers as far as something says what it runs.
        named = {one for one in live if (asset := graph.asset(one)) is not None and asset.unresolved}
        told = {one for line in stand.lines for one in (*at(line), *line.others)}
        assert live - named <= told | set(stand.unregistered) | set(stand.hidden) <= live
        assert told.isdisjoint((*stand.unregistered, *stand.hidden))
