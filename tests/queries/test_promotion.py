"""The way of a model through accounts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pedigrees import lineage

from studbook.queries.promotion import promotion, promotions

PATH = """
    bot(model_package_group) -has_version-> dev/1(model_package) -copied_to-> staging/7(model_package)
    bot -has_version-> dev/2(model_package)
    dev/1 -copied_to~-> prod/3(model_package) -packaged_as-> m(model) -deployed_to:all-> c(endpoint_config)
    c -deployed_to-> live(endpoint)
"""
FACTS: dict[str, dict[str, Any]] = {
    "dev/1": {"created_at": "2026-11-02T10:00:00Z", "account": "222222222222", "attributes": {"approval": "Approved"}},
    "dev/2": {"created_at": "2026-11-09T10:00:00Z", "account": "222222222222"},
    "staging/7": {"created_at": "2026-11-03T10:00:00Z", "account": "333333333333", "stage": "staging"},
    "prod/3": {
        "created_at": "2026-11-03T10:00:00.500Z",
        "modified_at": "2026-11-04T10:00:00Z",
        "account": "444444444444",
        "stage": "production",
        "attributes": {"approval": "Approved", "modified_by": "ana"},
    },
    "m": {"account": "444444444444"},
    "live": {"account": "444444444444"},
}


def names(text: str, start: str, facts: dict[str, dict[str, Any]] | None = None) -> list[str]:
    return [step.package.id for step in promotion(lineage(text, facts), start)]


class TestPath:
    @pytest.mark.parametrize("start", ["dev/1", "staging/7", "prod/3"])
    def test_every_copy_is_on_one_path(self, start: str) -> None:
        """Wherever one begins, the path is the same, in the order of registration."""
        assert names(PATH, start, FACTS) == ["dev/1", "staging/7", "prod/3"]

    def test_step(self) -> None:
        """A step says where, since when, whether approved, from what, how sure that is, and where it runs."""
        *_, last = promotion(lineage(PATH, FACTS), "prod/3")

        assert last.as_data() == {
            "package": "prod/3",
            "depth": 1,
            "name": "prod/3",
            "account": "444444444444",
            "region": "us-west-2",
            "stage": "production",
            "registered_at": "2026-11-03T10:00:00.500Z",
            "released": True,
            "approval": "Approved",
            "life_cycle": None,
            "changed_at": "2026-11-04T10:00:00Z",
            "changed_by": "ana",
            "gone_since": None,
            "copied_from": [
                {"package": "dev/1", "certainty": "inferred", "candidate": False, "evidence": [{"rule": "test"}]}
            ],
            "runs_at": ["live"],
            "shared_with": [],
        }

    def test_an_origin_that_no_listing_showed_comes_first(self) -> None:
        """A clone names a package of an account that nobody harvests: that is where the path begins."""
        assert names(PATH, "prod/3", FACTS | {"dev/1": {"created_at": None}})[0] == "dev/1"

    def test_trap_a_shared_package_needs_no_copy(self) -> None:
        """Another account may serve a package by its very ARN: that is a step of the way, too."""
        text = (
            "p(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> live(endpoint)"
        )
        (step,) = promotion(lineage(text, {"m": {"account": "444444444444"}}), "p")

        assert step.shared_with == ("444444444444",)
        assert [endpoint.id for endpoint in step.runs_at] == ["live"]

    def test_trap_what_was_only_logged_is_no_release(self) -> None:
        """A checkpoint is on the path as what it is."""
        facts = {"dev/1": {"attributes": {"registration_type": "Logged"}}}
        assert [step.released for step in promotion(lineage(PATH, FACTS | facts), "dev/1")] == [False, True, True]

    def test_a_shadow_runs_nowhere(self) -> None:
        """Neither does a version whose endpoint is gone."""
        shadow = {"c": {"attributes": {"variants": [{"name": "all", "shadow": True}]}}}
        for facts in (shadow, {"live": {"gone_since": 4}}):
            *_, last = promotion(lineage(PATH, FACTS | facts), "prod/3")
            assert last.runs_at == ()

    def test_a_package_registered_from_a_model_is_another_version(self) -> None:
        """What it serves is not what its ancestor serves."""
        text = """
            a(model_package) -packaged_as-> m(model) -packaged_as-> b(model_package) -packaged_as-> n(model)
            n -deployed_to-> c(endpoint_config) -deployed_to-> live(endpoint)
        """
        (step,) = promotion(lineage(text), "a")
        assert step.shared_with == ()

    @given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
    def test_any_copies_end(self, pairs: set[tuple[int, int]]) -> None:
        """Whatever was copied to whatever, in circles too, all of a family have one path."""
        text = "\n".join(f"p{a}(model_package) -copied_to-> p{b}(model_package)" for a, b in sorted(pairs))
        found = lineage(text)
        for a, b in pairs:
            one, other = promotion(found, f"p{a}"), promotion(found, f"p{b}")
            assert [step.package.id for step in one] == [step.package.id for step in other]
            assert len({step.package.id for step in one}) == len(one)


class TestGroup:
    def test_paths_newest_version_first(self) -> None:
        """Each version of a model has its path, and is on one alone."""
        paths = promotions(lineage(PATH, FACTS), "bot")
        assert [[step.package.id for step in path] for path in paths] == [["dev/2"], ["dev/1", "staging/7", "prod/3"]]
