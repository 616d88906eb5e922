"""A generated SageMaker estate inside the demo's AWS: as many resources as asked, made without HTTP for each.

Per 2,000 training jobs: 500 models, 200 endpoints with a configuration each, and 300 package versions in 5 groups. A
tenth of the jobs are serverless, so that Search does not show them whole; half of everything has tags.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil
from typing import Any

from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.settings import Settings

ACCOUNT, REGION = "111122223333", "us-west-2"

GROUPS = 5
_ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
_IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/train:2"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Training"
_BASE = f"arn:aws:sagemaker:{REGION}:aws:hub-content/SageMakerPublicHub/Model/m/1.0.0"

Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many of each type there are."""

    jobs: int
    models: int
    endpoints: int
    packages: int
    groups: int = GROUPS

    @classmethod
    def of(cls, jobs: int) -> Sizes:
        """In the proportions of the estate above."""
        return cls(jobs=jobs, models=jobs // 4, endpoints=jobs // 10, packages=jobs * 3 // 20)

    @property
    def serverless(self) -> int:
        return ceil(self.jobs / 10)

    @property
    def records(self) -> int:
        return self.jobs + self.models + 2 * self.endpoints + self.packages + self.groups


def reader(account: str) -> str:
    """The role that reads an account."""
    return f"arn:aws:iam::{account}:role/StudbookReader"


READER_ROLE = reader(ACCOUNT)


def settings() -> Settings:
    """One account, without a brake: the fake never refuses."""
    account = {"id": ACCOUNT, "regions": [REGION], "role_arn": READER_ROLE, "external_id": EXTERNAL_ID}
    return Settings.model_validate({"accounts": [account], "sources": {"sagemaker": {"rate": 100_000}}})


def build(aws: FakeAws, sizes: Sizes, account: str = ACCOUNT) -> None:
    """Makes the estate and the role that reads it."""
    aws.role(reader(account), external_id=EXTERNAL_ID, allow=READER)
    estate = _estate(sizes)
    while calls := list(islice(estate, 5_000)):
        aws.batch(account, REGION, calls)


def change(aws: FakeAws, sizes: Sizes) -> Sizes:
    """Changes one in a hundred: new jobs, models and endpoints, and package versions that are approved."""
    after = replace(
        sizes,
        jobs=sizes.jobs + sizes.jobs // 100,
        models=sizes.models + sizes.models // 100,
        endpoints=sizes.endpoints + sizes.endpoints // 100,
    )
    calls: list[Call] = [job(number) for number in range(sizes.jobs, after.jobs)]
    calls += [_model(number) for number in range(sizes.models, after.models)]
    for number in range(sizes.endpoints, after.endpoints):
        calls += _endpoint(number)
    for number in range(sizes.packages // 100):
        arn = f"{_ARN}:model-package/group-{number % sizes.groups}/{number // sizes.groups + 1}"
        calls.append(("UpdateModelPackage", {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"}))
    aws.batch(ACCOUNT, REGION, calls)
    return after


def _estate(sizes: Sizes) -> Iterator[Call]:
    yield from (job(number) for number in range(sizes.jobs))
    for number in range(sizes.groups):
        yield "CreateModelPackageGroup", {"ModelPackageGroupName": f"group-{number}"}
    for number in range(sizes.packages):
        weights = f"s3://models/job-{number:06}/output/model.tar.gz"
        yield (
            "CreateModelPackage",
            {
                "ModelPackageGroupName": f"group-{number % sizes.groups}",
                "InferenceSpecification": {"Containers": [{"Image": _IMAGE, "ModelDataUrl": weights}]},
                "CustomerMetadataProperties": {"number": str(number)},
            },
        )
    yield from (_model(number) for number in range(sizes.models))
    for number in range(sizes.endpoints):
        yield from _endpoint(number)


def _tags(number: int) -> dict[str, Any]:
    return {"Tags": [{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": str(number)}]} if number % 2 else {}


def job(number: int) -> Call:
    """A training job."""
    request: dict[str, Any] = {
        "TrainingJobName": f"job-{number:06}",
        "RoleArn": _ROLE,
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://data/set-{number % 40}/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://models/"},
        "ModelArtifacts": {"S3ModelArtifacts": f"s3://models/job-{number:06}/output/model.tar.gz"},
        "HyperParameters": {"epochs": "3", "learning_rate": f"{number}e-6"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **_tags(number),
    }
    if number % 10:
        request["AlgorithmSpecification"] = {"TrainingImage": _IMAGE, "TrainingInputMode": "File"}
        request["ResourceConfig"] = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50}
    else:
        request["ServerlessJobConfig"] = {"BaseModelArn": _BASE, "JobType": "FineTuning"}
    return "CreateTrainingJob", request


def _model(number: int) -> Call:
    container = {"Image": _IMAGE, "ModelDataUrl": f"s3://models/job-{number:06}/output/model.tar.gz"}
    request = {"ModelName": f"model-{number:06}", "ExecutionRoleArn": _ROLE, "PrimaryContainer": container}
    return "CreateModel", {**request, **_tags(number)}


def _endpoint(number: int) -> tuple[Call, Call]:
    config = f"endpoint-{number:06}-config"
    variant = {
        "VariantName": "main",
        "ModelName": f"model-{number:06}",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.g5.xlarge",
    }
    return (
        ("CreateEndpointConfig", {"EndpointConfigName": config, "ProductionVariants": [variant]}),
        ("CreateEndpoint", {"EndpointName": f"endpoint-{number:06}", "EndpointConfigName": config, **_tags(number)}),
    )
