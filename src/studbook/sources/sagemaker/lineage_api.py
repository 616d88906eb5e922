"""The SageMaker Lineage API: what it declares of artifacts, actions, contexts and jobs, as evidence beside the records.

Calls, per region, every night and 100 a page: ListTrialComponents, ListArtifacts, ListActions, ListContexts and
ListAssociations, each once for the whole account: without filters the associations are all of its edges, and a
complete listing shows what was deleted. DescribeAction once for each action that judges a model or deploys a package,
and when the listing shows a change: the pipeline execution and the component are in its properties, which no listing
has. DescribeTrialComponent likewise for each that no job is the source of: a run of SageMaker Experiments, in a
notebook say, whose inputs and outputs nothing else tells. Nothing else is described: of artifacts, contexts and jobs'
trial components the summary names the source, and what a job read and wrote its own record tells.

An artifact, a context or a trial component whose source is an asset is that asset under another name: its ARN becomes
an alias, and its associations the asset's. What has another source, or none, is an asset of its own.

The sweep is the one price that does not fall when nothing changes: `leave_out: [lineage_api]` saves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Final

from studbook.model import Facts, Kind, Record
from studbook.model.attributes import at, attributes, computed
from studbook.model.facts import Association, DeployedBy, LineageEntity, Roleless, RunBehind
from studbook.model.ids import image_registry, s3_id
from studbook.model.kinds import ARN_KINDS
from studbook.sources import rows
from studbook.sources.interface import Describe, Json, Listing, Resource, request
from studbook.sources.reading import Reading, member, pairs
from studbook.sources.sagemaker.job_parts import produced

_RUN: Final = re.compile(r"[0-9a-f]{32}")
"""An MLflow run's id: where the SDK has no URI for a report, and where MLflow registers a run."""
_NOT_A_SOURCE = ("artifact", "context", "action")
_SOURCES: Final[tuple[Kind, ...]] = (
    *(kind for kind in dict.fromkeys(ARN_KINDS.values()) if kind not in _NOT_A_SOURCE),
    "pipeline",
    "pipeline_execution",
    "dataset",
    "evaluator",
    "base_model",
)
"""What an ARN can be of, so that the entity is that thing."""


def _source(reading: Reading, uri: object, *, image: bool = False) -> tuple[str, Kind | None] | None:
    """The id of the asset that a source is, and its kind where the id does not tell."""
    if (named := reading.named(uri, *_SOURCES)) is not None:
        return named, None
    if (place := s3_id(uri)) is not None:
        return place, None
    if not isinstance(uri, str) or uri.startswith("arn:") or "://" in uri:
        return None
    if ":" in uri and (image_registry(uri)[0] or (image and "/" in uri)):
        return uri, "container_image"
    return None


def _made(reading: Reading) -> str | None:
    created = reading.body.get("CreationTime")
    return created if isinstance(created, str) else None


def _is(reading: Reading, found: tuple[str, Kind | None], path: str, kind: object) -> Facts:
    """The entity is that asset."""
    reading.claim(
        LineageEntity(
            arn=reading.id,
            id=found[0],
            kind=found[1],
            type=kind if isinstance(kind, str) else None,
            at=_made(reading),
            evidence=reading.evidence(path),
        )
    )
    return reading.facts


def normalize_artifact(record: Record) -> Facts:
    """An artifact: what its URI names, else an asset of its own. A report's URI may be that of many runs."""
    reading = Reading(record, "ListArtifacts")
    body = record.body
    uri, kind = member(body, "Source", "SourceUri"), body.get("ArtifactType")
    found = _source(reading, uri, image=kind == "Image")
    if found is not None:
        return _is(reading, found, "Source.SourceUri", kind) if record.gone_since is None else Facts()
    reading.show("artifact", ARTIFACT)
    _run(reading, uri, "Source.SourceUri")
    return reading.facts


def _run(reading: Reading, run: object, path: str) -> None:
    if isinstance(run, str) and _RUN.fullmatch(run):
        reading.claim(RunBehind(entity=reading.id, run=run, evidence=reading.evidence(path)))


