"""One vocabulary of job states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fact_records import Estate, asset, job

from studbook.lineage.job_state import job_state, may_have_result, start_of


def test_a_start_that_is_no_time_is_none():
    """A job is then told by when it was made, and no join fails of it."""
    for odd in (["x"], {}, 7, ""):
        assert start_of("2026-11-01T10:00:00Z", {"started_at": odd}) == "2026-11-01T10:00:00Z"


class TestStates:
    @pytest.mark.parametrize(
        ("status", "state"),
        [
            ("InProgress", "running"),
            ("INPROGRESS", "running"),
            ("Executing", "running"),
            ("Completed", "completed"),
            ("COMPLETED", "completed"),
            ("Succeeded", "completed"),
            ("FINISHED", "completed"),
            ("CompletedWithFailures", "failed"),
            ("KILLED", "stopped"),
            ("Stopping", "stopping"),
            ("SomethingNew", None),
            (None, None),
        ],
    )
    def test_of_each_apis_words(self, status, state):
        """SageMaker writes them in two cases, pipelines, Bedrock and MLflow in other words."""
        assert job_state(job(status=status)) == state

    @pytest.mark.parametrize(
        ("status", "may"),
        [
            ("Completed", True),
            ("InProgress", True),
            (None, True),
            ("Failed", False),
            ("FAILED", False),
            ("KILLED", False),
            ("Aborted", False),
            ("STOPPING", False),
            ("CompletedWithFailures", True),
            ("Deleting", True),
        ],
    )
    def test_which_can_have_come_to_a_result(self, status, may):
        """In whatever words their API tells that they failed or were stopped."""
        assert may_have_result(job(status=status)) is may

    @given(st.text())
    def test_of_any_text(self, status):
        """A word that nobody knows has none, and never an error."""
        assert job_state(job(status=status)) in {
            None,
            "pending",
            "running",
            "stopping",
            "completed",
            "failed",
            "stopped",
        }

    def test_what_is_no_job_has_none(self):
        """A package is Completed when it was registered, which is no end of a job."""
        assert job_state(asset("model_package", "arn:aws:sagemaker:x:1:model-package/g/1", status="Completed")) is None

    def test_stands_beside_the_apis_own(self):
        """The status stays as AWS writes it."""
        (found,) = Estate().say(job(status="COMPLETED")).linked().assets

        assert (found.status, found.attributes["state"]) == ("COMPLETED", "completed")
