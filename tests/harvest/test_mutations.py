"""Answers gone wrong in one place: the short run of `python -m benchmarks mutations`."""

from __future__ import annotations

from benchmarks.mutations import BROKEN, WRONG, every, run, worlds

SECONDS = 25
"""Of CPU; the long run has no such bound."""


class TestMutations:
    def test_one_wrong_value_costs_itself(self):
        """Nothing raises, nothing is gone, no neighbour is lost, and what is missing is told."""
        tried, faults = run(80, seconds=SECONDS)

        assert faults == {}
        assert tried >= 40

    def test_they_are_what_they_claim(self):
        """Every kind of fault is tried on every source's answers, and most listings have neighbours to lose."""
        found = every()

        assert {mutation.how for mutation in found} == {*WRONG, *BROKEN, "missing", "twice"}
        assert {mutation.world.partition.source for mutation in found} == {
            "sagemaker",
            "bedrock",
            "mlflow",
            "lambda",
            "s3",
            "organizations",
        }
        assert sum(1 for world in worlds() if world.tail) > len(worlds()) / 2
