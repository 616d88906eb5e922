"""Amazon Bedrock: custom and imported models, where custom models are deployed, and evaluations that run there.

Off until the configuration turns it on. Calls, per region: ListCustomModels, ListImportedModels, ListEvaluationJobs and
ListCustomModelDeployments, 1,000 a page; GetCustomModel, GetImportedModel and GetEvaluationJob once for each in its
life, and of an evaluation or a model that is still made each night. Tags are not read: they would be one call for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from studbook.model import Facts, Record
from studbook.model.attributes import at, attributes, gathered
from studbook.model.ids import parse_arn
from studbook.model.kinds import ARN_KINDS
from studbook.sources import rows
from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Describe, Json, Listing, Resource, always
from studbook.sources.reading import Reading, each, member
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
    reading.show("model", CUSTOM_MODEL)
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
    job.show("training_job", CUSTOMIZATION, name=body.get("jobName") or arn.name)
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
    reading.show("model", IMPORTED_MODEL)
    path = ("modelDataSource", "s3DataSource", "s3Uri")
    reading.weights(member(body, *path), ".".join(path))
    return reading.facts


def normalize_deployment(record: Record) -> Facts:
    """Where a custom model answers on demand."""
    reading = Reading(record, "ListCustomModelDeployments")
    body = record.body
    reading.show("endpoint", DEPLOYMENT)
    model = _model_id(body.get("modelArn"))
    if model is not None:
        reading.edge(model, reading.id, "deployed_to", "modelArn")
    return reading.facts


def normalize_evaluation(record: Record) -> Facts:
    """An evaluation: which models it judged, on which data, by which judges."""
    reading = Reading(record, _EVALUATION)
    body = record.body
    data = list(_data(body))
    reading.show("evaluation_job", EVALUATION)
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


def _task_types(body: Json) -> list[str]:
    return sorted({item["taskType"] for _, item in _data(body) if isinstance(item.get("taskType"), str)})


def _metric_names(body: Json) -> list[object]:
    return [name for _, item in _data(body) for name in item.get("metricNames") or ()]


def _built_in(body: Json) -> list[object]:
    return [
        name
        for _, item in _data(body)
        if (name := member(item, "dataset", "name")) and not member(item, "dataset", "datasetLocation")
    ]


_CREATED: Final = at("created_at", "creationTime", "When it was made.")
_FAILURE: Final = at("failure", "failureMessage", "Why it failed.")
_CONFIGS: Final = tuple(f"evaluationConfig.{way}.datasetMetricConfigs" for way in ("automated", "human"))
CUSTOM_MODEL: Final = attributes(
    "model",
    f"bedrock:{_CUSTOM}",
    rows.name("modelName"),
    rows.status("modelStatus"),
    _CREATED,
    at("customization_type", "customizationType", "How it was tuned, or that it was brought as it was."),
    _FAILURE,
    at("kms_key", "modelKmsKeyArn", "The KMS key that it is encrypted with."),
)
CUSTOMIZATION: Final = attributes(
    "training_job",
    f"bedrock:{_CUSTOM}",
    rows.name("jobName"),
    at("customization_type", "customizationType", "How the model was tuned."),
    at("hyperparameters", "hyperParameters", "The hyperparameters, as the job was given them."),
    at("metrics", "trainingMetrics", "The metrics of the training."),
    rows.output("outputDataConfig.s3Uri"),
)
IMPORTED_MODEL: Final = attributes(
    "model",
    f"bedrock:{_IMPORTED}",
    rows.name("modelName"),
    _CREATED,
    at("architecture", "modelArchitecture", "The architecture of its weights."),
    at("job", "jobArn", "The job that imported it."),
    at("kms_key", "modelKmsKeyArn", "The KMS key that it is encrypted with."),
)
DEPLOYMENT: Final = attributes(
    "endpoint",
    "bedrock:ListCustomModelDeployments",
    rows.name("customModelDeploymentName"),
    rows.status("status"),
    at("created_at", "createdAt", "When it was made."),
    at("modified_at", "lastUpdatedAt", "When it last changed."),
    _FAILURE,
)
EVALUATION: Final = attributes(
    "evaluation_job",
    f"bedrock:{_EVALUATION}",
    rows.name("jobName"),
    rows.status("status"),
    _CREATED,
    at("modified_at", "lastModifiedTime", "When it last changed."),
    at("evaluation_type", "jobType", "Whether models judge, or people."),
    at("application", "applicationType", "Whether models are judged, or retrieval."),
    gathered("tasks", _CONFIGS, "What the judged models are to do.", _task_types),
    gathered("metric_names", _CONFIGS, "The metrics that are judged by.", _metric_names),
    gathered("built_in_datasets", _CONFIGS, "The data of Bedrock's own that is judged on.", _built_in),
    at("role", "roleArn", "The IAM role that it runs as."),
    rows.output("outputDataConfig.s3Uri"),
    at("failure", "failureMessages", "Why it failed."),
    at("retrieval", "inferenceConfig.ragConfigs", "The knowledge bases and models that answers are retrieved with."),
    at("human_workflow", "evaluationConfig.human.humanWorkflowConfig.flowDefinitionArn", "How people judge."),
    at("kms_key", "customerEncryptionKeyId", "The KMS key that its output is encrypted with."),
)


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
