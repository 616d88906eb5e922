"""Monitoring schedules: what watches an endpoint, or the answers of a batch transform, by processing jobs of its own.

Calls, per region where there is something to watch: ListMonitoringSchedules (100 a page); per schedule
DescribeMonitoringSchedule, ListTags and the description of its job definition, whenever the listing shows a change.
Only captured requests can be watched: where no endpoint, configuration or transform job keeps any, no processing job
names a schedule, and none is known, nothing is asked.
What a schedule's last job came to is left out: the job's own record says it, and it moves without a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, Final

from studbook.model import Facts, Record
from studbook.model.attributes import Attribute, at, attributes
from studbook.model.evidence import value_at
from studbook.model.ids import s3_id
from studbook.sources import rows
from studbook.sources.interface import Describe, Detail, Json, Listing, Resource, Seen, request, without
from studbook.sources.reading import Reading, each, member, tags_of

_OPERATION = "DescribeMonitoringSchedule"
_CONFIG: Final = "MonitoringScheduleConfig"
_INLINE: Final = f"{_CONFIG}.MonitoringJobDefinition"
_TYPES: Final = ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
_LAST: Final = "LastMonitoringExecutionSummary"


def normalize(record: Record) -> Facts:
    """A schedule: what it watches, against which baseline, with which image and scripts."""
    reading = Reading(record, _OPERATION)
    reading.show("monitoring_schedule", SCHEDULE)
    reading.by_name("endpoint", record.body.get("EndpointName"), "EndpointName", "input_to", role="monitored")
    _definition(reading, "", "Monitoring")
    for kind in _TYPES:
        if isinstance(record.body.get(f"{kind}JobDefinition"), dict):
            of_definition = Reading(record, f"Describe{kind}JobDefinition")
            of_definition.facts = reading.facts
            _definition(of_definition, kind, kind)
    return reading.facts


def _definition(reading: Reading, kind: str, prefix: str) -> None:
    """What a schedule's jobs are told: in a definition of its type, or in the schedule itself."""
    where = f"{kind}JobDefinition" if kind else _INLINE
    found = value_at(reading.body, where) or {}
    baseline, application = f"{kind}BaselineConfig", f"{prefix}AppSpecification"
    job, path = member(found, baseline, "BaseliningJobName"), f"{where}.{baseline}.BaseliningJobName"
    reading.by_name("processing_job", job, path, "input_to", role="baseline")
    for resource, role in (("StatisticsResource", "statistics"), ("ConstraintsResource", "constraints")):
        path = f"{where}.{baseline}.{resource}.S3Uri"
        reading.reads(member(found, baseline, resource, "S3Uri"), path, role, None, data_type="Object", ever=True)
    image = f"{where}.{application}.ImageUri"
    reading.image(member(found, application, "ImageUri"), image, relation="input_to")
    for script in ("RecordPreprocessorSourceUri", "PostAnalyticsProcessorSourceUri"):
        code = s3_id(member(found, application, script))
        if code is not None:
            reading.mention(code, "code", code.rpartition("/")[2])
            reading.edge(code, reading.id, "input_to", f"{where}.{application}.{script}", role="code")
    path = f"{where}.{application}.ConfigUri"
    reading.reads(member(found, application, "ConfigUri"), path, "config", None, data_type="Object", ever=True)
    if kind:
        _watched(reading, member(found, f"{kind}JobInput"), f"{where}.{kind}JobInput")
    else:
        for index, item in each(member(found, "MonitoringInputs")):
            _watched(reading, item, f"{where}.MonitoringInputs[{index}]")


def _watched(reading: Reading, found: object, path: str) -> None:
    """An endpoint, or the captured requests of a batch transform; and the truth that answers are held against."""
    item: Json = found if isinstance(found, dict) else {}
    name = member(item, "EndpointInput", "EndpointName")
    reading.by_name("endpoint", name, f"{path}.EndpointInput.EndpointName", "input_to", role="monitored")
    captured = f"{path}.BatchTransformInput.DataCapturedDestinationS3Uri"
    uri = member(item, "BatchTransformInput", "DataCapturedDestinationS3Uri")
    reading.reads(uri, captured, "captured", None, ever=True)
    truth = f"{path}.GroundTruthS3Input.S3Uri"
    reading.reads(member(item, "GroundTruthS3Input", "S3Uri"), truth, "ground_truth", None, ever=True)


