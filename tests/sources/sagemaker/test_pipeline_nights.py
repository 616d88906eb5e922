"""Pipelines from night to night: boto3 over HTTP against the demo's AWS, and what each night cost."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.harvest.run import harvest
from studbook.settings import Settings
from studbook.store import Catalog

ACCOUNT, REGION = "111122223333", "us-west-2"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/StudbookReader"
SETTINGS = Settings.model_validate(
    {
        "accounts": [{"id": ACCOUNT, "regions": [REGION], "role_arn": ROLE, "external_id": EXTERNAL_ID}],
        "sources": {"sagemaker": {"rate": 100_000}},
    }
)
TOKEN = "0123456789abcdef0123456789abcdef"
SECRET = "correct-horse-battery"
PER_EXECUTION = {"DescribePipelineExecution", "DescribePipelineDefinitionForExecution", "ListPipelineExecutionSteps"}


class Estate:
    """One account with a pipeline, and its catalog."""

    def __init__(self, aws: FakeAws, catalog: Catalog) -> None:
        self.aws, self.catalog = aws, catalog
        self._now = datetime(2026, 11, 1, tzinfo=UTC)
        aws.role(ROLE, external_id=EXTERNAL_ID, allow=READER)
        aws.role(f"arn:aws:iam::{ACCOUNT}:role/Admin")
        session = aws.session(f"arn:aws:iam::{ACCOUNT}:role/Admin")
        self.sagemaker = session.client("sagemaker", endpoint_url=aws.url, region_name=REGION)

    def later(self) -> None:
        self._now += timedelta(hours=1)
        self.aws.clock(self._now)

    def pipeline(self, name: str) -> None:
        self.later()
        parameters = [{"Name": "DbPassword", "Type": "String", "DefaultValue": SECRET}]
        self.sagemaker.create_pipeline(
            PipelineName=name,
            PipelineDefinition=json.dumps({"Version": "2020-12-01", "Parameters": parameters, "Steps": []}),
            ClientRequestToken=TOKEN,
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Pipelines",
            Tags=[{"Key": "team", "Value": "risk"}],
        )

    def start(self, name: str, status: str = "Succeeded") -> str:
        self.later()
        arn: str = self.sagemaker.start_pipeline_execution(
            PipelineName=name,
            PipelineParameters=[{"Name": "DbPassword", "Value": SECRET}],
            ClientRequestToken=TOKEN,
        )["PipelineExecutionArn"]
        self.end(arn, status)
        return arn

    def end(self, arn: str, status: str) -> None:
        self.later()
        step = {"StepName": "Train", "StepStatus": status, "Metadata": {"TrainingJob": {"Arn": f"{arn}/{status}"}}}
        self.aws.fill(arn, PipelineExecutionStatus=status, Steps=[step])

    def night(self) -> Counter[str]:
        """A harvest; its calls about pipelines."""
        self.aws.forget_calls()
        self.harvested = harvest(SETTINGS, self.catalog)
        return Counter({c.operation: c.count for c in self.aws.calls() if "Pipeline" in c.operation})

    def asset(self, arn: str):
        return self.catalog.graph(self.catalog.resolve("latest")).assets[arn]


@pytest.fixture
def estate(tmp_path, empty_aws):
    return Estate(empty_aws, Catalog(tmp_path / "catalog"))


class TestPrice:
    def test_nights(self, estate):
        """An ended execution is read once in its life; a quiet night lists the pipelines and nothing else."""
        for name in ("a", "b"):
            estate.pipeline(name)
            estate.start(name)
        first = estate.night()
        assert {name: first[name] for name in sorted(PER_EXECUTION)} == dict.fromkeys(sorted(PER_EXECUTION), 2)
        assert first["ListPipelineParametersForExecution"] == 0  # Search brought them

        assert estate.night() == Counter({"ListPipelines": 1})
        assert not estate.harvested.changed

        estate.start("a")
        assert estate.night() == Counter({"ListPipelines", "ListPipelineExecutions", *PER_EXECUTION})

    def test_a_definition_that_changed(self, estate):
        """The pipeline is read again, and its executions are what they were."""
        estate.pipeline("a")
        estate.start("a")
        estate.night()
        estate.later()
        estate.sagemaker.update_pipeline(PipelineName="a", PipelineDefinition='{"Steps": []}', RoleArn=ROLE)

        assert estate.night() == Counter({"ListPipelines": 1, "DescribePipeline": 1, "ListPipelineVersions": 1})

    def test_without_search(self, estate):
        """The same records, for a call more for each execution."""
        estate.pipeline("a")
        estate.start("a")
        estate.night()
        digest = estate.harvested.envelope.digest
        estate.aws.fault("AccessDeniedException", operation="Search")
        estate.catalog = Catalog(estate.catalog.root.parent / "other")

        assert estate.night()["ListPipelineParametersForExecution"] == 1
        assert estate.harvested.envelope.digest == digest


class TestLife:
    def test_a_failed_execution_that_is_retried_is_read_again(self, estate):
        """Though no time of the pipeline moved: its steps ran anew, other jobs among them."""
        estate.pipeline("a")
        arn = estate.start("a", "Failed")
        estate.night()
        assert estate.night() == Counter({"ListPipelines": 1, "ListPipelineExecutions": 1})
        estate.later()
        estate.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=TOKEN)
        estate.end(arn, "Succeeded")
        estate.night()

        assert estate.asset(arn).status == "Succeeded"
        assert estate.night() == Counter({"ListPipelines": 1})

    def test_a_running_execution_is_followed(self, estate):
        """Every night until it ends."""
        estate.pipeline("a")
        arn = estate.start("a", "Executing")
        estate.night()
        assert estate.night()["ListPipelineExecutionSteps"] == 1
        estate.end(arn, "Succeeded")
        estate.night()

        assert estate.asset(arn).status == "Succeeded"

    def test_a_deleted_pipeline_takes_its_executions_with_it(self, estate):
        """Both are tombstones."""
        estate.pipeline("a")
        arn = estate.start("a")
        estate.night()
        estate.later()
        estate.sagemaker.delete_pipeline(PipelineName="a", ClientRequestToken=TOKEN)
        estate.night()

        assert estate.asset(arn).gone_since == 2
        assert estate.asset(arn.partition("/execution/")[0]).gone_since == 2

    @pytest.mark.parametrize(
        "operation", ["ListPipelines", "ListPipelineExecutions", "DescribePipeline", "DescribePipelineExecution"]
    )
    def test_a_denial_is_a_gap_and_nothing_is_gone(self, estate, operation):
        """What was known is carried over; what came on that night is found when the denial ends."""
        estate.pipeline("a")
        known = estate.start("a")
        estate.night()
        new = estate.start("a")
        estate.later()
        estate.sagemaker.update_pipeline(PipelineName="a", PipelineDefinition='{"Steps": []}', RoleArn=ROLE)
        estate.aws.fault("AccessDeniedException", operation=operation)
        estate.night()
        assert [gap.operation for row in estate.harvested.coverage for gap in row.gaps] == [operation]
        assert estate.asset(known).gone_since is None
        estate.aws.heal()
        estate.night()

        assert (estate.asset(known).stale_since, estate.asset(new).stale_since) == (None, None)
        assert estate.asset(new).status == "Succeeded"

    def test_secrets_in_parameters_and_definitions_are_not_kept(self, estate):
        """Neither in the execution's parameters nor in a default within the definition's JSON."""
        estate.pipeline("a")
        estate.start("a")
        estate.night()

        kept = json.dumps([record.body for record in estate.catalog.records(estate.harvested.envelope)])
        assert "DbPassword" in kept
        assert SECRET not in kept
