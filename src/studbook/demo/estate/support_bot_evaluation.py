"""An evaluation as the SageMaker SDK runs it: a pipeline whose steps judge the base model and the tuned one alike."""

from __future__ import annotations

import json
from functools import partial

from studbook.demo.estate.secrets import HOSTILE
from studbook.demo.estate.support_bot_jobs import OUTPUT, app_arn, package_arn
from studbook.demo.estate.world import DEV, World, role, step, tags

NAME = "SagemakerEvaluation-CustomScorerEvaluation-1f0c2a3b-aaaa-4bbb-8ccc-0123456789ab"
_ARN = f"arn:aws:sagemaker:us-west-2:{DEV}"
_step = partial(step, "2026-11-19")


def evaluation_pipeline(world: World, base: str, custom: str, version: int) -> str:
    """The pipeline, one execution with the lineage entities that its steps write; `base` and `custom` are its jobs.

    The SDK's templates call the model's artifact the dataset's, write no edge from the data, and let the report
    contribute to the action. Gives the execution's ARN.
    """
    world.at("2026-11-19T17:55:00Z")
    sagemaker = world.client(DEV, "sagemaker")
    definition = {
        "Version": "2020-12-01",
        "Metadata": {},
        "MlflowConfig": {"MlflowResourceArn": app_arn(world)},
        "Parameters": [],
        "Steps": [
            {"Name": "CreateEvaluationAction", "Type": "Lineage"},
            {"Name": "EvaluateBaseModel", "Type": "Training", "DependsOn": ["CreateEvaluationAction"]},
            {"Name": "EvaluateCustomModel", "Type": "Training", "DependsOn": ["CreateEvaluationAction"]},
            {"Name": "AssociateLineage", "Type": "Lineage", "DependsOn": ["EvaluateCustomModel"]},
        ],
    }
    sagemaker.create_pipeline(
        PipelineName=NAME,
        PipelineDefinition=json.dumps(definition),
        ClientRequestToken="0123456789abcdef0123456789abcdef",
        RoleArn=role(DEV, "SageMakerExecution"),
        Tags=tags(SagemakerModelEvaluation="true"),
    )
    execution: str = sagemaker.start_pipeline_execution(
        PipelineName=NAME,
        PipelineExecutionDisplayName=f"eval-support-bot-{version}",
        PipelineExecutionDescription=f"Evaluation execution: eval-support-bot-{version} {HOSTILE['link']}",
        ClientRequestToken="0123456789abcdef0123456789abcde0",
    )["PipelineExecutionArn"]
    run = execution.rsplit("/", 1)[-1]
    action = sagemaker.create_action(
        ActionName=run,
        Source={"SourceUri": package_arn(DEV, version), "SourceType": "ModelPackage"},
        ActionType="Evaluation",
        Properties={"PipelineExecutionArn": execution, "PipelineName": NAME},
    )["ActionArn"]
    context = sagemaker.create_context(
        ContextName=run,
        Source={"SourceUri": execution, "SourceType": "PipelineExecution"},
        ContextType="PipelineExecution",
    )["ContextArn"]
    model = sagemaker.create_artifact(
        ArtifactName=f"{run}-model",
        Source={
            "SourceUri": package_arn(DEV, version),
            "SourceTypes": [{"SourceIdType": "Custom", "Value": "2026-11-19T17:54:58"}],
        },
        ArtifactType="Model",
        Properties={"ModelPackageArn": package_arn(DEV, version)},
    )["ArtifactArn"]
    report = sagemaker.create_artifact(
        ArtifactName=f"{run}-custom-eval-report",
        Source={"SourceUri": f"{OUTPUT}/eval"},
        ArtifactType="EvaluationReport",
    )["ArtifactArn"]
    for source, destination, kind in (
        (model, action, "ContributedTo"),
        (action, context, "AssociatedWith"),
        (report, action, "ContributedTo"),
    ):
        sagemaker.add_association(SourceArn=source, DestinationArn=destination, AssociationType=kind)
    for name in (base, custom):
        sagemaker.add_tags(
            ResourceArn=f"{_ARN}:training-job/{name}",
            Tags=[{"Key": "sagemaker:pipeline-execution-arn", "Value": execution}],
        )
    world.at("2026-11-19T19:45:00Z")
    created = {
        "ActionArns": {run: action},
        "ContextArns": {run: context},
        "Associations": [
            {"SourceArn": model, "DestinationArn": action},
            {"SourceArn": action, "DestinationArn": context},
        ],
    }
    associated = {
        "ArtifactArns": {f"{run}-custom-eval-report": report},
        "Associations": [{"SourceArn": report, "DestinationArn": action}],
    }
    world.aws.fill(
        execution,
        PipelineExecutionStatus="Succeeded",
        MLflowConfig={"MlflowResourceArn": app_arn(world), "MlflowExperimentName": NAME},
        Steps=[
            _step("CreateEvaluationAction", "17:56", "17:57", Lineage=created),
            _step("EvaluateCustomModel", "17:58", "18:41", TrainingJob={"Arn": f"{_ARN}:training-job/{custom}"}),
            _step("EvaluateBaseModel", "18:59", "19:41", TrainingJob={"Arn": f"{_ARN}:training-job/{base}"}),
            _step("AssociateLineage", "19:42", "19:43", Lineage=associated),
        ],
    )
    return execution
