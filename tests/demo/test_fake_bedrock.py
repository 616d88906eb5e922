"""The demo's Bedrock is one that boto3 reads: what was asked for is told again, a model comes of its job."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from studbook.demo.cloud.aws import FakeAws
from studbook.demo.cloud.bedrock import Bedrock
from studbook.demo.cloud.clock import Clock
from studbook.demo.cloud.protocols import model

ACCOUNT, OTHER, REGION = "777777777777", "888888888888", "us-west-2"
BASE = "amazon.nova-lite-v1:0:300k"
S3 = {"s3Uri": "s3://acme-shared-data/chat/v1/"}
EVALUATION: dict[str, Any] = {
    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/x",
    "evaluationConfig": {
        "automated": {
            "datasetMetricConfigs": [
                {
                    "taskType": "QuestionAndAnswer",
                    "dataset": {"name": "golden", "datasetLocation": S3},
                    "metricNames": ["Builtin.Helpfulness"],
                }
            ],
            "evaluatorModelConfig": {"bedrockEvaluatorModels": [{"modelIdentifier": "amazon.nova-pro-v1:0"}]},
        }
    },
    "outputDataConfig": S3,
}


@pytest.fixture
def client(fake_aws: FakeAws) -> Any:
    """Clients of one account, or of another one."""

    def make(account: str = ACCOUNT, region: str = REGION) -> Any:
        worker = f"arn:aws:iam::{account}:role/Worker"
        fake_aws.role(worker)
        once = Config(retries={"total_max_attempts": 1})
        session = fake_aws.session(worker)
        return session.client("bedrock", region_name=region, endpoint_url=fake_aws.url, config=once)

    fake_aws.heal()
    return make


def tune(bedrock: Any, name: str, base: str = BASE) -> str:
    arn = bedrock.create_model_customization_job(
        jobName=f"tune-{name}",
        customModelName=name,
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/x",
        baseModelIdentifier=base,
        trainingDataConfig=S3,
        validationDataConfig={"validators": [S3]},
        outputDataConfig={"s3Uri": "s3://acme-ml/out/"},
        hyperParameters={"epochCount": "2"},
    )["jobArn"]
    return str(arn)


def tuned(aws: FakeAws, bedrock: Any, name: str, base: str = BASE) -> str:
    """A model of a job that is done: its ARN."""
    job = tune(bedrock, name, base)
    aws.fill(job, status="Completed", trainingMetrics={"trainingLoss": 0.5})
    return str(bedrock.get_model_customization_job(jobIdentifier=job)["outputModelArn"])


def everything(aws: FakeAws, bedrock: Any) -> dict[str, str]:
    """One of each: the ARN by the operation that tells it whole."""
    job = tune(bedrock, "one-of-each")
    aws.fill(job, status="Completed")
    made = bedrock.get_model_customization_job(jobIdentifier=job)["outputModelArn"]
    deployed = bedrock.create_custom_model_deployment(modelDeploymentName="live", modelArn=made)
    weights = {"s3DataSource": {"s3Uri": "s3://acme-models/llama/"}}
    importing = bedrock.create_model_import_job(
        jobName="import", importedModelName="llama", roleArn="arn:aws:iam::1:role/x", modelDataSource=weights
    )["jobArn"]
    aws.fill(importing, status="Completed")
    copying = bedrock.create_model_copy_job(sourceModelArn=made, targetModelName="copy")["jobArn"]
    aws.fill(copying, status="Completed")
    copied = bedrock.get_model_copy_job(jobArn=copying)["targetModelArn"]
    assert bedrock.get_custom_model(modelIdentifier=copied)["modelName"] == "copy"
    asked = {"provisionedModelName": "paid", "modelId": made, "modelUnits": 1}
    profile = {
        "inferenceProfileName": "ours",
        "modelSource": {"copyFrom": f"arn:aws:bedrock:{REGION}::foundation-model/{BASE}"},
    }
    return {
        "GetModelCopyJob": copying,
        "GetProvisionedModelThroughput": bedrock.create_provisioned_model_throughput(**asked)["provisionedModelArn"],
        "GetInferenceProfile": bedrock.create_inference_profile(**profile)["inferenceProfileArn"],
        "GetModelCustomizationJob": job,
        "GetCustomModel": made,
        "GetModelImportJob": importing,
        "GetImportedModel": bedrock.get_model_import_job(jobIdentifier=importing)["importedModelArn"],
        "GetCustomModelDeployment": deployed["customModelDeploymentArn"],
        "GetEvaluationJob": bedrock.create_evaluation_job(
            jobName="judge",
            inferenceConfig={"models": [{"bedrockModel": {"modelIdentifier": made}}]},
            **EVALUATION,
        )["jobArn"],
    }


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


class TestAnswers:
    def test_are_whole(self, fake_aws: FakeAws, client: Any) -> None:
        """Every description and every summary has what the API's always have, and each ARN has AWS's pattern."""
        bedrock = client(region="eu-north-1")
        for operation, arn in everything(fake_aws, bedrock).items():
            asked = model("bedrock").operation_model(operation)
            member = next(iter(asked.input_shape.members))
            noun = operation.removeprefix("Get")
            listed = f"List{noun}s"
            answers = {
                operation: bedrock._make_api_call(operation, {member: arn}),
                listed: bedrock._make_api_call(listed, {}),
            }
            for name, said in answers.items():
                del said["ResponseMetadata"]
                shape = model("bedrock").operation_model(name).output_shape
                assert ParamValidator().validate(said, shape).generate_report() == "", name
            (member,) = [name for name in answers[operation] if answers[operation][name] == arn]
            pattern = asked.output_shape.members[member].metadata.get("pattern")
            assert pattern is None or re.fullmatch(pattern, arn), (operation, arn)
            [summaries] = [value for value in answers[listed].values() if isinstance(value, list)]
            assert arn in summaries[0].values()

    def test_a_model_tells_of_the_job_that_made_it(self, fake_aws: FakeAws, client: Any) -> None:
        """It is there once the job is done, by its ARN and by its name, with what the job was asked for."""
        bedrock = client()
        job = tune(bedrock, "teller")
        with pytest.raises(ClientError) as error:
            bedrock.get_custom_model(modelIdentifier="teller")
        assert code(error) == "ResourceNotFoundException"

        fake_aws.fill(job, status="Completed", trainingMetrics={"trainingLoss": 0.25})

        said = bedrock.get_custom_model(modelIdentifier="teller")
        assert said["modelArn"].startswith(f"arn:aws:bedrock:{REGION}:{ACCOUNT}:custom-model/{BASE}/")
        assert (said["jobArn"], said["modelStatus"]) == (job, "Active")
        assert said["baseModelArn"] == f"arn:aws:bedrock:{REGION}::foundation-model/{BASE}"
        assert (said["trainingDataConfig"], said["hyperParameters"]) == (S3, {"epochCount": "2"})
        assert said["trainingMetrics"] == {"trainingLoss": 0.25}
        again = bedrock.get_custom_model(modelIdentifier=said["modelArn"])
        assert {**again, "ResponseMetadata": None} == {**said, "ResponseMetadata": None}

    def test_a_tuned_model_is_tuned_again(self, fake_aws: FakeAws, client: Any) -> None:
        """The base is then the other model."""
        bedrock = client()
        first = tuned(fake_aws, bedrock, "parent")

        second = bedrock.get_custom_model(modelIdentifier=tuned(fake_aws, bedrock, "child", first))

        assert second["baseModelArn"] == first
        assert f":custom-model/{BASE}/" in second["modelArn"]

    def test_times_are_the_demo_s(self, fake_aws: FakeAws, client: Any) -> None:
        """A write takes a second."""
        bedrock = client(region="sa-east-1")
        fake_aws.clock(datetime(2026, 11, 3, 4, 5, 6, tzinfo=UTC))
        job = tune(bedrock, "timed")

        fake_aws.fill(job, status="Completed")

        told = bedrock.get_model_customization_job(jobIdentifier=job)
        made = bedrock.get_custom_model(modelIdentifier="timed")
        assert told["creationTime"] == datetime(2026, 11, 3, 4, 5, 6, tzinfo=UTC)
        assert made["creationTime"] == told["lastModifiedTime"] == datetime(2026, 11, 3, 4, 5, 7, tzinfo=UTC)

    def test_ids_follow_from_the_story(self) -> None:
        """Whatever token boto3 draws for a request, what is made has the same ARN in every run."""
        asked = {"jobName": "j", "importedModelName": "m", "modelDataSource": {}}
        made = [
            Bedrock(Clock()).call(ACCOUNT, REGION, "CreateModelImportJob", {**asked, "clientRequestToken": drawn})
            for drawn in "ab"
        ]

        assert made[0] == made[1]


class TestLists:
    def test_come_in_pages(self, fake_aws: FakeAws, client: Any) -> None:
        """Ten a page unless asked otherwise; the paginator sees everything once, in order of creation."""
        bedrock = client(region="ap-south-1")
        made = [tuned(fake_aws, bedrock, f"m{number:02}") for number in range(12)]

        first = bedrock.list_custom_models()
        assert [one["modelArn"] for one in first["modelSummaries"]] == made[:10]
        rest = bedrock.list_custom_models(nextToken=first["nextToken"], maxResults=1000)
        assert [one["modelArn"] for one in rest["modelSummaries"]] == made[10:]
        assert "nextToken" not in rest
        pages = bedrock.get_paginator("list_custom_models").paginate(isOwned=True, PaginationConfig={"PageSize": 5})
        assert [[one["modelArn"] for one in page["modelSummaries"]] for page in pages] == [
            made[:5],
            made[5:10],
            made[10:],
        ]
        assert bedrock.list_custom_models(isOwned=False)["modelSummaries"] == []
        assert bedrock.list_custom_models(sortOrder="Descending")["modelSummaries"][0]["modelArn"] == made[-1]

    @pytest.mark.parametrize("asked", [{"nextToken": "bm90aGluZw=="}, {"nameContains": "m"}])
    def test_refuse_what_they_do_not_know(self, client: Any, asked: dict[str, Any]) -> None:
        """A token of nobody's, a filter that is not there: better refused than passed over."""
        with pytest.raises(ClientError) as error:
            client().list_custom_models(**asked)
        assert code(error) == "ValidationException"

    def test_accounts_and_regions_are_apart(self, fake_aws: FakeAws, client: Any) -> None:
        """What is made in one is in no other, and deleted is gone."""
        arn = tuned(fake_aws, client(region="ca-central-1"), "apart")

        elsewhere = [client(OTHER, "ca-central-1"), client(ACCOUNT, "eu-west-3")]
        assert [one.list_custom_models()["modelSummaries"] for one in elsewhere] == [[], []]
        client(region="ca-central-1").delete_custom_model(modelIdentifier=arn)
        assert client(region="ca-central-1").list_custom_models()["modelSummaries"] == []


class TestRefusals:
    @pytest.mark.parametrize(
        ("fault", "status"),
        [("AccessDeniedException", 403), ("ThrottlingException", 429), ("ResourceNotFoundException", 404)],
    )
    def test_have_the_status_of_the_api(self, fake_aws: FakeAws, client: Any, fault: str, status: int) -> None:
        """boto3 reads code and words from them."""
        bedrock = client()
        fake_aws.fault(fault, service="bedrock", operation="GetImportedModel", message="no", status=404)
        with pytest.raises(ClientError, match="no") as error:
            bedrock.get_imported_model(modelIdentifier="x")
        assert code(error) == fault
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status

    def test_of_what_it_has_not(self, client: Any) -> None:
        """An operation that the demo has no use for is unknown, and no empty answer."""
        with pytest.raises(ClientError) as error:
            client().list_guardrails()
        assert code(error) == "UnknownOperationException"
