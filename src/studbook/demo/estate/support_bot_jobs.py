"""The support assistant's jobs: serverless tuning and evaluation, their packages and their MLflow runs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from studbook.demo.estate.public import LLAMA, base_model_arn
from studbook.demo.estate.secrets import HOSTILE, PLANTED_SECRETS
from studbook.demo.estate.tracking import FinishedRun, Tracking
from studbook.demo.estate.world import DATA, DEV, WEST, World, content_arn, role, seconds, tags

SHARED = "s3://acme-shared-data"
OUTPUT = "s3://acme-ml-dev-us-west-2"
LMI = "763104351884.dkr.ecr.us-west-2.amazonaws.com/djl-inference:0.34.0-lmi16.0.0-cu128"
GROUP = "support-bot"
TOKEN = PLANTED_SECRETS


def app_arn(world: World) -> str:
    """The MLflow App of dev."""
    arn: str = world.client(DEV, "sagemaker").list_mlflow_apps()["Summaries"][0]["Arn"]
    return arn


def package_arn(account: str, version: int, group: str = GROUP) -> str:
    """A version of a package group."""
    return f"arn:aws:sagemaker:us-west-2:{account}:model-package/{group}/{version}"


def tune(
    world: World,
    tracking: Tracking,
    experiment: str,
    name: str,
    day: str,
    *,
    technique: str,
    data: str | None = None,
    parent: int | None = None,
) -> FinishedRun:
    """A serverless fine-tuning job, its MLflow run, and the package that comes out of it."""
    start, end = f"{day}T09:00:00Z", f"{day}T11:30:00Z"
    if technique == "RLVR":
        start, end = f"{day}T13:00:00Z", f"{day}T16:45:00Z"
    world.at(start)
    source = content_arn(DATA, "DataSet", *(("support-chat-sft", data) if data else ("support-chat-prompts", "1.0.0")))
    serverless: dict[str, Any] = {
        "BaseModelArn": base_model_arn(WEST),
        "AcceptEula": True,
        "JobType": "FineTuning",
        "CustomizationTechnique": technique,
        "Peft": "LORA",
    }
    packaging: dict[str, Any] = {
        "ModelPackageGroupArn": f"arn:aws:sagemaker:us-west-2:{DEV}:model-package-group/{GROUP}"
    }
    if technique == "RLVR":
        serverless["EvaluatorArn"] = content_arn(DEV, "JsonDoc", "support-helpfulness", "1.0.0")
        packaging["SourceModelPackageArn"] = package_arn(DEV, parent or 1)
    hyperparameters = {"learning_rate": "0.0001", "max_epochs": "3", "lora_rank": "16", "note": HOSTILE["template"]}
    channels: list[dict[str, Any]] = [
        {"ChannelName": "train", "DataSource": {"DatasetSource": {"DatasetArn": source}}},
    ]
    if data:
        channels.append(_s3_channel("validation", f"{SHARED}/chat/v{data[0]}/validation.jsonl"))
    sagemaker = world.client(DEV, "sagemaker")
    arn = sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=role(DEV, "SageMakerExecution"),
        HyperParameters=hyperparameters,
        InputDataConfig=channels,
        OutputDataConfig={"S3OutputPath": f"{OUTPUT}/output"},
        StoppingCondition={"MaxRuntimeInSeconds": 86400},
        ServerlessJobConfig=serverless,
        ModelPackageConfig=packaging,
        MlflowConfig={
            "MlflowResourceArn": app_arn(world),
            "MlflowExperimentName": "support-bot",
            "MlflowRunName": name,
        },
        Environment={"HF_TOKEN": TOKEN["huggingface_token"], "LOG_LEVEL": "info"},
        Tags=tags(team="support-ml", sagemaker_sdk__x="1"),
    )["TrainingJobArn"]
    losses = [2.1, 1.4, 1.1] if technique == "SFT" else [0.9, 0.8, 0.74]
    uri = f"{SHARED}/chat/v{data[0]}/train.jsonl" if data else f"{SHARED}/prompts/prompts.jsonl"
    run = tracking.run(
        experiment,
        name,
        start,
        end,
        params={**hyperparameters, "technique": technique, "api_key": TOKEN["mlflow_api_key"]},
        metrics={"train/loss": losses, "validation/loss": [loss + 0.15 for loss in losses]},
        tags={"note": f"{HOSTILE['script']} {HOSTILE['table']}", "slack": TOKEN["slack_token"]},
        datasets=[("train", source.rsplit("/", 2)[-2], hashlib.sha256(uri.encode()).hexdigest()[:8], uri)],
        model="adapter",
    )
    artifacts = f"{OUTPUT}/output/{name}/output/model"
    made = _package(world, name, artifacts, f"verl-{technique.lower()}-llama-3-2-1b-instruct-lora", end)
    world.finish(
        arn,
        "Training",
        start,
        end,
        waited=90,
        SecondaryStatusTransitions=[
            {"Status": "Starting", "StartTime": seconds(start), "EndTime": seconds(start) + 90, "StatusMessage": ""},
            {"Status": "Training", "StartTime": seconds(start) + 90, "EndTime": seconds(end), "StatusMessage": ""},
        ],
        ModelArtifacts={"S3ModelArtifacts": artifacts},
        OutputModelPackageArn=made,
        MlflowDetails={"MlflowExperimentId": run.experiment_id, "MlflowRunId": run.run_id},
        ProgressInfo={"CurrentEpoch": 3, "MaxEpoch": 3},
        BillableTokenCount=4_100_000,
    )
    tracking.version(GROUP, run, made, f"Made by {name} {HOSTILE['direction']}")
    return run


def _package(world: World, job: str, artifacts: str, recipe: str, end: str) -> str:
    """The package that the service registers when a fine-tuning job ends."""
    world.at(end)
    sagemaker = world.client(DEV, "sagemaker")
    arn: str = sagemaker.create_model_package(
        ModelPackageGroupName=GROUP,
        InferenceSpecification=inference(artifacts, recipe),
        MetadataProperties={"GeneratedBy": f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/{job}"},
        CustomerMetadataProperties={"ticket": "SUP-311", "callback": f"Bearer {TOKEN['jwt']}"},
    )["ModelPackageArn"]
    return arn


def inference(artifacts: str, recipe: str) -> dict[str, Any]:
    """How a package of an adapter says what it runs on."""
    return {
        "Containers": [
            {
                "Image": LMI,
                "ModelDataSource": {
                    "S3DataSource": {
                        "S3Uri": f"{artifacts}/",
                        "S3DataType": "S3Prefix",
                        "CompressionType": "None",
                    }
                },
                "BaseModel": {"HubContentName": LLAMA, "HubContentVersion": "1.12.0", "RecipeName": recipe},
                "IsCheckpoint": True,
            }
        ],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }


def evaluate(
    world: World,
    tracking: Tracking,
    experiment: str,
    name: str,
    day: str,
    *,
    version: int | None,
    of: FinishedRun | None,
    score: float,
    evaluator: str = "support-helpfulness",
    hour: int | None = None,
) -> None:
    """A serverless evaluation of a package, or of the base model alone."""
    hour = hour or {"support-toxicity": 20}.get(evaluator, 18 if version and version % 2 == 0 else 12)
    start, end = f"{day}T{hour}:00:00Z", f"{day}T{hour}:40:00Z"
    world.at(start)
    request: dict[str, Any] = {}
    if version is not None:
        request["ModelPackageConfig"] = {
            "ModelPackageGroupArn": f"arn:aws:sagemaker:us-west-2:{DEV}:model-package-group/{GROUP}",
            "SourceModelPackageArn": package_arn(DEV, version),
        }
    sagemaker = world.client(DEV, "sagemaker")
    arn = sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=role(DEV, "SageMakerExecution"),
        HyperParameters={"task": "gen_qa", "evaluation_metric": "all", "aggregation": "mean"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {
                    "DatasetSource": {"DatasetArn": content_arn(DATA, "DataSet", "support-golden", "1.0.0")}
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": f"{OUTPUT}/eval", "CompressionType": "NONE"},
        StoppingCondition={"MaxRuntimeInSeconds": 86400},
        ServerlessJobConfig={
            "BaseModelArn": base_model_arn(WEST),
            "AcceptEula": True,
            "JobType": "Evaluation",
            "EvaluationType": "CustomScorerEvaluation",
            "EvaluatorArn": content_arn(DEV, "JsonDoc", evaluator, "1.0.0"),
        },
        MlflowConfig={
            "MlflowResourceArn": app_arn(world),
            "MlflowExperimentName": "support-bot-evaluation",
            "MlflowRunName": name,
        },
        **request,
    )["TrainingJobArn"]
    run = tracking.run(
        experiment,
        name,
        start,
        end,
        params={"evaluator": evaluator, "evaluator_version": "1.0.0"},
        metrics={"score": [score], "exact_match": [round(score * 0.8, 3)]},
        tags={"kind": "evaluation"},
        datasets=[("eval", "support-golden", "77aa00bb", f"{SHARED}/golden/golden.jsonl")],
        evaluated=of.model_id if of else None,
    )
    world.at(end)
    results = {"results": {"all": {"score": score, "score_stderr": 0.012}}, "versions": {"gen_qa": 0}}
    world.put(
        DEV,
        f"{OUTPUT}/eval/{name}/output/output/None/eval_results/results_{day}T{hour}-39-02.json",
        json.dumps(results),
    )
    world.aws.fill(
        arn,
        TrainingJobStatus="Completed",
        SecondaryStatus="Completed",
        TrainingStartTime=seconds(start) + 60,
        TrainingEndTime=seconds(end),
        ModelArtifacts={"S3ModelArtifacts": f"{OUTPUT}/eval/{name}/output/output"},
        MlflowDetails={"MlflowExperimentId": run.experiment_id, "MlflowRunId": run.run_id},
    )


def stopped_job(world: World) -> None:
    """A try that somebody stopped; it reads a whole prefix of chats."""
    world.at("2026-11-16T09:00:00Z")
    arn = world.client(DEV, "sagemaker").create_training_job(
        TrainingJobName="support-bot-dpo-tryout",
        RoleArn=role(DEV, "SageMakerExecution"),
        HyperParameters={"beta": "0.1", "note": HOSTILE["heading"]},
        InputDataConfig=[_s3_channel("train", f"{SHARED}/chat/v1/")],
        OutputDataConfig={"S3OutputPath": f"{OUTPUT}/output"},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        ServerlessJobConfig={
            "BaseModelArn": base_model_arn(WEST),
            "AcceptEula": True,
            "JobType": "FineTuning",
            "CustomizationTechnique": "DPO",
        },
    )["TrainingJobArn"]
    world.finish(arn, "Training", "2026-11-16T09:01:00Z", "2026-11-16T09:20:00Z", status="Stopped")


def _s3_channel(name: str, uri: str) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
        },
    }
