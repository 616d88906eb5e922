"""Each rule on a smallest estate that breaks it and one that does not; and where nothing is proved, nothing is said."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from tests.pedigrees import lineage, record

from studbook.cards import parse_card
from studbook.lineage.graph import Graph
from studbook.model import Coverage, Finding, Gap
from studbook.model.kinds import JOB_KINDS
from studbook.queries.answer import Night
from studbook.rules import RULES, check_night
from studbook.rules.waivers import Waiver
from studbook.settings import Settings

TODAY = datetime.date(2026, 11, 22)
PRODUCTION = {"stage": "production"}
APPROVED = {"attributes": {"approval": "Approved"}}
RUNS = """
    bot(model_package_group) -has_version-> p/1(model_package)
    p/1 -packaged_as-> m(model) -deployed_to:blue-> c(endpoint_config) -deployed_to:blue-> live(endpoint)
"""


def found(rule: str, drawn: str | Graph, facts: dict[str, Any] | None = None, **more: Any) -> list[Finding]:
    """What one rule finds."""
    graph = drawn if isinstance(drawn, Graph) else lineage(drawn, facts)
    settings = Settings.model_validate({"rules": {rule: more.pop("given", {})}, **more.pop("settings", {})})
    night = Night(graph, settings=settings, **more.pop("night", {}))
    return [one for one in check_night(night, today=TODAY, **more) if one.rule == rule]


def told(*args: Any, **more: Any) -> list[tuple[str | None, str]]:
    return [(one.asset, one.level) for one in found(*args, **more)]


class TestDeployedButWithdrawn:
    RULE = "deployed-but-withdrawn"

    @pytest.mark.parametrize(
        ("version", "says"),
        [
            ({"attributes": {"approval": "Rejected"}}, "live runs p/1, which was rejected: deploy a version"),
            ({**APPROVED, "gone_since": 4}, "live runs p/1, which is gone from the registry since snapshot 4: "),
        ],
        ids=["rejected", "gone"],
    )
    def test_what_was_taken_back(self, version: dict[str, Any], says: str) -> None:
        """It runs all the same."""
        (one,) = found(self.RULE, RUNS, {"p/1": version})
        assert (one.asset, one.level) == ("live", "error")
        assert one.message.startswith(says)

    @pytest.mark.parametrize(
        "version", [APPROVED, {}, {**APPROVED, "stale_since": 3}], ids=["approved", "none", "stale"]
    )
    def test_what_was_not(self, version: dict[str, Any]) -> None:
        """Denied is not gone, and what nobody approved is told elsewhere."""
        assert told(self.RULE, RUNS, {"p/1": version}) == []

    def test_a_trial_is_a_warning(self) -> None:
        """In development nobody depends on it."""
        facts = {"p/1": {"attributes": {"approval": "Rejected"}}, "live": {"stage": "development"}}
        assert told(self.RULE, RUNS, facts) == [("live", "warning")]


class TestImageNotPinned:
    RULE = "image-not-pinned"

    @pytest.mark.parametrize(("image", "broken"), [("r/train:1.7", True), ("r/train@sha256:" + "a" * 64, False)])
    def test_by_tag_and_by_digest(self, image: str, broken: bool) -> None:
        """Once for an image, whoever uses it."""
        drawn = f"{RUNS}\n{image}(container_image) -input_to:image-> t(training_job) -produced-> p/1"
        assert told(self.RULE, drawn) == ([(image, "note")] if broken else [])

    def test_what_does_not_run_in_production(self) -> None:
        """A trial may use what it likes."""
        drawn = "r/train:1.7(container_image) -input_to:image-> t(training_job) -produced-> p/2(model_package)"
        assert told(self.RULE, drawn) == []


class TestDatasetUnregistered:
    RULE = "dataset-unregistered"
    READ = RUNS + "\n{} -input_to:train-> t(training_job) -produced-> p/1"

    def test_a_place_that_is_no_dataset(self) -> None:
        """Nobody knows which state was read."""
        assert told(self.RULE, self.READ.format("s3://b/raw/(artifact)")) == [("s3://b/raw/", "warning")]

    def test_what_a_job_made(self) -> None:
        """Its origin is known."""
        drawn = self.READ.format("prep(processing_job) -produced-> s3://b/raw/(artifact)")
        assert told(self.RULE, drawn) == []

    @pytest.mark.parametrize(
        ("job", "role"),
        [
            ("labeling-job/l(labeling_job)", "template"),
            ("labeling-job/l(labeling_job)", "categories"),
            ("automl-job/a(automl_job)", "feature_specification"),
            ("ai-recommendation-job/r(customization_job)", "adapter"),
        ],
    )
    def test_what_says_how_is_no_data(self, job: str, role: str) -> None:
        """A page for people who label, the names of features, an adapter; a channel may be called so, and is data."""
        arn = f"arn:aws:sagemaker:us-east-1:111111111111:{job}"
        made = f"{RUNS}\ns3://b/x(artifact) -input_to:{role}-> {arn} -produced-> s3://b/y(artifact)"
        assert told(self.RULE, f"{made} -input_to:train-> t(training_job) -produced-> p/1") == []
        read = f"{RUNS}\ns3://b/x(artifact) -input_to:{role}-> t(training_job) -produced-> p/1"
        assert told(self.RULE, read) == [("s3://b/x", "warning")]

    @pytest.mark.parametrize(("owner", "expected"), [(None, [("s3://b/raw/", "note")]), ("111111111111", [])])
    def test_a_dataset_without_an_owner(self, owner: str | None, expected: list[Any]) -> None:
        """It is registered, and nobody answers for it."""
        drawn = self.READ.format("s3://b/raw/(dataset) -has_version-> s3://b/raw/@sha256:aa(dataset_version)")
        assert told(self.RULE, drawn, {"s3://b/raw/": {"account": owner}}) == expected


class TestEvaluatedOnTrainingData:
    RULE = "evaluated-on-training-data"

    @pytest.mark.parametrize(
        ("drawn", "expected"),
        [
            (
                "d/1(dataset_version) -input_to:train-> t(training_job)\nd/1 -input_to:data-> e(evaluation_job)",
                "warning",
            ),
            (
                "d/1(dataset_version) -input_to:train~?-> t(training_job)\nd/1 -input_to:data-> e(evaluation_job)",
                "note",
            ),
            ("d/1(dataset_version) -input_to:validation-> t(training_job)\nd/1 -input_to:d-> e(evaluation_job)", None),
            (
                "d/1(dataset_version) -input_to:train-> t(training_job)\n"
                "d/2(dataset_version) -input_to:d-> e(evaluation_job)",
                None,
            ),
            (
                "s(dataset_version) -content_of-> d/1(dataset_version) -input_to:train-> t(training_job)\n"
                "s -input_to:data-> e(evaluation_job)",
                "warning",
            ),
        ],
        ids=["the same", "perhaps the same", "for validation", "another version", "its content"],
    )
    def test_data_of_both(self, drawn: str, expected: str | None) -> None:
        """The finding is the evaluation's: its scores mean less than they seem to."""
        drawn += "\nt -produced-> p/1(model_package) -input_to:evaluated_model-> e"
        assert told(self.RULE, drawn) == ([("e", expected)] if expected else [])


