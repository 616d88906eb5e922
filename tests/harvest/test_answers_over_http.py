"""What AWS says over HTTP, as the questions answer it: nothing false, nothing that is known left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from benchmarks.estate import ACCOUNT, READER_ROLE, REGION, settings

import studbook
from studbook.api import Lineage
from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.harvest.run import harvest
from studbook.store import Catalog

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/serve"
DIGEST = "9f" * 32
JOB: dict[str, Any] = {
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/x",
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": f"{IMAGE}@sha256:{DIGEST}"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}
MACHINE = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
PENDING = {"EndpointConfigName": "bot-2", "StartTime": 1790060000.0}


class Account:
    """One account, and a catalog of it."""

    def __init__(self, aws: FakeAws, catalog: Catalog) -> None:
        self.aws, self.catalog = aws, catalog

    def make(self, operation: str, **request: Any) -> None:
        self.aws.batch(ACCOUNT, REGION, [(operation, request)])

    def train(self, name: str, **channels: str) -> None:
        """A training job that has ended; what it reads, by channel."""
        read = [
            {"ChannelName": channel, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
            for channel, uri in channels.items()
        ]
        made = {"OutputDataConfig": {"S3OutputPath": "s3://out/"}, **({"InputDataConfig": read} if read else {})}
        self.make("CreateTrainingJob", TrainingJobName=name, **JOB, **made)

    def register(self, uri: str, **more: Any) -> None:
        """The next version of the model `bot`."""
        self.make(
            "CreateModelPackage",
            ModelPackageGroupName="bot",
            InferenceSpecification={"Containers": [{"Image": IMAGE, "ModelDataUrl": uri}]},
            **more,
        )

    def serve(self, version: int, *variants: dict[str, Any], **more: Any) -> None:
        """A model of a version, and a configuration of it."""
        self.make(
            "CreateModel",
            ModelName=f"bot-{version}",
            PrimaryContainer={"ModelPackageName": f"{ARN}:model-package/bot/{version}"},
        )
        own = {**MACHINE, "VariantName": "all", "ModelName": f"bot-{version}"}
        self.make(
            "CreateEndpointConfig",
            EndpointConfigName=f"bot-{version}",
            ProductionVariants=[*variants, own],
            **more,
        )

    def night(self) -> Lineage:
        harvest(settings(), self.catalog)
        return studbook.open(self.catalog)


@pytest.fixture
def account(tmp_path: Path, empty_aws: FakeAws) -> Account:
    empty_aws.role(READER_ROLE, external_id=EXTERNAL_ID, allow=READER)
    found = Account(empty_aws, Catalog(tmp_path / "catalog"))
    found.make("CreateModelPackageGroup", ModelPackageGroupName="bot")
    return found


def tail(asset_id: str) -> str:
    return asset_id.removeprefix(f"{ARN}:")


class TestWeightsReadByTheirPlace:
    def test_who_reads_them_depends_on_the_version(self, account: Account) -> None:
        """By the archive or a folder around it, though the job names no version; what it made has it in its trace."""
        account.train("first")
        weights = "s3://out/first/output/model.tar.gz"
        account.register(weights)
        account.train("again", model=weights)
        account.train("around", models="s3://out/first/")
        account.register("s3://out/again/output/model.tar.gz")

        with account.night() as asked:
            reached = {tail(row.asset): (row.certainty, row.candidate) for row in asked.impact("bot/1").rows}
            made = {tail(row.asset) for row in asked.trace("bot/2").rows}

        jobs = {"training-job/again": ("inferred", False), "training-job/around": ("inferred", False)}
        assert {one: reached.get(one) for one in jobs} == jobs
        assert "model-package/bot/2" in reached
        assert {"training-job/again", "model-package/bot/1", "training-job/first"} <= made
        assert "model-package/bot/2" not in made


class TestServing:
    def test_what_a_roll_out_brings_may_answer(self, account: Account) -> None:
        """The coming version has the endpoint as a candidate, whatever is asked; the one in force surely runs. No log
        says that it was deployed."""
        for version in (1, 2):
            account.register(f"s3://out/{version}/model.tar.gz")
            account.serve(version)
        account.make("CreateEndpoint", EndpointName="live", EndpointConfigName="bot-1")
        account.aws.fill(f"{ARN}:endpoint/live", EndpointStatus="Updating", PendingDeploymentSummary=PENDING)

        with account.night() as asked:
            (row,) = asked.runs("bot/2").rows
            assert (tail(row.endpoint), row.candidate, row.shadow) == ("endpoint/live", True, False)
            assert asked.runs("bot/2").summary.startswith("bot 2 may run at 1 endpoint")
            assert asked.runs("live").summary == "live runs bot 1 and perhaps bot 2."
            assert {tail(one.asset): one.status for one in asked.incident("bot/2").rows}["endpoint/live"] == "possible"
            assert {tail(one.asset): one.status for one in asked.incident("bot/1").rows}["endpoint/live"] == "certain"
            assert "endpoint/live" in {tail(one.asset) for one in asked.impact("bot/2").rows}
            told = [(one.event, tail(str(one.is_))) for one in asked.log("live").rows if one.event == "deployed"]
            assert told == [("deployed", "model-package/bot/1")]

    def test_a_variant_without_weight_serves_nobody_who_does_not_name_it(self, account: Account) -> None:
        """It is deployed, and a candidate where it is."""
        for version in (1, 2):
            account.register(f"s3://out/{version}/model.tar.gz", ModelApprovalStatus="Approved")
        account.serve(1)
        account.serve(2, {**MACHINE, "VariantName": "old", "ModelName": "bot-1", "InitialVariantWeight": 1.0})
        account.make("CreateEndpoint", EndpointName="live", EndpointConfigName="bot-2")
        account.aws.fill(
            f"{ARN}:endpoint/live",
            ProductionVariants=[
                {"VariantName": "old", "CurrentWeight": 1.0, "CurrentInstanceCount": 1},
                {"VariantName": "all", "CurrentWeight": 0.0, "CurrentInstanceCount": 1},
            ],
        )

        with account.night() as asked:
            assert asked.runs("bot/2").total == 1
            assert "without a share of the requests" in asked.runs("bot/2").summary
            (row,) = asked.candidates("live").rows
            assert (tail(row.version), tail(row.against)) == ("model-package/bot/2", "model-package/bot/1")

    def test_an_image_by_its_digest_alone(self, account: Account) -> None:
        """In whichever registry it lies, with or without a tag, whole or by its beginning."""
        account.train("first")
        account.make(
            "CreateModel", ModelName="other", PrimaryContainer={"Image": f"elsewhere.example/serve:2@sha256:{DIGEST}"}
        )

        with account.night() as asked:
            for digest in (DIGEST, f"sha256:{DIGEST}", DIGEST[:12]):
                found = {tail(row.asset): row.status for row in asked.incident(digest).rows}
                assert found == {"training-job/first": "certain", "model/other": "certain"}

    def test_answers_and_captures_are_what_was_produced(self, account: Account) -> None:
        """Of an asynchronous endpoint the place of its answers, of a batch job the place of its captures: who learns
        from them depends on the model."""
        account.register("s3://out/1/model.tar.gz")
        account.serve(1, AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://answers/live/"}})
        account.make("CreateEndpoint", EndpointName="live", EndpointConfigName="bot-1")
        account.make(
            "CreateTransformJob",
            TransformJobName="batch",
            ModelName="bot-1",
            TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://asked/"}}},
            TransformOutput={"S3OutputPath": "s3://answers/batch/"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
            DataCaptureConfig={"DestinationS3Uri": "s3://captured/batch/"},
        )
        account.train("learns", live="s3://answers/live/", batch="s3://captured/batch/")

        with account.night() as asked:
            made = {tail(row.asset): row.via for row in asked.trace("learns").rows}
            arrows = {(edge.source, edge.target, edge.role) for edge in asked.trace("learns").answer.walk.edges}

        assert {"endpoint/live", "transform-job/batch", "model-package/bot/1"} <= made.keys()
        assert (f"{ARN}:endpoint/live", "s3://answers/live/", "output") in arrows
        assert (f"{ARN}:transform-job/batch", "s3://captured/batch/", "captured") in arrows
