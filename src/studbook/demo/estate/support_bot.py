"""The support assistant: Llama 3.2 1B, tuned on chats, then by a reward function, judged, approved, shipped.

Data lives in the data account, work happens in dev; staging and prod get clones of approved packages.
"""

from __future__ import annotations

import json

from studbook.demo.estate.secrets import HOSTILE
from studbook.demo.estate.support_bot_evaluation import evaluation_pipeline
from studbook.demo.estate.support_bot_jobs import GROUP, SHARED, TOKEN, evaluate, stopped_job, tune
from studbook.demo.estate.support_bot_serving import approve, ship
from studbook.demo.estate.tracking import Tracking
from studbook.demo.estate.world import DATA, DEV, STAGING, World, hub_name, package, role, tags

HELPFULNESS = "eval-support-helpfulness"
TOXICITY = "SageMaker-evaluator-support-toxicity-20261110_090000"


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

    sft = tune(world, tracking, training, "support-bot-sft-20261112", "2026-11-12", technique="SFT", data="1.0.0")
    evaluate(
        world, tracking, judging, "support-bot-eval-base-20261112", "2026-11-12", version=None, of=None, score=0.41
    )
    evaluate(world, tracking, judging, "support-bot-eval-sft-20261112", "2026-11-12", version=1, of=sft, score=0.63)
    rlvr = tune(world, tracking, training, "support-bot-rlvr-20261113", "2026-11-13", technique="RLVR", parent=1)
    evaluate(world, tracking, judging, "support-bot-eval-rlvr-20261113", "2026-11-13", version=2, of=rlvr, score=0.71)
    evaluate(
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
    approve(world, 2, "Better than the base model by 30 points.")
    ship(world, 2, "rlvr-20261113", "2026-11-14")
    stopped_job(world)


def second_models(world: World) -> None:
    """New chats; SFT and RLVR again, judged by the same evaluators."""
    tracking = Tracking(world.mlflow)
    world.at("2026-11-18T07:00:00Z")
    _chats(world, "v2", 90)
    _dataset(world, "support-chat-sft", "2.0.0", "chat/v2/train.jsonl", "Chats up to October.")
    training, judging = "1", "2"
    sft = tune(world, tracking, training, "support-bot-sft-20261118", "2026-11-18", technique="SFT", data="2.0.0")
    evaluate(world, tracking, judging, "support-bot-eval-sft-20261118", "2026-11-18", version=3, of=sft, score=0.68)
    rlvr = tune(world, tracking, training, "support-bot-rlvr-20261119", "2026-11-19", technique="RLVR", parent=3)
    evaluate(world, tracking, judging, "support-bot-eval-rlvr-20261119", "2026-11-19", version=4, of=rlvr, score=0.79)
    base = "support-bot-eval-base-20261119"
    evaluate(world, tracking, judging, base, "2026-11-19", version=None, of=None, score=0.42, hour=19)
    evaluation_pipeline(world, base, "support-bot-eval-rlvr-20261119", 4)


def promotion(world: World) -> None:
    """Version 4 is approved, cloned and takes the place of version 2; the evaluator is published anew."""
    world.at("2026-11-20T09:00:00Z")
    approve(world, 4, f"Signed off. {HOSTILE['quotes']}")
    ship(world, 4, "rlvr-20261119", "2026-11-20")
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
