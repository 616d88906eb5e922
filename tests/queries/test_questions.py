"""Each question over small pedigrees: what its rows say, and the traps."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from tests.pedigrees import ACCOUNT, lineage

from studbook.errors import NotFound, UsageError
from studbook.lineage.graph import Graph
from studbook.model import Coverage, Gap
from studbook.queries.answer import Night, Unknown
from studbook.queries.copies import copies
from studbook.queries.impact import impact
from studbook.queries.incident import incident
from studbook.queries.pedigree import pedigree
from studbook.queries.runs import rows_at, rows_of_version, runs
from studbook.queries.scores import scores
from studbook.queries.trace import trace

Facts = dict[str, dict[str, Any]]


def night(text: str, facts: Facts | None = None, *gaps: tuple[str, str, str]) -> Night:
    """A night; `gaps` are region, operation and code of what was denied or failed."""
    regions = {region for region, _, _ in gaps} | {"us-west-2"}
    coverage = [
        Coverage(
            account=ACCOUNT,
            region=region,
            source="sagemaker",
            status="partial" if any(gap[0] == region for gap in gaps) else "complete",
            records=1,
            requests=1,
            gaps=tuple(
                Gap(operation=operation, code=code, message="") for where, operation, code in gaps if where == region
            ),
        )
        for region in sorted(regions)
    ]
    return Night(lineage(text, facts), tuple(coverage))


WAYS = """
    data(dataset_version) -input_to:train~-> job(training_job) -produced-> bot/1(model_package)
    data -content_of-> registered(dataset_version) -input_to:train-> job
    job -part_of-> search(tuning_job)
    bot/1 -packaged_as-> m(model) -deployed_to:blue-> c(endpoint_config) -deployed_to-> live(endpoint)
"""


class TestTraceAndImpact:
    def test_of_several_ways_the_best_is_the_one_whose_weakest_edge_is_strongest(self) -> None:
        """Data that a job read by registration is sure, though a shorter way is only inferred."""
        rows = {row.asset: row for row in trace(night(WAYS), "bot/1").rows}
        assert (rows["data"].certainty, rows["data"].via, rows["data"].distance) == ("referenced", "registered", 2)
        assert rows["job"].distance == 1
        assert "bot/1" not in rows

    def test_context_leads_on_to_nothing_but_what_it_is_part_of(self) -> None:
        """The search that a job is part of is a row; its other jobs are not."""
        text = WAYS + "\nother(training_job) -part_of-> search"
        rows = {row.asset: row for row in trace(night(text), "bot/1").rows}
        assert rows["search"].via == "job"
        assert "other" not in rows

    def test_impact_is_a_flat_list_with_stage_and_account(self) -> None:
        """What a dataset reaches, nearest first."""
        answer = impact(night(WAYS, {"live": {"stage": "production"}}), "data")
        assert [row.asset for row in answer.rows][-1] == "live"
        assert (answer.rows[-1].kind, answer.rows[-1].stage, answer.rows[-1].account) == (
            "endpoint",
            "production",
            ACCOUNT,
        )
        assert answer.total == len(answer.walk.assets) - 1
        assert answer.summary.startswith("7 assets depend on data: 1 endpoint (1 in production), 1 model version, ")

    def test_what_is_stale_or_only_named_is_unknown_and_so_is_every_gap(self) -> None:
        """There may be more behind it; what is gone can bring nothing new."""
        facts: Facts = {"job": {"stale_since": 2}, "data": {"attributes": {"unresolved": True}}, "m": {"gone_since": 2}}
        answer = trace(night(WAYS, facts, ("eu-west-1", "ListTrainingJobs", "AccessDeniedException")), "live")
        assert [(one.why, one.what) for one in answer.unknown] == [
            ("denied", "ListTrainingJobs"),
            ("stale", "job"),
            ("unresolved", "data"),
        ]

    @pytest.mark.parametrize("read", [True, False])
    def test_what_a_manifest_lists_is_unknown_where_nobody_read_it(self, read: bool) -> None:
        """More may have made the version than its trace has; what is made of another thing hides nothing of it."""
        text = """
            list(artifact) -input_to:train-> t(training_job) -produced-> v(model_package)
            raw(artifact) -input_to:raw-> p(processing_job)
        """
        asked = night(text, {"list": {"attributes": {"manifest": "ManifestFile", "expanded": read}}})
        hidden = () if read else (Unknown(what="list", why="not recorded", asset="list"),)
        assert trace(asked, "v").unknown == trace(asked, "t").unknown == hidden
        assert trace(asked, "p").unknown == trace(asked, "list").unknown == ()

    def test_nothing_and_nothing_unknown_is_a_proof_of_absence(self) -> None:
        """And the summary says so."""
        answer = impact(night(WAYS), "live")
        assert (answer.rows, answer.unknown, answer.summary) == ((), (), "Nothing that was seen depends on live.")


SERVED = """
    dev/1(model_package) -copied_to-> prod/1(model_package) -packaged_as-> m(model)
    m -deployed_to:blue-> c(endpoint_config) -deployed_to-> live(endpoint)
    dev/1 -copied_to-> eu/1(model_package)
    dev/1 -input_to:source_model-> tune(training_job) -produced-> dev/2(model_package) -packaged_as-> n(model)
    n -deployed_to:green-> c
