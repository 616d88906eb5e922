"""Amazon Bedrock: models that were tuned, imported or copied, by which jobs, where they answer, how they were judged.

Off until the configuration turns it on. Calls, per region: nine listings, 1,000 a page (ListCustomModels,
ListImportedModels, ListCustomModelDeployments, ListProvisionedModelThroughputs, ListInferenceProfiles,
ListModelCustomizationJobs, ListModelImportJobs, ListModelCopyJobs, ListEvaluationJobs); GetCustomModel,
GetImportedModel, GetModelCustomizationJob, GetModelImportJob and GetEvaluationJob for each whenever its listing shows a
change. Tags are not read: they would be one call for each.
Of inference profiles only those are listed that somebody made: AWS's own send a model's requests to several regions,
and their ids are the model's with a word before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any, Final

from studbook.model import Facts, Record
from studbook.model.attributes import Attributes, at, attributes, gathered
from studbook.model.evidence import value_at
from studbook.model.facts import BedrockAddress
from studbook.model.ids import bedrock_model, parse_arn
from studbook.model.kinds import ARN_KINDS
from studbook.sources import rows
from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Describe, Json, Listing, Resource, request
from studbook.sources.reading import Reading, each, member
from studbook.sources.sagemaker.job_parts import produced

_CUSTOM, _IMPORTED, _EVALUATION = "GetCustomModel", "GetImportedModel", "GetEvaluationJob"
_TUNING, _IMPORT = "GetModelCustomizationJob", "GetModelImportJob"
_IMPORTED_FROM: Final = "modelDataSource.s3DataSource.s3Uri"


def normalize_custom_model(record: Record) -> Facts:
    """A model that was tuned here, or brought here as it was, and the job that tuned it."""
    reading = Reading(record, _CUSTOM)
    reading.show("model", CUSTOM_MODEL)
    if not _job(reading) and (base := bedrock_model(record.body.get("baseModelArn"))) is not None:
        reading.edge(base, reading.id, "base_of", "baseModelArn")
    return reading.facts


def _job(reading: Reading) -> bool:
    """The job that tuned a model, as the model tells of it: whole, but for its own times and status; if it does."""
    body = reading.body
    arn = parse_arn(body.get("jobArn"))
    if arn is None or arn.service != "bedrock" or ARN_KINDS.get(f"bedrock:{arn.type}") != "training_job":
        return False
    job = Reading(reading.record, _CUSTOM, about=body["jobArn"])
    job.facts = reading.facts
    job.show("training_job", CUSTOMIZATION_OF_MODEL, name=body.get("jobName") or arn.name)
    job.edge(job.id, reading.id, "produced", "jobArn")
    _customized(job, None)
    return True


def _customized(job: Reading, started: str | None) -> None:
    """What went into a job that tunes a model, and where its output goes."""
    body = job.body
    _named(job, body.get("baseModelArn"), "baseModelArn", "base_model")
    for path in ("trainingDataConfig.s3Uri", "trainingDataConfig.invocationLogsConfig.invocationLogSource.s3Uri"):
        job.reads(value_at(body, path), path, "train", started)
    for index, item in each(member(body, "validationDataConfig", "validators")):
        job.reads(item.get("s3Uri"), f"validationDataConfig.validators[{index}].s3Uri", "validation", started)
    path = "customizationConfig.distillationConfig.teacherModelConfig.teacherModelIdentifier"
    _named(job, value_at(body, path), path, "teacher")
    path = "customizationConfig.rftConfig.graderConfig.lambdaGrader.lambdaArn"
    job.function(value_at(body, path), path, "input_to", "evaluator", started)
    produced(job, member(body, "outputDataConfig", "s3Uri"), "outputDataConfig.s3Uri", "output")


def _named(reading: Reading, named: object, path: str, role: str) -> None:
    """A model that went into a job."""
    model = bedrock_model(named)
    if model is not None:
        reading.edge(model, reading.id, "input_to", path, role=role)


def normalize_customization_job(record: Record) -> Facts:
    """A job that tunes a model: also while it runs, and where it failed."""
    reading = Reading(record, _TUNING)
    body = record.body
    reading.show("training_job", CUSTOMIZATION)
    _customized(reading, body.get("creationTime"))
    made = bedrock_model(body.get("outputModelArn"))
    if made is not None:
        reading.edge(record.id, made, "produced", "outputModelArn")
    return reading.facts


def normalize_import_job(record: Record) -> Facts:
    """A job that copies weights from S3 into Bedrock."""
    reading = Reading(record, _IMPORT)
    body = record.body
    reading.show("customization_job", IMPORT)
    reading.reads(value_at(body, _IMPORTED_FROM), _IMPORTED_FROM, "source_model", body.get("creationTime"))
    made = bedrock_model(body.get("importedModelArn"))
    if made is not None:
        reading.edge(record.id, made, "produced", "importedModelArn")
    return reading.facts


def normalize_copy(record: Record) -> Facts:
    """A model that was copied to another region, or from another account; the job itself is no asset."""
    reading = Reading(record, "ListModelCopyJobs")
    body = record.body
    source, target = bedrock_model(body.get("sourceModelArn")), bedrock_model(body.get("targetModelArn"))
    if source is not None and target is not None and body.get("status") == "Completed":
        reading.edge(source, target, "copied_to", "sourceModelArn", "targetModelArn")
    return reading.facts


def normalize_imported_model(record: Record) -> Facts:
    """A model whose weights were copied from S3, by a job."""
    reading = Reading(record, _IMPORTED)
    body = record.body
    reading.show("model", IMPORTED_MODEL)
    reading.weights(value_at(body, _IMPORTED_FROM), _IMPORTED_FROM)
    arn = parse_arn(body.get("jobArn"))
    if arn is not None and ARN_KINDS.get(f"{arn.service}:{arn.type}") == "customization_job":
        reading.mention(body["jobArn"], "customization_job", body.get("jobName") or arn.name)
        reading.edge(body["jobArn"], record.id, "produced", "jobArn")
    return reading.facts


def normalize_deployment(record: Record) -> Facts:
    """Where a custom model answers on demand."""
    return _answering(record, "ListCustomModelDeployments", DEPLOYMENT)


def normalize_throughput(record: Record) -> Facts:
    """Where a model answers with a throughput that is paid for, whoever asks; while it changes, maybe the next one."""
    facts = _answering(record, "ListProvisionedModelThroughputs", THROUGHPUT)
    coming = bedrock_model(_pending(record.body))
    if coming is not None:
        reading = Reading(record, "ListProvisionedModelThroughputs")
        path, rule = "desiredModelArn", "rule:pending-deployment"
        reading.edge(coming, record.id, "deployed_to", path, rule, candidate=True)
        facts.edges += reading.facts.edges
    return facts


def normalize_profile(record: Record) -> Facts:
    """An address of one's own for a model, so that its use can be told from others'."""
    paths = (f"models[{index}].modelArn" for index, _ in each(record.body.get("models")))
    return _answering(record, "ListInferenceProfiles", PROFILE, paths)


def _answering(record: Record, operation: str, shown: Attributes, paths: Iterable[str] = ("modelArn",)) -> Facts:
    """An address, and the models that answer there."""
    reading = Reading(record, operation)
    reading.show("endpoint", shown)
    for path in paths:
        model = bedrock_model(value_at(record.body, path))
        if model is not None:
            reading.edge(model, record.id, "deployed_to", path)
            (evidence,) = reading.evidence(path)
            reading.claim(BedrockAddress(address=record.id, model=model, evidence=evidence))
    return reading.facts


def normalize_evaluation(record: Record) -> Facts:
    """An evaluation: which models it judged, on which data, by which judges."""
    reading = Reading(record, _EVALUATION)
    body = record.body
    data = list(_data(body))
    reading.show("evaluation_job", EVALUATION)
    for path, named, role in _models(body):
        _named(reading, named, path, role)
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


def _pending(body: Json) -> object:
    return body.get("desiredModelArn") if body.get("desiredModelArn") != body.get("modelArn") else None


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
_MODIFIED: Final = at("modified_at", "lastModifiedTime", "When it last changed.")
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
_TUNED: Final = (
    rows.name("jobName"),
    at("customization_type", "customizationType", "How the model was tuned."),
    at("hyperparameters", "hyperParameters", "The hyperparameters, as the job was given them."),
    at("metrics", "trainingMetrics", "The metrics of the training."),
    rows.output("outputDataConfig.s3Uri"),
)
CUSTOMIZATION_OF_MODEL: Final = attributes(
    "training_job",
    f"bedrock:{_CUSTOM}",
    _TUNED,
    at("kms_key", "modelKmsKeyArn", "The KMS key that its model is encrypted with."),
)
_JOB: Final = (
    rows.status("status"),
    _CREATED,
    _MODIFIED,
    rows.started_when_made("creationTime"),
    rows.ended("endTime"),
    at("role", "roleArn", "The IAM role that it runs as."),
    _FAILURE,
    *rows.network("vpcConfig"),
)
CUSTOMIZATION: Final = attributes(
    "training_job",
    f"bedrock:{_TUNING}",
    _TUNED,
    _JOB,
    at("kms_key", "outputModelKmsKeyArn", "The KMS key that its model is encrypted with."),
)
IMPORT: Final = attributes(
    "customization_job",
    f"bedrock:{_IMPORT}",
    rows.name("jobName"),
    _JOB,
    at("kms_key", "importedModelKmsKeyArn", "The KMS key that its model is encrypted with."),
)
IMPORTED_MODEL: Final = attributes(
    "model",
    f"bedrock:{_IMPORTED}",
    rows.name("modelName"),
    _CREATED,
    at("architecture", "modelArchitecture", "The architecture of its weights."),
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
THROUGHPUT: Final = attributes(
    "endpoint",
    "bedrock:ListProvisionedModelThroughputs",
    rows.name("provisionedModelName"),
    rows.status("status"),
    _CREATED,
    _MODIFIED,
    at("foundation_model", "foundationModelArn", "The foundation model of the model that answers."),
    gathered("pending", ("desiredModelArn",), "The model that is to answer, where another still does.", _pending),
    at("units", "modelUnits", "How much throughput is paid for."),
    at("commitment", "commitmentDuration", "For how long it is paid for."),
    at("commitment_ends", "commitmentExpirationTime", "When that ends."),
)
PROFILE: Final = attributes(
    "endpoint",
    "bedrock:ListInferenceProfiles",
    rows.name("inferenceProfileName"),
    rows.status("status"),
    at("created_at", "createdAt", "When it was made."),
    at("modified_at", "updatedAt", "When it last changed."),
    at("description", "description", "What people wrote of it."),
)
EVALUATION: Final = attributes(
    "evaluation_job",
    f"bedrock:{_EVALUATION}",
    rows.name("jobName"),
    rows.status("status"),
    _CREATED,
    _MODIFIED,
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
        identify=itemgetter("modelArn"),
        describe=Describe(operation=_CUSTOM, params=request("modelIdentifier", "modelArn")),
        normalize=normalize_custom_model,
    ),
    Resource(
        kind="imported_model",
        listing=_listing("ListImportedModels", "modelSummaries"),
        identify=itemgetter("modelArn"),
        describe=Describe(operation=_IMPORTED, params=request("modelIdentifier", "modelArn")),
        normalize=normalize_imported_model,
    ),
    Resource(
        kind="custom_model_deployment",
        listing=_listing("ListCustomModelDeployments", "modelDeploymentSummaries"),
        identify=itemgetter("customModelDeploymentArn"),
        normalize=normalize_deployment,
    ),
    Resource(
        kind="provisioned_model",
        listing=_listing("ListProvisionedModelThroughputs", "provisionedModelSummaries"),
        identify=itemgetter("provisionedModelArn"),
        normalize=normalize_throughput,
    ),
    Resource(
        kind="inference_profile",
        listing=_listing("ListInferenceProfiles", "inferenceProfileSummaries", typeEquals="APPLICATION"),
        identify=itemgetter("inferenceProfileArn"),
        normalize=normalize_profile,
    ),
    Resource(
        kind="model_customization_job",
        listing=_listing("ListModelCustomizationJobs", "modelCustomizationJobSummaries"),
        identify=itemgetter("jobArn"),
        describe=Describe(operation=_TUNING, params=request("jobIdentifier", "jobArn")),
        normalize=normalize_customization_job,
    ),
    Resource(
        kind="model_import_job",
        listing=_listing("ListModelImportJobs", "modelImportJobSummaries"),
        identify=itemgetter("jobArn"),
        describe=Describe(operation=_IMPORT, params=request("jobIdentifier", "jobArn")),
        normalize=normalize_import_job,
    ),
    Resource(
        kind="model_copy_job",
        listing=_listing("ListModelCopyJobs", "modelCopyJobSummaries"),
        identify=itemgetter("jobArn"),
        normalize=normalize_copy,
    ),
    Resource(
        kind="evaluation_job",
        listing=_listing("ListEvaluationJobs", "jobSummaries"),
        identify=itemgetter("jobArn"),
        describe=Describe(operation=_EVALUATION, params=request("jobIdentifier", "jobArn")),
        normalize=normalize_evaluation,
    ),
)

SOURCE: Final = Declared("bedrock", RESOURCES)
