"""The pipeline that trains the fraud model: its tables checked, a model trained, judged, and registered if it is good.

Its first execution made the model that runs everywhere. The second one began the night before the last harvest, took
the check of the tables from the first (a cache looks at places, not at what lies there) and is still training.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from studbook.demo.estate.fraud import GROUP, OUTPUT, TABLES, TOKEN
from studbook.demo.estate.secrets import HOSTILE
from studbook.demo.estate.traced import trace_job, trace_package
from studbook.demo.estate.world import DEV, World, role, seconds, step, tags

NAME = "fraud-training"
SKLEARN = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
_ARN = f"arn:aws:sagemaker:us-west-2:{DEV}"
_step = partial(step, "2026-11-15")
_REQUEST = "0123456789abcdef0123456789abcde"


def first_execution(world: World) -> None:
    """The pipeline, and the execution that made version 1 of the fraud model."""
    world.at("2026-11-15T07:00:00Z")
    sagemaker = world.client(DEV, "sagemaker")
    sagemaker.create_pipeline(
        PipelineName=NAME,
        PipelineDisplayName="Fraud training",
        PipelineDescription=f"Nightly. {HOSTILE['table']} {HOSTILE['script']}",
        PipelineDefinition=json.dumps(_definition()),
        ClientRequestToken=f"{_REQUEST}1",
        RoleArn=role(DEV, "SageMakerExecution"),
        Tags=tags(team="risk"),
    )
    execution = _start(world, "2026-11-15T07:30:00Z", "nightly-1115", "6")
    checked = _process(world, "fraud-check-tables-1115", "2026-11-15T07:32:00Z", "2026-11-15T07:55:00Z", "check.py")
    judged = _process(world, "fraud-evaluate-1115", "2026-11-15T09:15:00Z", "2026-11-15T09:40:00Z", "evaluate.py")
    trained = f"{_ARN}:training-job/fraud-xgb-20261115"
    sagemaker.add_tags(ResourceArn=trained, Tags=[{"Key": "sagemaker:pipeline-execution-arn", "Value": execution}])
    world.at("2026-11-15T10:01:00Z")
    world.aws.fill(
        execution,
        PipelineExecutionStatus="Succeeded",
        Steps=[
            _step("CheckTables", "07:31", "07:56", ProcessingJob={"Arn": checked}),
            _step("Train", "07:59", "09:11", TrainingJob={"Arn": trained}),
            _step("Evaluate", "09:14", "09:41", ProcessingJob={"Arn": judged}),
            _step("GoodEnough", "09:42", "09:42", Condition={"Outcome": "True"}),
            _step("Register", "10:00", "10:00", RegisterModel={"Arn": f"{_ARN}:model-package/{GROUP}/1"}),
        ],
    )


def traced(world: World) -> None:
    """What the Lineage API has of the jobs and the version by itself."""
    trace_job(world, f"{_ARN}:processing-job/fraud-check-tables-1115", "2026-11-15T07:33:00Z")
    trace_job(world, f"{_ARN}:training-job/fraud-xgb-20261115", "2026-11-15T08:01:00Z")
    trace_job(world, f"{_ARN}:processing-job/fraud-evaluate-1115", "2026-11-15T09:16:00Z")
    trace_package(world, f"{_ARN}:model-package/{GROUP}/1", "2026-11-15T10:02:00Z")


def second_execution(world: World, training: str) -> None:
    """An execution that is still running: the tables' check is cached, the model is being trained."""
    listed = world.client(DEV, "sagemaker").list_pipeline_executions(PipelineName=NAME)
    earlier = listed["PipelineExecutionSummaries"][0]["PipelineExecutionArn"]
    execution = _start(world, "2026-11-21T23:20:00Z", f"nightly-1121 {HOSTILE['quotes']}", "7")
    world.at("2026-11-21T23:31:00Z")
    cached = _step(
        "CheckTables", "07:31", "07:56", ProcessingJob={"Arn": f"{_ARN}:processing-job/fraud-check-tables-1115"}
    )
    cached["StartTime"] = cached["EndTime"] = seconds("2026-11-21T23:21:00Z")
    cached["CacheHitResult"] = {"SourcePipelineExecutionArn": earlier}
    world.aws.fill(
        execution,
        Steps=[
            cached,
            {
                "StepName": "Train",
                "StepStatus": "Executing",
                "AttemptCount": 1,
                "StartTime": seconds("2026-11-21T23:29:00Z"),
                "Metadata": {"TrainingJob": {"Arn": f"{_ARN}:training-job/{training}"}},
            },
        ],
    )


def _definition() -> dict[str, Any]:
    """As the SDK writes it, requests of steps shortened."""
    database = f"postgresql://fraud:{TOKEN['database_password']}@features.internal:5432/fraud"
    return {
        "Version": "2020-12-01",
        "Parameters": [
            {"Name": "MaxDepth", "Type": "Integer", "DefaultValue": 6},
            {"Name": "FeatureStore", "Type": "String", "DefaultValue": database},
            {"Name": "HfToken", "Type": "String", "DefaultValue": TOKEN["huggingface_token"]},
        ],
        "Steps": [
            {"Name": "CheckTables", "Type": "Processing", "CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"}},
            {
                "Name": "Train",
                "Type": "Training",
                "Description": HOSTILE["image"],
                "DependsOn": ["CheckTables"],
                "Arguments": {"Environment": {"AWS_SECRET_ACCESS_KEY": TOKEN["aws_secret_access_key"]}},
            },
            {"Name": "Evaluate", "Type": "Processing"},
            {
                "Name": "GoodEnough",
                "Type": "Condition",
                "Arguments": {
                    "Conditions": [{"Type": "GreaterThanOrEqualTo", "RightValue": 0.9}],
                    "IfSteps": [{"Name": "Register", "Type": "RegisterModel"}],
                    "ElseSteps": [{"Name": "TooBad", "Type": "Fail"}],
                },
            },
        ],
    }


def _start(world: World, moment: str, name: str, depth: str) -> str:
    world.at(moment)
    arn: str = world.client(DEV, "sagemaker").start_pipeline_execution(
        PipelineName=NAME,
        PipelineExecutionDisplayName=name,
        PipelineParameters=[
            {"Name": "MaxDepth", "Value": depth},
            {"Name": "HfToken", "Value": TOKEN["huggingface_token"]},
        ],
        ClientRequestToken=f"{_REQUEST}{depth}",
    )["PipelineExecutionArn"]
    return arn


def _process(world: World, name: str, start: str, end: str, script: str) -> str:
    world.at(start)
    arn: str = world.client(DEV, "sagemaker").create_processing_job(
        ProcessingJobName=name,
        AppSpecification={"ImageUri": SKLEARN, "ContainerEntrypoint": ["python3", f"/opt/ml/processing/{script}"]},
        ProcessingInputs=[
            {
                "InputName": "tables",
                "S3Input": {
                    "S3Uri": f"{TABLES}/",
                    "LocalPath": "/opt/ml/processing/tables",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "report",
                    "S3Output": {
                        "S3Uri": f"{OUTPUT}/reports/{name}/",
                        "LocalPath": "/opt/ml/processing/report",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        ProcessingResources={
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
        },
        RoleArn=role(DEV, "SageMakerExecution"),
        Tags=tags(team="risk"),
    )["ProcessingJobArn"]
    world.finish(arn, "Processing", start, end, waited=60)
    return arn
