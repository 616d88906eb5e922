"""Batch transform jobs: a model's answers to a whole dataset.

Calls, per region: ListTransformJobs (100 a page); per job DescribeTransformJob and ListTags, once when it has ended,
every night while it runs. Search does not know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from studbook.model import Facts, Record
from studbook.sources.interface import Describe, Document, Listing, Resource
from studbook.sources.reading import Reading, member, some, tags_of
from studbook.sources.sagemaker.job_parts import ENDED, manifests, parents, writes

_OPERATION = "DescribeTransformJob"
_PLACE = ("TransformInput", "DataSource", "S3DataSource")


def normalize(record: Record) -> Facts:
    """A transform job: the model, by its name, what it was asked, and where the answers are."""
    reading = Reading(record, _OPERATION)
    body = record.body
    reading.show(
        "transform_job",
        body.get("TransformJobName") or record.id,
        status=body.get("TransformJobStatus"),
        attributes=some(
            model=body.get("ModelName"),
            batch_strategy=body.get("BatchStrategy"),
            environment=body.get("Environment"),
            data_processing=body.get("DataProcessing"),
            instance_type=member(body, "TransformResources", "InstanceType"),
            instance_count=member(body, "TransformResources", "InstanceCount"),
            data_capture=member(body, "DataCaptureConfig", "DestinationS3Uri"),
            experiment=body.get("ExperimentConfig"),
            labeling_job=body.get("LabelingJobArn"),
            started_at=body.get("TransformStartTime"),
            ended_at=body.get("TransformEndTime"),
            failure=body.get("FailureReason"),
        ),
    )
    started = body.get("TransformStartTime") or body.get("CreationTime")
    reading.by_name("model", body.get("ModelName"), "ModelName", "input_to", role="model")
    place = member(body, *_PLACE) or {}
    data_type = member(place, "S3DataType") or "S3Prefix"
    reading.reads(member(place, "S3Uri"), f"{'.'.join(_PLACE)}.S3Uri", "input", started, data_type=data_type)
    uri = member(body, "TransformOutput", "S3OutputPath")
    writes(reading, uri, "TransformOutput.S3OutputPath", "output", between=(started, body.get("TransformEndTime")))
    parents(reading, "AutoMLJobArn")
    return reading.facts


def documents(record: Record) -> Iterator[Document]:
    """The manifest that it read, if it was one."""
    return manifests(_OPERATION, [(member(record.body, *_PLACE), ".".join(_PLACE))])


RESOURCES: Final = (
    Resource(
        kind="transform_job",
        listing=Listing(operation="ListTransformJobs", items="TransformJobSummaries"),
        identify=lambda summary: summary["TransformJobArn"],
        describe=Describe(
            operation=_OPERATION, params=lambda summary: {"TransformJobName": summary["TransformJobName"]}
        ),
        details=(tags_of("TransformJobArn"),),
        final=lambda body: body.get("TransformJobStatus") in ENDED,
        volatile=True,
        documents=documents,
        normalize=normalize,
    ),
)
