"""Training jobs, serverless fine-tuning and serverless evaluations, and hyperparameter tuning jobs.

Calls, per region: ListTrainingJobs and ListHyperParameterTuningJobs (100 a page); per job DescribeTrainingJob or
DescribeHyperParameterTuningJob: once when it has ended, every night while it runs, for the listing does not show every
step. Search (100 a page, newest first) brings the tags, and training jobs themselves where nothing can be that it does
not show: it lacks ServerlessJobConfig, MlflowConfig, MlflowDetails, ProgressInfo and BillableTokenCount. A job with an
algorithm and instances is not serverless. No member tells whether a job has an MlflowConfig, which must name an MLflow
App or tracking server: where the region has either, each job is described. What remains unseen is the run of a job
with instances in a region without MLflow that names a server elsewhere; MLflow's own records show that run.
Records leave out what the profiler, remote debugging and the health checks were told and said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from studbook.model import Facts, Record
from studbook.model.attributes import at, attributes
from studbook.model.facts import MANIFESTS, Output
from studbook.model.ids import bedrock_model, parse_s3, s3_id
from studbook.sources import rows
from studbook.sources.interface import Document, Json, Seen
from studbook.sources.reading import PUBLIC_HUB, Reading, each, member, pairs, some, unquoted
from studbook.sources.sagemaker.job_parts import (
    channels,
    evaluator,
    made_package,
    mlflow_run,
    named_places,
    objective,
    own_folder,
    parents,
    produced,
    writes,
)
from studbook.sources.sagemaker.nouns import job
from studbook.sources.sagemaker.search import never_whole, search

_OPERATION = "DescribeTrainingJob"
_JUDGED = "LLMAJEvaluation"
_CONVERTED = "/llmaj-benchmarks/"
"""In the place where the SDK puts the copy of a dataset for a judge of the Nova family."""
_INFERENCE = "inference_only"
"""The task of a job that writes a model's answers to a dataset, for another job to judge."""
_TAG = "sagemaker-sdk:"
_ARCHIVE = "sagemaker_submit_directory"


def normalize_training(record: Record) -> Facts:
    """A training job with what went in and what came out; an evaluation where its record says that it evaluates."""
    reading = Reading(record, _OPERATION)
    body = record.body
    trains, evaluates = _does(body)
    reading.show("evaluation_job" if evaluates else "training_job" if trains else "customization_job", TRAINING)
    started = body.get("TrainingStartTime") or body.get("CreationTime")
    _models(reading, evaluates, started)
    _evaluators(reading, evaluates, started)
    channels(reading, body.get("InputDataConfig"), "InputDataConfig", started)
    _container(reading, started)
    for parameters in ("HyperParameters", "Environment"):
        named_places(reading, body.get(parameters), parameters, started)
    _outputs(reading, started, trains=trains)
    details = body.get("MlflowDetails") or {}
    mlflow_run(
        reading,
        body.get("MlflowConfig") or {},
        "MlflowConfig",
        experiment=(details.get("MlflowExperimentId"), "MlflowDetails.MlflowExperimentId"),
        run=(details.get("MlflowRunId"), "MlflowDetails.MlflowRunId"),
    )
    labels = reading.named(body.get("LabelingJobArn"), "labeling_job")
    if labels is not None:
        reading.edge(labels, reading.id, "input_to", "LabelingJobArn", role="labels")
    parents(reading, "TuningJobArn", "AutoMLJobArn")
    return reading.facts


def _does(body: Json) -> tuple[bool, bool]:
    """Whether a job trains, and whether it evaluates: the first phase of a judged evaluation only asks the model."""
    serverless = member(body, "ServerlessJobConfig", "JobType") == "Evaluation"
    asks = unquoted(member(body, "HyperParameters", "task")) == _INFERENCE
    return not serverless, serverless and not asks


