"""Two model versions side by side."""

from __future__ import annotations

from typing import Any

import pytest
from tests.pedigrees import lineage

from studbook.errors import UsageError
from studbook.queries.compare import Comparison, compare

PEDIGREE = """
    base(base_model_version) -input_to:base_model-> t1(training_job) -produced-> p/1(model_package)
    chats/1(dataset_version) -input_to:train-> t1
    base -input_to:base_model-> t2(training_job) -produced-> p/2(model_package)
    chats/2(dataset_version) -input_to:train-> t2
    p/1 -input_to:source_model-> t2
    p/1 -input_to:evaluated_model-> exam1(evaluation_job)
    p/2 -input_to:evaluated_model-> exam2(evaluation_job)
    golden(dataset_version) -input_to:test-> exam1
    golden -input_to:test-> exam2
    judge/1(evaluator_version) -input_to:evaluator-> exam1
    judge/1 -input_to:evaluator-> exam2
    p/2 -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)
"""
FACTS: dict[str, dict[str, Any]] = {
    "t1": {"attributes": {"hyperparameters": {"lr": "1", "epochs": "3"}}},
    "t2": {"attributes": {"hyperparameters": {"lr": "2", "epochs": "3"}}},
    "exam1": {"attributes": {"metrics": {"score": 0.5}}},
    "exam2": {"attributes": {"metrics": {"score": 0.7}}},
    "p/1": {"attributes": {"approval": "Approved"}},
    "p/2": {"attributes": {"approval": "Approved"}},
}


def set_beside(text: str = PEDIGREE, left: str = "p/1", right: str = "p/2") -> Comparison:
    graph = lineage(text, FACTS)
    return compare(graph, graph.assets[left], graph.assets[right])


def different(found: Comparison) -> dict[str, tuple[Any, Any]]:
    return {f"{row.section}: {row.name}": (row.left, row.right) for row in found.rows if not row.equal}


class TestCompare:
    def test_what_differs_and_what_does_not(self) -> None:
        """Everything that made, judged and runs the two; in the order of the sections."""
        found = set_beside()
        assert different(found) == {
            "data: train": (["chats/1"], ["chats/2"]),
            "hyperparameters: lr": ("1", "2"),
            "training: job": (["t1"], ["t2"]),
            "training: source_model": (None, ["p/1"]),
            "evaluations: score by judge/1 on golden": (0.5, 0.7),
            "deployments: endpoints": (None, ["bot"]),
        }
        assert {f"{row.section}: {row.name}" for row in found.rows if row.equal} == {
            "base: model",
            "hyperparameters: epochs",
            "registry: approval",
        }

    def test_one_of_several_candidates_is_no_fact(self) -> None:
        """Two that may have read either of two states are not said to have read the same, nor to run where they may."""
        text = """
            s/1(dataset_version) -input_to:train~?-> t1(training_job) -produced-> p/1(model_package)
            s/2(dataset_version) -input_to:train~?-> t1
            s/1 -input_to:train~?-> t2(training_job) -produced-> p/2(model_package)
            s/2 -input_to:train~?-> t2
            p/1 -packaged_as~?-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)
            p/2 -packaged_as~?-> m
        """
        graph = lineage(text)
        found = compare(graph, graph.assets["p/1"], graph.assets["p/2"])
        assert {row.section for row in found.rows} == {"training"}

    def test_the_endpoint_of_a_descendant_is_not_its_own(self) -> None:
        """A model made from this one runs there; this one does not."""
        assert "bot" not in str([row.left for row in set_beside().rows])

    def test_scores_of_another_evaluator_are_not_set_beside(self) -> None:
        """Other code, or other data, gives another scale."""
        other = PEDIGREE.replace(
            "judge/1 -input_to:evaluator-> exam2", "judge/2(evaluator_version) -input_to:evaluator-> exam2"
        )
        assert {key: value for key, value in different(set_beside(other)).items() if "score" in key} == {
            "evaluations: score by judge/1 on golden": (0.5, None),
            "evaluations: score by judge/2 on golden": (None, 0.7),
        }

    def test_a_clone_differs_from_its_original_in_nothing_that_made_it(self) -> None:
        """The same job made both, the same evaluations hold, and where the clone runs the original runs."""
        text = PEDIGREE + "\n p/2 -copied_to-> prod/1(model_package)"
        assert set(different(set_beside(text, "p/2", "prod/1"))) == {"registry: approval", "deployments: endpoints"}

    def test_only_model_versions_can_be_compared(self) -> None:
        """A job and a model have nothing to set side by side."""
        with pytest.raises(UsageError):
            set_beside(left="t1")
