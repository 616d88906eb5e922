"""The support assistant learns to act: generated tasks, reinforcement learning over many turns, and its evaluation."""

from __future__ import annotations

import json
from typing import Any

from studbook.demo.estate.public import QWEN, base_model_arn
from studbook.demo.estate.support_bot_jobs import LMI, OUTPUT, app_arn
from studbook.demo.estate.tracking import FinishedRun, Tracking
from studbook.demo.estate.world import DATA, DEV, WEST, World, content_arn, hub_name, package, role, seconds, tags

GROUP = "support-agent"
AGENT = "support-agent-tools"
TASKS = "support-agent-tasks"
_ARN = f"arn:aws:sagemaker:us-west-2:{DEV}"
_BASE = base_model_arn(WEST, QWEN, "1.0.0")


def found(world: World) -> None:
    """Tasks are generated from the golden answers and looked at; the agent's tools are a Lambda function."""
    _tasks(world)
    world.at("2026-11-13T09:00:00Z")
    world.client(DEV, "lambda").create_function(
        FunctionName=AGENT,
        Role=role(DEV, "EvaluatorExecution"),
        Runtime="python3.12",
        Handler="handler.handler",
        Code={"ZipFile": package(f"# {AGENT}\ndef handler(event, context):\n    return {{'reward': 1.0}}\n")},
        Description="Plays the customer and the order system for the agent.",
    )
    world.client(DEV, "sagemaker").create_model_package_group(
        ModelPackageGroupName=GROUP,
        ModelPackageGroupDescription="Looks orders up and changes them.",
        Tags=tags(team="support-ml"),
    )


def first_agent(world: World) -> None:
    """The agent is trained, and judged beside its base model."""
    tracking = Tracking(world.mlflow)
    world.at("2026-11-16T08:00:00Z")
    experiment = tracking.experiment(GROUP, team="support-ml")
    judging = tracking.experiment(f"{GROUP}-evaluation")
    made = _train(world, tracking, experiment)
    _judge(world, tracking, judging, None, 0.34)
    _judge(world, tracking, judging, made, 0.61)


def second_agent(world: World) -> None:
    """The agent is made smaller; a session with a notebook's own loop is opened."""
    _smaller(world)
    world.at("2026-11-19T14:00:00Z")
    arn = world.client(DEV, "sagemaker").create_training_session(
        TrainingSessionName="support-agent-notebook",
        ModelPackageGroupArn=f"{_ARN}:model-package-group/{GROUP}",
        RoleArn=role(DEV, "SageMakerExecution"),
        LoraConfig={"Rank": 16, "Alpha": 32},
        ModelConfig={"BaseModelArn": _BASE, "AcceptEula": True},
        OutputConfig={"S3Location": {"Path": f"{OUTPUT}/sessions/support-agent-notebook/"}},
        Tags=tags(team="support-ml", owner="ana"),
    )["TrainingSessionArn"]
    world.at("2026-11-19T17:30:00Z")
    world.aws.fill(
        arn,
        TrainingSessionStatus="Stopped",
        EndTime=seconds("2026-11-19T17:30:00Z"),
        BillableTokenUsage={"PrefillTokenCount": 210_000, "SampleTokenCount": 90_000, "TrainingTokenCount": 380_000},
    )


def still_training(world: World) -> None:
    """The next agent is being trained when the night's harvest comes."""
    world.at("2026-11-21T20:00:00Z")
    _create(world, "support-agent-mtrl-20261121", "AgentRFT", _training(world, "support-agent-mtrl-20261121", parent=1))


# --- data ---------------------------------------------------------------------------------------------------------