class TestEvaluationOutdated:
    RULE = "evaluation-outdated"
    DRAWN = RUNS + "\nt(training_job) -produced-> p/1 -input_to:evaluated_model-> e(evaluation_job)"

    @pytest.mark.parametrize(
        ("ended", "expected"),
        [("2026-11-01T00:00:00Z", [("p/1", "warning")]), ("2026-11-09T00:00:00Z", []), (None, [])],
        ids=["before", "after", "unknown"],
    )
    def test_before_the_weights_were_made(self, ended: str | None, expected: list[Any]) -> None:
        """What was judged then was another model."""
        facts = {"t": {"attributes": {"ended_at": "2026-11-05T00:00:00Z"}}, "e": {"attributes": {"ended_at": ended}}}
        assert told(self.RULE, self.DRAWN, facts) == expected


def successors(old: str = "", new: str = "", **scores: Any) -> tuple[str, dict[str, Any]]:
    """Two approved versions of one line, the newer in production, with the evaluations drawn."""
    drawn = RUNS + f"\nbot -has_version-> p/0(model_package)\n{old}\n{new}"
    facts: dict[str, Any] = {
        "p/0": {**APPROVED, "created_at": "2026-11-01T00:00:00Z"},
        "p/1": {**APPROVED, "created_at": "2026-11-08T00:00:00Z"},
        **{job: {"attributes": {"metrics": metrics}} for job, metrics in scores.items()},
    }
    return drawn, facts


