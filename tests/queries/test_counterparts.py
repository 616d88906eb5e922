"""What is compared with a thing first: what production runs, and what came before it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from tests.pedigrees import asset, edge, lineage
from tests.queries.generated_estates import estates
from tests.queries.test_candidates import FACTS, LINE, dated

from studbook.lineage.graph import Graph
from studbook.queries.answer import Night, in_production
from studbook.queries.compared_facts import COMPARABLE
from studbook.queries.counterparts import counterparts, version_before
from studbook.queries.runs import runs

JOBS = """
    t1(training_job) -produced-> dev/1
    t2(training_job) -produced-> w(artifact) -packaged_as-> dev/2
    t2 -recorded_in-> r2(mlflow_run)
    t1 -recorded_in-> r1(mlflow_run)
    t3(training_job) -produced-> dev/3
    t4(training_job) -produced-> dev/3
"""


def told(graph: Graph, asset_id: str) -> dict[str, tuple[str, ...]]:
    found = graph.asset(asset_id)
    assert found is not None
    return {one.asset.id: one.reasons for one in counterparts(Night(graph), found)}


class TestCounterparts:
    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ("dev/3", {"dev/1": ("production",), "dev/2": ("predecessor",)}),
            ("dev/2", {"dev/1": ("production", "predecessor")}),
            ("dev/1", {}),
            ("prod/1", {"prod/2": ("predecessor",)}),
            ("t2", {"t1": ("production", "predecessor")}),
            ("r2", {"r1": ("production", "predecessor")}),
            ("t3", {}),
            ("judge/1", {}),
        ],
    )
    def test_of_each_kind(self, asked: str, found: dict[str, tuple[str, ...]]) -> None:
        """A job's are those that made its version's, a run's their runs; where two could have made it, none."""
        assert told(lineage(LINE + JOBS, FACTS), asked) == found

    def test_the_newest_approved_where_nothing_runs(self) -> None:
        """Words say what it is; for a job, what it is behind."""
        line = "b(model_package_group) -has_version-> b/1(model_package)\nb -has_version-> b/2(model_package)\n"
        facts = {"b/1": dated(1, attributes={"approval": "Approved"}), "b/2": dated(2)}
        graph = lineage(line + "t(training_job) -produced-> b/2\ns(training_job) -produced-> b/1", facts)
        assert told(graph, "b/2") == {"b/1": ("approved", "predecessor")}
        (job,) = counterparts(Night(graph), graph.assets["t"])
        assert (job.asset.id, job.words) == (
            "s",
            "behind the newest that is approved and behind the version before",
        )

    def test_two_of_one_time(self) -> None:
        """Numbers tell which was first; where there are none, nothing does."""

        def states(*numbers: str | None) -> Graph:
            time = "2026-11-01T10:00:00Z"
            made = [
                asset(
                    f"d@{place}", "dataset_version", created_at=time, attributes={"version": number} if number else {}
                )
                for place, number in enumerate(numbers)
            ]
            later = asset("d@9", "dataset_version", created_at="2026-11-02T10:00:00Z")
            edges = [edge("d", one.id, "has_version") for one in (*made, later)]
            return Graph([asset("d", "dataset"), *made, later], edges)

        counted, plain = states("2", "10"), states(None, "10")
        assert [version_before(counted, counted.assets[one]) for one in ("d@9", "d@1", "d@0")] == [
            counted.assets["d@1"],
            counted.assets["d@0"],
            None,
        ]
        assert [version_before(plain, plain.assets[one]) for one in ("d@9", "d@1", "d@0")] == [None] * 3

    @settings(max_examples=40, deadline=None)
    @given(estates())
    def test_they_are_of_its_kind_and_as_is_said(self, graph: Graph) -> None:
        """Over drawn estates: another thing of the kind; what is said to run in production does, by `runs`."""
        night = Night(graph)
        for one in graph.assets.values():
            if one.kind not in COMPARABLE:
                continue
            for found in counterparts(night, one):
                assert found.asset.kind == one.kind
                assert found.asset.id != one.id
                if "predecessor" in found.reasons and one.kind == "model_package":
                    assert (found.asset.created_at or "") <= (one.created_at or "")
                if "production" in found.reasons and one.kind == "model_package":
                    assert any(in_production(graph.assets[row.endpoint]) for row in runs(night, found.asset.id).rows)
