"""The support assistant: Llama 3.2 1B, tuned on chats, then by a reward function, judged, approved, shipped.

Data lives in the data account, work happens in dev; staging and prod get clones of approved packages.
"""

from __future__ import annotations

import json
from typing import Any

from studbook.demo.public import LLAMA, base_model_arn
from studbook.demo.secrets import HOSTILE, PLANTED_SECRETS
from studbook.demo.tracking import Run, Tracking
from studbook.demo.world import (
    DATA,
    DEV,
    PROD,
    STAGING,
    WEST,
    World,
    content_arn,
    hub_name,
    package,
    role,
    seconds,
    tags,
)

SHARED = "s3://acme-shared-data"
OUTPUT = "s3://acme-ml-dev-us-west-2"
LMI = "763104351884.dkr.ecr.us-west-2.amazonaws.com/djl-inference:0.34.0-lmi16.0.0-cu128"
GROUP = "support-bot"
HELPFULNESS = "eval-support-helpfulness"
TOXICITY = "SageMaker-evaluator-support-toxicity-20261110_090000"
TOKEN = PLANTED_SECRETS


def found(world: World) -> None:
    """October and early November: data, evaluators, the hub, the MLflow App."""
    world.at("2026-10-05T08:00:00Z")
    world.bucket(DATA, "acme-shared-data", versioned=True)
    world.bucket(DEV, "acme-ml-dev-us-west-2")
    for account in (DATA, DEV):
        world.client(account, "sagemaker").create_hub(
            HubName=hub_name(account), HubDescription="AI Registry", HubDisplayName=f"AiRegistry-us-west-2-{account}"
        )
    _chats(world, "v1", 40)
    _dataset(world, "support-chat-sft", "1.0.0", "chat/v1/train.jsonl", "Chats of spring, anonymised.")
    world.put(DATA, f"{SHARED}/prompts/prompts.jsonl", _lines("prompt", 60))
    world.put(DATA, f"{SHARED}/prompts/notes <b>a|b</b>.txt", "Reviewed by hand.\n")
    _dataset(world, "support-chat-prompts", "1.0.0", "prompts/prompts.jsonl", HOSTILE["script"])
    world.put(DATA, f"{SHARED}/golden/golden.jsonl", _lines("golden", 25))
    _dataset(world, "support-golden", "1.0.0", "golden/golden.jsonl", "Two hundred answers that experts wrote.")

    world.at("2026-11-10T09:00:00Z")
    functions = world.client(DEV, "lambda")
    for name, purpose in ((HELPFULNESS, "evaluator"), (TOXICITY, "evaluator")):
        functions.create_function(
            FunctionName=name,
            Role=role(DEV, "EvaluatorExecution"),
            Runtime="python3.12",
            Handler="handler.handler",
            Code={"ZipFile": package(f"# {name}\ndef handler(event, context):\n    return 0.5\n")},
            Description=f"Reward function {HOSTILE['table']}",
            Environment={"Variables": {"DB_PASSWORD": TOKEN["lambda_password"], "LOG_LEVEL": "INFO"}},
            Tags={"purpose": purpose, "team": "support-ml"},
        )
    arn = functions.publish_version(FunctionName=HELPFULNESS, Description="first")["FunctionArn"]
    functions.create_alias(FunctionName=HELPFULNESS, Name="live", FunctionVersion="1")
    _evaluator(world, "support-helpfulness", "1.0.0", arn)
    _evaluator(world, "support-toxicity", "1.0.0", arn.rsplit(":", 2)[0] + f":{TOXICITY}")
    world.client(DEV, "sagemaker").create_mlflow_app(
        Name="dev-mlflow",
        ArtifactStoreUri="s3://acme-mlflow-artifacts",
        RoleArn=role(DEV, "SageMakerExecution"),
        AccountDefaultStatus="ENABLED",
        Tags=tags(team="support-ml"),
    )
    world.client(DEV, "sagemaker").create_model_package_group(
        ModelPackageGroupName=GROUP,
        ModelPackageGroupDescription=f"Answers customers' questions. {HOSTILE['link']} {HOSTILE['template']}",
        Tags=tags(team="support-ml", project="support-bot"),
    )


