"""Compilation jobs: a model, compiled for a kind of machine.

Calls, per region: ListCompilationJobs (100 a page); per job DescribeCompilationJob and ListTags, whenever the listing
shows a change. Search does not know them.
"""

from __future__ import annotations

from typing import Final

from studbook.model import Facts, Record
from studbook.model.attributes import at, attributes
from studbook.model.evidence import value_at
from studbook.model.facts import Output
from studbook.model.ids import s3_id
from studbook.sources import rows
from studbook.sources.reading import Reading
from studbook.sources.sagemaker.job_parts import parents, produced
from studbook.sources.sagemaker.nouns import named

_OPERATION = "DescribeCompilationJob"


def normalize(record: Record) -> Facts:
    """A compilation job: the model as it was, by its archive or its package, and the compiled one."""
    reading = Reading(record, _OPERATION)
    body = record.body
    reading.show("compilation_job", COMPILATION)
    started = body.get("CompilationStartTime") or body.get("CreationTime")
    path = "InputConfig.S3Uri"
    reading.reads(value_at(body, path), path, "source_model", started, data_type="Object")
    path = "ModelPackageVersionArn"
    reading.input(body.get(path), path, "source_model", started, "model_package")
    path = "ModelArtifacts.S3ModelArtifacts"
    uri = value_at(body, path)
    if isinstance(uri, str) and s3_id(uri) is not None:
        produced(reading, uri, path, "model")
        (evidence,) = reading.evidence(path)
        reading.claim(Output(job=record.id, uri=uri, evidence=evidence))
    parents(reading)
    return reading.facts


COMPILATION: Final = attributes(
    "compilation_job",
    f"sagemaker:{_OPERATION}",
    rows.name("CompilationJobName"),
    rows.status("CompilationJobStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("framework", "InputConfig.Framework", "What the model is written in."),
    at("framework_version", "InputConfig.FrameworkVersion", "The version of that."),
    at("inputs", "InputConfig.DataInputConfig", "The names and shapes of what the model takes."),
    at("device", "OutputConfig.TargetDevice", "The machines that the model is compiled for."),
    at("platform", "OutputConfig.TargetPlatform", "Their operating system, processor and accelerator."),
    at("options", "OutputConfig.CompilerOptions", "What the compiler was told besides."),
    at("recommended_image", "InferenceImage", "The image that serves what came of it."),
    at("digest", "ModelDigests.ArtifactDigest", "The SHA-256 of what came of it."),
    rows.ROLE,
    rows.output("OutputConfig.S3OutputLocation"),
    rows.started("CompilationStartTime"),
    rows.ended("CompilationEndTime"),
    rows.FAILURE,
    rows.encryption("OutputConfig.KmsKeyId"),
    rows.network("VpcConfig"),
    rows.MOST_SECONDS,
)


RESOURCES: Final = (named("compilation_job", "CompilationJob", "CompilationJobSummaries", normalize),)
