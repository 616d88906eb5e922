"""Whether something newer is better than what runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pedigrees import lineage

from studbook.queries.answer import Night
from studbook.queries.candidates import Candidate, candidates
from studbook.settings import Settings

Facts = dict[str, dict[str, Any]]

FUNCTION = "arn:aws:lambda:us-west-2:111122223333:function:judge"
REGISTERED = "arn:aws:sagemaker:us-west-2:111122223333:hub-content/hub/JsonDoc/judge/1.0.0"
LINE = """
    bot(model_package_group) -has_version-> dev/1(model_package) -copied_to-> prod/1(model_package)
    bot -has_version-> dev/2(model_package)
    bot -has_version-> dev/3(model_package) -copied_to-> prod/2(model_package)
    served(model_package_group) -has_version-> prod/1
    served -has_version-> prod/2
    prod/1 -packaged_as-> m(model) -deployed_to:blue-> c(endpoint_config) -deployed_to-> live(endpoint)
    dev/1 -input_to:evaluated_model-> e1(evaluation_job)
    dev/1 -input_to:evaluated_model-> e0(evaluation_job)
    dev/2 -input_to:evaluated_model-> e2(evaluation_job)
    prod/2 -input_to:evaluated_model-> e3(evaluation_job)
    judge/1(evaluator_version) -input_to:evaluator-> e1
    judge/1 -input_to:evaluator-> e2
    judge/2(evaluator_version) -input_to:evaluator-> e3
    toxic/1(evaluator_version) -input_to:evaluator-> e0
    set@1(dataset_version) -input_to:dataset-> e1
    set@1 -input_to:dataset-> e0
    set@1 -input_to:dataset-> e2
    set@1 -input_to:dataset-> e3
