"""The Job API: multi-turn reinforcement learning and its evaluation, data generation, transformation and quality.

Calls, per region: ListJobs (100 a page) once for each of the five categories. Search brings jobs whole, tags included,
100 a page, newest first; those that it misses or shows in another state are described by DescribeJob, which has the
tags too. Ended jobs are read once, others every night. Everything but names and states is in JobConfigDocument, a JSON
object in a string: what a job was told, and under ServiceOutput what the service made of it. A document that is no JSON
object, or holds something else where a member is looked for, leaves those facts out.
The documents of AgentRFT and AgentRFTEvaluation are read as the SDK writes them. Of the data categories no document is
published: read are channels, and datasets by ARN (a member called DatasetArn), as made under ServiceOutput and as read
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final

from studbook.model import Facts, Kind, Record
from studbook.model.attributes import Attribute, at, attributes, gathered
from studbook.model.evidence import value_at
from studbook.model.ids import parse_arn
from studbook.model.kinds import JOB_CATEGORIES
from studbook.sources import rows
from studbook.sources.interface import Describe, Json, Listing, Resource, never
from studbook.sources.reading import Reading, document, each, member
from studbook.sources.sagemaker.job_parts import ENDED, channels, evaluator, made_package, mlflow_run, parents, produced
from studbook.sources.sagemaker.search import always_whole, search

CATEGORIES: Final = (
    "AgentRFT",
    "AgentRFTEvaluation",
    "DataQualityEvaluation",
    "DataTransformation",
    "SyntheticDataGeneration",
)
_OPERATION = "DescribeJob"
_DOCUMENT = "JobConfigDocument|"
_CONFIGS = ("TrainingConfig", "EvaluationConfig")
_MADE = "ServiceOutput"
_DEEP = 8
"""How far down in a document names are looked for; no published one goes deeper than four."""


def normalize_job(record: Record) -> Facts:
    """A Job: what it is called here depends on its category."""
    reading = Reading(record, _OPERATION, tags_by=_OPERATION)
    body, told = record.body, document(record.body.get("JobConfigDocument"), "JobConfigDocument")
    arn = parse_arn(record.id)
    category = str(body.get("JobCategory") or (arn.name.partition("/")[0] if arn else ""))
    kind: Kind = JOB_CATEGORIES.get(category, "customization_job")
    started = _started(body)
    reading.show(kind, JOB)
    _models(reading, told, started, evaluates=kind == "evaluation_job")
    _agent(reading, told)
    for config in _CONFIGS:
        evaluator(reading, member(told, config, "EvaluatorArn"), f"{_DOCUMENT}{config}.EvaluatorArn", started)
    channels(reading, told.get("InputDataConfig"), f"{_DOCUMENT}InputDataConfig", started)
    _datasets(reading, told, started)
    made_package(reading, member(told, _MADE, "OutputModelPackageArn"), f"{_DOCUMENT}{_MADE}.OutputModelPackageArn")
    if kind == "customization_job":
        uri = member(told, "OutputDataConfig", "S3OutputPath")
        produced(reading, uri, f"{_DOCUMENT}OutputDataConfig.S3OutputPath", "output")
    _mlflow(reading, told)
    parents(reading)
    return reading.facts


def _started(body: Json) -> str | None:
    """When it began to do something; the time of creation before that."""
    times = [item.get("StartTime") for _, item in each(body.get("SecondaryStatusTransitions"))
             if item.get("Status") != "Pending"]  # fmt: skip
    return min((time for time in times if isinstance(time, str)), default=None) or body.get("CreationTime")


def _category(record: Record) -> str:
    arn = parse_arn(record.id)
    return str(record.body.get("JobCategory") or (arn.name.partition("/")[0] if arn else ""))


def _of_config(name: str) -> tuple[str, ...]:
    return tuple(f"{_DOCUMENT}{config}.{name}" for config in _CONFIGS)


JOB: Final = attributes(
    ("training_job", "evaluation_job", "customization_job"),  # Fewer kinds: those that a Job's category can mean.
    f"sagemaker:{_OPERATION}",
    rows.name("JobName"),
    rows.status("JobStatus"),
    rows.CREATED,
    rows.MODIFIED,
    Attribute(
        name="job_type",
        paths=("JobCategory",),
        meaning="What the Job API calls its category.",
        compute=_category,
    ),
    at("schema_version", "JobConfigSchemaVersion", "The version of the form of its document."),
    at("base_model", _of_config("BaseModelArn"), "The ARN of the base model, as the job has it."),
    at(
        "agent",
        (
            f"{_DOCUMENT}AgentConfig.CustomAgentLambdaConfig.LambdaArn",
            f"{_DOCUMENT}AgentConfig.BedrockAgentCoreConfig.AgentRuntimeArn",
        ),
        "The agent that is trained or judged.",
    ),
    at("agent_qualifier", f"{_DOCUMENT}AgentConfig.BedrockAgentCoreConfig.Qualifier", "Which version of the agent."),
    at(
        "hyperparameters",
        _of_config("HyperParameters"),
        "The hyperparameters, as the job was given them.",
        lambda found: found if isinstance(found, dict) else None,
    ),
    rows.ROLE,
    rows.output(f"{_DOCUMENT}OutputDataConfig.S3OutputPath"),
    rows.encryption(f"{_DOCUMENT}OutputDataConfig.KmsKeyArn"),
    rows.network(f"{_DOCUMENT}VpcConfig"),
    at(
        "model_package_group",
        f"{_DOCUMENT}ModelPackageConfig.OutputModelPackageGroupArn",
        "The model group that its model is registered in.",
    ),
    at(
        "checkpoint_package_group",
        f"{_DOCUMENT}ModelPackageConfig.IntermediateCheckpointModelPackageGroupArn",
        "The model group that its checkpoints are registered in.",
    ),
    at("progress", f"{_DOCUMENT}{_MADE}.ProgressInfo", "How far it is, in steps and epochs."),
    at("billable_tokens", f"{_DOCUMENT}{_MADE}.BillableTokenUsage", "The tokens that it is billed for."),
    gathered(
        "started_at",
        ("SecondaryStatusTransitions", "CreationTime"),
        "When it began; until then when it was made.",
        _started,
    ),
    rows.ended("EndTime"),
    at("secondary_status", "SecondaryStatus", "How far it is, in finer steps."),
    rows.FAILURE,
)


def _models(reading: Reading, told: Json, started: str | None, *, evaluates: bool) -> None:
    """An evaluation judges its input package; without one it judges the base model itself."""
    source = member(told, "ModelPackageConfig", "InputModelPackageArn")
    role = "evaluated_model" if evaluates else "source_model"
    path = f"{_DOCUMENT}ModelPackageConfig.InputModelPackageArn"
    judged = reading.input(source, path, role, started, "model_package") or bool(source)
    for config in _CONFIGS:
        base = member(told, config, "BaseModelArn")
        role = "evaluated_model" if evaluates and not judged else "base_model"
        reading.input(base, f"{_DOCUMENT}{config}.BaseModelArn", role, started, "base_model")


def _agent(reading: Reading, told: Json) -> None:
    """The agent that is trained, or judged, in its surroundings: a Lambda function or an AgentCore runtime."""
    path = "AgentConfig.CustomAgentLambdaConfig.LambdaArn"
    reading.function(value_at(told, path), _DOCUMENT + path, "input_to", "agent", None)
    path = "AgentConfig.BedrockAgentCoreConfig.AgentRuntimeArn"
    runtime = value_at(told, path)
    arn = parse_arn(runtime)
    if arn is not None:
        reading.mention(str(runtime), "code", arn.name, account=arn.account, region=arn.region)
        reading.edge(str(runtime), reading.id, "input_to", _DOCUMENT + path, role="agent")


def _datasets(reading: Reading, told: Json, started: str | None) -> None:
    """Registered datasets outside of channels: made, or read in the role of the section that names them."""
    for section, value in told.items():
        if section == "InputDataConfig":
            continue
        for arn, path in _dataset_arns(value, f"{_DOCUMENT}{section}"):
            if section != _MADE:
                reading.input(arn, path, "dataset", started, "dataset")
            elif (dataset := reading.named(arn, "dataset")) is not None:
                reading.edge(reading.id, dataset, "produced", path)


def _dataset_arns(value: Any, path: str, depth: int = _DEEP) -> Iterator[tuple[object, str]]:
    if isinstance(value, dict):
        items = [(f"{path}.{name}", item) for name, item in value.items()]
    else:
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value if isinstance(value, list) else ())]
    for where, item in items:
        if where.endswith(".DatasetArn"):
            yield item, where
        elif depth:
            yield from _dataset_arns(item, where, depth - 1)


def _mlflow(reading: Reading, told: Json) -> None:
    for section in (*_CONFIGS, "OutputDataConfig"):
        config = member(told, section, "MlflowConfig")
        if isinstance(config, dict):
            mlflow_run(
                reading,
                config,
                f"{_DOCUMENT}{section}.MlflowConfig",
                experiment=_detail(told, "ExperimentId"),
                run=_detail(told, "RunId"),
            )


def _detail(told: Json, name: str) -> tuple[object, str]:
    return member(told, _MADE, "MlflowDetails", name), f"{_DOCUMENT}{_MADE}.MlflowDetails.{name}"


RESOURCES: Final = (
    Resource(
        kind="job",
        listing=Listing(
            operation="ListJobs",
            items="JobSummaries",
            variants=tuple({"JobCategory": category} for category in CATEGORIES),
        ),
        identify=itemgetter("JobArn"),
        describe=Describe(
            operation=_OPERATION,
            params=lambda summary: {"JobName": summary["JobName"], "JobCategory": summary["JobCategory"]},
        ),
        # The description has the tags too: they are kept as they come, whichever call brings them.
        bulk=replace(
            search("Job", always_whole, tags=never, unshared=("JobSecondaryStatus",)),
            record=lambda result: dict(result["Job"]),
        ),
        final=lambda body: body.get("JobStatus") in ENDED,
        volatile=True,
        normalize=normalize_job,
    ),
)
