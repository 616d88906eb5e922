from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from tests.pedigrees import asset, edge, lineage

from studbook.errors import SettingsError, StudbookError
from studbook.lineage.graph import Graph
from studbook.model import Finding
from studbook.rules import RULES, Inspection, Observation, Rule, Waiver, check
from studbook.settings import Settings

TODAY = datetime.date(2026, 11, 22)


def found(graph: Graph, rule: str, **settings: Any) -> list[Finding]:
    return [finding for finding in check(graph, Settings(**settings), today=TODAY) if finding.rule == rule]


def told(graph: Graph, rule: str) -> list[tuple[str, str]]:
    return [(finding.asset, finding.level) for finding in found(graph, rule)]


DEPLOYED = """
    p/1(model_package) -packaged_as-> m(model) -deployed_to:blue-> c(endpoint_config) -deployed_to:blue-> bot(endpoint)
"""


class TestDeployedWithoutApproval:
    RULE = "deployed-without-approval"

    @pytest.mark.parametrize(
        ("approval", "stage", "expected"),
        [
            ("Approved", "production", []),
            ("PendingManualApproval", "production", [("bot", "error")]),
            ("PendingManualApproval", None, [("bot", "error")]),
            ("Rejected", "production", [("bot", "error")]),
            (None, "production", [("bot", "error")]),
            (None, "development", [("bot", "warning")]),
        ],
    )
    def test_the_approval_of_what_answers(self, approval: str | None, stage: str | None, expected: list[Any]) -> None:
        """Anything but Approved is a finding on the endpoint, graver where people depend on it."""
        facts = {"p/1": {"attributes": {"approval": approval}}, "bot": {"stage": stage}}
        assert told(lineage(DEPLOYED, facts), self.RULE) == expected

    def test_one_of_several_that_may_run_is_said_so(self) -> None:
        """What is behind a prefix of archives, or has the same weights, is no certainty."""
        graph = f"{DEPLOYED}\np/2(model_package) -packaged_as~?-> m"
        facts = {"p/1": {"attributes": {"approval": "Approved"}}, "p/2": {"attributes": {"approval": "Rejected"}}}
        graph = graph.replace("-packaged_as-> m(", "-packaged_as~?-> m(")
        (one,) = found(lineage(graph, facts), self.RULE)
        assert one.message.startswith("bot may run p/2, whose approval is Rejected")

    def test_a_deployment_that_is_one_of_several_is_said_so(self) -> None:
        """Where a name was taken again, the endpoint runs one of two configurations, and of each the version may be
        it: what `runs` calls a candidate no rule calls running."""
        graph = DEPLOYED.replace("-deployed_to:blue-> bot", "-deployed_to:blue~?-> bot")
        assert graph != DEPLOYED
        (one,) = found(lineage(graph), self.RULE)
        assert one.message.startswith("bot may run p/1, ")

    def test_an_endpoint_that_is_gone_runs_nothing(self) -> None:
        """A tombstone needs no approval."""
        assert told(lineage(DEPLOYED, {"bot": {"gone_since": 3}}), self.RULE) == []

    def test_a_router_says_nothing_again(self) -> None:
        """What is not approved is told of the endpoint behind it, once."""
        graph = f"{DEPLOYED}\nbot -deployed_to:chat-> front(endpoint)"
        assert told(lineage(graph, {"front": {"attributes": {"router": True}}}), self.RULE) == [("bot", "error")]

    def test_the_base_weights_of_an_adapter_need_no_approval_of_their_own(self) -> None:
        """It is the adapter's version that was deployed, and approved."""
        graph = """
            base(model) -deployed_to-> whole(inference_component) -deployed_to-> bot(endpoint)
            p/1(model_package) -deployed_to-> adapter(inference_component) -deployed_to-> bot
            adapter -part_of-> whole
        """
        facts = {"p/1": {"attributes": {"approval": "Approved"}}, "bot": {"stage": "production"}}
        assert told(lineage(graph, facts), self.RULE) == []

    def test_deployed_past_the_registry_from_an_approved_artifact(self) -> None:
        """A model made from the artifact is the version that holds the same artifact."""
        graph = """
            w(artifact) -packaged_as-> p/1(model_package)
            w -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)
        """
        assert told(lineage(graph, {"p/1": {"attributes": {"approval": "Approved"}}}), self.RULE) == []
        (finding,) = found(lineage(graph), self.RULE)
        assert finding.message.startswith("bot runs p/1, which has no approval: approve that version")

    def test_a_version_that_no_listing_shows(self) -> None:
        """Its registry could not be seen: that it has no approval is not known."""
        (finding,) = found(lineage(DEPLOYED, {"p/1": {"attributes": {"unresolved": True}}}), self.RULE)
        assert finding.message.startswith("bot runs p/1, of which no approval is known: ")

    def test_deployed_and_in_no_registry(self) -> None:
        """What nobody could approve is said to be so."""
        graph = lineage("m(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)")
        (finding,) = found(graph, self.RULE)
        assert finding.message.startswith("bot runs m, of which no version that could be approved is known")

    def test_a_base_model_as_it_is_is_a_note(self) -> None:
        """The base component under adapters has no version in the registry, and is no scandal."""
        graph = lineage("""
            llama/1(base_model_version) -packaged_as-> m(model) -deployed_to-> base(inference_component)
            base -deployed_to-> bot(endpoint)
        """)
        assert told(graph, self.RULE) == [("bot", "note")]

    def test_a_component_that_is_gone_does_not_count(self) -> None:
        """It no longer answers."""
        text = "p/1(model_package) -deployed_to-> a(inference_component) -deployed_to-> bot(endpoint)"
        assert told(lineage(text, {"a": {"gone_since": 2}}), self.RULE) == []
        assert told(lineage(text), self.RULE) == [("bot", "error")]

    def test_every_component_of_an_endpoint_counts(self) -> None:
        """One unapproved adapter among approved ones is found."""
        graph = lineage(
            """
            p/1(model_package) -deployed_to-> a(inference_component) -deployed_to-> bot(endpoint)
            p/2(model_package) -deployed_to-> b(inference_component) -deployed_to-> bot
            """,
            {"p/1": {"attributes": {"approval": "Approved"}}},
        )
        (finding,) = found(graph, self.RULE)
        assert "p/2" in finding.message


