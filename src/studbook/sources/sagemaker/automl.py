"""AutoML jobs: searches over data preparation and algorithms, Canvas' among them.

Calls, per region: ListAutoMLJobs (100 a page); per job DescribeAutoMLJobV2 and ListTags, once when it has ended, every
night while it runs. DescribeAutoMLJobV2 describes what CreateAutoMLJob made too, DescribeAutoMLJob not the other way
round. Search does not know them.
The jobs of all candidates name the search in records of their own; of the best candidate the search names its jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from studbook.model import Facts, Record
from studbook.model.attributes import at, attributes
from studbook.model.facts import CandidateStep
from studbook.model.ids import s3_id
from studbook.model.kinds import JOB_KINDS
from studbook.sources import rows
from studbook.sources.interface import Describe, Document, Json, request
from studbook.sources.reading import Reading, each, member
from studbook.sources.sagemaker.job_parts import manifests, objective, own_folder, parents, produced
from studbook.sources.sagemaker.nouns import job

_OPERATION = "DescribeAutoMLJobV2"
_REPORTS = {"Explainability": "explainability", "ModelInsights": "model_insights", "BacktestResults": "backtest"}


def normalize(record: Record) -> Facts:
    """A search with its data, the jobs of its best candidate, and what came of that."""
    reading = Reading(record, _OPERATION)
    body = record.body
    reading.show("automl_job", AUTOML)
    started = body.get("CreationTime")
    for index, channel in each(body.get("AutoMLJobInputDataConfig")):
        path = f"AutoMLJobInputDataConfig[{index}].DataSource.S3DataSource"
        place = member(channel, "DataSource", "S3DataSource") or {}
        data_type = member(place, "S3DataType") or "S3Prefix"
        role = str(channel.get("ChannelType") or "training")
        reading.reads(member(place, "S3Uri"), f"{path}.S3Uri", role, started, data_type=data_type)
    problem, path = _problem(body)
    features = problem.get("FeatureSpecificationS3Uri")
    reading.reads(features, f"{path}.FeatureSpecificationS3Uri", "feature_specification", started, data_type="Object")
    _best(reading, body.get("BestCandidate"))
    # Of the other candidates no member tells what they wrote: all of it lies in the search's own folder.
    own_folder(reading, "OutputDataConfig", "AutoMLJobName", started)
    parents(reading)
    return reading.facts


def _problem(body: Json) -> tuple[Json, str]:
    """The one kind of problem that is configured, and its path."""
    config = body.get("AutoMLProblemTypeConfig")
    for name, value in sorted(config.items()) if isinstance(config, dict) else ():
        if isinstance(value, dict):
            return value, f"AutoMLProblemTypeConfig.{name}"
    return {}, "AutoMLProblemTypeConfig"


def _best(reading: Reading, best: object) -> None:
    candidate: Json = best if isinstance(best, dict) else {}
    steps: dict[str, str] = {}
    for index, step in each(candidate.get("CandidateSteps")):
        path = f"BestCandidate.CandidateSteps[{index}].CandidateStepArn"
        if (job := reading.named(step.get("CandidateStepArn"), *JOB_KINDS)) is not None:
            reading.edge(job, reading.id, "part_of", path)
            steps[job] = path
    for container, path in _containers(candidate):
        place = s3_id(container.get("ModelDataUrl"))
        produced(reading, place, f"{path}.ModelDataUrl", "model")
        if place is not None:
            for job, where in steps.items():
                told = reading.evidence(where, f"{path}.ModelDataUrl")
                reading.claim(CandidateStep(job=job, uri=place, evidence=told))
    reports = member(candidate, "CandidateProperties", "CandidateArtifactLocations")
    for name, role in _REPORTS.items():
        path = f"BestCandidate.CandidateProperties.CandidateArtifactLocations.{name}"
        produced(reading, member({"": reports}, "", name), path, role)


def _containers(candidate: Json) -> Iterator[tuple[Json, str]]:
    for index, container in each(candidate.get("InferenceContainers")):
        yield container, f"BestCandidate.InferenceContainers[{index}]"
    by_processor = candidate.get("InferenceContainerDefinitions")
    for processor, containers in sorted(by_processor.items()) if isinstance(by_processor, dict) else ():
        for index, container in each(containers):
            yield container, f'BestCandidate.InferenceContainerDefinitions["{processor}"][{index}]'


def _of_problem(**members: str) -> tuple[str, ...]:
    """The members of the one kind of problem that is configured: of each kind that has such a member, its path."""
    return tuple(f"AutoMLProblemTypeConfig.{kind}JobConfig.{path}" for kind, path in members.items())


_PROBLEMS: Final = ("ImageClassification", "Tabular", "TextClassification", "TextGeneration", "TimeSeriesForecasting")
_TARGETS: Final = {
    "Tabular": "TargetAttributeName",
    "TextClassification": "TargetLabelColumn",
    "TimeSeriesForecasting": "TimeSeriesConfig.TargetAttributeName",
}
AUTOML: Final = attributes(
    "automl_job",
    f"sagemaker:{_OPERATION}",
    rows.name("AutoMLJobName"),
    rows.status("AutoMLJobStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("problem", "AutoMLProblemTypeConfigName", "What kind of problem is solved."),
    at("problem_type", _of_problem(Tabular="ProblemType"), "Of tabular data: regression or classification."),
    at("target", _of_problem(**_TARGETS), "The column that is predicted."),
    at("mode", _of_problem(Tabular="Mode"), "How it searches: ensembling or hyperparameters."),
    at("base_model", _of_problem(TextGeneration="BaseModelName"), "The base model that is tuned for text generation."),
    at(
        "hyperparameters",
        _of_problem(TextGeneration="TextGenerationHyperParameters"),
        "The hyperparameters of that tuning.",
    ),
    at(
        "objective",
        ("AutoMLJobObjective.MetricName", "ResolvedAttributes.AutoMLJobObjective.MetricName"),
        "The metric that is searched for.",
    ),
    at("limits", _of_problem(**dict.fromkeys(_PROBLEMS, "CompletionCriteria")), "How many candidates, and how long."),
    at("best_candidate", "BestCandidate.CandidateName", "The name of the best candidate."),
    at("metrics", "BestCandidate.FinalAutoMLJobObjectiveMetric", "The objective of the best candidate.", objective),
    rows.ROLE,
    rows.output("OutputDataConfig.S3OutputPath"),
    at("endpoint", "ModelDeployResult.EndpointName", "The endpoint that the best candidate was deployed to."),
    at("secondary_status", "AutoMLJobSecondaryStatus", "How far it is, in finer steps."),
    rows.started_when_made("CreationTime"),
    rows.ended("EndTime"),
    rows.FAILURE,
    rows.encryption("OutputDataConfig.KmsKeyId", "SecurityConfig.VolumeKmsKeyId"),
    rows.network("SecurityConfig.VpcConfig"),
)


def documents(record: Record) -> Iterator[Document]:
    """The manifests that it read."""
    return manifests(
        _OPERATION,
        (
            (
                member(channel, "DataSource", "S3DataSource"),
                f"AutoMLJobInputDataConfig[{index}].DataSource.S3DataSource",
            )
            for index, channel in each(record.body.get("AutoMLJobInputDataConfig"))
        ),
    )


RESOURCES: Final = (
    replace(
        job("automl_job", "AutoMLJob", "AutoMLJobSummaries", normalize, documents),
        describe=Describe(operation=_OPERATION, params=request("AutoMLJobName")),
    ),
)