TRAINING: Final = attributes(
    ("training_job", "evaluation_job", "customization_job"),  # Fewer kinds: what this one operation describes.
    f"sagemaker:{_OPERATION}",
    rows.name("TrainingJobName"),
    rows.status("TrainingJobStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("job_type", "ServerlessJobConfig.JobType", "What a serverless job does: FineTuning or Evaluation."),
    at("technique", "ServerlessJobConfig.CustomizationTechnique", "How the model is tuned: SFT, DPO, RLVR, RLAIF."),
    at("peft", "ServerlessJobConfig.Peft", "The parameter-efficient method of the tuning, LORA say."),
    at("sequence_length", "ServerlessJobConfig.SequenceLength", "The longest sequence that the job takes."),
    at("evaluation_type", "ServerlessJobConfig.EvaluationType", "How the evaluation judges."),
    at("base_model", "ServerlessJobConfig.BaseModelArn", "The ARN of the base model, as the job has it."),
    at("evaluator", "ServerlessJobConfig.EvaluatorArn", "The evaluator that judges or rewards, as the job names it."),
    at("hyperparameters", "HyperParameters", "The hyperparameters, as the job was given them."),
    rows.ENVIRONMENT,
    at("image", "AlgorithmSpecification.TrainingImage", "The container image that trains."),
    at("algorithm", "AlgorithmSpecification.AlgorithmName", "The algorithm that trains, in place of an image."),
    rows.instances("ResourceConfig"),
    at("instance_groups", "ResourceConfig.InstanceGroups", "Its machines, where they are of several types."),
    rows.ROLE,
    rows.output("OutputDataConfig.S3OutputPath"),
    at("model_package_group", "ModelPackageConfig.ModelPackageGroupArn", "The group that its model is registered in."),
    rows.EXPERIMENT,
    at("mlflow", "MlflowConfig", "The MLflow server, experiment and run that it was told to log to."),
    at("progress", "ProgressInfo", "How far it is, in steps and epochs."),
    at(
        "metrics",
        "FinalMetricDataList",
        "The last value of each metric that the job wrote.",
        pairs("MetricName", "Value"),
    ),
    rows.started("TrainingStartTime"),
    rows.ended("TrainingEndTime"),
    at("training_seconds", "TrainingTimeInSeconds", "How long it trained."),
    at("billable_seconds", "BillableTimeInSeconds", "The time that it is billed for."),
    at("billable_tokens", "BillableTokenCount", "The tokens that it is billed for."),
    at("secondary_status", "SecondaryStatus", "How far it is, in finer steps."),
    rows.FAILURE,
    rows.encryption("OutputDataConfig.KmsKeyId", "ResourceConfig.VolumeKmsKeyId"),
    rows.network("VpcConfig", "EnableNetworkIsolation"),
    rows.MOST_SECONDS,
    at("volume_gb", "ResourceConfig.VolumeSizeInGB", "The size of its machines' volumes."),
    at("spot", "EnableManagedSpotTraining", "Whether it runs on spot machines."),
    at("encrypted_traffic", "EnableInterContainerTrafficEncryption", "Whether its machines speak encrypted."),
    at("debugger", "DebugHookConfig", "What the debugger keeps, and where."),
    at("debugger_rules", "DebugRuleConfigurations", "What the debugger looks for."),
    at("debugger_results", "DebugRuleEvaluationStatuses", "What the debugger found, and by which jobs."),
    at("profiler", "ProfilerConfig", "What the profiler keeps, and where."),
    at("tensorboard", "TensorBoardOutputConfig.S3OutputPath", "Where TensorBoard finds it."),
)  # fmt: skip


def _hyperparameter(reading: Reading, name: str) -> tuple[str, str]:
    """A hyperparameter without its JSON quotes, and its path; empty where it is not set."""
    return unquoted(member(reading.body, "HyperParameters", name)), f'HyperParameters["{name}"]'


def _models(reading: Reading, evaluates: bool, started: str | None) -> None:
    """An evaluation judges its source package; without one it judges the base model itself.

    The SDK gives a stand-in as the base model of jobs in which a model judges: a package tells its own, and without
    one the copy of the dataset tells that nothing names the judged model.
    """
    source = member(reading.body, "ModelPackageConfig", "SourceModelPackageArn")
    role = "evaluated_model" if evaluates else "source_model"
    reading.input(source, "ModelPackageConfig.SourceModelPackageArn", role, started, "model_package")
    if evaluates and member(reading.body, "ServerlessJobConfig", "EvaluationType") == _JUDGED:
        places = (
            member(channel, "DataSource", "S3DataSource", "S3Uri")
            for _, channel in each(reading.body.get("InputDataConfig"))
        )
        if source or any(_CONVERTED in str(place) for place in places):
            return
    base = member(reading.body, "ServerlessJobConfig", "BaseModelArn")
    role = "evaluated_model" if evaluates and not source else "base_model"
    known = reading.input(base, "ServerlessJobConfig.BaseModelArn", role, started, "base_model")
    for index, channel in each(reading.body.get("InputDataConfig")):
        arn = member(channel, "DataSource", "S3DataSource", "HubAccessConfig", "HubContentArn")
        path = f"InputDataConfig[{index}].DataSource.S3DataSource.HubAccessConfig.HubContentArn"
        known = reading.input(arn, path, "base_model", started, "base_model") or known
    if not known:
        _tagged_model(reading)


def _tagged_model(reading: Reading) -> None:
    """The SDK tags jobs that start from JumpStart models; anyone may write tags, so this is a conclusion."""
    rule = "rule:jumpstart-tags"
    if found := reading.tag(_TAG + "hub-content-arn"):
        arn, path = found
        paths = [path]
    elif found := reading.tag(_TAG + "jumpstart-model-id"):
        name, path = found
        paths = [path]
        if hub := reading.tag(_TAG + "jumpstart-hub-name"):
            if hub[0] != PUBLIC_HUB:
                return  # the tags do not say whether it is a model there or a reference
            paths.append(hub[1])
        arn = f"arn:{reading.aws_partition}:sagemaker:{reading.region}:aws:hub-content/{PUBLIC_HUB}/Model/{name}"
        version = reading.tag(_TAG + "jumpstart-model-version")
        if version and "*" not in version[0]:
            arn += f"/{version[0]}"
            paths.append(version[1])
    else:
        return
    source = reading.named(arn, "base_model")
    if source is not None:
        reading.edge(source, reading.id, "input_to", *paths, rule, role="base_model")


def _evaluators(reading: Reading, evaluates: bool, started: str | None) -> None:
    serverless = reading.body.get("ServerlessJobConfig") or {}
    named = serverless.get("EvaluatorArn")
    evaluator(reading, named, "ServerlessJobConfig.EvaluatorArn", started)
    evaluator(reading, *_hyperparameter(reading, "reward_lambda_arn"), started, bare=True)
    preset, path = _hyperparameter(reading, "preset_reward_function")
    if preset:
        _builtin(reading, preset, path)
    if not evaluates:
        return
    task, path = _hyperparameter(reading, "task")
    # Every evaluation has a task, but only a benchmark is judged by it.
    if task and not named and serverless.get("EvaluationType") in (None, "BenchmarkEvaluation"):
        _builtin(reading, task, path)
    judge, path = _hyperparameter(reading, "judge_model_id")
    if (model := bedrock_model(judge)) is not None:
        reading.edge(model, reading.id, "input_to", path, role="judge")
    metrics, path = _hyperparameter(reading, "custom_metrics")
    reading.reads(metrics, path, "evaluator", started, data_type="Object")
    responses, path = _hyperparameter(reading, "inference_data_s3_path")
    reading.reads(responses, path, "inference_data_s3_path", started)


def _builtin(reading: Reading, name: str, path: str) -> None:
    reading.edge(f"builtin:{name}", reading.id, "input_to", path, role="evaluator")


def _container(reading: Reading, started: str | None) -> None:
    image = member(reading.body, "AlgorithmSpecification", "TrainingImage")
    reading.image(image, "AlgorithmSpecification.TrainingImage", relation="input_to")
    _code(reading, reading.body, "HyperParameters")
    # Checkpoints are written there, and read from there when the job starts.
    checkpoints = member(reading.body, "CheckpointConfig", "S3Uri")
    if reading.reads(checkpoints, "CheckpointConfig.S3Uri", "checkpoint", started):
        ran = (started, reading.body.get("TrainingEndTime"))
        writes(reading, checkpoints, "CheckpointConfig.S3Uri", "checkpoint", between=ran)


def _code(reading: Reading, told: Json, path: str) -> None:
    """The archive that the SDK names among the hyperparameters."""
    code = s3_id(unquoted(member(told, path.rpartition(".")[2], _ARCHIVE)))
    if code is not None:
        reading.mention(code, "code", code.rpartition("/")[2])
        reading.edge(code, reading.id, "input_to", f'{path}["{_ARCHIVE}"]', role="code")


def _outputs(reading: Reading, started: str | None, *, trains: bool) -> None:
    body = reading.body
    own_folder(reading, "OutputDataConfig", "TrainingJobName", started)
    uri, path = member(body, "ModelArtifacts", "S3ModelArtifacts"), "ModelArtifacts.S3ModelArtifacts"
    if isinstance(uri, str) and parse_s3(uri) is not None:
        produced(reading, uri, path, "model" if trains else "output")
        if trains:
            (evidence,) = reading.evidence(path)
            reading.claim(Output(job=reading.id, uri=uri, evidence=evidence))
    made_package(reading, body.get("OutputModelPackageArn"), "OutputModelPackageArn")


def documents_of_training(record: Record) -> Iterator[Document]:
    """The manifests that a training job read, and where a finished evaluation writes its results."""
    body = record.body
    for index, channel in each(body.get("InputDataConfig")):
        place = member(channel, "DataSource", "S3DataSource") or {}
        uri = s3_id(place.get("S3Uri"))
        if uri is not None and place.get("S3DataType") in MANIFESTS:
            path = f"sagemaker:{_OPERATION}#InputDataConfig[{index}].DataSource.S3DataSource.S3Uri"
            yield Document(role="manifest", uri=uri, evidence=path, data_type=place["S3DataType"])
    output = s3_id(member(body, "OutputDataConfig", "S3OutputPath"))
    name = body.get("TrainingJobName")
    if _does(body)[1] and body.get("TrainingJobStatus") == "Completed" and output is not None and name:
        path = f"sagemaker:{_OPERATION}#OutputDataConfig.S3OutputPath"
        yield Document(role="results", uri=f"{output.rstrip('/')}/{name}/output/output/", evidence=path)


def _definitions(body: Json) -> Iterator[tuple[Json, str]]:
    """What the jobs of a search were to run: one definition, or several."""
    if isinstance(single := body.get("TrainingJobDefinition"), dict):
        yield single, "TrainingJobDefinition"
    for index, definition in each(body.get("TrainingJobDefinitions")):
        yield definition, f"TrainingJobDefinitions[{index}]"


def normalize_tuning(record: Record) -> Facts:
    """A hyperparameter search, with what its jobs were to read: they may have failed, or be gone, or yet to come."""
    reading = Reading(record, "DescribeHyperParameterTuningJob")
    body = record.body
    best = body.get("BestTrainingJob") or {}
    reading.show("tuning_job", TUNING)
    definitions = list(_definitions(body))
    for index, item in each(member(body, "WarmStartConfig", "ParentHyperParameterTuningJobs")):
        path = f"WarmStartConfig.ParentHyperParameterTuningJobs[{index}].HyperParameterTuningJobName"
        reading.by_name("tuning_job", item.get("HyperParameterTuningJobName"), path, "input_to", role="warm_start")
    started = body.get("CreationTime")
    for definition, where in definitions:
        channels(reading, definition.get("InputDataConfig"), f"{where}.InputDataConfig", started)
        image = member(definition, "AlgorithmSpecification", "TrainingImage")
        reading.image(image, f"{where}.AlgorithmSpecification.TrainingImage", relation="input_to")
        _code(reading, definition, f"{where}.StaticHyperParameters")
    job = reading.named(best.get("TrainingJobArn"), "training_job")
    if job is not None:
        reading.edge(job, record.id, "part_of", "BestTrainingJob.TrainingJobArn")
    return reading.facts


def _told_apart(definitions: object) -> list[dict[str, object]]:
    several = [one for _, one in each(definitions)]
    return [
        some(
            name=one.get("DefinitionName"),
            objective=one.get("TuningObjective"),
            ranges=one.get("HyperParameterRanges"),
            static_hyperparameters=one.get("StaticHyperParameters"),
        )
        for one in several
        if len(several) > 1
    ]


def _defined(member: str) -> tuple[str, ...]:
    """Where the definition of a search has it, or the first of at most ten that does."""
    return (f"TrainingJobDefinition.{member}", *(f"TrainingJobDefinitions[{index}].{member}" for index in range(10)))


_SEARCH = "HyperParameterTuningJobConfig"
_BEST = "BestTrainingJob.FinalHyperParameterTuningJobObjectiveMetric"
TUNING: Final = attributes(
    "tuning_job",
    "sagemaker:DescribeHyperParameterTuningJob",
    rows.name("HyperParameterTuningJobName"),
    rows.status("HyperParameterTuningJobStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("strategy", f"{_SEARCH}.Strategy", "How the search looks for better values."),
    at(
        "objective",
        (f"{_SEARCH}.HyperParameterTuningJobObjective", *_defined("TuningObjective")),
        "What is searched for.",
    ),
    at("ranges", (f"{_SEARCH}.ParameterRanges", *_defined("HyperParameterRanges")), "The values that are searched."),
    at("static_hyperparameters", _defined("StaticHyperParameters"), "The hyperparameters that all jobs have alike."),
    at("output", _defined("OutputDataConfig.S3OutputPath"), "Where in S3 the output of its jobs goes."),
    at("role", _defined("RoleArn"), "The IAM role that its jobs run as."),
    at("definitions", "TrainingJobDefinitions", "What each definition searches, where there are several.", _told_apart),
    at("limits", "HyperParameterTuningJobConfig.ResourceLimits", "How many jobs, and how many at once."),
    at("best_training_job", "BestTrainingJob.TrainingJobArn", "The ARN of the best job."),
    at("hyperparameters", "BestTrainingJob.TunedHyperParameters", "The hyperparameters that the best job was given."),
    at("metrics", _BEST, "The objective of the best job.", objective),
    at("jobs", "TrainingJobStatusCounters", "How many of its jobs are how far."),
    at("warm_start", "WarmStartConfig.WarmStartType", "How it goes on from earlier searches."),
    at("overall_best_training_job", "OverallBestTrainingJob.TrainingJobArn", "The best job, of earlier searches too."),
    rows.ended("HyperParameterTuningEndTime"),
    rows.FAILURE,
    at("kms_key", _defined("OutputDataConfig.KmsKeyId"), "The KMS key that its jobs' output is encrypted with."),
    at(
        "volume_kms_key",
        (*_defined("ResourceConfig.VolumeKmsKeyId"), *_defined("HyperParameterTuningResourceConfig.VolumeKmsKeyId")),
        "The KMS key of its jobs' volumes.",
    ),
    at("vpc", _defined("VpcConfig"), "The subnets and security groups that its jobs run in."),
    at("network_isolation", _defined("EnableNetworkIsolation"), "Whether its jobs can reach no network."),
    at("checkpoints", _defined("CheckpointConfig.S3Uri"), "Where its jobs keep checkpoints."),
    at("algorithm", _defined("AlgorithmSpecification.AlgorithmName"), "The algorithm that its jobs train with."),
)


def _shown_whole(body: Json, seen: Seen) -> bool:
    """Whether Search shows all of a training job: it is not serverless, and there is no MLflow that it could name."""
    algorithm = body.get("AlgorithmSpecification") or {}
    return (
        bool(algorithm.get("TrainingImage") or algorithm.get("AlgorithmName"))
        and bool(body.get("ResourceConfig"))
        and not body.get("ModelPackageConfig")
        and seen.none_of("mlflow_app")
        and seen.none_of("mlflow_tracking_server")
    )


RESOURCES: Final = (
    replace(
        job("tuning_job", "HyperParameterTuningJob", "HyperParameterTuningJobSummaries", normalize_tuning),
        bulk=search("HyperParameterTuningJob", never_whole, unshared=("Strategy", "ResourceLimits")),
    ),
    replace(
        job("training_job", "TrainingJob", "TrainingJobSummaries", normalize_training, documents_of_training),
        bulk=search(
            "TrainingJob",
            _shown_whole,
            unshared=("TrainingPlanArn",),
            apart=("ServerlessJobConfig", "MlflowConfig", "MlflowDetails", "ProgressInfo", "BillableTokenCount"),
            drops=(
                "InfraCheckConfig",
                "ProfilerRuleConfigurations",
                "ProfilerRuleEvaluationStatuses",
                "ProfilingStatus",
                "RemoteDebugConfig",
            ),
        ),
    ),
)