JUDGED = """
    j(evaluator) -has_version-> j/{1}(evaluator_version) -input_to:evaluator-> {0}(evaluation_job)
    gold/1(dataset_version) -input_to:data-> {0}
    {2} -input_to:evaluated_model-> {0}
"""
OLD, NEW = JUDGED.format("e0", 1, "p/0"), JUDGED.format("e1", 1, "p/1")


class TestAgainstItsPredecessor:
    @pytest.mark.parametrize(
        ("there", "expected"), [(0.6, [("p/1", "warning")]), (0.8, []), (0.699, [])], ids=["worse", "better", "equal"]
    )
    def test_score_worse(self, there: float, expected: list[Any]) -> None:
        """Only where one judge judged both on one state of data, and by more than the tolerance."""
        drawn, facts = successors(OLD, NEW, e0={"score": 0.7}, e1={"score": there})
        assert told("score-worse", drawn, facts) == expected

    def test_of_a_loss_less_is_better(self) -> None:
        """The configuration says which metrics those are."""
        drawn, facts = successors(OLD, NEW, e0={"loss": 0.7}, e1={"loss": 0.6})
        assert told("score-worse", drawn, facts) == []

    def test_what_is_in_no_way_released_has_no_predecessor(self) -> None:
        """An experiment may be worse than what runs."""
        drawn, facts = successors(OLD, NEW, e0={"score": 0.7}, e1={"score": 0.1})
        facts["p/0"]["attributes"] = {"approval": "PendingManualApproval"}
        assert told("score-worse", drawn, facts) == []

    @pytest.mark.parametrize(("version", "expected"), [(2, [("p/1", "note")]), (1, [])])
    def test_evaluator_changed(self, version: int, expected: list[Any]) -> None:
        """Another version of the judge is another judge."""
        drawn, facts = successors(OLD, JUDGED.format("e1", version, "p/1"), e0={"score": 0.7}, e1={"score": 0.8})
        assert told("evaluator-changed", drawn, facts) == expected
        assert told("judgement-missing", drawn, facts) == []

    @pytest.mark.parametrize(("new", "expected"), [("", [("p/1", "note")]), (NEW, [])], ids=["not judged", "judged"])
    def test_judgement_missing(self, new: str, expected: list[Any]) -> None:
        """What was asked of the old model was not asked of the new one."""
        drawn, facts = successors(OLD, new, e0={"score": 0.7}, **({"e1": {"score": 0.8}} if new else {}))
        assert told("judgement-missing", drawn, facts) == expected


class TestScoreBelowBar:
    RULE = "score-below-bar"

    @pytest.mark.parametrize(
        ("bar", "expected"),
        [
            ({"metric": "sc*", "at_least": 0.9}, [("p/1", "error")]),
            ({"metric": "score", "at_least": 0.8}, []),
            ({"metric": "score", "at_most": 0.5}, [("p/1", "error")]),
            ({"metric": "score", "at_least": 0.9, "model": "other"}, []),
            ({"metric": "rouge", "at_least": 0.9}, []),
        ],
    )
    def test_bars(self, bar: dict[str, Any], expected: list[Any]) -> None:
        """Of the metrics and models that a bar names."""
        drawn, facts = successors(OLD, NEW, e0={"score": 0.9}, e1={"score": 0.8})
        facts["p/0"]["attributes"] = {}
        assert told(self.RULE, drawn, facts, given={"bars": [bar]}) == expected

    def test_no_bar_is_set(self) -> None:
        """Nobody said what is good."""
        drawn, facts = successors(OLD, NEW, e0={"score": 0.1}, e1={"score": 0.1})
        assert told(self.RULE, drawn, facts) == []