def first_models(world: World) -> None:
    """SFT on the first chats, RLVR on top, judged; version 2 goes to staging and prod."""
    tracking = Tracking(world.mlflow)
    world.at("2026-11-11T08:00:00Z")
    training = tracking.experiment("support-bot", team="support-ml", note=HOSTILE["image"])
    judging = tracking.experiment("support-bot-evaluation")
    tracking.registered_model(GROUP, f"The support assistant {HOSTILE['script']}", team="support-ml")

    sft = _tune(world, tracking, training, "support-bot-sft-20261112", "2026-11-12", technique="SFT", data="1.0.0")
    _evaluate(
        world, tracking, judging, "support-bot-eval-base-20261112", "2026-11-12", version=None, of=None, score=0.41
    )
    _evaluate(world, tracking, judging, "support-bot-eval-sft-20261112", "2026-11-12", version=1, of=sft, score=0.63)
    rlvr = _tune(world, tracking, training, "support-bot-rlvr-20261113", "2026-11-13", technique="RLVR", parent=1)
    _evaluate(world, tracking, judging, "support-bot-eval-rlvr-20261113", "2026-11-13", version=2, of=rlvr, score=0.71)
    _evaluate(
        world,
        tracking,
        judging,
        "support-bot-toxicity-rlvr-20261113",
        "2026-11-13",
        version=2,
        of=rlvr,
        score=0.97,
        evaluator="support-toxicity",
    )
    tracking.alias(GROUP, "champion", "2")
    world.at("2026-11-14T10:00:00Z")
    _approve(world, 2, "Better than the base model by 30 points.")
    _ship(world, 2, "rlvr-20261113", "2026-11-14")
    _stopped_job(world)


def second_models(world: World) -> None:
    """New chats; SFT and RLVR again, judged by the same evaluators."""
    tracking = Tracking(world.mlflow)
    world.at("2026-11-18T07:00:00Z")
    _chats(world, "v2", 90)
    _dataset(world, "support-chat-sft", "2.0.0", "chat/v2/train.jsonl", "Chats up to October.")
    training, judging = "1", "2"
    sft = _tune(world, tracking, training, "support-bot-sft-20261118", "2026-11-18", technique="SFT", data="2.0.0")
    _evaluate(world, tracking, judging, "support-bot-eval-sft-20261118", "2026-11-18", version=3, of=sft, score=0.68)
    rlvr = _tune(world, tracking, training, "support-bot-rlvr-20261119", "2026-11-19", technique="RLVR", parent=3)
    _evaluate(world, tracking, judging, "support-bot-eval-rlvr-20261119", "2026-11-19", version=4, of=rlvr, score=0.79)
    _evaluation_pipeline(world, "support-bot-eval-rlvr-20261119")


def promotion(world: World) -> None:
    """Version 4 is approved, cloned and takes the place of version 2; the evaluator is published anew."""
    world.at("2026-11-20T09:00:00Z")
    _approve(world, 4, f"Signed off. {HOSTILE['quotes']}")
    _ship(world, 4, "rlvr-20261119", "2026-11-20")
    Tracking(world.mlflow).alias(GROUP, "champion", "4")
    world.at("2026-11-20T15:00:00Z")
    functions = world.client(DEV, "lambda")
    functions.update_function_code(
        FunctionName=HELPFULNESS,
        ZipFile=package(f"# {HELPFULNESS}\ndef handler(event, context):\n    return 0.75\n"),
    )
    arn = functions.publish_version(FunctionName=HELPFULNESS, Description="stricter")["FunctionArn"]
    functions.update_alias(FunctionName=HELPFULNESS, Name="live", FunctionVersion="2")
    _evaluator(world, "support-helpfulness", "2.0.0", arn)