def _tasks(world: World) -> None:
    world.at("2026-11-12T10:00:00Z")
    document = {
        "InputDataConfig": [_registered("seed", content_arn(DATA, "DataSet", "support-golden", "1.0.0"))],
        "OutputDataConfig": {"S3OutputPath": f"{OUTPUT}/agent/tasks/"},
    }
    arn = _create(world, "support-agent-tasks-20261112", "SyntheticDataGeneration", document)
    world.at("2026-11-12T10:50:00Z")
    tasks = "".join(json.dumps({"task": number, "prompt": f"order {number} is late"}) + "\n" for number in range(80))
    world.put(DEV, f"{OUTPUT}/agent/tasks/tasks.jsonl", tasks)
    world.client(DEV, "sagemaker").import_hub_content(
        HubName=hub_name(DEV),
        HubContentName=TASKS,
        HubContentVersion="1.0.0",
        HubContentType="DataSet",
        DocumentSchemaVersion="2.0.0",
        HubContentDisplayName=TASKS,
        HubContentDescription="Orders that went wrong, made from golden answers.",
        HubContentDocument=json.dumps(
            {
                "DatasetType": "CUSTOMER_PROVIDED",
                "DatasetRoleArn": role(DEV, "SageMakerExecution"),
                "DatasetS3Bucket": OUTPUT.removeprefix("s3://"),
                "DatasetS3Prefix": "agent/tasks/tasks.jsonl",
                "Dependencies": [],
            }
        ),
        HubContentSearchKeywords=["method:generated"],
    )
    dataset = content_arn(DEV, "DataSet", TASKS, "1.0.0")
    _ended(
        world,
        arn,
        document | {"ServiceOutput": {"DatasetArn": dataset}},
        ("2026-11-12T10:00:00Z", "2026-11-12T11:00:00Z"),
        "Generating",
    )
    world.at("2026-11-12T12:00:00Z")
    document = {
        "InputDataConfig": [_registered("input", dataset)],
        "OutputDataConfig": {"S3OutputPath": f"{OUTPUT}/agent/quality/"},
    }
    arn = _create(world, "support-agent-tasks-quality-20261112", "DataQualityEvaluation", document)
    _ended(world, arn, document, ("2026-11-12T12:00:00Z", "2026-11-12T12:20:00Z"), "Evaluating")


def _registered(channel: str, dataset: str) -> dict[str, Any]:
    return {"ChannelName": channel, "DataSource": {"DatasetSource": {"DatasetArn": dataset}}}


# --- jobs ---------------------------------------------------------------------------------------------------------


def _create(world: World, name: str, category: str, document: dict[str, Any]) -> str:
    arn: str = world.client(DEV, "sagemaker").create_job(
        JobName=name,
        RoleArn=role(DEV, "SageMakerExecution"),
        JobCategory=category,
        JobConfigSchemaVersion="1.0.0",
        JobConfigDocument=json.dumps(document),
        Tags=tags(team="support-ml"),
    )["JobArn"]
    return arn


def _ended(world: World, arn: str, document: dict[str, Any], ran: tuple[str, str], doing: str) -> None:
    """The service's part: what it did, from when to when, and what came of it."""
    start, end = ran
    world.at(end)
    world.aws.fill(
        arn,
        JobStatus="Completed",
        SecondaryStatus="Completed",
        EndTime=seconds(end),
        SecondaryStatusTransitions=[
            {"Status": doing, "StartTime": seconds(start) + 120, "EndTime": seconds(end), "StatusMessage": ""}
        ],
        JobConfigDocument=json.dumps(document),
    )


def _training(world: World, name: str, *, parent: int | None = None) -> dict[str, Any]:
    """An AgentRFT document as the SDK writes it."""
    packages = {
        "OutputModelPackageGroupArn": f"{_ARN}:model-package-group/{GROUP}",
        "IntermediateCheckpointModelPackageGroupArn": f"{_ARN}:model-package-group/{GROUP}-mtrl-checkpoint-mpg",
    }
    if parent:
        packages["InputModelPackageArn"] = f"{_ARN}:model-package/{GROUP}/{parent}"
    return {
        "AgentConfig": _agent(),
        "InputDataConfig": [_registered("train", content_arn(DEV, "DataSet", TASKS, "1.0.0"))],
        "OutputDataConfig": {"S3OutputPath": f"{OUTPUT}/agent"},
        "ModelPackageConfig": packages,
        "TrainingConfig": {
            "BaseModelArn": _BASE,
            "AcceptEula": True,
            "HyperParameters": {"learning_rate": "0.00001", "group_size": "8"},
            "MlflowConfig": {
                "MlflowResourceArn": app_arn(world),
                "MlflowExperimentName": GROUP,
                "MlflowRunName": name,
            },
        },
    }


def _agent() -> dict[str, Any]:
    return {"CustomAgentLambdaConfig": {"LambdaArn": f"arn:aws:lambda:us-west-2:{DEV}:function:{AGENT}"}}