class TestUnevaluated:
    RULE = "unevaluated"

    def test_deployed_or_approved_and_never_evaluated(self) -> None:
        """The finding is on the version and says why it matters."""
        (finding,) = found(lineage(DEPLOYED, {"p/1": {"attributes": {"approval": "Approved"}}}), self.RULE)
        assert (finding.asset, finding.message) == (
            "p/1",
            "p/1 is deployed to bot and is approved, and no evaluation of it is known: evaluate it, or register it "
            "with its report.",
        )

    def test_one_of_several_that_may_run_is_said_so(self) -> None:
        """What fits is not what is deployed."""
        graph = lineage(DEPLOYED.replace("-packaged_as-> m(", "-packaged_as~?-> m("))
        (one,) = found(graph, self.RULE)
        assert one.message.startswith("p/1 may be deployed to bot, and no evaluation of it is known")

    def test_neither_deployed_nor_approved(self) -> None:
        """Not every experiment needs an evaluation."""
        assert told(lineage("t(training_job) -produced-> p/1(model_package)"), self.RULE) == []

    @pytest.mark.parametrize(
        "how",
        [
            "p/1 -input_to:evaluated_model-> e(evaluation_job)",
            "o/9(model_package) -copied_to-> p/1\n o/9 -input_to:evaluated_model-> e(evaluation_job)",
            "w(artifact) -packaged_as-> p/1\n w -input_to:evaluated_model-> e(evaluation_job)",
            "p/1 -described_by:quality-> report(artifact)",
        ],
        ids=["itself", "what it was cloned from", "its artifact", "a report"],
    )
    def test_evaluated(self, how: str) -> None:
        """Each of these shows that somebody looked."""
        assert told(lineage(DEPLOYED + how), self.RULE) == []

    @pytest.mark.parametrize(
        "how",
        [
            "t(training_job) -produced-> p/1",
            "p/1 -described_by-> card(model_card)",
            "p/1 -input_to:base_model-> e(evaluation_job)",
        ],
        ids=["trained", "described", "input of another evaluation"],
    )
    def test_not_evaluated(self, how: str) -> None:
        """None of these does."""
        assert told(lineage(DEPLOYED + how), self.RULE) == [("p/1", "warning")]

    def test_a_failed_evaluation_is_none(self) -> None:
        """It says nothing of the model."""
        graph = lineage(DEPLOYED + "p/1 -input_to:evaluated_model-> e(evaluation_job)", {"e": {"status": "Failed"}})
        assert told(graph, self.RULE) == [("p/1", "warning")]


