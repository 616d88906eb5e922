"""Around the models: cards, features, packages that are no releases, a router, a shadow, a tidied configuration."""

from __future__ import annotations

import json
from typing import Any

from studbook.demo.estate import fraud
from studbook.demo.estate.secrets import HOSTILE, PLANTED_SECRETS
from studbook.demo.estate.support_bot_jobs import package_arn
from studbook.demo.estate.world import DEV, PROD, STAGING, World, role, seconds, tags

FEATURES = "card-payments-features"
CHECKPOINTS = "support-bot-mtrl-checkpoint-mpg"
ROUTER = "acme-assistants"
KEY = f"arn:aws:kms:us-west-2:{PROD}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SHADOWED = "fraud-scoring-us"
_BUCKET = "s3://acme-ml-dev-us-west-2"


def around(world: World) -> None:
    """Mid November: features and who learned from them, packages that are no releases, cards, one address for all."""
    _features(world)
    _packages(world)
    _cards(world)
    world.at("2026-11-17T16:00:00Z")
    endpoint = f"arn:aws:sagemaker:us-west-2:{PROD}:endpoint/"
    world.client(PROD, "sagemaker").create_inference_router(
        InferenceRouterName=ROUTER,
        RoutingTargets=[
            {"Name": "chat", "Destinations": [{"ResourceArn": f"{endpoint}support-bot-prod"}]},
            {"Name": "fraud", "Destinations": [{"ResourceArn": f"{endpoint}{SHADOWED}"}]},
        ],
        Tags=tags(team="platform"),
    )


def shadow(world: World) -> None:
    """Staging lets the tuned model listen beside the one that answers, and somebody tidies the configuration away."""
    world.at("2026-11-20T16:00:00Z")
    sagemaker = world.client(STAGING, "sagemaker")
    name = "fraud-tuned"
    image = fraud.XGBOOST
    artifact = f"{fraud.OUTPUT}/output/{fraud.TUNING}-002-b7/output/model.tar.gz"
    sagemaker.create_model(
        ModelName=name,
        PrimaryContainer={"Image": image, "ModelDataUrl": artifact},
        ExecutionRoleArn=role(STAGING, "SageMakerExecution"),
    )
    config = f"{SHADOWED}-with-shadow"
    machine: dict[str, Any] = {
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName=config,
        ProductionVariants=[{**machine, "VariantName": "all", "ModelName": SHADOWED}],
        ShadowProductionVariants=[{**machine, "VariantName": "tuned", "ModelName": name}],
    )
    sagemaker.update_endpoint(EndpointName=SHADOWED, EndpointConfigName=config)


def tidied(world: World) -> None:
    """The configuration is deleted under the living endpoint; in prod a deployment is under way at night."""
    world.at("2026-11-21T17:00:00Z")
    world.client(STAGING, "sagemaker").delete_endpoint_config(EndpointConfigName=f"{SHADOWED}-with-shadow")
    world.at("2026-11-21T23:50:00Z")
    world.aws.fill(
        f"arn:aws:sagemaker:us-west-2:{PROD}:endpoint/{SHADOWED}",
        EndpointStatus="Updating",
        PendingDeploymentSummary={
            "EndpointConfigName": f"{SHADOWED}-20261121",
            "StartTime": seconds("2026-11-21T23:49:00Z"),
            "ProductionVariants": [{"VariantName": "all", "CurrentInstanceCount": 0, "DesiredInstanceCount": 2}],
        },
    )


def _features(world: World) -> None:
    world.at("2026-11-12T06:00:00Z")
    sagemaker = world.client(DEV, "sagemaker")
    sagemaker.create_feature_group(
        FeatureGroupName=FEATURES,
        Description=f"What is known of a card payment. {HOSTILE['table']}",
        RecordIdentifierFeatureName="payment",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": "payment", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "String"},
            {"FeatureName": "amount", "FeatureType": "Fractional"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"{_BUCKET}/features"}},
        RoleArn=role(DEV, "SageMakerExecution"),
        Tags=tags(team="risk"),
    )
    described = sagemaker.describe_feature_group(FeatureGroupName=FEATURES)
    store = described["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    name = "fraud-xgb-on-features"
    world.at("2026-11-16T08:00:00Z")
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": fraud.XGBOOST, "TrainingInputMode": "File"},
        RoleArn=role(DEV, "SageMakerExecution"),
        HyperParameters={"objective": "binary:logistic", "max_depth": "5"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"{store}/year=2026/month=10/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": f"{fraud.OUTPUT}/output"},
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        StoppingCondition={"MaxRuntimeInSeconds": 7200},
    )
    fraud.finished(world, name, "2026-11-16T08:00:00Z", "2026-11-16T08:50:00Z")


