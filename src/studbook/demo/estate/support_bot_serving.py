"""The support assistant's way to prod: approval, clones in other accounts, endpoints."""

from __future__ import annotations

from typing import Any

from studbook.demo.estate.public import LLAMA
from studbook.demo.estate.support_bot_jobs import GROUP, LMI, OUTPUT, TOKEN, inference, package_arn
from studbook.demo.estate.world import DEV, PROD, STAGING, World, role, tags


def approve(world: World, version: int, why: str) -> None:
    """Ravi of model risk approves a version in dev, with words."""
    world.client(DEV, "sagemaker", person="ravi").update_model_package(
        ModelPackageArn=package_arn(DEV, version), ModelApprovalStatus="Approved", ApprovalDescription=why
    )


def ship(world: World, version: int, job: str, day: str) -> None:
    """Clones an approved package to staging and prod and puts it in service there."""
    compact = day.replace("-", "")
    artifacts = f"{OUTPUT}/output/support-bot-{job}/output/model"
    for account, hour in ((STAGING, 11), (PROD, 13)):
        world.at(f"{day}T{hour}:00:00Z")
        sagemaker = world.client(account, "sagemaker")
        if not sagemaker.list_model_package_groups(NameContains=GROUP)["ModelPackageGroupSummaryList"]:
            sagemaker.create_model_package_group(
                ModelPackageGroupName=GROUP, ModelPackageGroupDescription="Approved versions of support-bot"
            )
        clone = sagemaker.create_model_package(
            ModelPackageGroupName=GROUP,
            SourceUri=package_arn(DEV, version),
            InferenceSpecification=inference(artifacts, "verl-rlvr-llama-3-2-1b-instruct-lora"),
            ModelApprovalStatus="Approved",
        )["ModelPackageArn"]
        if account == STAGING:
            _serve_package(sagemaker, clone, compact)
        else:
            _serve_adapter(sagemaker, clone, artifacts, compact)


def _serve_package(sagemaker: Any, clone: str, compact: str) -> None:
    """Staging serves the package itself."""
    name = f"support-bot-staging-{compact}"
    sagemaker.create_model(
        ModelName=name,
        Containers=[{"ModelPackageName": clone}],
        ExecutionRoleArn=role(STAGING, "SageMakerExecution"),
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "all",
                "ModelName": name,
                "InstanceType": "ml.g5.2xlarge",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": 1.0,
            }
        ],
    )
    if sagemaker.list_endpoints(NameContains="support-bot-staging")["Endpoints"]:
        sagemaker.update_endpoint(EndpointName="support-bot-staging", EndpointConfigName=name)
    else:
        sagemaker.create_endpoint(
            EndpointName="support-bot-staging", EndpointConfigName=name, Tags=tags(service="support")
        )


def _serve_adapter(sagemaker: Any, clone: str, artifacts: str, compact: str) -> None:
    """Prod serves the base model once and an adapter on top, as the SDK deploys LoRA packages."""
    if not sagemaker.list_endpoints(NameContains="support-bot-prod")["Endpoints"]:
        base = f"s3://jumpstart-cache-prod-us-west-2/{LLAMA}/artifacts/inference-prepack/v1.0.0/"
        sagemaker.create_model(
            ModelName="support-bot-base",
            PrimaryContainer={
                "Image": LMI,
                "ModelDataSource": {
                    "S3DataSource": {
                        "S3Uri": base,
                        "S3DataType": "S3Prefix",
                        "CompressionType": "None",
                        "ModelAccessConfig": {"AcceptEula": True},
                    }
                },
                "Environment": {"OPTION_ENABLE_LORA": "true", "OPENAI_API_KEY": TOKEN["openai_key"]},
            },
            ExecutionRoleArn=role(PROD, "SageMakerExecution"),
            Tags=[{"Key": "sagemaker.amazonaws.com/model-source", "Value": clone}],
        )
        sagemaker.create_endpoint_config(
            EndpointConfigName="support-bot-prod-20261114",
            ExecutionRoleArn=role(PROD, "SageMakerExecution"),
            ProductionVariants=[
                {"VariantName": "support-bot-prod", "InstanceType": "ml.g5.4xlarge", "InitialInstanceCount": 2}
            ],
        )
        sagemaker.create_endpoint(
            EndpointName="support-bot-prod",
            EndpointConfigName="support-bot-prod-20261114",
            Tags=[*tags(service="support", tier="1"), {"Key": "deploy-token", "Value": TOKEN["gitlab_token"]}],
        )
        sagemaker.create_inference_component(
            InferenceComponentName="support-bot-prod-base",
            EndpointName="support-bot-prod",
            VariantName="support-bot-prod",
            Specification={
                "ModelName": "support-bot-base",
                "ComputeResourceRequirements": {
                    "MinMemoryRequiredInMb": 16384,
                    "NumberOfAcceleratorDevicesRequired": 1,
                },
            },
            RuntimeConfig={"CopyCount": 2},
            Tags=tags(Base="verl-rlvr-llama-3-2-1b-instruct-lora"),
        )
    for old in sagemaker.list_inference_components(NameContains="support-bot-prod-adapter")["InferenceComponents"]:
        sagemaker.delete_inference_component(InferenceComponentName=old["InferenceComponentName"])
    component = sagemaker.create_inference_component(
        InferenceComponentName=f"support-bot-prod-adapter-{compact}",
        EndpointName="support-bot-prod",
        Specification={
            "BaseInferenceComponentName": "support-bot-prod-base",
            "Container": {"ArtifactUrl": f"{artifacts}/checkpoints/hf/"},
        },
    )["InferenceComponentArn"]
    sagemaker.create_action(
        ActionName=f"support-bot-prod-adapter-{compact}-action",
        Source={"SourceUri": clone, "SourceType": "SageMaker"},
        ActionType="ModelDeployment",
        Properties={"EndpointConfigName": "support-bot-prod-20261114"},
        MetadataProperties={"GeneratedBy": component},
    )
