"""The judgement matrix: values are those of scores, differences those of candidates, holes are holes."""

from __future__ import annotations

from hypothesis import given, settings
from tests.pedigrees import lineage
from tests.queries.generated_estates import estates
from tests.queries.test_board import FACTS, LINE

from studbook.lineage.graph import Graph
from studbook.model import Coverage, Gap
from studbook.queries.answer import Night
from studbook.queries.candidates import candidates
from studbook.queries.judgement_matrix import JudgementMatrix, judgement_matrix
from studbook.queries.scores import scores

HOLE = """
    bot/2 -input_to:evaluated_model-> j3(evaluation_job)
    tox/1(evaluator_version) -input_to:evaluator-> j3
    d@1 -input_to:data-> j3
"""


def of(graph: Graph, asset_id: str, *coverage: Coverage) -> JudgementMatrix:
    asset = graph.asset(asset_id)
    assert asset is not None
    return judgement_matrix(Night(graph, coverage), asset)


class TestMatrix:
    def test_against_what_runs(self) -> None:
        """The newest version first; a difference is from what production runs; what was not judged has no cell."""
        facts = {**FACTS, "j3": {"attributes": {"metrics": {"toxicity": 0.1}}}}
        for asked in ("bots", "bot/1", "bot/2"):
            found = of(lineage(LINE + HOLE, facts), asked)
            assert ([one.original.id for one in found.versions], found.against) == (["bot/2", "bot/1"], "bot/1")
            told = {
                (one.evaluator, one.metric): {
                    version: (cell.score.value, cell.delta) for version, cell in cells.items()
                }
                for one, cells in found.cells.items()
            }
            assert told == {
                ("e/1", "exact"): {"bot/2": (0.75, 0.25), "bot/1": (0.5, None)},
                ("tox/1", "toxicity"): {"bot/2": (0.1, None)},
            }
            assert found.production
            assert not found.unknown

    def test_a_gap_may_fill_a_hole(self) -> None:
        """Where something could not be asked, no judgement is known, which is not that there is none."""
        gap = Gap(operation="ListTrainingJobs", code="AccessDeniedException", message="")
        where = {"account": "1", "region": "us-west-2", "source": "sagemaker"}
        row = Coverage(**where, status="partial", records=0, requests=1, gaps=(gap,))
        assert of(lineage(LINE, FACTS), "bots", row).unknown

    @settings(max_examples=40, deadline=None)
    @given(estates())
    def test_it_says_what_the_questions_say(self, graph: Graph) -> None:
        """Over drawn estates: each value is a row of scores, each difference of a newer version is candidates'."""
        night = Night(graph)
        for version in graph.of_kind("model_package"):
            found = of(graph, version.id)
            for one in found.versions:
                rows = {(row.evaluator, row.data, row.metric, row.value) for row in scores(night, one.original.id).rows}
                for judgement, cells in found.cells.items():
                    if cell := cells.get(one.original.id):
                        assert (judgement.evaluator, judgement.data, judgement.metric, cell.score.value) in rows
            if found.against == version.id:
                for row in candidates(night, version.id).rows:
                    told = {one.judgement: one.delta for one in row.shared}
                    cells = {
                        one: cells[row.version].delta for one, cells in found.cells.items() if row.version in cells
                    }
                    if row.version in {one.original.id for one in found.versions}:
                        assert {one: delta for one, delta in cells.items() if delta is not None} == told
