"""Pipelines and their executions: what ran, in which steps, with which parameters, by which definition.

Calls, per region: ListPipelines every night. Per pipeline DescribePipeline and ListPipelineVersions when the listing
shows a change (running it is none), its tags from Search; ListPipelineExecutions when it has run since all its
executions were read, or while one of them has not succeeded: RetryPipelineExecution revives what failed or was
stopped, and no time of the pipeline moves. Per execution DescribePipelineExecution,
DescribePipelineDefinitionForExecution and ListPipelineExecutionSteps, once when it has ended and every night while it
runs; its parameters from Search, 100 executions a page, newest first, or from ListPipelineParametersForExecution. An
execution that was revived is read again when the listing shows another status or reason; one that failed again within
a day, for the very same reason, is not. A display name that was edited later is seen when the pipeline runs next.

A definition can have a mebibyte. Records keep its outline (names, types and order of steps, parameters, conditions)
and its SHA-256: the requests that its steps made are in the records of the jobs. An SDK's evaluation overwrites one
pipeline for each run, so that what ran is told by the definition of the execution, never by the pipeline's own.

A step that was cached, or left out by a selective execution, shows the job of an earlier execution, which went into
this one. Which execution ran the job its own steps say, for the one that is named may have taken the results, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final

from studbook.model import Facts, Kind, Record
from studbook.model.attributes import Attribute, at, attributes, computed, gathered
from studbook.model.facts import Association
from studbook.model.ids import parse_arn, parse_lambda, s3_id
from studbook.model.kinds import JOB_KINDS
from studbook.sources import rows
from studbook.sources.interface import Describe, Detail, Json, Listing, Resource, never, request, without
from studbook.sources.reading import Reading, document, each, member, pairs, some, tags_of
from studbook.sources.sagemaker.search import never_whole, search

_PIPELINE, _EXECUTION = "DescribePipeline", "DescribePipelineExecution"
_STEPS = "ListPipelineExecutionSteps"
_ENDED = frozenset({"Succeeded", "Failed", "Stopped", "CompletedWithFailures"})

OUTLINE_LIMIT: Final = 65_536
"""Characters of a definition's outline."""

_RAN: Final = {
    "TrainingJob": "Arn",
    "ProcessingJob": "Arn",
    "TransformJob": "Arn",
    "TuningJob": "Arn",
    "AutoMLJob": "Arn",
    "Job": "Arn",
    "QualityCheck": "CheckJobArn",
    "ClarifyCheck": "CheckJobArn",
}
"""Step metadata that name the job which a step ran."""
_MADE: Final = {
    "RegisterModel": "Arn",
    "Model": "Arn",
    "EndpointConfig": "Arn",
    "Endpoint": "Arn",
    "InferenceComponent": "Arn",
    "HubContent": "HubContentArn",
}
"""Step metadata that name what a step made by itself."""
_REPORTS: Final = {
    "CalculatedBaselineStatistics": "statistics",
    "CalculatedBaselineConstraints": "constraints",
    "ViolationReport": "violations",
}
"""What a check wrote."""
_THINGS: Final[tuple[Kind, ...]] = (
    "model_package",
    "model",
    "endpoint_config",
    "endpoint",
    "inference_component",
    "dataset",
    "evaluator",
    "base_model",
)


# --- definitions ---