REPLACED = {"current": False, "superseded_since": 4}


class TestDatasetDrifted:
    RULE = "dataset-drifted"
    OLD = "s3://b/chats/@sha256:aa"
    READ = f"s3://b/chats/(dataset) -has_version-> {OLD}(dataset_version) -input_to:train~-> t(training_job)"

    def test_what_was_read_is_superseded(self) -> None:
        """The finding is on the job, and says since when."""
        (finding,) = found(lineage(self.READ, {self.OLD: {"attributes": REPLACED}}), self.RULE)
        assert (finding.asset, finding.level) == ("t", "warning")
        assert "changed since the job started (snapshot 4 is the first with its newer state): " in finding.message

    def test_what_was_read_is_current(self) -> None:
        """An unchanged dataset is no finding."""
        assert told(lineage(self.READ, {self.OLD: {"attributes": {"current": True}}}), self.RULE) == []

    def test_a_candidate_may_have_drifted(self) -> None:
        """Where it is not proved which state was read, the sentence does not claim it."""
        text = self.READ.replace("train~", "train~?")
        (finding,) = found(lineage(text, {self.OLD: {"attributes": REPLACED}}), self.RULE)
        assert finding.message.startswith("t may have read")

    def test_a_job_that_may_never_have_run_may_have_read(self) -> None:
        """Stopped before its record has a start: it was created before the change, and whether it read is not known."""
        stopped = {"status": "Stopped", "created_at": "2026-11-01T00:00:00Z"}
        (finding,) = found(lineage(self.READ, {self.OLD: {"attributes": REPLACED}, "t": stopped}), self.RULE)
        assert finding.message.startswith("t may have read")
        assert "which has changed since the job was created" in finding.message

    @pytest.mark.parametrize(
        ("newest", "expected"), [("2026-11-01T00:00:00Z", []), ("2026-11-09T00:00:00Z", [("t", "warning")])]
    )
    def test_looks_through_a_registered_version_to_its_content(self, newest: str, expected: list[Any]) -> None:
        """What a registration points at can change; before the job started that is no drift of the job."""
        now = "s3://b/chats/@sha256:bb"
        text = f"""
            s3://b/chats/(dataset) -has_version-> {self.OLD}(dataset_version) -content_of-> hub/1(dataset_version)
            s3://b/chats/ -has_version-> {now}(dataset_version)
            hub/1 -input_to:train-> t(training_job)
        """
        facts = {self.OLD: {"attributes": REPLACED, "created_at": None}, now: {"attributes": {"newest": newest}}}
        assert told(lineage(text, facts), self.RULE) == expected

    @pytest.mark.parametrize(
        ("lost", "told"),
        [
            (
                {"deleted_objects": 1, "deleted_for_good": 1},
                "of which since then the bytes of 1 object are gone for good",
            ),
            (
                {"deleted_objects": 3, "deleted_for_good": 2},
                "of which since then 1 object was deleted and the bytes of 2 objects are gone for good",
            ),
            ({"deleted_objects": 2}, "of which since then 2 objects were deleted"),
        ],
    )
    def test_a_deletion_is_told_as_one(self, lost: dict[str, int], told: str) -> None:
        """That training data was deleted is more than that it changed."""
        (finding,) = found(lineage(self.READ, {self.OLD: {"attributes": {**REPLACED, **lost}}}), self.RULE)
        assert told in finding.message

    @pytest.mark.parametrize(("first_seen", "verb"), [(3, "read"), (4, "may have read"), (5, None)])
    def test_a_deletion_behind_a_registered_version(self, first_seen: int, verb: str | None) -> None:
        """It leaves no newer object and no time: the snapshots tell whether it was after the job began."""
        text = f"""
            s3://b/chats/(dataset) -has_version-> {self.OLD}(dataset_version)
            s3://b/chats/ -content_of-> hub/1(dataset_version) -input_to:train-> t(training_job)
        """
        lost = {**REPLACED, "deleted_objects": 1, "deleted_for_good": 1}
        facts = {self.OLD: {"attributes": lost, "created_at": "2026-11-01T00:00:00Z"}, "t": {"first_seen": first_seen}}
        messages = [finding.message for finding in found(lineage(text, facts), self.RULE)]
        said = f"t {verb} s3://b/chats/, of which since then the bytes of 1 object are gone for good"
        assert [message[: len(said)] for message in messages] == ([said] if verb else [])

    def test_a_newer_registered_version_is_no_drift(self) -> None:
        """The older one is still there to be read."""
        text = """
            hub(dataset) -has_version-> hub/1(dataset_version) -input_to:train-> t(training_job)
            hub -has_version-> hub/2(dataset_version)
        """
        assert told(lineage(text), self.RULE) == []

    @pytest.mark.parametrize(
        ("newest", "expected"), [("2026-11-01T00:00:00Z", []), ("2026-11-09T00:00:00Z", [("t", "warning")])]
    )
    def test_of_an_unknown_version_the_objects_times_decide(self, newest: str, expected: list[Any]) -> None:
        """An object that is newer than the job's start cannot have been read by it."""
        text = f"s3://b/chats/(dataset) -has_version-> {self.OLD}(dataset_version)"
        text += "\n s3://b/chats/ -input_to:train~-> t(training_job)"
        assert told(lineage(text, {self.OLD: {"attributes": {"newest": newest}}}), self.RULE) == expected