def _packages(world: World) -> None:
    """One in no group; one that was only logged on the way, with a draft model beside its weights."""
    world.at("2026-11-16T09:30:00Z")
    sagemaker = world.client(DEV, "sagemaker")
    sagemaker.create_model_package(
        ModelPackageName="fraud-features-baseline",
        ModelPackageDescription="Not a release: what features alone can do.",
        InferenceSpecification={
            "Containers": [
                {
                    "Image": fraud.XGBOOST,
                    "ModelDataUrl": f"{fraud.OUTPUT}/output/fraud-xgb-on-features/output/model.tar.gz",
                }
            ],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        Tags=tags(team="risk"),
    )
    world.at("2026-11-16T09:40:00Z")
    sagemaker.create_model_package_group(ModelPackageGroupName=CHECKPOINTS)
    sagemaker.create_model_package(
        ModelPackageGroupName=CHECKPOINTS,
        ModelPackageRegistrationType="Logged",
        ModelLifeCycle={"Stage": "Development", "StageStatus": "InProgress"},
        InferenceSpecification={
            "Containers": [
                {
                    "ModelDataSource": {
                        "S3DataSource": {
                            "S3Uri": f"{_BUCKET}/support-bot/checkpoints/step-400/",
                            "S3DataType": "S3Prefix",
                            "CompressionType": "None",
                        }
                    },
                    "AdditionalS3DataSource": {
                        "S3DataType": "S3Object",
                        "S3Uri": f"{_BUCKET}/drafts/eagle.safetensors",
                    },
                    "BaseModel": {"HubContentName": "meta-textgeneration-llama-3-2-1b-instruct"},
                    "IsCheckpoint": True,
                }
            ]
        },
    )


def _cards(world: World) -> None:
    """A card of two versions in dev, one under a key in prod, one inside of a package."""
    world.at("2026-11-14T15:00:00Z")
    sagemaker = world.client(DEV, "sagemaker")
    sagemaker.create_model_card(
        ModelCardName="support-bot", Content=_content("Draft", 2), ModelCardStatus="Draft", Tags=tags(team="support-ml")
    )
    world.at("2026-11-15T16:00:00Z")
    sagemaker.update_model_card(
        ModelCardName="support-bot", Content=_content("Reviewed", 2), ModelCardStatus="PendingReview"
    )
    sagemaker.update_model_package(
        ModelPackageArn=f"arn:aws:sagemaker:us-west-2:{DEV}:model-package/fraud/1",
        ModelCard={
            "ModelCardContent": json.dumps(
                {
                    "model_overview": {"model_creator": "bo"},
                    "intended_uses": {
                        "purpose_of_model": f"Scores card payments {HOSTILE['script']}",
                        "intended_uses": "Payments above 5 EUR",
                        "risk_rating": "High",
                    },
                }
            ),
            "ModelCardStatus": "Approved",
        },
    )
    world.at("2026-11-17T15:30:00Z")
    world.client(PROD, "sagemaker").create_model_card(
        ModelCardName="fraud",
        Content=json.dumps(
            {
                "model_overview": {"model_id": f"arn:aws:sagemaker:us-west-2:{PROD}:model/{SHADOWED}"},
                "intended_uses": {"risk_rating": "High", "purpose_of_model": "Known to those who have the key."},
            }
        ),
        ModelCardStatus="Approved",
        SecurityConfig={"KmsKeyId": KEY},
    )


def _content(state: str, version: int) -> str:
    job = f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/"
    return json.dumps(
        {
            "model_overview": {
                "model_name": "Support bot",
                "model_description": f"{state} {HOSTILE['image']}",
                "model_owner": "ana",
            },
            "model_package_details": {"model_package_arn": package_arn(DEV, version)},
            "intended_uses": {
                "purpose_of_model": "Answers customers' questions",
                "intended_uses": "Support chats, with a person to hand over to",
                "risk_rating": "Medium",
            },
            "training_details": {
                "training_job_details": {
                    "training_arn": f"{job}support-bot-rlvr-20261113",
                    "training_datasets": ["s3://acme-shared-data/prompts/prompts.jsonl"],
                }
            },
            "evaluation_details": [
                {
                    "name": "Helpfulness",
                    "evaluation_observation": f"Better than the base model {HOSTILE['link']}",
                    "evaluation_job_arn": f"{job}support-bot-eval-rlvr-20261113",
                    "datasets": ["s3://acme-shared-data/golden/golden.jsonl"],
                    "metric_groups": [
                        {"name": "all", "metric_data": [{"name": "score", "type": "number", "value": 0.71}]}
                    ],
                }
            ],
            "additional_information": {
                "caveats_and_recommendations": "Not for legal advice.",
                "custom_details": {"deploy_token": PLANTED_SECRETS["gitlab_token"]},
            },
        }
    )
