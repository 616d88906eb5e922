"""The pedigree strip: what stands on it is what trace, copies and runs say, as surely as they do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from tests.pedigrees import lineage
from tests.queries.generated_estates import estates

from studbook.lineage.graph import Graph
from studbook.model import Coverage, Gap
from studbook.queries.answer import Night
from studbook.queries.copies import copies
from studbook.queries.pedigree_strip import StripPlace, pedigree_strip
from studbook.queries.runs import runs
from studbook.queries.trace import trace

LINE = """
    base(base_model_version) -input_to:base_model-> sft(training_job)
    chats(dataset_version) -input_to:train-> sft -produced-> bot/1(model_package)
    bot/1 -input_to:source_model-> rlvr(training_job) -produced-> weights(artifact)
    prompts(dataset_version) -input_to:train~?-> rlvr
    raw(dataset_version) -input_to:train-> teacher(training_job) -produced-> helper(model_package)
    helper -input_to:evaluated_model-> mix(processing_job) -produced-> prompts
    weights -packaged_as-> bot/2(model_package) -copied_to-> prod/2(model_package) -packaged_as-> m(model)
    m -deployed_to-> c(endpoint_config) -deployed_to-> live(endpoint)
"""


def strip_of(graph: Graph, version: str, *coverage: Coverage) -> dict[str, StripPlace]:
    found = graph.asset(version)
    assert found is not None
    return {place.place: place for place in pedigree_strip(Night(graph, coverage), found)}


def ids(place: StripPlace) -> list[str]:
    return [card.asset for card in place.cards]


class TestStrip:
    def test_from_the_base_to_the_endpoint(self) -> None:
        """Weights go from job to job; who made the data is on no place of the strip."""
        for asked in ("bot/2", "prod/2"):
            found = strip_of(lineage(LINE), asked)
            assert {name: ids(place) for name, place in found.items()} == {
                "base": ["base", "bot/1"],
                "data": ["prompts", "chats"],
                "training": ["rlvr", "sft"],
                "version": ["bot/2"],
                "copies": ["prod/2"],
                "endpoints": ["live"],
            }

    def test_a_card_is_as_sure_as_its_weakest_edge(self) -> None:
        """What may have been read is a candidate, and its way leads edge by edge to the version."""
        card = strip_of(lineage(LINE), "prod/2")["data"].cards[0]
        assert (card.certainty, card.candidate) == ("inferred", True)
        assert [(edge.source, edge.target) for edge in card.way] == [
            ("prompts", "rlvr"), ("rlvr", "weights"), ("weights", "bot/2"), ("bot/2", "prod/2"),
        ]  # fmt: skip
        assert strip_of(lineage(LINE), "bot/2")["endpoints"].cards[0].runs == "prod/2"

    def test_unknown_is_no_none(self) -> None:
        """Without gaps there is none; with one none is known; what no record names is not recorded."""
        alone: dict[str, Any] = {
            "account": "111111111111",
            "region": "us-west-2",
            "source": "sagemaker",
            "records": 0,
            "requests": 1,
        }
        gap = Coverage(
            **alone, status="partial", gaps=(Gap(operation="ListEndpoints", code="AccessDenied", message=""),)
        )
        graph = lineage("lone(model_package)")
        assert [place.empty for place in strip_of(graph, "lone").values()] == [
            "not known", "not recorded", "not known", "not known", "none", "none",
        ]  # fmt: skip
        assert strip_of(graph, "lone", gap)["endpoints"].empty == "none known"
        assert strip_of(graph, "lone", gap)["data"].empty == "not recorded"
        jobs = Gap(operation="ListTrainingJobs", code="AccessDenied", message="")
        assert strip_of(graph, "lone", replace(gap, gaps=(jobs,)))["data"].empty == "not known"

    @settings(max_examples=40, deadline=None)
    @given(estates())
    def test_it_says_what_the_questions_say(self, graph: Graph) -> None:
        """Over drawn estates: certainty and origin are trace's, copies are copies', endpoints are runs'."""
        night = Night(graph)
        for version in graph.of_kind("model_package"):
            found = strip_of(graph, version.id)
            origins = {row.asset: (row.certainty, row.candidate) for row in trace(night, version.id).rows}
            for name in ("base", "data", "training"):
                for card in found[name].cards:
                    assert origins[card.asset] == (card.certainty, card.candidate)
            original = found["version"].cards[0].asset
            tree = {end for row in copies(night, original).rows for end in (row.from_, row.to)}
            assert {original, *ids(found["copies"])} == {original, *tree}
            running = {(row.endpoint, row.version) for row in runs(night, original).rows}
            assert {(card.asset, card.runs) for card in found["endpoints"].cards} == running
