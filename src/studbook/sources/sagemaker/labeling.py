"""Labeling jobs: data that people, or a model for them, label.

Calls, per region: ListLabelingJobs (100 a page); per job DescribeLabelingJob, its tags included, whenever the listing
shows a change: it counts the labels. Search does not know them.
The functions that prepare a task and put the answers together are code of the job. AWS's own are in its account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from studbook.model import Facts, Record
from studbook.model.attributes import at, attributes
from studbook.model.evidence import value_at
from studbook.model.ids import parse_lambda, s3_id
from studbook.sources import rows
from studbook.sources.interface import Document
from studbook.sources.reading import Reading
from studbook.sources.sagemaker.job_parts import own_folder, parents, writes
from studbook.sources.sagemaker.nouns import named

_OPERATION = "DescribeLabelingJob"
_MANIFEST: Final = "InputConfig.DataSource.S3DataSource.ManifestS3Uri"
_FORMAT: Final = "AugmentedManifestFile"
"""Each line of the manifest is an object that names what is to be labelled, and the labels that it has."""
_HUMAN: Final = "HumanTaskConfig"
_MODELS: Final = "LabelingJobAlgorithmsConfig"
_FILES: Final = (
    ("LabelCategoryConfigS3Uri", "categories"),
    (f"{_HUMAN}.UiConfig.UiTemplateS3Uri", "template"),
)
_FUNCTIONS: Final = (
    f"{_HUMAN}.PreHumanTaskLambdaArn",
    f"{_HUMAN}.AnnotationConsolidationConfig.AnnotationConsolidationLambdaArn",
)


def normalize(record: Record) -> Facts:
    """A labeling job: the manifest of what is labelled, what helps people to do it, and the labelled data."""
    reading = Reading(record, _OPERATION, tags_by=_OPERATION)
    body = record.body
    reading.show("labeling_job", LABELING)
    started = body.get("CreationTime")
    reading.reads(value_at(body, _MANIFEST), _MANIFEST, "manifest", started, data_type=_FORMAT)
    for path, role in _FILES:
        reading.reads(value_at(body, path), path, role, started, data_type="Object")
    for path in _FUNCTIONS:
        found = parse_lambda(value_at(body, path))
        if found is not None:
            code = reading.mention(found.function, "code", found.function.rpartition(":")[2])
            reading.edge(code, record.id, "input_to", path, role="code")
    path = f"{_MODELS}.InitialActiveLearningModelArn"
    reading.input(value_at(body, path), path, "source_model", started, "model")
    path = "LabelingJobOutput.FinalActiveLearningModelArn"
    made = reading.named(value_at(body, path), "model")
    if made is not None:
        reading.edge(record.id, made, "produced", path, role="model")
    _output(reading, started)
    parents(reading)
    return reading.facts


def _output(reading: Reading, started: str | None) -> None:
    """The labelled data where the job says where it is; while it runs, the folder of its own."""
    body = reading.body
    path = "LabelingJobOutput.OutputDatasetS3Uri"
    ended = body.get("LastModifiedTime") if body.get("LabelingJobStatus") == "Completed" else None
    writes(reading, value_at(body, path), path, "output", between=(started, ended))
    own_folder(reading, "OutputConfig", "LabelingJobName", started)


def documents(record: Record) -> Iterator[Document]:
    """The manifest that it labelled."""
    uri = s3_id(value_at(record.body, _MANIFEST))
    if uri is not None:
        yield Document(role="manifest", uri=uri, evidence=f"sagemaker:{_OPERATION}#{_MANIFEST}", data_type=_FORMAT)


LABELING: Final = attributes(
    "labeling_job",
    f"sagemaker:{_OPERATION}",
    rows.name("LabelingJobName"),
    rows.status("LabelingJobStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("workteam", f"{_HUMAN}.WorkteamArn", "The ARN of the team that labels."),
    at("labels", "LabelAttributeName", "The member of the manifest's lines that the labels are in."),
    at("counts", "LabelCounters", "How much is labelled, by people and by a model."),
    at("title", f"{_HUMAN}.TaskTitle", "What people are asked to do, in a few words."),
    at("description", f"{_HUMAN}.TaskDescription", "What people are asked to do."),
    at("people", f"{_HUMAN}.NumberOfHumanWorkersPerDataObject", "How many people label each object."),
    at("task_ui", f"{_HUMAN}.UiConfig.HumanTaskUiArn", "The page that people work with, where it is no template."),
    at("limits", "StoppingConditions", "How much is to be labelled at most."),
    at("algorithm", f"{_MODELS}.LabelingJobAlgorithmSpecificationArn", "The algorithm that labels, beside people."),
    at("topic", "InputConfig.DataSource.SnsDataSource.SnsTopicArn", "The topic that sends objects while it runs."),
    rows.ROLE,
    rows.output("OutputConfig.S3OutputPath"),
    rows.started_when_made("CreationTime"),
    rows.FAILURE,
    rows.encryption("OutputConfig.KmsKeyId", f"{_MODELS}.LabelingJobResourceConfig.VolumeKmsKeyId"),
    rows.network(f"{_MODELS}.LabelingJobResourceConfig.VpcConfig"),
)


RESOURCES: Final = (
    replace(named("labeling_job", "LabelingJob", "LabelingJobSummaryList", normalize), details=(), documents=documents),
)