"""


class TestRuns:
    def test_an_ancestor_of_what_runs_does_not_run(self) -> None:
        """Training from a version does not make it run."""
        text = """
            first/1(model_package) -input_to:source_model-> t(training_job) -produced-> tuned/1(model_package)
            tuned/1 -packaged_as-> m(model) -deployed_to:blue-> c(endpoint_config) -deployed_to-> bot(endpoint)
        """
        answer = runs(night(text), "first/1")
        assert (answer.rows, answer.unknown, answer.summary) == ((), (), "first/1 runs nowhere.")
        (row,) = runs(night(text), "tuned/1").rows
        assert row.to_json() == {
            "endpoint": "bot",
            "unit": "m",
            "version": "tuned/1",
            "base": None,
            "variant": "blue",
            "shadow": False,
            "certainty": "referenced",
            "candidate": False,
            "via": "c",
        }

    def test_an_endpoint_without_service_runs_nothing(self) -> None:
        """What is deployed where nothing can be invoked is told so, and production has it not; the rows stay."""
        text = """
            bot/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> down(endpoint)
            cat/1(model_package) -packaged_as-> n(model) -deployed_to-> d(endpoint_config) -deployed_to-> off(endpoint)
            d -deployed_to-> up(endpoint)
        """
        places = {"down": "Failed", "off": "OutOfService", "up": "InService"}
        asked = night(text, {name: {"status": now, "stage": "production"} for name, now in places.items()})
        assert [runs(asked, one).summary for one in ("bot/1", "down", "cat/1", ACCOUNT)] == [
            "bot/1 is deployed at 1 endpoint without service (Failed).",
            "down is Failed and takes no requests; deployed there is bot/1.",
            "cat/1 runs at 1 endpoint (1 in production) and is deployed at 1 endpoint without service (OutOfService).",
            f"2 model versions at 3 endpoints of {ACCOUNT}, "
            "among them 2 endpoints without service (Failed, OutOfService).",
        ]
        assert [row.endpoint for row in runs(asked, "bot/1").rows] == ["down"]
        version = asked.asset("cat/1")
        assert [row.endpoint for row in rows_of_version(asked.lineage, version)] == ["up"]
        assert list(rows_at(asked.lineage, asked.asset("off"))) == []

    @pytest.mark.parametrize("status", ["Creating", "Deleting"])
    def test_what_is_being_made_or_taken_away_answers_nobody(self, status: str) -> None:
        """A component that is not there yet, or not any more, is none of what its endpoint runs."""
        text = """
            bot/1(model_package) -packaged_as-> m(model) -deployed_to-> part(inference_component)
            part -deployed_to-> up(endpoint)
            cat/1(model_package) -packaged_as-> n(model) -deployed_to-> c(endpoint_config) -deployed_to-> soon(endpoint)
        """
        asked = night(text, {"part": {"status": status}, "soon": {"status": status}, "up": {"status": "InService"}})
        assert [runs(asked, one).summary for one in ("bot/1", "up", "cat/1", "soon")] == [
            "bot/1 runs nowhere.",
            "up runs nothing that is known.",
            f"cat/1 is deployed at 1 endpoint without service ({status}).",
            f"soon is {status} and takes no requests; deployed there is cat/1.",
        ]

    @pytest.mark.parametrize(
        ("facts", "hidden"),
        [
            ({"status": "Updating", "attributes": {"config": "c", "pending": {"config": "d"}}}, True),
            ({"status": "UpdateRollbackFailed", "attributes": {"config": "c"}}, True),
            ({"status": "Updating", "attributes": {"pending": "arn:aws:bedrock:us-west-2:1:custom-model/x"}}, True),
            ({"status": "SystemUpdating", "attributes": {"config": "c", "pending": {"config": "c"}}}, False),
            ({"status": "RollingBack", "attributes": {"config": "c"}}, False),
            ({"status": "InService", "attributes": {"config": "c"}}, False),
        ],
    )
    def test_what_a_deployment_brings_may_answer_before_it_is_done(self, facts: dict[str, Any], hidden: bool) -> None:
        """While configurations change, and where a roll-out and its rollback failed, of no version is it sure that it
        answers nothing there."""
        text = """
            bot/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)
            bot/2(model_package) -packaged_as-> n(model) -deployed_to-> d(endpoint_config)
        """
        asked = night(text, {"bot": facts})
        told = [(one.asset, one.why) for one in runs(asked, "bot/2").unknown]
        assert told == ([("bot", "not recorded")] if hidden else [])
        assert [(one.asset, one.why) for one in runs(asked, "bot").unknown] == told
        assert [row.version for row in runs(asked, "bot").rows] == ["bot/1"]

    def test_the_endpoints_of_copies_count_and_those_of_siblings_do_not(self) -> None:
        """The version is then the copy's id."""
        assert [(row.endpoint, row.version) for row in runs(night(SERVED), "dev/1").rows] == [("live", "prod/1")]
        assert [row.version for row in runs(night(SERVED), "prod/1").rows] == ["prod/1"]
        assert runs(night(SERVED), "eu/1").rows == ()

    def test_what_answers_at_an_endpoint_and_in_an_account(self) -> None:
        """Each variant with its version."""
        rows = [(row.variant, row.version) for row in runs(night(SERVED), "live").rows]
        assert rows == [("blue", "prod/1"), ("green", "dev/2")]
        assert [(row.variant, row.version) for row in runs(night(SERVED), ACCOUNT).rows] == rows
        with pytest.raises(NotFound):
            runs(night(SERVED), "999999999999")

    def test_a_gone_component_answers_no_more(self) -> None:
        """Nor does anything at an endpoint that is gone."""
        text = """
            old(model_package) -deployed_to-> was(inference_component) -deployed_to:all-> bot(endpoint)
            new(model_package) -deployed_to-> now(inference_component) -deployed_to:all-> bot
        """
        facts: Facts = {"was": {"gone_since": 3}}
        assert runs(night(text, facts), "old").rows == ()
        assert [(row.version, row.via, row.variant) for row in runs(night(text, facts), "bot").rows] == [
            ("new", "now", "all")
        ]
        assert [row.version for row in runs(night(text, facts), "now").rows] == ["new"]
        assert runs(night(text, facts), "was").summary == "was is gone since snapshot 3 and answers no more."
        assert runs(night(text, {"bot": {"gone_since": 3}}), "new").rows == ()

    def test_a_variant_without_weight_gets_no_share(self) -> None:
        """It runs, for whoever names it in the request: the sentence says so, of the endpoint and of the version."""
        text = """
            p/1(model_package) -packaged_as-> m(model) -deployed_to:blue-> c(endpoint_config) -deployed_to-> e(endpoint)
            p/2(model_package) -packaged_as-> n(model) -deployed_to:green-> c
        """
        shares = [{"name": "blue", "weight": 1.0}, {"name": "green", "weight": 0.0}]
        seen = night(text, {"e": {"attributes": {"variants": shares}}})
        assert runs(seen, "e").summary == "e runs p/1 and p/2 without a share of the requests."
        assert runs(seen, "p/1").summary == "p/1 runs at 1 endpoint (1 in production)."
        assert runs(seen, "p/2").summary == "p/2 runs without a share of the requests at 1 endpoint (1 in production)."

    def test_nor_does_it_behind_a_router(self) -> None:
        """The router asks the endpoint, which shares the requests by its own weights; components have none."""
        text = """
            p/1(model_package) -packaged_as-> m(model) -deployed_to:blue-> c(endpoint_config) -deployed_to-> e(endpoint)
            p/2(model_package) -packaged_as-> n(model) -deployed_to:green-> c
            e -deployed_to:target-> front(endpoint)
            p/3(model_package) -deployed_to-> part(inference_component) -deployed_to:green-> f(endpoint)
            f -deployed_to:target-> front
        """
        shares = [{"name": "blue", "weight": 1.0}, {"name": "green", "weight": 0.0}]
        seen = night(text, {one: {"attributes": {"variants": shares}} for one in "ef"})
        assert runs(seen, "front").summary == "front runs p/1, p/2 without a share of the requests and p/3."

    def test_a_failed_component_answers_nobody(self) -> None:
        """Though its endpoint is in service; asked of it, what is deployed there is told."""
        text = """
            old(model_package) -deployed_to-> was(inference_component) -deployed_to:all-> bot(endpoint)
            new(model_package) -deployed_to-> now(inference_component) -deployed_to:all-> bot
        """
        facts: Facts = {"was": {"status": "Failed"}}
        assert [row.version for row in runs(night(text, facts), "bot").rows] == ["new"]
        assert runs(night(text, facts), "old").rows == ()
        assert runs(night(text, facts), "was").summary == "was is Failed and takes no requests; deployed there is old."

    def test_what_carries_weights_for_adapters_is_a_row_with_its_base(self) -> None:
        """The version is the adapter's; the base model is no version that runs by itself."""
        text = """
            llama/1(base_model_version) -packaged_as-> base(model) -deployed_to-> whole(inference_component)
            whole -deployed_to:all-> bot(endpoint)
            p/1(model_package) -deployed_to-> adapter(inference_component) -deployed_to:all-> bot
            adapter -part_of-> whole
        """
        rows = [(row.unit, row.version, row.base) for row in runs(night(text), "bot").rows]
        assert rows == [("p/1", "p/1", None), ("base", None, "llama/1")]
        assert [(row.endpoint, row.version) for row in runs(night(text), "p/1").rows] == [("bot", "p/1")]
        assert [(row.endpoint, row.base) for row in runs(night(text), "whole").rows] == [("bot", "llama/1")]

    def test_every_version_that_may_be_behind_a_model_is_a_candidate(self) -> None:
        """A prefix that many archives lie under runs any of them."""
        text = """
            p/1(model_package) -packaged_as~?-> many(model) -deployed_to:all-> c(endpoint_config)
            p/2(model_package) -packaged_as~?-> many
            c -deployed_to-> e(endpoint)
        """
        rows = runs(night(text), "e").rows
        assert [(row.version, row.certainty, row.candidate) for row in rows] == [
            ("p/1", "inferred", True),
            ("p/2", "inferred", True),
        ]
        assert runs(night(text), "p/1").summary == "p/1 may run at 1 endpoint (1 in production)."
        assert runs(night(text), ACCOUNT).summary == (
            f"no model versions, and perhaps 2 more, at 1 endpoint of {ACCOUNT}."
        )

    def test_nowhere_is_said_where_nothing_is_unknown(self) -> None:
        """Behind a gap it runs nowhere that is known."""
        denied = ("eu-west-1", "ListEndpoints", "AccessDeniedException")
        assert runs(night(SERVED, None, denied), "eu/1").summary == "eu/1 runs nowhere that is known."
        assert runs(night(SERVED), "eu/1").summary == "eu/1 runs nowhere."

    def test_a_shadow_is_said_to_be_one(self) -> None:
        """It gets copies of the requests and answers nobody."""
        facts: Facts = {"c": {"attributes": {"variants": [{"name": "blue"}, {"name": "green", "shadow": True}]}}}
        answer = runs(night(SERVED, facts), "dev/2")
        assert [row.shadow for row in answer.rows] == [True]
        assert answer.summary == "dev/2 runs in shadow at 1 endpoint."

    def test_a_pedigree_says_where_its_root_surely_answers(self) -> None:
        """A bill of materials does not say that what listens in shadow, or was deployed as another version, runs."""
        shadow: Facts = {"c": {"attributes": {"variants": [{"name": "blue"}, {"name": "green", "shadow": True}]}}}
        found = {root: pedigree(lineage(SERVED, shadow), root).runs_at for root in ("dev/1", "prod/1", "dev/2", "eu/1")}
        assert found == {"dev/1": ("live",), "prod/1": ("live",), "dev/2": (), "eu/1": ()}
        other = (
            "first(model_package) -packaged_as-> m(model) -packaged_as-> p(model_package) -deployed_to-> e(endpoint)"
        )
        assert pedigree(lineage(other), "first").runs_at == ()

    def test_a_version_deployed_past_the_registry(self) -> None:
        """A model made from the artifact of a version runs that version, and of two with one artifact either."""
        text = """
            a(artifact) -packaged_as-> p/1(model_package)
            a -packaged_as-> m(model) -deployed_to:all-> c(endpoint_config) -deployed_to-> e(endpoint)
        """
        (row,) = runs(night(text), "p/1").rows
        assert (row.endpoint, row.unit, row.candidate) == ("e", "m", False)
        text += "\n a -packaged_as-> p/2(model_package)"
        assert [(row.version, row.candidate) for row in runs(night(text), "e").rows] == [("p/1", True), ("p/2", True)]

    def test_a_denied_region_is_unknown(self) -> None:
        """Nowhere, as far as anybody could see; what tells of no deployment is no gap of this answer."""
        text = "p/1(model_package) -copied_to-> p/2(model_package)"
        found = night(
            text, None, ("eu-west-1", "ListEndpoints", "AccessDenied"), ("us-west-2", "ListTrainingJobs", "SlowDown")
        )
        assert runs(found, "p/1").unknown == (
            Unknown(what="ListEndpoints", why="denied", partition=f"{ACCOUNT}/eu-west-1/sagemaker"),
        )

    @pytest.mark.parametrize(
        ("hidden", "facts", "why"),
        [
            (
                "c(endpoint_config) -deployed_to-> e(endpoint)",
                {"c": {"attributes": {"unresolved": True}}},
                "unresolved",
            ),
            (
                "m(model) -deployed_to:all-> c(endpoint_config) -deployed_to-> e(endpoint)",
                {"m": {"attributes": {"unresolved": True}}},
                "unresolved",
            ),
            ("e(endpoint) -associated-> x(context)", {}, "not recorded"),
            ("p/9(model_package) -deployed_to-> e(endpoint)", {"e": {"stale_since": 2}}, "stale"),
            ("c(endpoint_config) -deployed_to-> e(endpoint)", {"c": {"gone_since": 2}}, None),
        ],
    )
    def test_an_endpoint_whose_content_cannot_be_known_is_unknown_of_every_version(
        self, hidden: str, facts: Facts, why: str | None
    ) -> None:
        """It may run any of them, and so depend on each; a known configuration without a model leaves it to components,
        and there are none."""
        found = night(f"p/1(model_package) -copied_to-> p/2(model_package)\n{hidden}", facts)
        for version in ("p/1", "p/2"):
            for answer in (runs(found, version), impact(found, version), incident(found, version)):
                assert answer.unknown == ((Unknown(what="e", why=why, asset="e"),) if why else ())

    def test_of_what_does_not_run_is_an_error_with_a_way_out(self) -> None:
        """A job makes a version, and does not run as one."""
        with pytest.raises(UsageError, match="does not run by itself"):
            runs(night(WAYS), "job")


