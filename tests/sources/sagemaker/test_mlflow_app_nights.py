"""Training jobs of a region with an MLflow App, from night to night: boto3 over HTTP against the demo's AWS."""

from __future__ import annotations

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
        "sources": {"sagemaker": {"rate": 100_000}, "mlflow": {"enabled": False}},
    }
)
EXPERIMENT, RUN = "12", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


class Region:
    """A region with an MLflow App, in which training jobs record."""

    def __init__(self, aws: FakeAws, catalog: Catalog) -> None:
        self.aws, self.catalog = aws, catalog
        self._now = datetime(2026, 11, 1, tzinfo=UTC)
        aws.role(ROLE, external_id=EXTERNAL_ID, allow=READER)
        aws.role(f"arn:aws:iam::{ACCOUNT}:role/Admin")
        session = aws.session(f"arn:aws:iam::{ACCOUNT}:role/Admin")
        self.sagemaker = session.client("sagemaker", endpoint_url=aws.url, region_name=REGION)
        aws.clock(self._now)
        self.app = self.sagemaker.create_mlflow_app(Name="lab", ArtifactStoreUri="s3://runs", RoleArn=ROLE)["Arn"]

    def train(self, name: str, status: str = "Completed") -> str:
        """A job with an image and instances: Search would show all of it but the run."""
        self._now += timedelta(hours=1)
        self.aws.clock(self._now)
        arn: str = self.sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=ROLE,
            AlgorithmSpecification={"TrainingImage": "i", "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": "s3://out/"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            MlflowConfig={"MlflowResourceArn": self.app},
        )["TrainingJobArn"]
        self.end(arn, status)
        return arn

    def end(self, arn: str, status: str) -> None:
        details = {"MlflowExperimentId": EXPERIMENT, "MlflowRunId": RUN} if status == "Completed" else {}
        self.aws.fill(arn, TrainingJobStatus=status, MlflowDetails=details)

    def night(self) -> int:
        """A harvest; how many training jobs it described."""
        self.aws.forget_calls()
        self.harvested = harvest(SETTINGS, self.catalog)
        return sum(call.count for call in self.aws.calls() if call.operation == "DescribeTrainingJob")

    def recorded(self) -> set[str]:
        graph = self.catalog.graph(self.catalog.resolve("latest"))
        return {edge.source for edge in graph.edges if edge.relation == "recorded_in"}


@pytest.fixture
def region(tmp_path, empty_aws):
    return Region(empty_aws, Catalog(tmp_path / "catalog"))


class TestRegionWithAnApp:
    def test_each_job_is_described_once_in_its_life(self, region):
        """The first night describes all, for Search shows no run; the nights after describe what is new."""
        jobs = {region.train(name) for name in ("a", "b", "c")}
        assert region.night() == 3
        assert region.recorded() == jobs

        assert [region.night(), region.night()] == [0, 0]
        assert not region.harvested.changed
        jobs.add(region.train("d"))
        assert region.night() == 1
        assert region.recorded() == jobs

    def test_a_running_job_is_described_until_it_has_ended(self, region):
        """Its run is known at the latest on the night after; from then on it costs nothing."""
        job = region.train("a", "InProgress")
        assert [region.night(), region.night()] == [1, 1]
        region.end(job, "Completed")

        assert [region.night(), region.night()] == [1, 0]
        assert region.recorded() == {job}

    def test_a_first_app_does_not_describe_old_jobs_again(self, region):
        """A job that had ended before there was any App could not name one."""
        region.sagemaker.delete_mlflow_app(Arn=region.app)
        region.train("a")
        assert region.night() == 0
        region.sagemaker.create_mlflow_app(Name="new", ArtifactStoreUri="s3://runs", RoleArn=ROLE)

        assert region.night() == 0

    def test_tags_of_an_app_change_no_job(self, region):
        """The App is described each night; its jobs are not, whatever moved about it."""
        region.train("a")
        region.night()
        region.sagemaker.add_tags(ResourceArn=region.app, Tags=[{"Key": "team", "Value": "bots"}])

        assert region.night() == 0
