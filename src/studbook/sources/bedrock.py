"""Amazon Bedrock: custom and imported models, where custom models are deployed, and evaluations that run there.

Off until the configuration turns it on. Calls, per region: ListCustomModels, ListImportedModels, ListEvaluationJobs and
ListCustomModelDeployments, 1,000 a page; GetCustomModel, GetImportedModel and GetEvaluationJob once for each in its
life, and of an evaluation or a model that is still made each night. Tags are not read: they would be one call for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from studbook.model import Asset, Facts, Record
from studbook.model.ids import parse_arn
from studbook.model.kinds import ARN_KINDS
from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Describe, Json, Listing, Resource, always
from studbook.sources.reading import Reading, each, member, some
from studbook.sources.sagemaker.job_parts import produced

_CUSTOM, _IMPORTED, _EVALUATION = "GetCustomModel", "GetImportedModel", "GetEvaluationJob"


def _model_id(named: object) -> str | None:
    """The id of a model by the ARN or the model id that Bedrock has for it; None for what is no one model."""
    if not isinstance(named, str) or not named:
        return None
    arn = parse_arn(named)
    if arn is None:
        return f"bedrock:{named}" if not named.startswith("arn:") else None
    if arn.service != "bedrock":
        return None
    if arn.type in ("foundation-model", "inference-profile"):
        return f"bedrock:{arn.name}"
    return named if ARN_KINDS.get(f"bedrock:{arn.type}") == "model" else None


def normalize_custom_model(record: Record) -> Facts:
    """A model that was tuned here, or brought here as it was, and the job that tuned it."""
    reading = Reading(record, _CUSTOM)
    body = record.body
    reading.show(
        "model",
        body.get("modelName") or record.id,
        status=body.get("modelStatus"),
        created="creationTime",
        attributes=some(
            customization_type=body.get("customizationType"),
            failure=body.get("failureMessage"),
        ),
    )
    job = _job(reading)
    base, path = _model_id(body.get("baseModelArn")), "baseModelArn"
    if base is not None and job is None:
        reading.edge(base, reading.id, "base_of", path)
    elif base is not None and job is not None:
        job.edge(base, job.id, "input_to", path, role="base_model")
    return reading.facts


def _job(reading: Reading) -> Reading | None:
    """The job that tuned a model, as the model tells of it: whole, but for its own times and status."""
    body = reading.body
    arn = parse_arn(body.get("jobArn"))
    if arn is None or arn.service != "bedrock" or ARN_KINDS.get(f"bedrock:{arn.type}") != "training_job":
        return None
    job = Reading(reading.record, _CUSTOM, about=body["jobArn"])
    job.facts = reading.facts
    told = some(
        customization_type=body.get("customizationType"),
        hyperparameters=body.get("hyperParameters"),
        metrics=body.get("trainingMetrics"),
        output=member(body, "outputDataConfig", "s3Uri"),
    )
    name = body.get("jobName") or arn.name
    job.facts.assets.append(
        Asset(id=job.id, kind="training_job", name=name, account=job.account, region=job.region, attributes=told)
    )
    job.edge(job.id, reading.id, "produced", "jobArn")
    job.reads(member(body, "trainingDataConfig", "s3Uri"), "trainingDataConfig.s3Uri", "train", None)
    logs = ("invocationLogsConfig", "invocationLogSource", "s3Uri")
    path = f"trainingDataConfig.{'.'.join(logs)}"
    job.reads(member(body, "trainingDataConfig", *logs), path, "train", None)
    for index, item in each(member(body, "validationDataConfig", "validators")):
        job.reads(item.get("s3Uri"), f"validationDataConfig.validators[{index}].s3Uri", "validation", None)
    teacher = ("distillationConfig", "teacherModelConfig", "teacherModelIdentifier")
    if (model := _model_id(member(body, "customizationConfig", *teacher))) is not None:
        job.edge(model, job.id, "input_to", f"customizationConfig.{'.'.join(teacher)}", role="teacher")
    grader = ("rftConfig", "graderConfig", "lambdaGrader", "lambdaArn")
    path = f"customizationConfig.{'.'.join(grader)}"
    job.function(member(body, "customizationConfig", *grader), path, "input_to", "evaluator", None)
    produced(job, member(body, "outputDataConfig", "s3Uri"), "outputDataConfig.s3Uri", "output")
    return job


def normalize_imported_model(record: Record) -> Facts:
    """A model whose weights were copied from S3."""
    reading = Reading(record, _IMPORTED)
    body = record.body
    reading.show(
        "model",
        body.get("modelName") or record.id,
        created="creationTime",
        attributes=some(architecture=body.get("modelArchitecture"), job=body.get("jobArn")),
    )
    path = ("modelDataSource", "s3DataSource", "s3Uri")
    reading.weights(member(body, *path), ".".join(path))
    return reading.facts


def normalize_deployment(record: Record) -> Facts:
    """Where a custom model answers on demand."""
    reading = Reading(record, "ListCustomModelDeployments")
    body = record.body
    reading.show(
        "endpoint",
        body.get("customModelDeploymentName") or record.id,
        status=body.get("status"),
        created="createdAt",
        modified="lastUpdatedAt",
        attributes=some(failure=body.get("failureMessage")),
    )
    model = _model_id(body.get("modelArn"))
    if model is not None:
        reading.edge(model, reading.id, "deployed_to", "modelArn")
    return reading.facts


def normalize_evaluation(record: Record) -> Facts:
    """An evaluation: which models it judged, on which data, by which judges."""
    reading = Reading(record, _EVALUATION)
    body = record.body
    data = list(_data(body))
    reading.show(
        "evaluation_job",
        body.get("jobName") or record.id,
        status=body.get("status"),
        created="creationTime",
        modified="lastModifiedTime",
        attributes=some(
            evaluation_type=body.get("jobType"),
            application=body.get("applicationType"),
            tasks=sorted({item["taskType"] for _, item in data if isinstance(item.get("taskType"), str)}),
            metric_names=[name for _, item in data for name in item.get("metricNames") or ()],
            built_in_datasets=[
                name
                for _, item in data
                if (name := member(item, "dataset", "name")) and not member(item, "dataset", "datasetLocation")
            ],
            role=body.get("roleArn"),
            output=member(body, "outputDataConfig", "s3Uri"),
            failure=body.get("failureMessages"),
        ),
    )
    for path, named, role in _models(body):
        model = _model_id(named)
        if model is not None:
            reading.edge(model, reading.id, "input_to", path, role=role)
    for path, item in data:
        uri = member(item, "dataset", "datasetLocation", "s3Uri")
        reading.reads(uri, f"{path}.dataset.datasetLocation.s3Uri", "dataset", body.get("creationTime"))
    produced(reading, member(body, "outputDataConfig", "s3Uri"), "outputDataConfig.s3Uri", "output")
    return reading.facts


def _data(body: Json) -> Iterator[tuple[str, Json]]:
    for way in ("automated", "human"):
        for index, item in each(member(body, "evaluationConfig", way, "datasetMetricConfigs")):
            yield f"evaluationConfig.{way}.datasetMetricConfigs[{index}]", item


def _models(body: Json) -> Iterator[tuple[str, Any, str]]:
    """Where models are named, how, and what for."""
    for index, item in each(member(body, "inferenceConfig", "models")):
        where = f"inferenceConfig.models[{index}].bedrockModel.modelIdentifier"
        yield where, member(item, "bedrockModel", "modelIdentifier"), "evaluated_model"
    for index, item in each(member(body, "inferenceConfig", "ragConfigs")):
        path = ("knowledgeBaseConfig", "retrieveAndGenerateConfig", "knowledgeBaseConfiguration", "modelArn")
        yield f"inferenceConfig.ragConfigs[{index}].{'.'.join(path)}", member(item, *path), "evaluated_model"
    for place in (("evaluatorModelConfig",), ("customMetricConfig", "evaluatorModelConfig")):
        path = ("evaluationConfig", "automated", *place, "bedrockEvaluatorModels")
        for index, item in each(member(body, *path)):
            yield f"{'.'.join(path)}[{index}].modelIdentifier", item.get("modelIdentifier"), "judge"


def _listing(operation: str, items: str, **params: Any) -> Listing:
    return Listing(
        operation=operation,
        items=items,
        params=params,
        page_size=1000,
        page_param="maxResults",
        token="nextToken",  # noqa: S106 - the name of a member
    )


RESOURCES: Final = (
    Resource(
        kind="custom_model",
        listing=_listing("ListCustomModels", "modelSummaries", isOwned=True),
        identify=lambda summary: summary["modelArn"],
        describe=Describe(operation=_CUSTOM, params=lambda summary: {"modelIdentifier": summary["modelArn"]}),
        final=lambda body: body.get("modelStatus") in ("Active", "Failed"),
        normalize=normalize_custom_model,
    ),
    Resource(
        kind="imported_model",
        listing=_listing("ListImportedModels", "modelSummaries"),
        identify=lambda summary: summary["modelArn"],
        describe=Describe(operation=_IMPORTED, params=lambda summary: {"modelIdentifier": summary["modelArn"]}),
        final=always,
        normalize=normalize_imported_model,
    ),
    Resource(
        kind="custom_model_deployment",
        listing=_listing("ListCustomModelDeployments", "modelDeploymentSummaries"),
        identify=lambda summary: summary["customModelDeploymentArn"],
        normalize=normalize_deployment,
    ),
    Resource(
        kind="evaluation_job",
        listing=_listing("ListEvaluationJobs", "jobSummaries"),
        identify=lambda summary: summary["jobArn"],
        describe=Describe(operation=_EVALUATION, params=lambda summary: {"jobIdentifier": summary["jobArn"]}),
        final=lambda body: body.get("status") in ("Completed", "Failed", "Stopped"),
        normalize=normalize_evaluation,
    ),
)

SOURCE: Final = Declared("bedrock", RESOURCES)