class TestCopies:
    TREE = """
        bot(model_package_group) -has_version-> dev/1(model_package) -copied_to-> staging/7(model_package)
        bot -has_version-> dev/2(model_package)
        dev/1 -copied_to~-> prod/3(model_package) -copied_to-> eu/3(model_package)
        s3://b/w(artifact) -packaged_as-> dev/1
        s3://b/w -packaged_as-> twin(model_package)
    """
    FACTS: ClassVar[Facts] = {
        "dev/1": {"created_at": "2026-11-01T10:00:00Z", "account": "222222222222"},
        "staging/7": {"created_at": "2026-11-03T10:00:00Z", "account": "333333333333"},
        "prod/3": {"created_at": "2026-11-02T10:00:00Z", "account": "444444444444"},
        "eu/3": {"created_at": "2026-11-04T10:00:00Z", "account": "444444444444"},
    }

    @pytest.mark.parametrize("asked", ["dev/1", "staging/7", "eu/3", "bot"])
    def test_a_copy_tree_is_no_chain_whichever_copy_is_asked(self, asked: str) -> None:
        """Each row is an edge that somebody recorded; what has the same artifact alone is no copy."""
        answer = copies(night(self.TREE, self.FACTS), asked)
        assert [(row.from_, row.to, row.certainty, row.at) for row in answer.rows] == [
            ("dev/1", "prod/3", "inferred", "2026-11-02T10:00:00Z"),
            ("dev/1", "staging/7", "referenced", "2026-11-03T10:00:00Z"),
            ("prod/3", "eu/3", "referenced", "2026-11-04T10:00:00Z"),
        ]
        assert answer.rows[0].to_json().keys() == {"from", "to", "certainty", "candidate", "at"}
        assert answer.summary == ("bot" if asked == "bot" else "dev/1") + " has 3 copies in 2 accounts."

    def test_without_copies(self) -> None:
        """An empty answer of a version that is its own original."""
        assert copies(night(self.TREE), "dev/2").summary == "dev/2 has no copies."
        denied = ("eu-west-1", "ListModelPackages", "AccessDeniedException")
        assert copies(night(self.TREE, None, denied), "dev/2").summary == "dev/2 has no copy that is known."