def _train(world: World, tracking: Tracking, experiment: str) -> FinishedRun:
    name, start, end = "support-agent-mtrl-20261116", "2026-11-16T09:00:00Z", "2026-11-16T15:30:00Z"
    world.at(start)
    document = _training(world, name)
    arn = _create(world, name, "AgentRFT", document)
    run = tracking.run(
        experiment,
        name,
        start,
        end,
        params=document["TrainingConfig"]["HyperParameters"],
        metrics={"rollout/reward/mean": [0.31, 0.44, 0.52, 0.58], "rollout/turns/mean": [7.2, 6.1, 5.4, 5.0]},
        tags={"mlflow.source.git.commit": "4e1c7ab05d2f9a3386b1c0de77f4a9128e6b5d03",
              "mlflow.source.git.repoURL": "https://github.com/acme/support-agent.git"},
        model="agent",
    )  # fmt: skip
    world.at(end)
    weights = f"{OUTPUT}/agent/{name}/output/model/"
    made = world.client(DEV, "sagemaker").create_model_package(
        ModelPackageGroupName=GROUP,
        InferenceSpecification={
            "Containers": [
                {
                    "Image": LMI,
                    "ModelDataSource": {
                        "S3DataSource": {"S3Uri": weights, "S3DataType": "S3Prefix", "CompressionType": "None"}
                    },
                    "BaseModel": {"HubContentName": QWEN, "HubContentVersion": "1.0.0"},
                }
            ],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    output = {
        "OutputModelPackageArn": made,
        "MlflowDetails": {
            "ExperimentName": GROUP,
            "RunName": name,
            "ExperimentId": run.experiment_id,
            "RunId": run.run_id,
        },
        "BillableTokenUsage": {"TrainTokenCount": 5_200_000, "SampleTokenCount": 1_900_000},
        "ProgressInfo": {"MaxSteps": 120, "CurrentStep": 120},
    }
    _ended(world, arn, document | {"ServiceOutput": output}, (start, end), "Training")
    return run


def _judge(world: World, tracking: Tracking, experiment: str, of: FinishedRun | None, score: float) -> None:
    """Rollouts over the same tasks, of the base model or of the first version."""
    which, hour = ("fine-tuned", 18) if of else ("base", 17)
    start, end = f"2026-11-16T{hour}:00:00Z", f"2026-11-16T{hour}:40:00Z"
    world.at(start)
    run_name = f"{which}-model-eval"
    document: dict[str, Any] = {
        "AgentConfig": _agent(),
        "InputDataConfig": [_registered("evaluation", content_arn(DEV, "DataSet", TASKS, "1.0.0"))],
        "OutputDataConfig": {
            "S3OutputPath": f"{OUTPUT}/agent/eval",
            "MlflowConfig": {
                "MlflowResourceArn": app_arn(world),
                "MlflowExperimentName": f"{GROUP}-evaluation",
                "MlflowRunName": run_name,
            },
        },
        "EvaluationConfig": {
            "BaseModelArn": _BASE,
            "AcceptEula": True,
            "HyperParameters": {"eval_group_size": "4", "pass_k_values": "1,4"},
        },
    }
    if of is not None:
        document["ModelPackageConfig"] = {"InputModelPackageArn": f"{_ARN}:model-package/{GROUP}/1"}
    arn = _create(world, f"support-agent-eval-{which}-20261116", "AgentRFTEvaluation", document)
    tracking.run(
        experiment,
        run_name,
        start,
        end,
        metrics={"pass_at_1": [score], "reward_mean": [round(score * 0.9, 3)]},
        tags={"kind": "evaluation"},
        evaluated=of.model_id if of else None,
    )
    _ended(world, arn, document, (start, end), "Evaluating")


def _smaller(world: World) -> None:
    """An optimization job makes the weights of the first version smaller."""
    name = "support-agent-awq-20261118"
    world.at("2026-11-18T13:00:00Z")
    arn = world.client(DEV, "sagemaker").create_optimization_job(
        OptimizationJobName=name,
        RoleArn=role(DEV, "SageMakerExecution"),
        ModelSource={"S3": {"S3Uri": f"{OUTPUT}/agent/support-agent-mtrl-20261116/output/model/"}},
        DeploymentInstanceType="ml.g5.2xlarge",
        OptimizationConfigs=[{"ModelQuantizationConfig": {"OverrideEnvironment": {"OPTION_QUANTIZE": "awq"}}}],
        OutputConfig={"S3OutputLocation": f"{OUTPUT}/agent/{name}/"},
        StoppingCondition={"MaxRuntimeInSeconds": 7200},
        Tags=tags(team="support-ml"),
    )["OptimizationJobArn"]
    world.finish(
        arn,
        "Optimization",
        "2026-11-18T13:03:00Z",
        "2026-11-18T13:45:00Z",
        status="COMPLETED",
        OptimizationTypes=["Quantization"],
        OptimizationOutput={"RecommendedInferenceImage": LMI},
    )