def _definition_of(kind: str) -> Detail:
    """The job definition that a schedule of this type names."""
    return Detail(
        operation=f"Describe{kind}JobDefinition",
        params=lambda body: {"JobDefinitionName": body[_CONFIG]["MonitoringJobDefinitionName"]},
        member=f"{kind}JobDefinition",
        when=_names_definition(kind),
    )


def _names_definition(kind: str) -> Callable[[Json], bool]:
    def when(body: Json) -> bool:
        named = member(body, _CONFIG, "MonitoringJobDefinitionName")
        told = member(body, _CONFIG, "MonitoringType") or body.get("MonitoringType")
        return isinstance(named, str) and bool(named) and told == kind

    return when


def _there_is(seen: Seen) -> bool:
    captures = any(seen.says(kind, "DataCaptureConfig") for kind in ("endpoint", "endpoint_config", "transform_job"))
    return captures or seen.says("processing_job", "MonitoringScheduleArn")


def _row_or_definition(
    name: str, inline: str, defined: str, meaning: str, read: Callable[[Any], Any] | None = None
) -> Iterator[Attribute]:
    """A row that the schedule itself has, or else the definition of its type, where `*` stands for the type."""
    yield at(name, f"{_INLINE}.{inline}", meaning, read)
    for kind in _TYPES:
        yield at(
            name,
            f"{kind}JobDefinition.{defined.replace('*', kind)}",
            meaning,
            read,
            by=f"sagemaker:Describe{kind}JobDefinition",
        )


def _places(several: object) -> list[object]:
    return [uri for _, item in each(several) if (uri := member(item, "S3Output", "S3Uri"))]


SCHEDULE: Final = attributes(
    "monitoring_schedule",
    f"sagemaker:{_OPERATION}",
    rows.name("MonitoringScheduleName"),
    rows.status("MonitoringScheduleStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at(
        "watches",
        ("MonitoringType", f"{_CONFIG}.MonitoringType"),
        "What it watches: data, quality, bias, explanations.",
    ),
    at("schedule", f"{_CONFIG}.ScheduleConfig.ScheduleExpression", "When its jobs run."),
    at("endpoint", "EndpointName", "The endpoint that it watches."),
    at("definition", f"{_CONFIG}.MonitoringJobDefinitionName", "What tells its jobs what to do."),
    _row_or_definition(
        "baseline_job",
        "BaselineConfig.BaseliningJobName",
        "*BaselineConfig.BaseliningJobName",
        "The job that made its baseline.",
    ),
    _row_or_definition(
        "image",
        "MonitoringAppSpecification.ImageUri",
        "*AppSpecification.ImageUri",
        "The container image that watches.",
    ),
    _row_or_definition(
        "outputs",
        "MonitoringOutputConfig.MonitoringOutputs",
        "*JobOutputConfig.MonitoringOutputs",
        "Where in S3 its jobs' reports go.",
        _places,
    ),
    _row_or_definition(
        "environment",
        "Environment",
        "*AppSpecification.Environment",
        "The environment variables of its jobs' container.",
    ),
    _row_or_definition("role", "RoleArn", "RoleArn", "The IAM role that its jobs run as."),
    _row_or_definition(
        "kms_key",
        "MonitoringOutputConfig.KmsKeyId",
        "*JobOutputConfig.KmsKeyId",
        "The KMS key that reports are encrypted with.",
    ),
    _row_or_definition(
        "volume_kms_key",
        "MonitoringResources.ClusterConfig.VolumeKmsKeyId",
        "JobResources.ClusterConfig.VolumeKmsKeyId",
        "The KMS key of its jobs' volumes.",
    ),
    _row_or_definition(
        "vpc",
        "NetworkConfig.VpcConfig",
        "NetworkConfig.VpcConfig",
        "The subnets and security groups that its jobs run in.",
    ),
    rows.FAILURE,
)


RESOURCES: Final = (
    Resource(
        kind="monitoring_schedule",
        listing=Listing(operation="ListMonitoringSchedules", items="MonitoringScheduleSummaries"),
        identify=itemgetter("MonitoringScheduleArn"),
        describe=Describe(
            operation=_OPERATION,
            params=request("MonitoringScheduleName"),
            trim=without(_LAST),
        ),
        details=(tags_of("MonitoringScheduleArn"), *map(_definition_of, _TYPES)),
        where=_there_is,
        normalize=normalize,
    ),
)
