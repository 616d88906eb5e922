"""The story: what it plants is there, every entity can be read, and it is the same each time."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import moto.awslambda.models
import moto.core.utils
import moto.s3.models
import pytest
import requests
from moto.moto_api._internal import mock_random

from studbook.demo.estate.secrets import HOSTILE, PLANTED_SECRETS
from studbook.demo.estate.story import SETTINGS
from studbook.demo.estate.world import ACCOUNTS, DATA, DEV, PROD, REGIONS, STAGING, World, hub_name
from studbook.packaged import packaged
from studbook.settings import load_settings

LISTS = {
    "hubs": ("list_hubs", "HubSummaries"),
    "training jobs": ("list_training_jobs", "TrainingJobSummaries"),
    "tuning jobs": ("list_hyper_parameter_tuning_jobs", "HyperParameterTuningJobSummaries"),
    "processing jobs": ("list_processing_jobs", "ProcessingJobSummaries"),
    "transform jobs": ("list_transform_jobs", "TransformJobSummaries"),
    "AutoML jobs": ("list_auto_ml_jobs", "AutoMLJobSummaries"),
    "optimization jobs": ("list_optimization_jobs", "OptimizationJobSummaries"),
    "labeling jobs": ("list_labeling_jobs", "LabelingJobSummaryList"),
    "compilation jobs": ("list_compilation_jobs", "CompilationJobSummaries"),
    "schedules": ("list_monitoring_schedules", "MonitoringScheduleSummaries"),
    "package groups": ("list_model_package_groups", "ModelPackageGroupSummaryList"),
    "models": ("list_models", "Models"),
    "endpoint configs": ("list_endpoint_configs", "EndpointConfigs"),
    "endpoints": ("list_endpoints", "Endpoints"),
    "components": ("list_inference_components", "InferenceComponents"),
    "routers": ("list_inference_routers", "InferenceRouters"),
    "cards": ("list_model_cards", "ModelCardSummaries"),
    "feature groups": ("list_feature_groups", "FeatureGroupSummaries"),
    "apps": ("list_mlflow_apps", "Summaries"),
    "pipelines": ("list_pipelines", "PipelineSummaries"),
    "artifacts": ("list_artifacts", "ArtifactSummaries"),
    "actions": ("list_actions", "ActionSummaries"),
}
DESCRIBES = {
    "hubs": ("describe_hub", "HubName"),
    "training jobs": ("describe_training_job", "TrainingJobName"),
    "tuning jobs": ("describe_hyper_parameter_tuning_job", "HyperParameterTuningJobName"),
    "processing jobs": ("describe_processing_job", "ProcessingJobName"),
    "transform jobs": ("describe_transform_job", "TransformJobName"),
    "AutoML jobs": ("describe_auto_ml_job_v2", "AutoMLJobName"),
    "optimization jobs": ("describe_optimization_job", "OptimizationJobName"),
    "labeling jobs": ("describe_labeling_job", "LabelingJobName"),
    "compilation jobs": ("describe_compilation_job", "CompilationJobName"),
    "schedules": ("describe_monitoring_schedule", "MonitoringScheduleName"),
    "package groups": ("describe_model_package_group", "ModelPackageGroupName"),
    "models": ("describe_model", "ModelName"),
    "endpoint configs": ("describe_endpoint_config", "EndpointConfigName"),
    "endpoints": ("describe_endpoint", "EndpointName"),
    "components": ("describe_inference_component", "InferenceComponentName"),
    "routers": ("describe_inference_router", "InferenceRouterName"),
    "cards": ("describe_model_card", "ModelCardName"),
    "feature groups": ("describe_feature_group", "FeatureGroupName"),
    "apps": ("describe_mlflow_app", "Arn"),
    "pipelines": ("describe_pipeline", "PipelineName"),
    "artifacts": ("describe_artifact", "ArtifactArn"),
    "actions": ("describe_action", "ActionName"),
}
IN_BEDROCK = {
    "custom models": ("list_custom_models", "get_custom_model", "modelIdentifier", "modelArn"),
    "imported models": ("list_imported_models", "get_imported_model", "modelIdentifier", "modelArn"),
    "deployments": (
        "list_custom_model_deployments",
        "get_custom_model_deployment",
        "customModelDeploymentIdentifier",
        "customModelDeploymentArn",
    ),
    "judgements": ("list_evaluation_jobs", "get_evaluation_job", "jobIdentifier", "jobArn"),
}


def said(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def everything(world: World) -> dict[str, Any]:
    """Every body that the APIs of the estate give."""
    bodies: dict[str, Any] = {}
    for account in ACCOUNTS:
        for region in REGIONS:
            sagemaker = world.client(account, "sagemaker", region)
            for kind, (operation, member) in LISTS.items():
                found = sagemaker.get_paginator(operation).paginate() if kind != "hubs" else [sagemaker.list_hubs()]
                describe, name = DESCRIBES[kind]
                for item in (item for page in found for item in page[member]):
                    body = said(getattr(sagemaker, describe)(**{name: item[name]}))
                    bodies[f"{account} {region} {kind} {item[name]}"] = [item, body]
            bedrock = world.client(account, "bedrock", region)
            for kind, (listing, describe, member, arn) in IN_BEDROCK.items():
                for page in bedrock.get_paginator(listing).paginate():
                    for item in next(value for value in page.values() if isinstance(value, list)):
                        body = said(getattr(bedrock, describe)(**{member: item[arn]}))
                        bodies[f"{account} {region} {kind} {item[arn]}"] = [item, body]
            tagging = world.client(account, "resourcegroupstaggingapi", region)
            bodies[f"tags {account} {region}"] = tagging.get_resources()["ResourceTagMappingList"]
            for page in sagemaker.get_paginator("list_model_packages").paginate(ModelPackageType="Both"):
                for item in page["ModelPackageSummaryList"]:
                    arn = item["ModelPackageArn"]
                    bodies[arn] = [item, said(sagemaker.describe_model_package(ModelPackageName=arn))]
        for kind in ("DataSet", "JsonDoc"):
            sagemaker = world.client(account, "sagemaker")
            for hub in sagemaker.list_hubs()["HubSummaries"]:
                for item in sagemaker.list_hub_contents(HubName=hub["HubName"], HubContentType=kind)[
                    "HubContentSummaries"
                ]:
                    asked = {
                        "HubName": hub["HubName"],
                        "HubContentType": kind,
                        "HubContentName": item["HubContentName"],
                    }
                    for one in sagemaker.list_hub_content_versions(**asked)["HubContentSummaries"]:
                        described = sagemaker.describe_hub_content(**asked, HubContentVersion=one["HubContentVersion"])
                        bodies[one["HubContentArn"]] = [one, said(described)]
        functions = world.client(account, "lambda")
        for function in functions.list_functions()["Functions"]:
            name = function["FunctionName"]
            bodies[function["FunctionArn"]] = [
                function,
                said(functions.get_function_configuration(FunctionName=name)),
                said(functions.list_versions_by_function(FunctionName=name)),
                said(functions.list_aliases(FunctionName=name)),
            ]
        s3 = world.client(account, "s3")
        for bucket in s3.list_buckets()["Buckets"]:
            listed = said(s3.list_object_versions(Bucket=bucket["Name"]))
            bodies[f"s3://{bucket['Name']}"] = [said(s3.list_objects_v2(Bucket=bucket["Name"])), listed]
    for path, member in (
        ("2.0/mlflow/experiments/search", "experiments"),
        ("2.0/mlflow/runs/search", "runs"),
        ("2.0/mlflow/logged-models/search", "models"),
    ):
        body = {"max_results": 50, "experiment_ids": ["1", "2"]}
        bodies[path] = requests.post(f"{world.mlflow.url}/api/{path}", json=body, timeout=60).json()[member]
    for name in ("registered-models", "model-versions"):
        bodies[name] = requests.get(f"{world.mlflow.url}/api/2.0/mlflow/{name}/search", timeout=60).json()
    return bodies


@pytest.fixture(scope="module")
def bodies(demo_world: World) -> dict[str, Any]:
    return everything(demo_world)


class TestStory:
    """What the catalog is to find is really in the APIs."""

    def test_every_kind_is_there(self, bodies: dict[str, Any]) -> None:
        """boto3 can list and describe at least one of each kind."""
        for kind in (*LISTS, *IN_BEDROCK):
            assert any(f" {kind} " in key for key in bodies), kind

    @pytest.mark.parametrize("name", sorted(PLANTED_SECRETS))
    def test_every_secret_is_planted(self, bodies: dict[str, Any], name: str) -> None:
        """Each secret comes out of some API, so that its absence from a catalog means something."""
        text = json.dumps(bodies, default=str)
        assert json.dumps(PLANTED_SECRETS[name])[1:-1] in text

    @pytest.mark.parametrize("name", sorted(HOSTILE))
    def test_hostile_text_is_planted(self, bodies: dict[str, Any], name: str) -> None:
        """Each text that wants to be code comes out of some API."""
        assert json.dumps(HOSTILE[name])[1:-1] in json.dumps(bodies, default=str)

    def test_prod_runs_an_adapter_of_the_approved_package(self, demo_world: World) -> None:
        """The base component has a model, the adapter has the artifact of version 4 alone."""
        sagemaker = demo_world.client(PROD, "sagemaker")
        [adapter] = sagemaker.list_inference_components(NameContains="adapter")["InferenceComponents"]
        specification = sagemaker.describe_inference_component(
            InferenceComponentName=adapter["InferenceComponentName"]
        )["Specification"]
        assert specification["BaseInferenceComponentName"] == "support-bot-prod-base"
        assert "support-bot-rlvr-20261119" in specification["Container"]["ArtifactUrl"]

    def test_staging_lost_its_endpoint(self, demo_world: World) -> None:
        """The endpoint of staging is gone after the fourth night; its package is not."""
        sagemaker = demo_world.client(STAGING, "sagemaker")
        names = [endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints()["Endpoints"]]
        assert "support-bot-staging" not in names
        assert len(sagemaker.list_model_packages(ModelPackageGroupName="support-bot")["ModelPackageSummaryList"]) == 2

    def test_the_evaluator_was_published_twice(self, demo_world: World) -> None:
        """Two published versions with different code, and the alias on the second."""
        functions = demo_world.client(DEV, "lambda")
        found = functions.list_versions_by_function(FunctionName="eval-support-helpfulness")["Versions"]
        codes = {one["Version"]: one["CodeSha256"] for one in found}
        assert sorted(codes) == ["$LATEST", "1", "2"]
        assert codes["1"] != codes["2"] == codes["$LATEST"]
        [alias] = functions.list_aliases(FunctionName="eval-support-helpfulness")["Aliases"]
        assert alias["FunctionVersion"] == "2"

    def test_the_table_was_written_over(self, demo_world: World) -> None:
        """The bucket keeps both versions of the part that changed after training."""
        found = demo_world.client(DATA, "s3").list_object_versions(
            Bucket="acme-shared-data", Prefix="fraud/train/part-0001.csv"
        )["Versions"]
        assert [one["IsLatest"] for one in found] == [True, False]

    def test_the_hubs_name_is_the_sdks(self) -> None:
        """The test vector of the SDK's own naming."""
        wanted = "J90HLHSMB60JN1OUCL7UGEIJ8V657V3QFKIAMI2I3K6DL6CBU9PG"
        assert hub_name("111122223333") == wanted

    def test_its_configuration_is_valid(self, tmp_path: Path) -> None:
        """studbook.yml of the demo names the four accounts, and there is a card for each model group."""
        path = tmp_path / "studbook.yml"
        path.write_text(SETTINGS)
        settings = load_settings(path)
        assert [account.id for account in settings.accounts] == list(ACCOUNTS)
        cards = packaged("catalog") / "cards"
        assert sorted(path.name for path in cards.iterdir()) == ["fraud.md", "support-bot.md"]


class TestMoto:
    """A canary: what the demo relies on inside moto."""

    def test_the_version_is_the_one_that_was_tried(self) -> None:
        """Another moto needs another look at `demo/cloud/motoclock.py`."""
        assert version("moto") == "5.2.5"

    def test_its_inner_names_are_there(self) -> None:
        """The names that `motoclock` replaces, and a generator that can be seeded."""
        assert moto.s3.models.utcnow is moto.core.utils.utcnow is moto.awslambda.models.utcnow
        assert callable(moto.awslambda.models.iso_8601_datetime_with_nanoseconds)
        mock_random.seed("x")
        first = mock_random.uuid4()
        mock_random.seed("x")
        assert mock_random.uuid4() == first