class TestApprovedByAuthor:
    RULE = "approved-by-author"

    @pytest.mark.parametrize(
        ("fields", "modified", "expected"),
        [
            ({"created_by": "ana"}, None, "warning"),
            ({"created_by": "ana", "modified_by": "ana"}, "2026-11-03T00:00:00Z", "note"),
            ({"created_by": "ana", "modified_by": "bo"}, "2026-11-03T00:00:00Z", None),
            ({"created_by": "ana"}, "2026-11-03T00:00:00Z", None),
            ({}, None, None),
        ],
        ids=["registered so", "last changed by the author", "by another", "by somebody", "nobody is named"],
    )
    def test_as_far_as_is_recorded(self, fields: dict[str, Any], modified: str | None, expected: str | None) -> None:
        """Where another may have approved it nobody is accused."""
        facts = {"p/1": {"attributes": {"approval": "Approved", **fields}, "modified_at": modified}}
        assert told(self.RULE, RUNS, facts) == ([("p/1", expected)] if expected else [])

    def test_pending_and_copied(self) -> None:
        """What nobody approved, and what was approved where it came from."""
        author = {"attributes": {"approval": "Approved", "created_by": "ci"}}
        assert told(self.RULE, RUNS, {"p/1": {"attributes": {"created_by": "ana"}}}) == []
        assert told(self.RULE, RUNS + "\no/1(model_package) -copied_to-> p/1", {"p/1": author}) == []


class TestWeightsChanged:
    RULE = "weights-changed"
    URI = "s3://b/out/model.tar.gz"
    KEPT: ClassVar = {"attributes": {"approval": "Approved", "etags": {URI: '"aa"'}}}

    @pytest.mark.parametrize(
        ("artifact", "expected"),
        [
            ({"attributes": {"etag": "bb"}}, [("p/1", "error")]),
            ({"attributes": {"etag": "aa"}}, []),
            ({}, []),
            ({"attributes": {"etag": "bb"}, "stale_since": 3}, []),
        ],
        ids=["others", "the same", "not to be seen", "seen before"],
    )
    def test_by_a_reading(self, artifact: dict[str, Any], expected: list[Any]) -> None:
        """The place is below `documents`."""
        drawn = f"{self.URI}(artifact) -packaged_as-> p/1(model_package)"
        assert told(self.RULE, drawn, {"p/1": self.KEPT, self.URI: artifact}) == expected

    @pytest.mark.parametrize(("etag", "expected"), [("bb", [("p/1", "error")]), ("aa", [])])
    def test_by_the_listing_of_a_dataset(self, etag: str, expected: list[Any]) -> None:
        """The place is below `datasets`, whose listing has the object."""
        state = "s3://b/out/@sha256:cc"
        drawn = f"s3://b/out/(dataset) -has_version-> {state}(dataset_version)"
        drawn += f"\n{self.URI}(artifact) -packaged_as-> p/1(model_package)"
        facts = {"p/1": self.KEPT, state: {"attributes": {"current": True}}}
        listing = {"Contents": [{"Key": "out/model.tar.gz", "ETag": etag, "LastModified": "2026-11-20T00:00:00Z"}]}
        night = {"record_of": lambda kind, one: record(one, kind=kind, body=listing)}
        settings = {"datasets": [{"uri": "s3://b/out/"}]}
        assert told(self.RULE, drawn, facts, settings=settings, night=night) == expected


class TestCopyDiffers:
    RULE = "copy-differs"
    COPY = "o/1(model_package) -copied_to-> p/1(model_package)\n"

    @pytest.mark.parametrize(("other", "broken"), [("eu.ecr/serve:2", True), ("eu.ecr/serve:1", False)])
    def test_the_image(self, other: str, broken: bool) -> None:
        """The registry may be another one, name and tag may not."""
        drawn = f"{self.COPY}us.ecr/serve:1(container_image) -packaged_as:image-> o/1"
        drawn += f"\n{other}(container_image) -packaged_as:image-> p/1"
        assert told(self.RULE, drawn) == ([("p/1", "warning")] if broken else [])

    def test_the_same_object_written_again_in_between(self) -> None:
        """One place, two ETags; of two places nothing is concluded."""
        etags = lambda uri, tag: {"attributes": {"etags": {uri: tag}}}  # noqa: E731
        assert told(self.RULE, self.COPY, {"o/1": etags("s3://a/w", "1"), "p/1": etags("s3://a/w", "2")}) == [
            ("p/1", "warning")
        ]
        assert told(self.RULE, self.COPY, {"o/1": etags("s3://a/w", "1"), "p/1": etags("s3://b/w", "2")}) == []