def staging_removed(world: World) -> None:
    """Staging is torn down: its endpoint goes, the package stays."""
    world.at("2026-11-21T18:00:00Z")
    sagemaker = world.client(STAGING, "sagemaker")
    sagemaker.delete_endpoint(EndpointName="support-bot-staging")
    sagemaker.delete_endpoint_config(EndpointConfigName="support-bot-staging-20261120")


# --- data and evaluators ------------------------------------------------------------------------------------------


def _lines(word: str, count: int) -> str:
    return "".join(json.dumps({"id": n, "text": f"{word} {n}"}) + "\n" for n in range(count))


def _chats(world: World, version: str, count: int) -> None:
    for part in ("train", "validation"):
        world.put(DATA, f"{SHARED}/chat/{version}/{part}.jsonl", _lines(f"chat-{version}-{part}", count))


def _dataset(world: World, name: str, version: str, key: str, description: str) -> None:
    document = {
        "DatasetType": "CUSTOMER_PROVIDED",
        "DatasetRoleArn": role(DATA, "SageMakerExecution"),
        "DatasetS3Bucket": "acme-shared-data",
        "DatasetS3Prefix": key,
        "DatasetContextS3Uri": '""',
        "ConversationId": "default-conversation",
        "ConversationCheckpointId": "default-checkpoint",
        "Dependencies": [],
    }
    world.client(DATA, "sagemaker").import_hub_content(
        HubName=hub_name(DATA),
        HubContentName=name,
        HubContentVersion=version,
        HubContentType="DataSet",
        DocumentSchemaVersion="2.0.0",
        HubContentDisplayName=name,
        HubContentDescription=description,
        HubContentDocument=json.dumps(document),
        HubContentSearchKeywords=["method:uploaded", "customization_technique:sft", "@domain:d-acme00000001"],
    )


def _evaluator(world: World, name: str, version: str, function: str) -> None:
    content = {"Reference": function, "EvaluatorType": "RewardFunction"}
    world.client(DEV, "sagemaker").import_hub_content(
        HubName=hub_name(DEV),
        HubContentName=name,
        HubContentVersion=version,
        HubContentType="JsonDoc",
        DocumentSchemaVersion="2.0.0",
        HubContentDisplayName=name,
        HubContentDocument=json.dumps({"SubType": "AWS/Evaluator", "JsonContent": json.dumps(content)}),
        HubContentSearchKeywords=["method:lambda", "@subtype:aws/evaluator", "@evaluatortype:rewardfunction"],
    )


# --- jobs ---------------------------------------------------------------------------------------------------------


def app_arn(world: World) -> str:
    """The MLflow App of dev."""
    arn: str = world.client(DEV, "sagemaker").list_mlflow_apps()["Summaries"][0]["Arn"]
    return arn


def package_arn(account: str, version: int, group: str = GROUP) -> str:
    """A version of a package group."""
    return f"arn:aws:sagemaker:us-west-2:{account}:model-package/{group}/{version}"