def normalize_context(record: Record) -> Facts:
    """A context: the group, the endpoint or the execution that it stands for, else an asset of its own."""
    reading = Reading(record, "ListContexts")
    body = record.body
    uri, kind = member(body, "Source", "SourceUri"), body.get("ContextType")
    found = _source(reading, uri)
    if found is not None:
        return _is(reading, found, "Source.SourceUri", kind) if record.gone_since is None else Facts()
    reading.show("context", CONTEXT)
    return reading.facts


def normalize_component(record: Record) -> Facts:
    """A trial component: the job that it stands for; one that no job made is an asset with inputs and outputs."""
    body = record.body
    source = member(body, "TrialComponentSource", "SourceArn")
    reading = Reading(record, "ListTrialComponents" if source else "DescribeTrialComponent")
    found = _source(reading, source)
    kind = member(body, "TrialComponentSource", "SourceType")
    if found is not None:
        return _is(reading, found, "TrialComponentSource.SourceArn", kind) if record.gone_since is None else Facts()
    reading.show("artifact", COMPONENT)
    started = body.get("StartTime") or body.get("CreationTime")
    for name, value in _entries(body.get("InputArtifacts")):
        reading.reads(value.get("Value"), f'InputArtifacts["{name}"].Value', name, started)
    for name, value in _entries(body.get("OutputArtifacts")):
        produced(reading, value.get("Value"), f'OutputArtifacts["{name}"].Value', name)
    return reading.facts


def _entries(named: object) -> Iterator[tuple[str, Json]]:
    """The members of a map of structures."""
    for name, value in named.items() if isinstance(named, Mapping) else ():
        if isinstance(value, Mapping):
            yield name, value


def _told_apart(summary: Json) -> bool:
    """Whether an action's properties say what its summary does not: which execution judged, or what was deployed."""
    source = member(summary, "Source", "SourceUri")
    deploys = summary.get("ActionType") == "ModelDeployment" and ":model-package/" in str(source)
    return summary.get("ActionType") == "Evaluation" or deploys


def normalize_action(record: Record) -> Facts:
    """An action, with what it was done to; an evaluation with its execution, a deployment with its component."""
    body = record.body
    reading = Reading(record, "DescribeAction" if _told_apart(body) else "ListActions")
    uri = member(body, "Source", "SourceUri")
    properties = body.get("Properties") or {}
    reading.show("action", ACTION if _told_apart(body) else LISTED_ACTION)
    found = _source(reading, uri)
    if found is not None:
        reading.edge(found[0], record.id, "associated", "Source.SourceUri", role="source")
    if body.get("ActionType") == "MLflow Experiment":
        _run(reading, member(body, "Source", "SourceId"), "Source.SourceId")
    execution = reading.named(member(properties, "PipelineExecutionArn"), "pipeline_execution")
    if execution is not None:
        evidence = reading.evidence("Properties.PipelineExecutionArn")
        reading.claim(Roleless(source=record.id, target=execution, relation="associated", evidence=evidence))
    package = reading.named(uri, "model_package")
    component = reading.named(member(body, "MetadataProperties", "GeneratedBy"), "inference_component")
    if package is not None and component is not None and body.get("ActionType") == "ModelDeployment":
        evidence = reading.evidence("Source.SourceUri", "MetadataProperties.GeneratedBy")
        reading.claim(DeployedBy(package=package, component=component, at=_made(reading), evidence=evidence))
    return reading.facts


def normalize_association(record: Record) -> Facts:
    """An edge as declared; one that was deleted declares nothing any more."""
    reading = Reading(record, "ListAssociations")
    source, destination = record.body.get("SourceArn"), record.body.get("DestinationArn")
    kind = record.body.get("AssociationType")
    if record.gone_since is None and isinstance(source, str) and isinstance(destination, str):
        reading.claim(
            Association(
                source=source,
                destination=destination,
                type=kind if isinstance(kind, str) and kind else None,
                at=_made(reading),
                evidence=reading.evidence("SourceArn", "DestinationArn"),
            )
        )
    return reading.facts


def _artifact_name(record: Record) -> object:
    uri = member(record.body, "Source", "SourceUri")
    return record.body.get("ArtifactName") or (uri if isinstance(uri, str) and uri else record.id.rpartition("/")[2])


def _parameters(named: object) -> dict[str, object]:
    return {name: next(iter(value.values())) for name, value in _entries(named) if value}


