"""What cannot be known of a model version's origins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pedigrees import ACCOUNT, REGION, lineage

from studbook.errors import NotFound, UsageError
from studbook.model import Coverage, Gap
from studbook.queries.answer import Night
from studbook.queries.gaps import gaps

WHOLE = """
    t(training_job)
    d(dataset) -has_version-> d/1(dataset_version) -input_to:train-> t
    git(code) -input_to:code-> t
    img(container_image) -input_to:image-> t
    t -produced-> v(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> e(endpoint)
    v -input_to:evaluated_model-> x(evaluation_job)
"""
TUNED = """
    d/1(dataset_version) -input_to:train-> t(training_job) -produced-> v(model_package)
    llama(base_model_version) -input_to:base_model-> t
    img(container_image) -packaged_as:image-> v
    v -input_to:evaluated_model-> x(evaluation_job)
"""
SERVERLESS = {"t": {"attributes": {"job_type": "FineTuning"}}}


def without(text: str, *ids: str) -> str:
    """The pedigree without the lines that begin with these ids."""
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith(ids))


def told(
    text: str, root: str, facts: Mapping[str, Mapping[str, Any]] | None = None, coverage: Sequence[Coverage] = ()
) -> set[tuple[str, str, str | None]]:
    answer = gaps(Night(lineage(text, facts), tuple(coverage)), root)
    return {(row.what, row.why, row.asset) for row in answer.rows}


class TestNothingLacks:
    @pytest.mark.parametrize("root", ["v", "e"])
    def test_a_certificate(self, root: str) -> None:
        """Data, code, image and judgement are recorded: no row, and nothing unknown."""
        answer = gaps(Night(lineage(WHOLE)), root)
        assert (answer.rows, answer.unknown) == ((), ())
        assert answer.summary == f"All origins of {root} are known."

    def test_of_what_aws_tunes(self) -> None:
        """It has no code of its own, and that is no gap."""
        assert told(TUNED, "v", SERVERLESS) == set()


class TestNotRecorded:
    @pytest.mark.parametrize(
        ("line", "what", "of"), [("git", "code", "t"), ("img", "image", "v"), ("v -input_to", "judgement", "v")]
    )
    def test_of_a_classic_job(self, line: str, what: str, of: str) -> None:
        """Each that is missing is a row, of the version and of the endpoint that runs it."""
        text = without(WHOLE, line)
        assert told(text, "v") == told(text, "e") == {(what, "not recorded", of)}

    def test_a_job_without_data(self) -> None:
        """What it learned from is in no record."""
        assert told(without(WHOLE, "d("), "v") == {("data", "not recorded", "t")}

    def test_what_tunes_something_has_a_base(self) -> None:
        """No base model is a gap of a job that tunes, and of no other."""
        assert told(without(TUNED, "llama"), "v", SERVERLESS) == {("base_model", "not recorded", "t")}

    @pytest.mark.parametrize(("problem", "lacks"), [("TextGeneration", {"base_model"}), ("Tabular", set())])
    def test_what_automl_tunes_begins_with_a_base_model(self, problem, lacks):
        """It names one by a name of its own, which is nobody's id; what it makes of tables begins with nothing."""
        text = """
            rows/1(dataset_version) -input_to:training-> t(automl_job) -produced:model-> weights(artifact)
            image(container_image) -packaged_as:image-> v(model_package)
            weights -packaged_as-> v
        """
        found = told(text, "v", {"t": {"attributes": {"problem": problem, "base_model": "Falcon7BInstruct"}}})
        assert {what for what, *_ in found} == {"judgement"} | lacks

    @pytest.mark.parametrize(("problem", "lacks"), [("TextGeneration", {"base_model"}), ("Tabular", set())])
    def test_what_trains_a_candidate_of_automl_runs_the_services_code(self, problem, lacks):
        """The search's own job and the training job both name the weights: what lacks is the same."""
        text = """
            rows/1(dataset_version) -input_to:training-> fit(training_job) -produced:model-> weights(artifact)
            fit -part_of-> t(automl_job) -produced:model-> weights
            image(container_image) -packaged_as:image-> v(model_package)
            weights -packaged_as-> v
        """
        found = told(text, "v", {"t": {"attributes": {"problem": problem}}})
        assert {(what, asset) for what, _, asset in found} == {("judgement", "v")} | {(one, "fit") for one in lacks}

    def test_a_failed_evaluation_is_no_judgement(self) -> None:
        """Nothing came of it."""
        assert told(WHOLE, "v", {"x": {"status": "Failed"}}) == {("judgement", "not recorded", "v")}

    def test_the_judgement_of_a_part_is_none(self) -> None:
        """The base under an adapter was judged, not the version; the jobs behind both are what made it."""
        text = (
            WHOLE.replace("v -input_to", "base -input_to")
            + """
            t -produced-> base(artifact) -packaged_as-> v
            adapter(artifact) -packaged_as-> v
        """
        )
        assert told(text, "v") == {("judgement", "not recorded", "v")}

    def test_the_judgement_of_the_original_counts(self) -> None:
        """A copy has the weights that were judged."""
        assert told(WHOLE + "\n v -copied_to-> w(model_package)", "w") == set()

    @pytest.mark.parametrize(
        ("at", "makers"), [("2026-11-03T10:00:00Z", {"t", "again"}), ("2026-11-02T09:00:00Z", {"t"})]
    )
    def test_who_wrote_the_weights_once_more_is_no_maker(self, at: str, makers: set[str]) -> None:
        """Each night's job writes the same place: what was registered before one was made lacks nothing of it."""
        text = """
            t(training_job) -produced:model-> latest(artifact) -packaged_as-> v(model_package)
            again(training_job) -produced:model-> latest
        """
        facts = {"t": {"created_at": "2026-11-01T10:00:00Z"}, "v": {"created_at": at}}
        found = {asset for what, _, asset in told(text, "v", facts) if what == "code"}
        assert found == makers

    def test_a_version_of_which_no_job_is_known(self) -> None:
        """Neither its code nor its data can be known."""
        found = told("v(model_package)", "v")
        assert {what for what, _, _ in found} == {"code", "data", "image", "judgement"}

    @pytest.mark.parametrize("root", ["bot/1", "bot/2", "v"])
    @pytest.mark.parametrize(
        ("line", "lacks"),
        [
            ("", set()),
            ("d/1(dataset_version) -input_to:training-> r", {"data"}),
            ("git(code) -input_to:code-> r", {"code"}),
        ],
    )
    def test_what_a_run_of_mlflow_logged_is_recorded(self, line: str, lacks: set[str], root: str) -> None:
        """It was trained outside AWS: its run names the data and the code, of its copies and its packages, too."""
        text = """
            r(mlflow_run) -produced-> m-1(mlflow_logged_model) -registered_as-> bot/1(mlflow_model_version)
            d/1(dataset_version) -input_to:training-> r
            git(code) -input_to:code-> r
            bot/1 -registered_as-> bot/2(mlflow_model_version) -registered_as-> v(model_package)
            m-1 -input_to:evaluated_model-> judge(mlflow_run)
            other(dataset_version) -input_to:eval-> judge
        """.replace(line or "no line", "")
        found = {what for what, _, _ in told(text, root)}
        assert found & {"code", "data"} == lacks

    @pytest.mark.parametrize(("code", "why"), [("AccessDeniedException", "denied"), ("InternalServerError", "failed")])
    def test_what_an_unseen_job_may_have_recorded_is_not_said_to_be_unrecorded(self, code: str, why: str) -> None:
        """Jobs were not listed: one may have made the version, or judged it. A seen job lacks what it lacks."""
        row = Coverage(
            account=ACCOUNT,
            region=REGION,
            source="sagemaker",
            status="partial",
            records=0,
            requests=1,
            gaps=(Gap(operation="ListTrainingJobs", code=code, message=""),),
        )
        answer = gaps(Night(lineage("v(model_package)"), (row,)), "v")
        assert {one.why for one in answer.rows} == {why}
        assert {one.partition for one in answer.rows} == {f"{ACCOUNT}/{REGION}/sagemaker"}
        assert answer.summary == (
            "Of v 4 things cannot be known: no code is known, no data is known, no image is known, "
            "no judgement is known."
        )
        assert told(without(WHOLE, "git"), "v", coverage=[row]) == {("code", "not recorded", "t")}
        models = replace(row, gaps=(Gap(operation="ListModels", code=code, message=""),))
        assert {one for _, one, _ in told("v(model_package)", "v", coverage=[models])} == {"not recorded"}

    def test_an_endpoint_of_which_nothing_is_known(self) -> None:
        """What answers there is the first thing that lacks."""
        assert told("e(endpoint)", "e") == {("e", "not recorded", "e")}

    def test_data_that_nobody_listed(self) -> None:
        """A place in S3 that no dataset covers, and that no job wrote: what lay there cannot be known."""
        place = "s3://b/raw/"
        text = WHOLE + f"\n {place}(artifact) -input_to:more-> t"
        assert told(text, "v") == {(place, "not recorded", place)}
        assert told(text + f"\n p(processing_job) -produced-> {place}\n git -input_to:code-> p", "v") == set()

    def test_what_others_read_is_no_gap_of_its_own(self) -> None:
        """A job read the same dataset when nobody had listed it: of the job that read a known state nothing lacks."""
        text = WHOLE + "\n d -input_to:train-> before(training_job) -produced-> old(model_package)"
        assert told(text, "v") == set()
        assert ("d", "not recorded", "d") in told(text, "old")

    @pytest.mark.parametrize("place", ["fsx:fs-1/data", "efs:fs-1/data", "mlflow:lab/dataset/chats/1a"])
    def test_data_that_is_not_in_s3(self, place: str) -> None:
        """Nothing lists it."""
        text = WHOLE + f"\n {place}(artifact) -input_to:more-> t"
        assert told(text, "v") == {(place, "not S3", place)}


class TestNamed:
    def test_gone_and_unresolved(self) -> None:
        """A tombstone, and what no night showed."""
        facts = {"git": {"gone_since": 2}, "d/1": {"attributes": {"unresolved": True}}}
        assert told(WHOLE, "v", facts) == {("git", "gone", "git"), ("d/1", "unresolved", "d/1")}

    @pytest.mark.parametrize("facts", [{"stale_since": 2}, {"attributes": {"unresolved": True}}])
    @pytest.mark.parametrize(("code", "why"), [("AccessDeniedException", "denied"), ("InternalServerError", "failed")])
    def test_its_partition_says_why(self, facts: dict[str, Any], code: str, why: str) -> None:
        """Denied goes before unresolved, and before what is shown from before."""
        gap = Gap(operation="ListTrainingJobs", code=code, message="")
        row = Coverage(
            account=ACCOUNT, region=REGION, source="sagemaker", status="partial", records=0, requests=1, gaps=(gap,)
        )
        answer = gaps(Night(lineage(WHOLE, {"t": facts}), (row,)), "v")
        assert [(one.what, one.why, one.partition) for one in answer.rows] == [
            ("t", why, f"{ACCOUNT}/{REGION}/sagemaker")
        ]

    def test_an_unresolved_job_is_one_gap(self) -> None:
        """That its code and data are not recorded either follows from it."""
        text = "t(training_job) -produced-> v(model_package)\n img(container_image) -packaged_as:image-> v"
        found = told(text, "v", {"t": {"attributes": {"unresolved": True}}})
        assert found == {("t", "unresolved", "t"), ("judgement", "not recorded", "v")}

    def test_context_is_no_origin(self) -> None:
        """A pipeline that is gone made no weights."""
        text = WHOLE + "\n t -part_of-> p(pipeline_execution)"
        assert told(text, "v", {"p": {"gone_since": 2}}) == set()


def test_it_is_asked_of_versions_and_endpoints() -> None:
    """Anything else is a slip, and so is what is not there."""
    with pytest.raises(UsageError):
        gaps(Night(lineage(WHOLE)), "t")
    with pytest.raises(NotFound):
        gaps(Night(lineage(WHOLE)), "nothing")


@given(st.sets(st.sampled_from(["d", "d/1", "t", "git", "img", "v", "m", "c", "x"])))
def test_an_endpoint_lacks_what_its_version_lacks(gone: set[str]) -> None:
    """And what lies between the two, and no more; what was made of a version is no origin of it."""
    facts = {one: {"gone_since": 2} for one in gone}
    of_version, of_endpoint = ({what for what, _, _ in told(WHOLE, root, facts)} for root in ("v", "e"))
    assert of_version == gone & {"d", "d/1", "t", "git", "img"}
    assert of_endpoint == of_version | gone & {"v", "m", "c"}
