"""What the assistant's people run in Amazon Bedrock: a small model that sorts questions, and a fallback."""

from __future__ import annotations

from studbook.demo.estate.secrets import HOSTILE
from studbook.demo.estate.support_bot_jobs import OUTPUT, SHARED
from studbook.demo.estate.world import DEV, PROD, World, role

TRIAGE = "support-triage"
FALLBACK = "support-bot-fallback"
NOVA, JUDGE = "amazon.nova-micro-v1:0:128k", "amazon.nova-pro-v1:0"


def tuned(world: World) -> None:
    """Nova Micro is tuned on the first chats, judged on the golden answers, and serves."""
    world.at("2026-11-15T10:00:00Z")
    bedrock = world.client(DEV, "bedrock")
    job = bedrock.create_model_customization_job(
        jobName=f"{TRIAGE}-20261115",
        customModelName=TRIAGE,
        roleArn=role(DEV, "BedrockExecution"),
        baseModelIdentifier=NOVA,
        customizationType="FINE_TUNING",
        trainingDataConfig={"s3Uri": f"{SHARED}/chat/v1/train.jsonl"},
        validationDataConfig={"validators": [{"s3Uri": f"{SHARED}/chat/v1/validation.jsonl"}]},
        outputDataConfig={"s3Uri": f"{OUTPUT}/bedrock/{TRIAGE}/"},
        hyperParameters={"epochCount": "2", "learningRate": "0.00001", "note": HOSTILE["template"]},
        customModelTags=[{"key": "team", "value": "support-ml"}],
    )["jobArn"]
    world.at("2026-11-15T12:30:00Z")
    world.aws.fill(
        job,
        status="Completed",
        trainingMetrics={"trainingLoss": 0.31},
        validationMetrics=[{"validationLoss": 0.36}],
    )
    model = bedrock.get_custom_model(modelIdentifier=TRIAGE)["modelArn"]
    world.at("2026-11-15T14:00:00Z")
    judged = bedrock.create_evaluation_job(
        jobName=f"{TRIAGE}-judged-20261115",
        jobDescription=f"Does it sort as the experts did? {HOSTILE['script']}",
        roleArn=role(DEV, "BedrockExecution"),
        evaluationConfig={
            "automated": {
                "datasetMetricConfigs": [
                    {
                        "taskType": "General",
                        "dataset": {
                            "name": "golden",
                            "datasetLocation": {"s3Uri": f"{SHARED}/golden/golden.jsonl"},
                        },
                        "metricNames": ["Builtin.Correctness", "Builtin.Helpfulness"],
                    }
                ],
                "evaluatorModelConfig": {"bedrockEvaluatorModels": [{"modelIdentifier": JUDGE}]},
            }
        },
        inferenceConfig={"models": [{"bedrockModel": {"modelIdentifier": model, "inferenceParams": "{}"}}]},
        outputDataConfig={"s3Uri": f"{OUTPUT}/bedrock/judged/"},
    )["jobArn"]
    world.at("2026-11-15T14:40:00Z")
    world.aws.fill(judged, status="Completed")
    world.at("2026-11-16T13:00:00Z")
    deployment = bedrock.create_custom_model_deployment(
        modelDeploymentName=f"{TRIAGE}-dev",
        modelArn=model,
        tags=[{"key": "team", "value": "support-ml"}],
    )["customModelDeploymentArn"]
    world.aws.fill(deployment, status="Active")


def imported(world: World) -> None:
    """What prod runs is imported too, with its adapter merged, for when the endpoint is down."""
    world.at("2026-11-20T17:00:00Z")
    weights = f"{OUTPUT}/output/support-bot-rlvr-20261119/output/model/checkpoints/hf_merged/"
    job = world.client(PROD, "bedrock").create_model_import_job(
        jobName=f"{FALLBACK}-20261120",
        importedModelName=FALLBACK,
        roleArn=role(PROD, "BedrockExecution"),
        modelDataSource={"s3DataSource": {"s3Uri": weights}},
    )["jobArn"]
    world.at("2026-11-20T17:20:00Z")
    world.aws.fill(job, status="Completed")
