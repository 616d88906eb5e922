"""Jobs that fit a model to its machines: optimization jobs, recommendations that optimize on the way, and benchmarks.

Calls, per region: ListOptimizationJobs, ListAIRecommendationJobs and ListAIBenchmarkJobs (100 a page); per job its
describe call, once when it has ended, every night while it runs, and ListTags for an optimization job; the others'
descriptions have their tags. Search does not know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from studbook.model import Facts, Kind, Record
from studbook.model.attributes import Attribute, at, attributes, computed
from studbook.model.evidence import value_at
from studbook.model.facts import Output
from studbook.model.ids import s3_id
from studbook.sources import rows
from studbook.sources.interface import Document, Json
from studbook.sources.reading import Reading, each, member
from studbook.sources.sagemaker.job_parts import made_package, manifests, mlflow_run, parents, produced
from studbook.sources.sagemaker.nouns import job

_OPERATION = "DescribeOptimizationJob"
_OVER = frozenset({"COMPLETED", "FAILED", "STOPPED"})
_WAYS = (
    "ModelQuantizationConfig",
    "ModelCompilationConfig",
    "ModelShardingConfig",
    "ModelSpeculativeDecodingConfig",
)


def normalize_optimization(record: Record) -> Facts:
    """A model made smaller or faster: from which it was made, how, and what came of it."""
    reading = Reading(record, _OPERATION)
    body = record.body
    ways = list(_ways_of(body.get("OptimizationConfigs")))
    started = body.get("OptimizationStartTime") or body.get("CreationTime")
    reading.show("customization_job", OPTIMIZATION)
    reading.reads(member(body, "ModelSource", "S3", "S3Uri"), "ModelSource.S3.S3Uri", "source_model", started)
    path = "ModelSource.SageMakerModel.ModelName"
    reading.by_name("model", value_at(body, path), path, "input_to", role="source_model")
    for way, path in ways:
        reading.image(way.get("Image"), f"{path}.Image", relation="input_to")
        data, where = way.get("TrainingDataSource"), f"{path}.TrainingDataSource"
        data_type = member({"": data}, "", "S3DataType") or "S3Prefix"
        reading.reads(member({"": data}, "", "S3Uri"), f"{where}.S3Uri", "train", started, data_type=data_type)
    uri, path = member(body, "OutputConfig", "S3OutputLocation"), "OutputConfig.S3OutputLocation"
    if s3_id(uri):
        produced(reading, uri, path, "model")
        (evidence,) = reading.evidence(path)
        reading.claim(Output(job=record.id, uri=uri, evidence=evidence))
    path = "OutputConfig.SageMakerModel.ModelName"
    reading.by_name("model", value_at(body, path), path, "produced", upstream=False)
    parents(reading)
    return reading.facts


def documents(record: Record) -> Iterator[Document]:
    """The manifests that a draft model was trained on."""
    return manifests(
        _OPERATION,
        (
            (member(config, way, "TrainingDataSource"), f"OptimizationConfigs[{index}].{way}.TrainingDataSource")
            for index, config in each(record.body.get("OptimizationConfigs"))
            for way in _WAYS
        ),
    )


def normalize_recommendation(record: Record) -> Facts:
    """A search for the machines that suit a model: it may register the model anew, made to fit them."""
    operation = "DescribeAIRecommendationJob"
    reading = Reading(record, operation, tags_by=operation)
    body = record.body
    started = body.get("StartTime") or body.get("CreationTime")
    reading.show("customization_job", RECOMMENDATION)
    reading.reads(member(body, "ModelSource", "S3", "S3Uri"), "ModelSource.S3.S3Uri", "source_model", started)
    for index, item in each(member(body, "AdapterSource", "ModelPackageArns")):
        path = f"AdapterSource.ModelPackageArns[{index}].ModelPackageArn"
        reading.input(item.get("ModelPackageArn"), path, "adapter", started, "model_package")
    for index, item in each(member(body, "AdapterSource", "S3Uris")):
        reading.reads(item.get("S3Uri"), f"AdapterSource.S3Uris[{index}].S3Uri", "adapter", started)
    for index, item in each(body.get("Recommendations")):
        package = member(item, "ModelDetails", "ModelPackageArn")
        made_package(reading, package, f"Recommendations[{index}].ModelDetails.ModelPackageArn")
    config = member(body, "OutputConfig", "MlflowConfig") or {}
    mlflow_run(reading, config, "OutputConfig.MlflowConfig")
    parents(reading)
    return reading.facts


def normalize_benchmark(record: Record) -> Facts:
    """A load test of an endpoint: what was measured, and the run that has the figures. It judges speed, not a model."""
    operation = "DescribeAIBenchmarkJob"
    reading = Reading(record, operation, tags_by=operation)
    body = record.body
    reading.show("customization_job", BENCHMARK)
    where = "BenchmarkTarget.Endpoint"
    _measured(reading, "endpoint", value_at(body, f"{where}.Identifier"), f"{where}.Identifier")
    for index, item in each(value_at(body, f"{where}.InferenceComponents")):
        path = f"{where}.InferenceComponents[{index}].Identifier"
        _measured(reading, "inference_component", item.get("Identifier"), path)
    config = member(body, "OutputConfig", "MlflowConfig") or {}
    mlflow_run(reading, config, "OutputConfig.MlflowConfig")
    parents(reading)
    return reading.facts


def _measured(reading: Reading, kind: Kind, identifier: object, path: str) -> None:
    """What a benchmark measured, by its ARN or its name."""
    if isinstance(identifier, str) and identifier.startswith("arn:"):
        if reading.named(identifier, kind) is not None:
            reading.edge(identifier, reading.id, "input_to", path, role="benchmarked")
    else:
        reading.by_name(kind, identifier, path, "input_to", role="benchmarked")


def _ways_of(configs: object) -> Iterator[tuple[Json, str]]:
    """What is done to a model, with its path."""
    for index, config in each(configs):
        for way in _WAYS:
            if isinstance(config.get(way), dict):
                yield config[way], f"OptimizationConfigs[{index}].{way}"


def _techniques(configs: object) -> str:
    return ", ".join(sorted({path.rpartition(".Model")[2].removesuffix("Config") for _, path in _ways_of(configs)}))


def _settings(configs: object) -> list[object]:
    return [way["OverrideEnvironment"] for way, _ in _ways_of(configs) if way.get("OverrideEnvironment")]


def _descriptions(several: object) -> list[object]:
    return [item.get("RecommendationDescription") for _, item in each(several)]


def _job(job_type: str, times: str = "") -> tuple[Attribute, ...]:
    """What all three say; `times` is the beginning of the names of their times."""
    return (
        rows.CREATED,
        computed("job_type", "record-kind", "What kind of job it is.", lambda record: job_type),
        rows.ROLE,
        rows.output("OutputConfig.S3OutputLocation"),
        rows.started(f"{times}StartTime"),
        rows.ended(f"{times}EndTime"),
        rows.FAILURE,
    )


OPTIMIZATION: Final = attributes(
    "customization_job",
    f"sagemaker:{_OPERATION}",
    rows.name("OptimizationJobName"),
    rows.status("OptimizationJobStatus"),
    rows.MODIFIED,
    _job("Optimization", "Optimization"),
    at("technique", "OptimizationConfigs", "What is done to the model: quantization, compilation ...", _techniques),
    at("settings", "OptimizationConfigs", "The settings of each of these.", _settings),
    at("environment", "OptimizationEnvironment", "The environment variables of the model's container."),
    at("instance_type", "DeploymentInstanceType", "The machines that the model is made for."),
    at("recommended_image", "OptimizationOutput.RecommendedInferenceImage", "The image that serves what came of it."),
    rows.encryption("OutputConfig.KmsKeyId"),
    rows.network("VpcConfig"),
    rows.MOST_SECONDS,
)
RECOMMENDATION: Final = attributes(
    "customization_job",
    "sagemaker:DescribeAIRecommendationJob",
    rows.name("AIRecommendationJobName"),
    rows.status("AIRecommendationJobStatus"),
    _job("Recommendation"),
    at("optimizes", "OptimizeModel", "Whether the model itself may be changed."),
    at("framework", "InferenceSpecification.Framework", "The server that the model is to run on."),
    at("workload", "AIWorkloadConfigIdentifier", "The load that it is to bear."),
    at("target", "PerformanceTarget.Constraints", "What it is to reach."),
    at(
        "model_package_group",
        "OutputConfig.ModelPackageGroupIdentifier",
        "The group of what it registers.",
    ),
    at("recommendations", "Recommendations", "What is recommended, in words.", _descriptions),
)
BENCHMARK: Final = attributes(
    "customization_job",
    "sagemaker:DescribeAIBenchmarkJob",
    rows.name("AIBenchmarkJobName"),
    rows.status("AIBenchmarkJobStatus"),
    _job("Benchmark"),
    at("workload", "AIWorkloadConfigIdentifier", "The load that the endpoint is put under."),
    at("container", "BenchmarkTarget.Endpoint.TargetContainerHostname", "The container that is measured."),
)


RESOURCES: Final = (
    replace(
        job("optimization_job", "OptimizationJob", "OptimizationJobSummaries", normalize_optimization, documents),
        final=lambda body: body.get("OptimizationJobStatus") in _OVER,
    ),
    replace(
        job("ai_recommendation_job", "AIRecommendationJob", "AIRecommendationJobs", normalize_recommendation),
        details=(),
    ),
    replace(job("ai_benchmark_job", "AIBenchmarkJob", "AIBenchmarkJobs", normalize_benchmark), details=()),
)