class TestDeployedWithoutPromotion:
    RULE = "deployed-without-promotion"

    @pytest.mark.parametrize(
        ("version", "expected"),
        [
            ({"account": "222222222222", "stage": "development"}, [("live", "warning")]),
            ({"account": "222222222222", "stage": "shared"}, []),
            ({"stage": "production"}, []),
            ({"account": "222222222222", "stage": None}, []),
        ],
        ids=["development", "a registry for all", "its own", "unknown"],
    )
    def test_where_the_version_is_registered(self, version: dict[str, Any], expected: list[Any]) -> None:
        """Only a stage that is named as one of development is told."""
        assert told(self.RULE, RUNS, {"p/1": version, "live": PRODUCTION}) == expected


class TestBaseModels:
    @pytest.mark.parametrize(
        ("status", "expected"), [("Deprecated", [("llama/1", "warning")]), ("Supported", []), (None, [])]
    )
    def test_deprecated(self, status: str | None, expected: list[Any]) -> None:
        """As its hub says."""
        drawn = RUNS + "\nllama/1(base_model_version) -base_of-> p/1"
        facts = {"llama/1": {"attributes": {"support_status": status}}}
        assert told("base-model-deprecated", drawn, facts) == expected

    @pytest.mark.parametrize(
        ("licence", "allowed", "expected"),
        [
            ("AGPL-3.0", ["apache-*", "MIT"], [("p/1", "error")]),
            ("Apache-2.0", ["apache-*"], []),
            (None, ["apache-*"], [("p/1", "note")]),
            ("AGPL-3.0", [], []),
        ],
        ids=["not allowed", "allowed", "unknown", "nobody asks"],
    )
    def test_licence(self, licence: str | None, allowed: list[str], expected: list[Any]) -> None:
        """As its card says; where none says it, it is unknown."""
        card = parse_card(f"---\nlicense: {licence}\n---\nwords" if licence else "words", "bot", "bot.md")
        assert told("licence-not-allowed", RUNS, cards={"bot": card}, given={"allowed": allowed}) == expected


class TestOutputUnprotected:
    RULE = "output-unprotected"

    @pytest.mark.parametrize(
        ("attributes", "given", "expected"),
        [
            ({"output": "s3://b/out"}, {"encrypted": ["production"]}, 1),
            ({"output": "s3://b/out", "kms_key": "k"}, {"encrypted": ["production"]}, 0),
            ({"image": "i"}, {"isolated": ["production"]}, 1),
            ({"image": "i", "network_isolation": True}, {"isolated": ["production"]}, 0),
            ({"job_type": "FineTuning"}, {"isolated": ["production"]}, 0),
            ({"output": "s3://b/out", "image": "i"}, {}, 0),
            ({"output": "s3://b/out", "image": "i"}, {"encrypted": ["staging"], "isolated": ["staging"]}, 0),
        ],
    )
    def test_where_a_policy_asks_for_it(self, attributes: dict[str, Any], given: dict[str, Any], expected: int) -> None:
        """In the stages that it names, and of what can have it."""
        drawn = "t(training_job) -produced-> p/1(model_package)"
        facts = {"t": {"attributes": attributes, **PRODUCTION}}
        assert len(told(self.RULE, drawn, facts, given=given)) == expected

    @pytest.mark.parametrize("kind", JOB_KINDS)
    def test_each_kind_of_job_is_asked_by_what_it_writes(self, kind: str) -> None:
        """Where it says where its output goes, and where its record tells a place that it wrote to, but for searches;
        of what nobody knows that it wrote, nothing is said."""
        given, asked = {"encrypted": ["production"]}, kind != "tuning_job"
        writes, idle = f"j({kind}) -produced-> s3://b/out(artifact)", f"j({kind}) -part_of-> e(pipeline_execution)"
        assert len(told(self.RULE, writes, {"j": PRODUCTION}, given=given)) == asked
        assert told(self.RULE, idle, {"j": PRODUCTION}, given=given) == []
        assert told(self.RULE, writes.replace("->", "~?->"), {"j": PRODUCTION}, given=given) == []
        facts = {"j": {"attributes": {"output": "s3://b/out"}, **PRODUCTION}}
        assert len(told(self.RULE, idle, facts, given=given)) == asked
        facts["j"]["attributes"]["kms_key"] = "k"
        assert told(self.RULE, writes, facts, given=given) == []

    @pytest.mark.parametrize(
        ("name", "asked"),
        [
            ("ai-benchmark-job/b", False),
            ("job/SyntheticDataGeneration/more", False),
            ("job/DataQualityEvaluation/q", False),
            ("job/AgentRFT/agent", True),
            ("job/AgentRFTEvaluation/agent", True),
        ],
    )
    def test_what_has_no_member_for_a_key_is_not_asked_for_one(self, name: str, asked: bool) -> None:
        """As a benchmark's API has none; nor jobs of whose documents nobody knows how they name it."""
        job = f"arn:aws:sagemaker:us-west-2:111111111111:{name}"
        drawn = f"{job}(customization_job) -produced-> s3://b/out(artifact)"
        assert bool(told(self.RULE, drawn, {job: PRODUCTION}, given={"encrypted": ["production"]})) is asked