def _tune(
    world: World,
    tracking: Tracking,
    experiment: str,
    name: str,
    day: str,
    *,
    technique: str,
    data: str | None = None,
    parent: int | None = None,
) -> Run:
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
        datasets=[("train", source.rsplit("/", 2)[-2], "8f1b2c3d", uri)],
        model="adapter",
    )
    artifacts = f"{OUTPUT}/output/{name}/output/model"
    made = _package(world, name, artifacts, f"verl-{technique.lower()}-llama-3-2-1b-instruct-lora", end)
    world.at(end)
    world.aws.fill(
        arn,
        TrainingJobStatus="Completed",
        SecondaryStatus="Completed",
        SecondaryStatusTransitions=[
            {"Status": "Starting", "StartTime": seconds(start), "EndTime": seconds(start) + 90, "StatusMessage": ""},
            {"Status": "Training", "StartTime": seconds(start) + 90, "EndTime": seconds(end), "StatusMessage": ""},
        ],
        TrainingStartTime=seconds(start) + 90,
        TrainingEndTime=seconds(end),
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
        InferenceSpecification=_inference(artifacts, recipe),
        MetadataProperties={"GeneratedBy": f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/{job}"},
        CustomerMetadataProperties={"ticket": "SUP-311", "callback": f"Bearer {TOKEN['jwt']}"},
    )["ModelPackageArn"]
    return arn


def _inference(artifacts: str, recipe: str) -> dict[str, Any]:
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


def _evaluate(
    world: World,
    tracking: Tracking,
    experiment: str,
    name: str,
    day: str,
    *,
    version: int | None,
    of: Run | None,
    score: float,
    evaluator: str = "support-helpfulness",
) -> None:
    """A serverless evaluation of a package, or of the base model alone."""
    hour = {"support-toxicity": 20}.get(evaluator, 18 if version and version % 2 == 0 else 12)
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
    world.aws.fill(
        arn,
        TrainingJobStatus="Completed",
        SecondaryStatus="Completed",
        TrainingStartTime=seconds(start) + 60,
        TrainingEndTime=seconds(end),
        ModelArtifacts={"S3ModelArtifacts": f"{OUTPUT}/eval/{name}/output/output"},
        MlflowDetails={"MlflowExperimentId": run.experiment_id, "MlflowRunId": run.run_id},
    )


def _stopped_job(world: World) -> None:
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
    world.at("2026-11-16T09:20:00Z")
    world.aws.fill(
        arn,
        TrainingJobStatus="Stopped",
        SecondaryStatus="Stopped",
        TrainingStartTime=seconds("2026-11-16T09:01:00Z"),
        TrainingEndTime=seconds("2026-11-16T09:20:00Z"),
    )


def _s3_channel(name: str, uri: str) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
        },
    }


def _evaluation_pipeline(world: World, job: str) -> None:
    """The pipeline by which the SDK runs an evaluation, with the lineage entities that it writes."""
    world.at("2026-11-19T17:55:00Z")
    sagemaker = world.client(DEV, "sagemaker")
    name = "SagemakerEvaluation-CustomScorerEvaluation-1f0c2a3b-aaaa-4bbb-8ccc-0123456789ab"
    sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [{"Name": "EvaluateCustomModel"}]}),
        ClientRequestToken="0123456789abcdef0123456789abcdef",
        RoleArn=role(DEV, "SageMakerExecution"),
        Tags=tags(SagemakerModelEvaluation="true"),
    )
    execution = sagemaker.start_pipeline_execution(
        PipelineName=name,
        PipelineExecutionDisplayName="eval-support-bot-4",
        ClientRequestToken="0123456789abcdef0123456789abcde0",
    )["PipelineExecutionArn"]
    action = sagemaker.create_action(
        ActionName=execution.rsplit("/", 1)[-1],
        Source={"SourceUri": package_arn(DEV, 4), "SourceType": "ModelPackage"},
        ActionType="Evaluation",
        Properties={"PipelineExecutionArn": execution, "PipelineName": name},
    )["ActionArn"]
    report = sagemaker.create_artifact(
        ArtifactName="custom-eval-report", Source={"SourceUri": f"{OUTPUT}/eval"}, ArtifactType="EvaluationReport"
    )["ArtifactArn"]
    sagemaker.add_association(SourceArn=report, DestinationArn=action, AssociationType="ContributedTo")
    step = {
        "StepName": "EvaluateCustomModel",
        "StepStatus": "Succeeded",
        "AttemptCount": 1,
        "StartTime": seconds("2026-11-19T18:00:00Z"),
        "Metadata": {"TrainingJob": {"Arn": f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/{job}"}},
    }
    world.aws.fill(execution, PipelineExecutionStatus="Succeeded", Steps=[step])


# --- the way to prod ----------------------------------------------------------------------------------------------


def _approve(world: World, version: int, why: str) -> None:
    world.client(DEV, "sagemaker").update_model_package(
        ModelPackageArn=package_arn(DEV, version), ModelApprovalStatus="Approved", ApprovalDescription=why
    )


def _ship(world: World, version: int, job: str, day: str) -> None:
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
            InferenceSpecification=_inference(artifacts, "verl-rlvr-llama-3-2-1b-instruct-lora"),
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