"""


def scored(**metrics: float) -> dict[str, Any]:
    return {"attributes": {"metrics": metrics}}


def dated(day: int, **fields: Any) -> dict[str, Any]:
    return {"created_at": f"2026-11-{day:02}T10:00:00Z", **fields}


FACTS: Facts = {
    "dev/1": dated(1),
    "prod/1": dated(9, attributes={"approval": "Approved"}),
    "dev/2": dated(2, attributes={"approval": "PendingManualApproval"}),
    "dev/3": dated(3),
    "prod/2": dated(4),
    "live": {"stage": "production"},
    "e0": scored(toxicity=0.1),
    "e1": scored(exact_match=0.73, loss=1.0),
    "e2": scored(exact_match=0.79, loss=0.9),
    "e3": scored(exact_match=0.99),
}


def rows(asked: str, facts: Facts | None = None, settings: Settings | None = None) -> dict[str, Candidate]:
    merged = {name: FACTS.get(name, {}) | (facts or {}).get(name, {}) for name in FACTS.keys() | (facts or {}).keys()}
    night = Night(lineage(LINE, merged), settings=settings)
    return {row.version: row for row in candidates(night, asked).rows}


class TestVerdict:
    @pytest.mark.parametrize("asked", ["live", "prod/1", "dev/1", "bot", "served"])
    def test_what_runs_is_held_against_what_is_newer_over_all_accounts(self, asked: str) -> None:
        """Asked of the endpoint, of any copy, and of the group in either account."""
        found = rows(asked)
        assert list(found) == ["dev/3", "dev/2"]
        row = found["dev/2"]
        assert (row.verdict, row.against, row.approval) == ("better", "dev/1", "PendingManualApproval")
        assert [one.to_json() for one in row.shared] == [
            {"evaluator": "judge/1", "data": "set@1", "metric": metric, "there": there, "here": here, "delta": delta}
            for metric, there, here, delta in (("exact_match", 0.79, 0.73, 0.06), ("loss", 0.9, 1.0, -0.1))
        ]
        assert [one.to_json() for one in row.missing] == [
            {"evaluator": "toxic/1", "data": "set@1", "metric": "toxicity"}
        ]

    def test_another_version_of_the_evaluator_is_not_comparable(self) -> None:
        """However much better its score looks."""
        row = rows("live")["dev/3"]
        assert (row.verdict, row.shared, row.copies) == ("not comparable", (), ("prod/2",))
        assert {one.metric for one in row.missing} == {"exact_match", "loss", "toxicity"}

    def test_which_metrics_are_better_low_is_configured(self) -> None:
        """By default a loss is; a metric of your own is where you say so."""
        settings = Settings.model_validate({"rules": {"metrics": {"lower_is_better": ["EXACT_*"]}}})
        assert rows("live", settings=settings)["dev/2"].verdict == "worse"
        assert rows("live", {"e2": scored(exact_match=0.79, loss=1.5)})["dev/2"].verdict == "mixed"

    def test_equal_scores_are_no_better_and_no_worse(self) -> None:
        """They are mixed for whoever counts, and as good for whoever reads."""
        facts = FACTS | {"e2": scored(exact_match=0.73, loss=1.0), "dev/3": {**dated(3), "gone_since": 3}}
        answer = candidates(Night(lineage(LINE, facts)), "dev/1")
        (row,) = [one for one in answer.rows if one.version == "dev/2"]
        assert row.verdict == "mixed"
        assert answer.summary.startswith("dev/2 is as good as dev/1 (2 shared judgements")

    @pytest.mark.parametrize(
        "line",
        [
            LINE.replace("set@1(dataset_version)", "set@1(dataset)"),
            LINE.replace("judge/1", f"{FUNCTION}:$LATEST"),
            LINE.replace("judge/1", REGISTERED) + f"{FUNCTION}:$LATEST(evaluator_version) -content_of-> {REGISTERED}",
            LINE.replace("judge/1", REGISTERED) + f"{FUNCTION}:7(evaluator_version) -content_of~-> {REGISTERED}",
        ],
    )
    def test_what_may_not_be_the_same_is_no_shared_judgement(self, line: str) -> None:
        """Data without a version, an evaluator's latest code, and a registered version that points at it: also where it
        is only inferred which version that was."""
        assert {row.verdict for row in candidates(Night(lineage(line, FACTS)), "live").rows} == {"not comparable"}

    def test_what_is_no_number_is_no_shared_judgement(self) -> None:
        facts = {"e2": {"attributes": {"metrics": {"exact_match": "0.79", "loss": None}}}}
        assert rows("live", facts)["dev/2"].verdict == "not comparable"

    @pytest.mark.parametrize(
        "line",
        [
            LINE.replace("judge/1", f"{FUNCTION}:7"),
            LINE.replace("judge/1", REGISTERED) + f"{FUNCTION}:7(evaluator_version) -content_of-> {REGISTERED}",
        ],
    )
    def test_a_published_version_of_a_function_is_one_evaluator(self, line: str) -> None:
        """Under its own name and as the content of a registered one."""
        (row,) = [one for one in candidates(Night(lineage(line, FACTS)), "live").rows if one.version == "dev/2"]
        assert row.verdict == "better"


class TestWho:
    def test_rejected_gone_and_only_logged_versions_are_none(self) -> None:
        """A pending one is."""
        for facts in (
            {"attributes": {"approval": "Rejected"}},
            {"gone_since": 3},
            {"attributes": {"registration_type": "Logged"}},
        ):
            assert "dev/2" not in rows("live", {"dev/2": facts})
        assert "dev/3" not in rows("live", {"prod/2": {"attributes": {"approval": "Rejected"}}})

    def test_what_runs_in_shadow_alone_is_one(self) -> None:
        """It gets the requests, and its answers reach nobody: the next one, perhaps."""
        text = LINE + "\n prod/2 -packaged_as-> n(model) -deployed_to:next-> c"
        shadow = {"c": {"attributes": {"variants": [{"name": "blue"}, {"name": "next", "shadow": True}]}}}
        found = candidates(Night(lineage(text, FACTS | shadow)), "live").rows
        assert {row.version: row.shadow for row in found} == {"dev/2": False, "dev/3": True}
        serving = candidates(Night(lineage(text, FACTS)), "live").rows
        assert {(row.version, row.against) for row in serving} == {("dev/2", "dev/1")}

    def test_a_group_that_no_listing_shows_may_have_newer_versions(self) -> None:
        """Nothing newer is known, and that is no proof."""
        unseen = Night(lineage(LINE, FACTS | {"bot": {"attributes": {"unresolved": True}}}))
        for asked in ("live", "prod/1", "bot"):
            assert [(one.asset, one.why) for one in candidates(unseen, asked).unknown] == [("bot", "unresolved")]
        assert candidates(Night(lineage(LINE, FACTS)), "live").unknown == ()

    def test_newer_is_by_the_originals_registration(self) -> None:
        """A copy that came late is no newer version."""
        assert rows("dev/3") == {}
        assert list(rows("dev/2")) == ["dev/3"]

    def test_of_a_group_without_production_the_newest_approved_is_held(self) -> None:
        """As nothing of it runs there."""
        found = rows("bot", {"live": {"gone_since": 2}, "dev/2": {"attributes": {"approval": "Approved"}}})
        assert {row.against for row in found.values()} == {"dev/2"}

    def test_the_answer_in_one_sentence(self) -> None:
        """The best first, and how many more there are."""
        answer = candidates(Night(lineage(LINE, FACTS)), "live")
        assert answer.summary == (
            "dev/2 is better than prod/1 at live (2 shared judgements and 1 not repeated); 1 other candidate."
        )
        assert candidates(Night(lineage(LINE, FACTS)), "dev/3").summary == "Nothing newer than dev/3 is known."
        unlike = Night(lineage(LINE, FACTS | {"e2": scored(grace=1.0)}))
        assert candidates(unlike, "live").summary == (
            "dev/3 is newer than, and cannot be compared with, prod/1 at live (3 judgements not repeated); "
            "1 other candidate."
        )

    def test_what_is_called_alike_is_told_with_its_place(self) -> None:
        """`bot/1 is newer than bot/1` says nothing."""
        alike = {
            "prod/1": FACTS["prod/1"] | {"name": "bot/1", "account": "222222222222"},
            "dev/2": FACTS["dev/2"] | {"name": "bot/1", "account": "111111111111"},
        }
        told = candidates(Night(lineage(LINE, FACTS | alike)), "live").summary
        assert told.startswith("bot/1 (111111111111) is better than bot/1 (222222222222) at live (2 shared")


@given(st.lists(st.tuples(st.sampled_from(["f1", "loss"]), st.integers(0, 3), st.integers(0, 3)), max_size=3))
def test_a_verdict_is_antisymmetric(scores: list[tuple[str, int, int]]) -> None:
    """If the newer is better than the older then the older, registered later, would have been worse."""
    opposite = {"better": "worse", "worse": "better", "mixed": "mixed", "not comparable": "not comparable"}

    def verdict(first: str, second: str) -> str:
        facts = {
            first: dated(1),
            second: dated(2),
            "e1": scored(**{metric: one for metric, one, _ in scores}),
            "e2": scored(**{metric: other for metric, _, other in scores}),
        }
        text = """
            g(model_package_group) -has_version-> a(model_package) -input_to:evaluated_model-> e1(evaluation_job)
            g -has_version-> b(model_package) -input_to:evaluated_model-> e2(evaluation_job)
            j(evaluator_version) -input_to:evaluator-> e1
            j -input_to:evaluator-> e2
            d(dataset_version) -input_to:dataset-> e1
            d -input_to:dataset-> e2
        """
        (row,) = candidates(Night(lineage(text, facts)), first).rows
        return row.verdict

    assert verdict("b", "a") == opposite[verdict("a", "b")]
