"""Batch transform jobs: a model's answers to a whole dataset.

Calls, per region: ListTransformJobs (100 a page); per job DescribeTransformJob and ListTags, once when it has ended,
every night while it runs. Search does not know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from studbook.model import Facts, Record
from studbook.model.attributes import at, attributes
from studbook.sources import rows
from studbook.sources.interface import Document
from studbook.sources.reading import Reading, member
from studbook.sources.sagemaker.job_parts import manifests, parents, writes
from studbook.sources.sagemaker.nouns import job

_OPERATION = "DescribeTransformJob"
_PLACE = ("TransformInput", "DataSource", "S3DataSource")


def normalize(record: Record) -> Facts:
    """A transform job: the model, by its name, what it was asked, and where the answers are."""
    reading = Reading(record, _OPERATION)
    body = record.body
    reading.show("transform_job", TRANSFORM)
    started = body.get("TransformStartTime") or body.get("CreationTime")
    reading.by_name("model", body.get("ModelName"), "ModelName", "input_to", role="model")
    place = member(body, *_PLACE) or {}
    data_type = member(place, "S3DataType") or "S3Prefix"
    reading.reads(member(place, "S3Uri"), f"{'.'.join(_PLACE)}.S3Uri", "input", started, data_type=data_type)
    uri = member(body, "TransformOutput", "S3OutputPath")
    writes(reading, uri, "TransformOutput.S3OutputPath", "output", between=(started, body.get("TransformEndTime")))
    captured, path = member(body, "DataCaptureConfig", "DestinationS3Uri"), "DataCaptureConfig.DestinationS3Uri"
    writes(reading, captured, path, "captured", between=(started, body.get("TransformEndTime")))
    parents(reading, "AutoMLJobArn")
    return reading.facts


def documents(record: Record) -> Iterator[Document]:
    """The manifest that it read, if it was one."""
    return manifests(_OPERATION, [(member(record.body, *_PLACE), ".".join(_PLACE))])


TRANSFORM: Final = attributes(
    "transform_job",
    f"sagemaker:{_OPERATION}",
    rows.name("TransformJobName"),
    rows.status("TransformJobStatus"),
    rows.CREATED,
    at("model", "ModelName", "The name of the model that is asked."),
    at("batch_strategy", "BatchStrategy", "How many records make one request."),
    rows.ENVIRONMENT,
    at("data_processing", "DataProcessing", "What of the data is sent and kept, and how answers join it."),
    rows.instances("TransformResources"),
    at("data_capture", "DataCaptureConfig.DestinationS3Uri", "Where requests and answers are captured."),
    rows.EXPERIMENT,
    at("labeling_job", "LabelingJobArn", "The labeling job that it was run for."),
    rows.started("TransformStartTime"),
    rows.ended("TransformEndTime"),
    rows.FAILURE,
    rows.encryption("TransformOutput.KmsKeyId", "TransformResources.VolumeKmsKeyId"),
)


RESOURCES: Final = (job("transform_job", "TransformJob", "TransformJobSummaries", normalize, documents),)
