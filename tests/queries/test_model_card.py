"""One card of a version: whoever wrote, wherever, of which versions; and evidence that is present or missing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.pedigrees import lineage

from studbook.cards import Card, parse_card
from studbook.queries.frameworks import FRAMEWORKS
from studbook.queries.model_card import card_evidence, card_of, shown, written

DRAWN = """
    bot(model_package_group) -has_version-> bot/4(model_package)
    bot -has_version-> bot/3(model_package)
    d/1(dataset_version) -input_to:train-> t(training_job) -produced-> bot/4
    bot/4 -copied_to-> prod/2(model_package)
    bot/4 -described_by-> sm(model_card)
    bot/4 -described_by-> bot/4#card(model_card)
"""
FACTS: dict[str, Any] = {
    "bot/4": {"attributes": {"version": 4, "approval": "Approved"}, "created_at": "2026-11-19T00:00:00Z"},
    "bot/3": {"attributes": {"version": 3, "approval": "PendingManualApproval"}, "created_at": "2026-11-10T00:00:00Z"},
    "prod/2": {"attributes": {"version": 2, "approval": "PendingManualApproval"}},
    "t": {"attributes": {"hyperparameters": {"lr": "1"}}},
}


def told(front: str, version: str) -> Card | None:
    graph = lineage(DRAWN, FACTS)
    card = parse_card(f"---\nowner: ana\napprover: Ravi\nreviewed: 2026-11-20\n{front}\n---\nwords", "bot", "bot.md")
    return card_of(graph, graph.assets[version], {"bot": card})


class TestOfWhichVersions:
    @pytest.mark.parametrize(
        ("version", "approver"),
        [("bot/4", "Ravi"), ("bot/3", None), ("prod/2", None)],
        ids=["approved", "not", "a copy"],
    )
    def test_where_the_card_does_not_say(self, version: str, approver: str | None) -> None:
        """Its words stand on every version, its approver on those alone that the registry says are approved."""
        card = told("", version)
        assert card is not None
        assert (card.facts["owner"], card.facts.get("approver")) == ("ana", approver)
        assert ("reviewed" in card.facts) == (approver is not None)

    @pytest.mark.parametrize(("version", "speaks"), [("bot/4", True), ("bot/3", False), ("prod/2", True)])
    def test_versions(self, version: str, speaks: bool) -> None:
        """By the original's number; what it says of those, it says whole."""
        card = told('versions: ["4", "5"]', version)
        assert (card is not None) == speaks
        assert card is None or card.facts["approver"] == "Ravi"

    @pytest.mark.parametrize(
        ("first", "speaks"), [("4", ["bot/4"]), ("3", ["bot/3", "bot/4"]), ("2026-11-15", ["bot/4"])]
    )
    def test_from(self, first: str, speaks: list[str]) -> None:
        """A number or a day of registration; the approver stays the approved versions'."""
        assert [version for version in ("bot/3", "bot/4") if told(f"from: {first}", version)] == speaks
        card = told("from: 3", "bot/3")
        assert card is not None
        assert "approver" not in card.facts


CONTENT = {
    "model_overview": {"model_owner": "bo", "model_id": "arn"},
    "intended_uses": {"purpose_of_model": "Answers", "risk_rating": "High"},
    "evaluation_details": [{"name": "e", "evaluation_observation": "better"}],
    "additional_information": {"custom_details": {"team": "x"}},
    "training_details": {"objective_function": {"function": {"function": "Minimize"}}},
}


class TestOneCard:
    def test_everything_with_its_source(self) -> None:
        """People first; what a schema has and no field means is told under its name; nothing is left out."""
        facts = {
            **FACTS,
            "sm": {"attributes": {"content": CONTENT}},
            "bot/4#card": {"attributes": {"content": {"intended_uses": {"risk_rating": "Low"}}}},
        }
        graph = lineage(DRAWN, facts)
        card = parse_card(
            "---\nowner: ana\n---\n## Limits\nEnglish only.\n## How we watch it\nWeekly.", "bot", "bot.md"
        )
        found = [(one.field, one.text, one.source) for one in written(graph, graph.assets["bot/4"], {"bot": card})]
        assert found == [
            ("owner", "ana", "cards/bot.md"),
            ("owner", "bo", "sm"),
            ("purpose", "Answers", "sm"),
            ("limits", "English only.", "cards/bot.md"),
            ("risk", "Low", "bot/4#card"),
            ("risk", "High", "sm"),
            ("evaluation", "better", "sm"),
            ("monitoring", "Weekly.", "cards/bot.md"),
            ("evaluation_details[0].name", "e", "sm"),
            ("additional_information.custom_details.team", "x", "sm"),
            ("training_details.objective_function.function.function", "Minimize", "sm"),
        ]


class TestEvidence:
    def test_present_and_missing(self) -> None:
        """Each fact names what shows it; what is not known is missing, and never said to be in order."""
        graph = lineage(DRAWN, FACTS)
        card = parse_card("---\nowner: ana\n---\n## Intended use\nAnswers.", "bot", "bot.md")
        version = graph.assets["bot/4"]
        present = card_evidence(graph, version, written(graph, version, {"bot": card}))
        assert (present["purpose"], present["data"], present["hyperparameters"]) == ("cards/bot.md", "t", "t")
        assert {"oversight", "monitoring", "evaluation", "approval_actor"}.isdisjoint(present)
        points = {one.point.id: one.lacking for one in shown(present)}
        assert points["1(a)"] == ()
        assert points["2(e)"] == ("oversight",)

    def test_frameworks_are_dated_and_sourced(self) -> None:
        """Data, not prose: an edition, a day, an address, and what the points were written from."""
        for framework in FRAMEWORKS:
            assert framework.source.startswith("https://")
            assert framework.since[:4].isdigit()
            assert framework.read
            assert len({point.id for point in framework.points}) == len(framework.points)
            words = " ".join(point.words for point in framework.points)
            assert "compliant" not in words