_SOURCE_URI: Final = at("source_uri", "Source.SourceUri", "What the Lineage API names as its source.")
ARTIFACT: Final = attributes(
    "artifact",
    "sagemaker:ListArtifacts",
    computed("name", "lineage-name", "Its name, else the place that it stands for, else its id.", _artifact_name),
    rows.CREATED,
    rows.MODIFIED,
    at("type", "ArtifactType", "What the Lineage API calls it."),
    _SOURCE_URI,
)
CONTEXT: Final = attributes(
    "context",
    "sagemaker:ListContexts",
    rows.name("ContextName"),
    rows.CREATED,
    rows.MODIFIED,
    at("type", "ContextType", "What the Lineage API calls it."),
    _SOURCE_URI,
)
COMPONENT: Final = attributes(
    "artifact",
    "sagemaker:DescribeTrialComponent",
    rows.name("DisplayName", "TrialComponentName"),
    rows.status("Status.PrimaryStatus"),
    rows.CREATED,
    rows.MODIFIED,
    computed(
        "type",
        "trial-component",
        "What it is a run of.",
        lambda record: member(record.body, "TrialComponentSource", "SourceType") or "TrialComponent",
    ),
    at(
        "source_uri",
        "TrialComponentSource.SourceArn",
        "What the Lineage API names as its source.",
        by="sagemaker:ListTrialComponents",
    ),
    at("hyperparameters", "Parameters", "The parameters that the run logged.", _parameters),
    at("metrics", "Metrics", "The last value of each metric that the run logged.", pairs("MetricName", "Last")),
    rows.started("StartTime"),
    rows.ended("EndTime"),
    *rows.CREATED_BY,
    *rows.MODIFIED_BY,
    at("commit", "MetadataProperties.CommitId", "The commit of its code."),
    at("project", "MetadataProperties.ProjectId", "The project that it belongs to."),
)
_LISTED: Final = (
    rows.name("ActionName"),
    rows.status("Status"),
    rows.CREATED,
    rows.MODIFIED,
    at("type", "ActionType", "What the Lineage API calls it."),
    _SOURCE_URI,
    at("source_id", "Source.SourceId", "The id of its source, where that has no URI."),
)
_DESCRIBED: Final = (
    at("description", "Description", "What was written of it."),
    at("properties", "Properties", "Names and values that it was given."),
    at("generated_by", "MetadataProperties.GeneratedBy", "What did it."),
    at("commit", "MetadataProperties.CommitId", "The commit of its code."),
    at("project", "MetadataProperties.ProjectId", "The project that it belongs to."),
    *rows.CREATED_BY,
    *rows.MODIFIED_BY,
)
ACTION: Final = attributes("action", "sagemaker:DescribeAction", (*_LISTED, *_DESCRIBED))
LISTED_ACTION: Final = attributes("action", "sagemaker:ListActions", _LISTED)


RESOURCES: Final = (
    Resource(
        kind="trial_component",
        part="lineage_api",
        listing=Listing(operation="ListTrialComponents", items="TrialComponentSummaries"),
        identify=itemgetter("TrialComponentArn"),
        describe=Describe(
            operation="DescribeTrialComponent",
            params=request("TrialComponentName"),
            when=lambda summary: not member(summary, "TrialComponentSource", "SourceArn"),
        ),
        normalize=normalize_component,
    ),
    Resource(
        kind="artifact",
        part="lineage_api",
        listing=Listing(operation="ListArtifacts", items="ArtifactSummaries"),
        identify=itemgetter("ArtifactArn"),
        normalize=normalize_artifact,
    ),
    Resource(
        kind="action",
        part="lineage_api",
        listing=Listing(operation="ListActions", items="ActionSummaries"),
        identify=itemgetter("ActionArn"),
        describe=Describe(
            operation="DescribeAction",
            params=request("ActionName"),
            when=_told_apart,
        ),
        normalize=normalize_action,
    ),
    Resource(
        kind="context",
        part="lineage_api",
        listing=Listing(operation="ListContexts", items="ContextSummaries"),
        identify=itemgetter("ContextArn"),
        normalize=normalize_context,
    ),
    Resource(
        kind="association",
        part="lineage_api",
        listing=Listing(operation="ListAssociations", items="AssociationSummaries"),
        identify=lambda summary: f"{summary['SourceArn']} {summary['DestinationArn']}",
        normalize=normalize_association,
    ),
)
