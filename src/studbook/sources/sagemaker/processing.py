"""Processing jobs: datasets that are prepared, and evaluations by a script of one's own.

Calls, per region: ListProcessingJobs (100 a page); per job DescribeProcessingJob and ListTags, once when it has ended,
every night while it runs. Search does not know them.
Inputs and outputs go by the names that the job gives them. The SDK sends the script as an input called `code`, and the
command that runs it as one called `entrypoint`. What a query of Athena or Redshift finds is written to S3 first, and
read from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from studbook.model import Facts, Record
from studbook.sources.interface import Describe, Document, Json, Listing, Resource
from studbook.sources.reading import Reading, each, member, s3_id, some, tags_of
from studbook.sources.sagemaker.job_parts import ENDED, manifests, parents, writes

_OPERATION = "DescribeProcessingJob"
_CODE = frozenset({"code", "entrypoint"})
_QUERIES = ("AthenaDatasetDefinition", "RedshiftDatasetDefinition")


def normalize(record: Record) -> Facts:
    """A processing job with its image, its code, what it read and what it wrote."""
    reading = Reading(record, _OPERATION)
    body = record.body
    reading.show(
        "processing_job",
        body.get("ProcessingJobName") or record.id,
        status=body.get("ProcessingJobStatus"),
        attributes=_about(body),
    )
    started = body.get("ProcessingStartTime") or body.get("CreationTime")
    reading.image(member(body, "AppSpecification", "ImageUri"), "AppSpecification.ImageUri", relation="input_to")
    for index, item in each(body.get("ProcessingInputs")):
        _input(reading, item, f"ProcessingInputs[{index}]", started)
    for index, item in each(member(body, "ProcessingOutputConfig", "Outputs")):
        path, role = f"ProcessingOutputConfig.Outputs[{index}]", _name(item, "OutputName", "output")
        uri = member(item, "S3Output", "S3Uri")
        writes(reading, uri, f"{path}.S3Output.S3Uri", role, between=(started, body.get("ProcessingEndTime")))
        group = member(item, "FeatureStoreOutput", "FeatureGroupName")
        where = f"{path}.FeatureStoreOutput.FeatureGroupName"
        reading.by_name("feature_group", group, where, "produced", upstream=False, role=role)
    parents(reading, "AutoMLJobArn")
    return reading.facts


def _name(item: Json, name: str, otherwise: str) -> str:
    found = item.get(name)
    return found if isinstance(found, str) and found else otherwise


def _input(reading: Reading, item: Json, path: str, started: str | None) -> None:
    role = _name(item, "InputName", "input")
    uri, where = member(item, "S3Input", "S3Uri"), f"{path}.S3Input.S3Uri"
    code = s3_id(uri) if role in _CODE else None
    if code is not None:
        reading.mention(code, "code", code.rstrip("/").rpartition("/")[2])
        reading.edge(code, reading.id, "input_to", where, role=role)
    else:
        data_type = member(item, "S3Input", "S3DataType") or "S3Prefix"
        reading.reads(uri, where, role, started, data_type=data_type)
    for query in _QUERIES:
        found = member(item, "DatasetDefinition", query, "OutputS3Uri")
        reading.reads(found, f"{path}.DatasetDefinition.{query}.OutputS3Uri", role, started)


def _about(body: Json) -> dict[str, object]:
    specification = body.get("AppSpecification") or {}
    return some(
        image=specification.get("ImageUri"),
        entrypoint=specification.get("ContainerEntrypoint"),
        arguments=specification.get("ContainerArguments"),
        environment=body.get("Environment"),
        instance_type=member(body, "ProcessingResources", "ClusterConfig", "InstanceType"),
        instance_count=member(body, "ProcessingResources", "ClusterConfig", "InstanceCount"),
        role=body.get("RoleArn"),
        queries=[
            {
                name: value
                for name, value in query.items()
                if name in ("Catalog", "Database", "QueryString", "ClusterId")
            }
            for _, item in each(body.get("ProcessingInputs"))
            for kind in _QUERIES
            if (query := member(item, "DatasetDefinition", kind))
        ],
        experiment=body.get("ExperimentConfig"),
        training_job=body.get("TrainingJobArn"),
        monitoring_schedule=body.get("MonitoringScheduleArn"),
        started_at=body.get("ProcessingStartTime"),
        ended_at=body.get("ProcessingEndTime"),
        exit_message=body.get("ExitMessage"),
        failure=body.get("FailureReason"),
    )


def documents(record: Record) -> Iterator[Document]:
    """The manifests that it read."""
    return manifests(
        _OPERATION,
        (
            (item.get("S3Input"), f"ProcessingInputs[{index}].S3Input")
            for index, item in each(record.body.get("ProcessingInputs"))
        ),
    )


RESOURCES: Final = (
    Resource(
        kind="processing_job",
        listing=Listing(operation="ListProcessingJobs", items="ProcessingJobSummaries"),
        identify=lambda summary: summary["ProcessingJobArn"],
        describe=Describe(
            operation=_OPERATION, params=lambda summary: {"ProcessingJobName": summary["ProcessingJobName"]}
        ),
        details=(tags_of("ProcessingJobArn"),),
        final=lambda body: body.get("ProcessingJobStatus") in ENDED,
        volatile=True,
        documents=documents,
        normalize=normalize,
    ),
)
