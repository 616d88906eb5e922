"""Around the fraud model: its tables are prepared, a challenger is looked for, and a day's payments are scored."""

from __future__ import annotations

from typing import Any

from studbook.demo.estate.fraud import OUTPUT, TABLES, TUNING, channels, tune
from studbook.demo.estate.world import DEV, PROD, World, role, seconds, tags

SKLEARN = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
AUTOGLUON = "763104351884.dkr.ecr.us-west-2.amazonaws.com/autogluon-training:1.1.1-cpu-py311-ubuntu20.04"
EXPORTS = "s3://acme-payments-exports"
SEARCH = "fraud-automl-20261116"


def prepared(world: World) -> None:
    """October's exports become the tables that the models are trained on."""
    world.put(DEV, f"{OUTPUT}/code/prepare.py", "# splits a month of payments into train and validation\n")
    _process(
        world,
        "fraud-prepare-20261020",
        ("2026-10-20T07:40:00Z", "2026-10-20T08:10:00Z"),
        script="prepare.py",
        inputs={"payments": f"{EXPORTS}/2026-09/", "chargebacks": f"{EXPORTS}/chargebacks/"},
        outputs={"train": f"{TABLES}/train", "validation": f"{TABLES}/validation"},
    )


def first_jobs(world: World) -> None:
    """A search looks for a better model, and production's clone scores a day."""
    _search(world)
    _score(world, "fraud-batch-20261117", "2026-11-17")


def second_jobs(world: World) -> None:
    """A search that goes on from the first one, and another day."""
    tune(world, "fraud-xgb-tuning-1118", "2026-11-18", (("e8", "8"),), parent=TUNING)
    _score(world, "fraud-batch-20261119", "2026-11-19")


def _process(
    world: World,
    name: str,
    ran: tuple[str, str],
    *,
    script: str,
    inputs: dict[str, str],
    outputs: dict[str, str],
    **more: Any,
) -> str:
    """A processing job as the SDK makes one: the script is an input called `code`."""
    start, end = ran
    world.at(start)
    sources = {**inputs, "code": f"{OUTPUT}/code/{script}"}
    arn: str = world.client(DEV, "sagemaker").create_processing_job(
        ProcessingJobName=name,
        ProcessingInputs=[
            {
                "InputName": called,
                "S3Input": {
                    "S3Uri": uri,
                    "LocalPath": f"/opt/ml/processing/input/{called}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for called, uri in sources.items()
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": called,
                    "S3Output": {
                        "S3Uri": uri,
                        "LocalPath": f"/opt/ml/processing/output/{called}",
                        "S3UploadMode": "EndOfJob",
                    },
                }
                for called, uri in outputs.items()
            ]
        },
        ProcessingResources={
            "ClusterConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
        },
        AppSpecification={
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", f"/opt/ml/processing/input/code/{script}"],
        },
        RoleArn=role(DEV, "SageMakerExecution"),
        Tags=tags(team="risk"),
    )["ProcessingJobArn"]
    world.finish(arn, "Processing", start, end, waited=150, **more)
    return arn


def _search(world: World) -> None:
    """Canvas looks for a challenger: the best candidate's jobs, of which the service keeps the records."""
    world.put(DEV, f"{OUTPUT}/code/explain.py", "# what moves a score, by Shapley values\n")
    world.at("2026-11-16T08:00:00Z")
    output = f"{OUTPUT}/automl/{SEARCH}"
    arn = world.client(DEV, "sagemaker").create_auto_ml_job_v2(
        AutoMLJobName=SEARCH,
        AutoMLJobInputDataConfig=[
            {
                "ChannelType": channel,
                "ContentType": "text/csv;header=present",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{TABLES}/{folder}/"}},
            }
            for channel, folder in (("training", "train"), ("validation", "validation"))
        ],
        OutputDataConfig={"S3OutputPath": f"{OUTPUT}/automl"},
        AutoMLProblemTypeConfig={
            "TabularJobConfig": {
                "TargetAttributeName": "label",
                "ProblemType": "BinaryClassification",
                "Mode": "ENSEMBLING",
                "CompletionCriteria": {"MaxCandidates": 10},
            }
        },
        AutoMLJobObjective={"MetricName": "AUC"},
        RoleArn=role(DEV, "SageMakerExecution"),
        Tags=tags(team="risk"),
    )["AutoMLJobArn"]
    prefix = f"{SEARCH}-t1"
    artifact = f"{output}/{prefix}/output/model.tar.gz"
    world.at("2026-11-16T08:20:00Z")
    training = world.client(DEV, "sagemaker").create_training_job(
        TrainingJobName=prefix,
        AlgorithmSpecification={"TrainingImage": AUTOGLUON, "TrainingInputMode": "File"},
        RoleArn=role(DEV, "SageMakerExecution"),
        InputDataConfig=channels(),
        OutputDataConfig={"S3OutputPath": output},
        ResourceConfig={"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        StoppingCondition={"MaxRuntimeInSeconds": 7200},
    )["TrainingJobArn"]
    ran = "2026-11-16T08:22:00Z", "2026-11-16T09:10:00Z"
    world.finish(training, "Training", *ran, AutoMLJobArn=arn, ModelArtifacts={"S3ModelArtifacts": artifact})
    report = f"{output}/documentation/explainability/output/{prefix}"
    explained = _process(
        world,
        f"{prefix}-explain",
        ("2026-11-16T09:12:00Z", "2026-11-16T09:25:00Z"),
        script="explain.py",
        inputs={"model": artifact, "dataset": f"{TABLES}/validation/"},
        outputs={"analysis_result": report},
        AutoMLJobArn=arn,
    )
    world.at("2026-11-16T09:30:00Z")
    world.aws.fill(
        arn,
        AutoMLJobStatus="Completed",
        AutoMLJobSecondaryStatus="Completed",
        AutoMLProblemTypeConfigName="Tabular",
        EndTime=seconds("2026-11-16T09:30:00Z"),
        BestCandidate={
            "CandidateName": prefix,
            "CandidateStatus": "Completed",
            "ObjectiveStatus": "Succeeded",
            "CreationTime": seconds("2026-11-16T08:20:00Z"),
            "LastModifiedTime": seconds("2026-11-16T09:30:00Z"),
            "FinalAutoMLJobObjectiveMetric": {"MetricName": "AUC", "Value": 0.931},
            "CandidateSteps": [
                {
                    "CandidateStepType": f"AWS::SageMaker::{kind}",
                    "CandidateStepArn": step,
                    "CandidateStepName": step.rsplit("/", 1)[-1],
                }
                for kind, step in (("TrainingJob", training), ("ProcessingJob", explained))
            ],
            "InferenceContainers": [{"Image": AUTOGLUON.replace("training", "inference"), "ModelDataUrl": artifact}],
            "CandidateProperties": {"CandidateArtifactLocations": {"Explainability": report}},
        },
    )


def _score(world: World, name: str, day: str) -> None:
    """Production's model answers for all payments of a day."""
    start, end = f"{day}T22:30:00Z", f"{day}T22:50:00Z"
    world.at(start)
    arn = world.client(PROD, "sagemaker").create_transform_job(
        TransformJobName=name,
        ModelName="fraud-scoring-us",
        BatchStrategy="MultiRecord",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{EXPORTS}/daily/{day}/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": f"s3://acme-payments-scores/{day}", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
        Tags=tags(service="payments"),
    )["TransformJobArn"]
    world.finish(arn, "Transform", start, end, waited=200)