class TestEvaluatorNotPinned:
    RULE = "evaluator-not-pinned"
    FUNCTION = "arn:aws:lambda:us-west-2:111111111111:function:judge"
    HUB = "arn:aws:sagemaker:us-west-2:111111111111:hub-content/hub/JsonDoc/judge"

    @pytest.mark.parametrize(
        ("source", "kind", "fields", "pinned"),
        [
            (f"{FUNCTION}:7", "evaluator_version", {}, True),
            (f"{FUNCTION}:7", "evaluator_version", {"certainty": "inferred"}, False),
            (f"{FUNCTION}:$LATEST", "evaluator_version", {}, False),
            (FUNCTION, "evaluator", {}, False),
            (f"{HUB}/1.0.0", "evaluator_version", {}, True),
            (HUB, "evaluator", {}, False),
            ("builtin:gsm8k", "evaluator", {}, True),
        ],
        ids=["numbered", "proved by times", "$LATEST", "unqualified", "hub version", "hub", "built in"],
    )
    def test_how_the_code_is_named(self, source: str, kind: str, fields: dict[str, Any], pinned: bool) -> None:
        """Only a number, or a hub version, means the same code tomorrow; a proof is not a pin."""
        graph = Graph(
            [asset(source, kind), asset("t", "training_job")], [edge(source, "t", "input_to", "evaluator", **fields)]
        )
        assert told(graph, self.RULE) == ([] if pinned else [("t", "warning")])

    def test_a_registered_evaluator_that_points_at_latest(self) -> None:
        """The registration looks pinned; its code is not."""
        graph = Graph(
            [asset(f"{self.FUNCTION}:$LATEST", "evaluator_version"), asset(f"{self.HUB}/1.0.0", "evaluator_version")],
            [edge(f"{self.FUNCTION}:$LATEST", f"{self.HUB}/1.0.0", "content_of")],
        )
        assert told(graph, self.RULE) == [(f"{self.HUB}/1.0.0", "warning")]


UNRESOLVED = {"attributes": {"unresolved": True}}


class TestUnresolvedInput:
    RULE = "unresolved-input"

    def test_an_input_that_no_listing_showed(self) -> None:
        """The finding is on what depends on it, with the role."""
        graph = lineage("d/1(dataset_version) -input_to:train-> t(training_job)", {"d/1": UNRESOLVED})
        (finding,) = found(graph, self.RULE)
        assert (finding.asset, finding.level) == ("t", "warning")
        assert finding.message.startswith("t depends as train on the dataset version d/1, which no listing shows: ")

    def test_an_input_that_may_be_none(self) -> None:
        """Of a candidate nobody says that anything depends on it."""
        (finding,) = found(
            lineage("d/1(dataset_version) -input_to:train~?-> t(training_job)", {"d/1": UNRESOLVED}), self.RULE
        )
        assert finding.message.startswith("t may depend as train on the dataset version d/1, which no listing shows: ")

    def test_what_had_a_name_before(self) -> None:
        """No listing will show it, wherever Studbook may read."""
        job = "arn:aws:sagemaker:us-west-2:111111111111:model/m@before-2026-11-02T10:00:00Z"
        (finding,) = found(lineage(f"{job}(model) -input_to:model-> t(transform_job)", {job: UNRESOLVED}), self.RULE)
        assert finding.message.endswith("which no listing shows: waive it: another has its name by now.")

    @pytest.mark.parametrize("kind", ["container_image", "code"])
    def test_what_studbook_never_lists(self, kind: str) -> None:
        """Nobody can mend that."""
        graph = lineage(f"x({kind}) -input_to:image-> t(training_job)", {"x": UNRESOLVED})
        assert told(graph, self.RULE) == []

    def test_weights_of_which_the_maker_is_known(self) -> None:
        """An artifact is listed by nothing; what matters is whether the pedigree goes on."""
        text = "w(artifact) -packaged_as-> p/1(model_package)"
        assert told(lineage(text, {"w": UNRESOLVED}), self.RULE) == [("p/1", "warning")]
        assert told(lineage("t(training_job) -produced-> " + text, {"w": UNRESOLVED}), self.RULE) == []