def _outlined(answer: Json) -> Json:
    """An answer with the outline of its definition in the definition's place."""
    text = answer.get("PipelineDefinition")
    if not isinstance(text, str):
        return answer
    return {
        **answer,
        "PipelineDefinition": outline(text),
        "PipelineDefinitionSha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def _pipeline_answer(answer: Json) -> Json:
    return without("LastRunTime")(_outlined(answer))


def outline(definition: str) -> str:
    """What is kept of a pipeline's definition, as JSON of at most OUTLINE_LIMIT characters; empty for no JSON."""
    whole = document(definition)
    for keep in (_STEP, ("Name", "Type", "DependsOn"), ("Name", "Type")):
        kept: dict[str, Any] = {name: whole[name] for name in ("Version", "PipelineExperimentConfig") if name in whole}
        kept["Parameters"] = [_only(parameter, _PARAMETER) for _, parameter in each(whole.get("Parameters"))]
        kept["Steps"] = list(_steps(whole.get("Steps"), keep))
        text = _compact(kept)
        if len(text) <= OUTLINE_LIMIT:
            return text if whole else ""
    kept["Parameters"], kept["Truncated"] = [], True
    room, steps = OUTLINE_LIMIT - 1000, kept.pop("Steps")
    kept["Steps"] = []
    for step in steps:
        room -= len(_compact(step)) + 1
        if room < 0:
            break
        kept["Steps"].append(step)
    text = _compact(kept)
    return text if len(text) <= OUTLINE_LIMIT else ""


_PARAMETER = ("Name", "Type", "DefaultValue", "EnumValues")
_STEP = ("Name", "Type", "DisplayName", "Description", "DependsOn", "CacheConfig", "Conditions")
_BRANCHES = ("IfSteps", "ElseSteps", "Steps")


def _steps(steps: object, keep: tuple[str, ...], depth: int = 0) -> Iterator[Json]:
    """Steps and, in conditions and loops, the steps inside."""
    for _, step in each(steps if depth < 8 else None):
        arguments = step.get("Arguments")
        inner = arguments if isinstance(arguments, dict) else {}
        kept = _only({**inner, **step} if step.get("Type") == "Condition" else step, keep)
        for branch in _BRANCHES:
            if found := list(_steps(inner.get(branch), keep, depth + 1)):
                kept[branch] = found
        yield kept


def _only(thing: Json, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: thing[name] for name in names if name in thing}


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _types(steps: object) -> Iterator[tuple[str, str]]:
    """Name and type of each step of an outline, those inside of conditions and loops among them."""
    for _, step in each(steps):
        if step.get("Name") and step.get("Type"):
            yield str(step["Name"]), str(step["Type"])
        for branch in _BRANCHES:
            yield from _types(step.get(branch))


# --- pipelines ---


def normalize_pipeline(record: Record) -> Facts:
    """A pipeline as it is defined now; what ran are its executions."""
    reading = Reading(record, _PIPELINE)
    reading.show("pipeline", PIPELINE)
    return reading.facts


def _unless(name: object, other: object) -> object:
    return None if name == other else name


# --- executions ---


def normalize_execution(record: Record) -> Facts:
    """One run of a pipeline, its steps in order, and what they ran and made."""
    reading = Reading(record, _EXECUTION)
    steps = Reading(record, _STEPS)
    steps.facts = reading.facts
    body = record.body
    name = body.get("PipelineExecutionDisplayName") or _names(record.id)[1]
    reading.show("pipeline_execution", EXECUTION, name=name)
    parent = reading.named(body.get("PipelineArn"), "pipeline")
    if parent is not None:
        reading.edge(record.id, parent, "part_of", "PipelineArn")
    source = reading.named(member(body, "SelectiveExecutionConfig", "SourcePipelineExecutionArn"), "pipeline_execution")
    if source is not None and source != record.id:
        path = "SelectiveExecutionConfig.SourcePipelineExecutionArn"
        reading.edge(source, record.id, "input_to", path, role="source_execution")
    for index, step in _in_order(body):
        _step(steps, step, f"PipelineExecutionSteps[{index}]")
    return reading.facts


def _names(arn: str) -> tuple[str, str]:
    """The pipeline's name and the execution's id, as the ARN tells them."""
    parts = parse_arn(arn)
    pipeline, _, run = (parts.name if parts else arn).partition("/execution/")
    return pipeline, run or arn


def _in_order(body: Json) -> list[tuple[int, Json]]:
    """The steps with their positions in the record: those that began, by time, then the others."""
    steps = list(each(body.get("PipelineExecutionSteps")))
    return sorted(steps, key=lambda item: (item[1].get("StartTime") is None, str(item[1].get("StartTime")), item[0]))


def _step_shown(step: Json, types: dict[str, str]) -> dict[str, Any]:
    """A step as people see it."""
    name, metadata = step.get("StepName"), step.get("Metadata") or {}
    ran = [arn for key, path in {**_RAN, **_MADE}.items() if (arn := member(metadata, key, path))]
    return some(
        name=name,
        display_name=_unless(step.get("StepDisplayName"), name),
        type=types.get(str(name)) or next(iter(metadata), None),
        status=step.get("StepStatus"),
        started_at=step.get("StartTime"),
        ended_at=step.get("EndTime"),
        attempts=step.get("AttemptCount"),
        asset=next(iter(ran), None),
        cached_from=member(step, "CacheHitResult", "SourcePipelineExecutionArn"),
        reused_from=member(step, "SelectiveExecutionResult", "SourcePipelineExecutionArn"),
        outcome=member(metadata, "Condition", "Outcome"),
        iteration=member(step, "IterationContext", "Index"),
        failure=step.get("FailureReason") or member(metadata, "Fail", "ErrorMessage"),
    )


def _mlflow(record: Record) -> dict[str, Any] | None:
    """Where the steps' runs are recorded. The default experiment is the pipeline's name: all its executions share it,
    so that a run there is of this execution only where a job's own record says so."""
    config = record.body.get("MLflowConfig")
    if not isinstance(config, dict):
        return None
    experiment = config.get("MlflowExperimentName") or _names(record.id)[0]
    return some(server=config.get("MlflowResourceArn"), experiment=experiment)


def _selective(config: Json) -> dict[str, Any] | None:
    return some(
        source=member(config, "SourcePipelineExecutionArn"),
        steps=[step["StepName"] for _, step in each(member(config, "SelectedSteps")) if step.get("StepName")],
    )


def _step(reading: Reading, step: Json, path: str) -> None:
    """What a step ran and made; or, where it took the results of an earlier execution, what went into this one.

    The earlier one may itself have taken them from another: which of them ran the step its own record says.
    """
    metadata, name = step.get("Metadata") or {}, step.get("StepName")
    role = name if isinstance(name, str) and name else None
    earlier = None
    for whole in ("CacheHitResult", "SelectiveExecutionResult"):
        source = reading.named(member(step, whole, "SourcePipelineExecutionArn"), "pipeline_execution")
        if source is not None and source != reading.id and earlier is None:
            earlier = source, f"{path}.{whole}.SourcePipelineExecutionArn"
    shown = False
    for key, field in {**_RAN, **_MADE}.items():
        ran = key in _RAN
        thing = reading.named(member(metadata, key, field), *(JOB_KINDS if ran else _THINGS))
        if thing is None:
            continue
        shown = True
        where = f"{path}.Metadata.{key}.{field}"
        if ran:
            _reports(reading, thing, metadata[key], f"{path}.Metadata.{key}")
        if earlier is not None:
            reading.edge(thing, reading.id, "input_to", where, earlier[1], role=role)
        elif ran:
            reading.edge(thing, reading.id, "part_of", where, role=role)
        else:
            reading.edge(reading.id, thing, "produced", where)
    if earlier is not None and not shown:
        reading.edge(earlier[0], reading.id, "input_to", earlier[1], role=role)
    _function(reading, member(metadata, "Lambda", "Arn"), f"{path}.Metadata.Lambda.Arn", role)
    for index, one in each(member(metadata, "Lineage", "Associations")):
        ends = one.get("SourceArn"), one.get("DestinationArn")
        if isinstance(ends[0], str) and isinstance(ends[1], str):
            evidence = reading.evidence(f"{path}.Metadata.Lineage.Associations[{index}]")
            reading.claim(Association(source=ends[0], destination=ends[1], type=None, evidence=evidence))


def _reports(reading: Reading, job: str, check: Json, path: str) -> None:
    for name, role in _REPORTS.items():
        report = s3_id(check.get(name))
        if report is not None:
            reading.edge(job, report, "produced", f"{path}.{name}", role=role)


def _function(reading: Reading, arn: object, path: str, role: str | None) -> None:
    """A function that a step called is code that went into the execution."""
    function = parse_lambda(arn)
    if function is not None:
        code = function.function
        reading.mention(code, "code", code.rpartition(":")[2])
        reading.edge(code, reading.id, "input_to", path, role=role)


# --- declarations ---


def _pipeline_of(record: Record) -> str | None:
    """The pipeline's ARN, which begins the execution's."""
    return record.id.partition("/execution/")[0] or None


def _changes(summary: Json) -> str:
    """The summary without the time at which it last ran."""
    return _compact({name: summary[name] for name in sorted(summary) if name != "LastExecutionTime"})


def _parameters(result: Json) -> Json:
    """An execution as Search shows it, for its parameters."""
    found: Json = result["PipelineExecution"]
    named = [item for _, item in each(found.get("PipelineParameters"))]
    return {**found, "PipelineParameters": sorted(named, key=lambda item: str(item["Name"]))}


def _inputs(several: object) -> list[dict[str, Any]]:
    return [
        some(name=item.get("Name"), type=item.get("Type"), default=item.get("DefaultValue"))
        for _, item in each(several)
    ]


def _versions(several: object) -> list[dict[str, Any]]:
    return [
        some(
            version=item.get("PipelineVersionId"),
            name=item.get("PipelineVersionDisplayName"),
            created_at=item.get("CreationTime"),
        )
        for _, item in each(several)
    ]


def _display_name(body: Json) -> object:
    return _unless(body.get("PipelineDisplayName"), body.get("PipelineName"))


def _steps_told(body: Json) -> list[dict[str, Any]]:
    types = dict(_types(document(member(body, "Definition", "PipelineDefinition")).get("Steps")))
    return [_step_shown(step, types) for _, step in _in_order(body)]


PIPELINE: Final = attributes(
    "pipeline",
    f"sagemaker:{_PIPELINE}",
    rows.name("PipelineName"),
    rows.status("PipelineStatus"),
    rows.CREATED,
    rows.MODIFIED,
    gathered("display_name", ("PipelineDisplayName",), "What is shown as its name.", _display_name),
    at("description", "PipelineDescription", "What people wrote of it."),
    rows.ROLE,
    at("inputs", "PipelineDefinition|Parameters", "Its parameters, with type and default.", _inputs),
    at(
        "steps",
        "PipelineDefinition|Steps",
        "Its steps, with their types.",
        lambda steps: [some(name=name, type=kind) for name, kind in _types(steps)],
    ),
    at("definition_sha256", "PipelineDefinitionSha256", "The digest of its definition."),
    at("versions", "PipelineVersionSummaries", "Its versions.", _versions, by="sagemaker:ListPipelineVersions"),
    at("parallelism", "ParallelismConfiguration.MaxParallelExecutionSteps", "How many steps run at once at most."),
    *rows.CREATED_BY,
    *rows.MODIFIED_BY,
)
EXECUTION: Final = attributes(
    "pipeline_execution",
    f"sagemaker:{_EXECUTION}",
    at("name", "PipelineExecutionDisplayName", "What people call it; the id in its ARN where it has no name."),
    rows.status("PipelineExecutionStatus"),
    rows.CREATED,
    rows.MODIFIED,
    computed("pipeline", "arn", "The name of its pipeline.", lambda record: _names(record.id)[0]),
    at("description", "PipelineExecutionDescription", "What people wrote of it."),
    at("version", "PipelineVersionId", "The version of the pipeline that it ran."),
    at(
        "parameters",
        "PipelineParameters",
        "The parameters that it was given.",
        pairs("Name", "Value"),
        by="sagemaker:ListPipelineParametersForExecution",
    ),
    gathered(
        "steps",
        ("PipelineExecutionSteps",),
        "Its steps in order, with what they ran.",
        _steps_told,
        by=f"sagemaker:{_STEPS}",
    ),
    at(
        "definition_sha256",
        "Definition.PipelineDefinitionSha256",
        "The digest of the definition that it ran.",
        by="sagemaker:DescribePipelineDefinitionForExecution",
    ),
    at("experiment", "PipelineExperimentConfig", "The SageMaker experiment and trial that it was run for."),
    Attribute(
        name="mlflow",
        paths=("MLflowConfig",),
        meaning="Where the MLflow runs of its steps are; the experiment is the pipeline's unless it says another.",
        compute=_mlflow,
    ),
    at(
        "selective",
        "SelectiveExecutionConfig",
        "The steps that it ran, and whose results it took.",
        _selective,
    ),
    rows.ROLE,
    *rows.CREATED_BY,
    rows.FAILURE,
    *rows.MODIFIED_BY,
)


RESOURCES: Final = (
    Resource(
        kind="pipeline",
        listing=Listing(operation="ListPipelines", items="PipelineSummaries"),
        identify=itemgetter("PipelineArn"),
        describe=Describe(
            operation=_PIPELINE,
            params=request("PipelineName", "PipelineArn"),
            trim=_pipeline_answer,
        ),
        details=(
            tags_of("PipelineArn"),
            Detail(
                operation="ListPipelineVersions",
                params=lambda body: {"PipelineName": body["PipelineArn"], "SortOrder": "Ascending"},
                member="PipelineVersionSummaries",
                items="PipelineVersionSummaries",
                trim=without("LastExecutionPipelineExecutionArn"),
            ),
        ),
        bulk=search("Pipeline", never_whole, unshared=("LastExecutionTime",)),
        revision=_changes,
        mark=lambda summary: str(summary.get("LastExecutionTime") or ""),
        normalize=normalize_pipeline,
    ),
    Resource(
        kind="pipeline_execution",
        listing=Listing(
            operation="ListPipelineExecutions",
            items="PipelineExecutionSummaries",
            params={"SortBy": "CreationTime", "SortOrder": "Descending"},
            parent="pipeline",
            parent_params=lambda pipeline: {"PipelineName": pipeline.body["PipelineName"]},
            parent_of=_pipeline_of,
            settled=lambda body: body.get("PipelineExecutionStatus") == "Succeeded",
        ),
        identify=itemgetter("PipelineExecutionArn"),
        describe=Describe(operation=_EXECUTION, params=request("PipelineExecutionArn")),
        details=(
            Detail(
                operation="DescribePipelineDefinitionForExecution",
                params=request("PipelineExecutionArn"),
                member="Definition",
                trim=_outlined,
            ),
            Detail(
                operation=_STEPS,
                params=lambda body: {"PipelineExecutionArn": body["PipelineExecutionArn"], "SortOrder": "Ascending"},
                member="PipelineExecutionSteps",
                items="PipelineExecutionSteps",
            ),
            Detail(
                operation="ListPipelineParametersForExecution",
                params=request("PipelineExecutionArn"),
                member="PipelineParameters",
                items="PipelineParameters",
                sort="Name",
            ),
        ),
        bulk=replace(
            search(
                "PipelineExecution",
                never_whole,
                order="CreationTime",
                listed_order=False,
                tags=never,
                unshared=("StartTime", "PipelineExecutionFailureReason", "PipelineVersionAliases"),
            ),
            record=_parameters,
            brings=frozenset({"PipelineParameters"}),
        ),
        final=lambda body: body.get("PipelineExecutionStatus") in _ENDED,
        volatile=True,
        normalize=normalize_execution,
    ),
)