class TestCards:
    def card(self, front: str) -> dict[str, Any]:
        return {"bot": parse_card(f"---\n{front}\n---\nwords", "bot", "bot.md")}

    def test_missing(self) -> None:
        """By people, or in SageMaker, of the version or of what serves it; any counts."""
        assert told("card-missing", RUNS) == [("p/1", "warning")]
        assert told("card-missing", RUNS, cards=self.card("owner: ana")) == []
        assert told("card-missing", RUNS + "\nm -described_by-> card(model_card)") == []

    def test_a_card_of_other_versions_is_none(self) -> None:
        """It does not speak of this one."""
        facts = {"p/1": {"attributes": {"version": 1}}}
        assert told("card-missing", RUNS, facts, cards=self.card('versions: ["2"]')) == [("p/1", "warning")]
        assert told("card-missing", RUNS, facts, cards=self.card('versions: ["1", "2"]')) == []

    @pytest.mark.parametrize(
        ("front", "expected"),
        [
            ("reviewed: 2026-11-01", [("p/1", "note")]),
            ('reviewed: 2026-11-01\nversions: ["1"]', []),
            ("reviewed: 2026-11-20", []),
            ('reviewed: 2025-01-01\nversions: ["1"]', [("p/1", "note")]),
            ("owner: ana", []),
        ],
        ids=["before the version", "of the version", "after it", "too old", "never"],
    )
    def test_stale(self, front: str, expected: list[Any]) -> None:
        """A review looked at what there was."""
        facts = {"p/1": {"attributes": {"version": 1, "approval": "Approved"}}}
        assert told("card-stale", RUNS, facts, cards=self.card(front)) == expected


class TestProductionGap:
    RULE = "production-gap"

    @pytest.mark.parametrize(
        ("stage", "expected"), [("production", [(None, "warning")]), (None, [(None, "warning")]), ("dev", [])]
    )
    def test_a_gap(self, stage: str | None, expected: list[Any]) -> None:
        """It names the account by its name, and is about no asset."""
        gap = Gap(operation="ListEndpoints", code="AccessDeniedException", message="no")
        row = Coverage(
            account="444444444444",
            region="us-west-2",
            source="sagemaker",
            status="partial",
            records=1,
            requests=1,
            gaps=(gap,),
        )
        account = {"id": "444444444444", "name": "prod", "regions": ["us-west-2"], "stage": stage}
        assert told(self.RULE, Graph((), ()), settings={"accounts": [account]}, night={"coverage": (row,)}) == expected

    def test_what_was_not_asked_did_not_fail(self) -> None:
        """A suspended account is told in its row's own words, and is not said to be production where nobody says so."""
        off = Gap(operation="ListAccounts", code="Skipped", message="the account is SUSPENDED")
        row = Coverage(
            account="333333333333",
            region=None,
            source="organizations",
            status="skipped",
            records=0,
            requests=0,
            gaps=(off,),
        )
        (one,) = found(self.RULE, Graph((), ()), night={"coverage": (row,)})
        assert one.message.startswith(
            "organizations of the account 333333333333, whose stage is not known, was not seen whole "
            "(the account is SUSPENDED): "
        )
        denied = Gap(operation="ListModels", code="AccessDeniedException", message="no")
        (one,) = found(self.RULE, Graph((), ()), night={"coverage": (replace(row, gaps=(denied, off)),)})
        assert "(1 operation denied; the account is SUSPENDED)" in one.message

    def test_nothing_hidden(self) -> None:
        """A region that is not enabled hides nothing."""
        row = Coverage(
            account="444444444444", region="us-west-2", source="s3", status="complete", records=1, requests=1
        )
        assert told(self.RULE, Graph((), ()), night={"coverage": (row,)}) == []