DRIFT = lineage(TestDatasetDrifted.READ, {TestDatasetDrifted.OLD: {"attributes": REPLACED}})


def waiver(until: str, **fields: Any) -> Waiver:
    usual = {"rule": "dataset-drifted", "of": "t", "why": "known", "who": "ana", "line": 1}
    return Waiver(**(usual | fields | {"until": datetime.date.fromisoformat(until)}))


class TestCheck:
    def test_settings_switch_off_and_change_levels(self) -> None:
        """rules.<id>.enabled and rules.<id>.level."""
        assert found(DRIFT, "dataset-drifted", rules={"dataset-drifted": {"enabled": False}}) == []
        (finding,) = found(DRIFT, "dataset-drifted", rules={"dataset-drifted": {"level": "error"}})
        assert finding.level == "error"

    def test_settings_for_a_rule_that_does_not_exist(self) -> None:
        """A misspelt rule would otherwise stay on in silence."""
        with pytest.raises(SettingsError, match="no rule 'dataset-drift'") as caught:
            check(DRIFT, Settings(rules={"dataset-drift": {"enabled": False}}), today=TODAY)
        assert "dataset-drifted" in str(caught.value.hint)

    @pytest.mark.parametrize(
        ("given", "until"),
        [
            ([waiver("2026-11-22")], "2026-11-22"),
            ([waiver("2026-11-21")], None),
            ([waiver("2026-11-30"), waiver("2027-01-01")], "2027-01-01"),
            ([waiver("2027-01-01", of="other")], None),
            ([waiver("2027-01-01", rule="unevaluated")], None),
        ],
        ids=["its last day", "the day after", "the longer of two", "another asset", "another rule"],
    )
    def test_waivers(self, given: list[Waiver], until: str | None) -> None:
        """A waiver accepts one finding of one asset, up to and with its last day."""
        (finding,) = (one for one in check(DRIFT, Settings(), waivers=given, today=TODAY) if one.asset == "t")
        assert (finding.waived.until if finding.waived else None) == until

    def test_a_rule_that_fails_is_an_error_that_names_it(self) -> None:
        """A check that ran by half must not pass, and a finding about Studbook is no finding about a model."""

        def broken(seen: Inspection) -> Iterator[Observation]:
            yield Observation("t", "seen before the crash")
            raise KeyError("InputDataConfig")

        with pytest.raises(StudbookError, match="rule broken failed: KeyError") as caught:
            check(DRIFT, Settings(), today=TODAY, rules=[Rule("broken", "note", broken, None)])
        assert caught.value.exit_code == 4
        assert "enabled: false" in str(caught.value.hint)

    def test_findings_are_sorted_and_told_once(self) -> None:
        """By rule, asset and message; two edges that say the same make one finding."""

        def twice(seen: Inspection) -> Iterator[Observation]:
            for name in ("b", "a", "b"):
                yield Observation(name, "is here")

        findings = check(DRIFT, Settings(), today=TODAY, rules=[Rule("twice", "note", twice, None)])
        assert [finding.asset for finding in findings] == ["a", "b"]

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
    def test_every_rule_has_a_page_that_says_how_to_mend(self, rule: Rule) -> None:
        """The manual is the module's docstring: a title, the reasons, the mend."""
        assert rule.manual is not None
        assert rule.manual.splitlines()[0].endswith(".")
        assert "**Mend it:**" in rule.manual