JUDGED = """
    dev/1(model_package) -copied_to-> prod/1(model_package)
    dev/1 -input_to:evaluated_model-> exam(evaluation_job)
    prod/1 -input_to:evaluated_model-> again(evaluation_job)
    code:7(evaluator_version) -input_to:evaluator-> exam
    code:7 -content_of-> judge/1(evaluator_version) -input_to:evaluator-> exam
    code:7 -input_to:evaluator-> again
    set@1(dataset_version) -input_to:dataset-> exam
    again -recorded_in-> run(mlflow_run)
"""
SCORED: Facts = {
    "exam": {"attributes": {"metrics": {"f1": 0.5, "loss": 1.5}, "ended_at": "2026-11-03T10:00:00Z"}},
    "run": {"attributes": {"metrics": {"f1": 0.75}}},
    "again": {"attributes": {"started_at": "2026-11-04T10:00:00Z"}},
}


class TestScores:
    def test_one_row_for_each_job_judged_version_evaluator_data_and_metric(self) -> None:
        """Of all copies; the registered evaluator where the job names it, else Lambda's."""
        rows = scores(night(JUDGED, SCORED), "prod/1").rows
        assert [(row.job, row.judged, row.evaluator, row.data, row.metric, row.value, row.at) for row in rows] == [
            ("exam", "dev/1", "judge/1", "set@1", "f1", 0.5, "2026-11-03T10:00:00Z"),
            ("exam", "dev/1", "judge/1", "set@1", "loss", 1.5, "2026-11-03T10:00:00Z"),
            ("again", "prod/1", "code:7", None, "f1", 0.75, "2026-11-04T10:00:00Z"),
        ]
        assert all(row.evidence for row in rows)

    @pytest.mark.parametrize(
        ("asked", "jobs"), [("code:7", {"exam", "again"}), ("judge/1", {"exam"}), ("set@1", {"exam"})]
    )
    def test_what_a_judge_or_data_judged(self, asked: str, jobs: set[str]) -> None:
        """A Lambda's are those of its registrations, too."""
        assert {row.job for row in scores(night(JUDGED, SCORED), asked).rows} == jobs

    def test_an_evaluation_without_scores_is_unknown(self) -> None:
        """It happened, and nobody recorded what came of it."""
        answer = scores(night(JUDGED), "dev/1")
        assert [(one.what, one.why) for one in answer.unknown] == [("again", "not recorded"), ("exam", "not recorded")]
        assert answer.rows == ()

    @pytest.mark.parametrize("status", ["Failed", "Stopped"])
    def test_an_evaluation_that_came_to_no_end_found_nothing(self, status: str) -> None:
        """What it had counted by then is no score of the model; nor is anything of it unknown."""
        answer = scores(night(JUDGED, SCORED | {"exam": {**SCORED["exam"], "status": status}}), "dev/1")
        assert ({row.job for row in answer.rows}, answer.unknown) == ({"again"}, ())

    def test_trap_what_judged_a_part_of_a_version_did_not_judge_the_version(self) -> None:
        """The base of an adapter, alone or under another adapter; a model that holds all of it is the version."""
        text = """
            base(artifact) -packaged_as-> bot/1(model_package)
            mine(artifact) -packaged_as-> bot/1 -packaged_as-> whole(model)
            base -packaged_as-> other(model)
            base -input_to:evaluated_model-> of_base(evaluation_job)
            other -input_to:evaluated_model-> of_other(evaluation_job)
            whole -input_to:evaluated_model-> of_whole(evaluation_job)
        """
        jobs = {one: {"attributes": {"metrics": {"f1": 0.5}}} for one in ("of_base", "of_other", "of_whole")}
        assert [row.job for row in scores(night(text, jobs), "bot/1").rows] == ["of_whole"]

    def test_a_job_that_learned_from_an_evaluator_is_no_evaluation(self) -> None:
        """A reward is no score."""
        text = """
            judge/1(evaluator_version) -input_to:evaluator-> tune(training_job) -produced-> bot/1(model_package)
        """
        assert scores(night(text, {"tune": {"attributes": {"metrics": {"reward": 1}}}}), "judge/1").rows == ()


def test_every_question_says_itself_as_canonical_json(tmp_path: Any) -> None:
    """Whatever is in the names of strangers."""
    from tests.pedigrees import commit

    from studbook.model import canonical
    from studbook.queries import QUESTIONS
    from studbook.store import Catalog

    graph: Graph = lineage(SERVED)
    envelope = commit(Catalog(tmp_path), graph)
    for name in ("trace", "impact", "runs", "copies", "scores"):
        answer = QUESTIONS[name].ask(Night(graph), "dev/1")
        assert answer.question == name
        assert canonical(answer.to_json(envelope))