class TestSecretFound:
    def test_counts_and_never_tells(self) -> None:
        """Once for an account."""
        drawn = "t(training_job) -produced-> p/1(model_package)\nu(training_job) -produced-> p/1"
        facts = {job: {"attributes": {"environment": {"TOKEN": "[redacted]", "X": "1"}}} for job in ("t", "u")}
        (one,) = found("secret-found", drawn, facts)
        assert one.message.startswith("account 111111111111 has 2 values that look like secrets, in t and u: ")

    def test_none(self) -> None:
        """What is not redacted is none."""
        assert told("secret-found", RUNS, {"m": {"attributes": {"environment": {"X": "1"}}}}) == []


def waiver(**fields: Any) -> Waiver:
    usual = {"rule": "unevaluated", "of": "p/1", "why": "a pilot", "who": "ana", "line": 1, "until": "2027-01-31"}
    usual |= fields
    return Waiver(**(usual | {"until": datetime.date.fromisoformat(usual["until"])}))


class TestWaivers:
    @pytest.mark.parametrize(
        ("fields", "expected"),
        [({}, 0), ({"of": "p/2"}, 1), ({"rule": "card-stale"}, 1), ({"until": "2026-11-21"}, 1)],
        ids=["it accepts something", "no such asset", "nothing to accept", "ended"],
    )
    def test_without_effect(self, fields: dict[str, Any], expected: int) -> None:
        """About no asset; the message names rule, what for, and who."""
        assert told("waiver-without-effect", RUNS, waivers=[waiver(**fields)]) == [(None, "note")] * expected

    @pytest.mark.parametrize(
        ("until", "expected"), [("2026-12-01", 1), ("2026-12-06", 0), ("2026-11-22", 1)], ids=["soon", "later", "today"]
    )
    def test_ending(self, until: str, expected: int) -> None:
        """Fourteen days before."""
        assert len(told("waiver-ending", RUNS, waivers=[waiver(until=until)])) == expected

    def test_of_one_finding(self) -> None:
        """By its id; so can be accepted what is about no asset."""
        facts = {"m": {"attributes": {"environment": {"TOKEN": "[redacted]"}}}}
        (one,) = found("secret-found", RUNS, facts)
        (accepted,) = found("secret-found", RUNS, facts, waivers=[waiver(rule="secret-found", of=one.id)])
        assert accepted.waived is not None
        assert accepted.waived.who == "ana"


class TestTrainedOnOwnAnswers:
    RULE = "trained-on-own-answers"
    LOOP = (
        RUNS
        + "\nlive -produced:captured-> kept(artifact) -input_to:train-> t(training_job) -produced-> {}(model_package)"
    )

    def test_of_the_same_line(self) -> None:
        """The model learns from itself."""
        drawn = self.LOOP.format("p/2") + "\nbot -has_version-> p/2"
        assert told(self.RULE, drawn) == [("p/2", "warning")]

    def test_of_another_model(self) -> None:
        """A smaller model may learn from a larger one."""
        drawn = self.LOOP.format("s/1") + "\nsmall(model_package_group) -has_version-> s/1"
        assert told(self.RULE, drawn) == []


def test_every_rule_is_tried_here_or_beside() -> None:
    """Each by name; a rule without an estate that breaks it is no rule."""
    from pathlib import Path

    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [rule.id for rule in RULES if f'"{rule.id}"' not in text] == []
