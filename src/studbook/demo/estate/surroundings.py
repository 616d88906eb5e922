"""What surrounds the models: labels, a copy for small machines, a watch over production, a mounted file system."""

from __future__ import annotations

from typing import Any

from studbook.demo.estate import fraud
from studbook.demo.estate.support_bot_jobs import OUTPUT
from studbook.demo.estate.world import DEV, PROD, World, role, tags

LABELS = "support-intents-20261116"
COMPILED = "fraud-xgb-rasp4b"
WATCH = f"{fraud.WATCHED}-data-quality"
MOUNTED = "support-intents-on-lustre"
FILE_SYSTEM = "fs-0123456789abcdef0"
_SCIKIT = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
_ANALYZER = "159807026194.dkr.ecr.us-west-2.amazonaws.com/sagemaker-model-monitor-analyzer"
_MONITOR = "s3://acme-payments-monitoring"


def around(world: World) -> None:
    """Mid November: each a job or two beside the models that people look at."""
    _labelled(world)
    _compiled(world)
    _mounted(world)
    _watched(world)


def _labelled(world: World) -> None:
    """People say what customers wanted."""
    world.at("2026-11-16T18:00:00Z")
    team = f"arn:aws:sagemaker:us-west-2:{DEV}:workteam/private-crowd/support"
    arn = world.client(DEV, "sagemaker").create_labeling_job(
        LabelingJobName=LABELS,
        LabelAttributeName="intent",
        InputConfig={"DataSource": {"S3DataSource": {"ManifestS3Uri": f"{OUTPUT}/labels/in/intents.manifest"}}},
        OutputConfig={"S3OutputPath": f"{OUTPUT}/labels/out/"},
        RoleArn=role(DEV, "SageMakerExecution"),
        HumanTaskConfig={
            "WorkteamArn": team,
            "UiConfig": {"UiTemplateS3Uri": f"{OUTPUT}/labels/in/template.liquid"},
            "PreHumanTaskLambdaArn": "arn:aws:lambda:us-west-2:081040173940:function:PRE-TextMultiClass",
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": "arn:aws:lambda:us-west-2:081040173940:function:ACS-TextMultiClass"
            },
            "TaskTitle": "What does the customer want?",
            "TaskDescription": "Choose one.",
            "NumberOfHumanWorkersPerDataObject": 3,
            "TaskTimeLimitInSeconds": 300,
        },
        Tags=tags(team="support-ml"),
    )["LabelingJobArn"]
    world.at("2026-11-17T09:00:00Z")
    done = f"{OUTPUT}/labels/out/{LABELS}/manifests/output/output.manifest"
    world.aws.fill(
        arn,
        LabelingJobStatus="Completed",
        LabelCounters={"TotalLabeled": 400, "HumanLabeled": 400, "MachineLabeled": 0},
        LabelingJobOutput={"OutputDatasetS3Uri": done},
    )


def _compiled(world: World) -> None:
    """The fraud model, for machines at the till."""
    world.at("2026-11-17T09:10:00Z")
    output = f"{fraud.OUTPUT}/compiled"
    arn = world.client(DEV, "sagemaker").create_compilation_job(
        CompilationJobName=COMPILED,
        RoleArn=role(DEV, "SageMakerExecution"),
        InputConfig={
            "S3Uri": f"{fraud.OUTPUT}/output/{fraud.TUNING}-002-b7/output/model.tar.gz",
            "Framework": "XGBOOST",
        },
        OutputConfig={"S3OutputLocation": f"{output}/", "TargetDevice": "rasp4b"},
        StoppingCondition={"MaxRuntimeInSeconds": 900},
    )["CompilationJobArn"]
    made = {"S3ModelArtifacts": f"{output}/model-rasp4b.tar.gz"}
    ran = "2026-11-17T09:11:00Z", "2026-11-17T09:14:00Z"
    world.finish(arn, "Compilation", *ran, status="COMPLETED", ModelArtifacts=made)


def _mounted(world: World) -> None:
    """A training job that reads the labels from a file system, which is linked with the bucket."""
    world.at("2026-11-17T09:30:00Z")
    world.client(DEV, "fsx").create_data_repository_association(
        FileSystemId=FILE_SYSTEM, FileSystemPath="/labels", DataRepositoryPath=f"{OUTPUT}/labels/out/"
    )
    world.at("2026-11-17T09:40:00Z")
    mounted: dict[str, Any] = {
        "FileSystemId": FILE_SYSTEM,
        "FileSystemType": "FSxLustre",
        "FileSystemAccessMode": "ro",
        "DirectoryPath": f"/fsx/labels/{LABELS}",
    }
    world.client(DEV, "sagemaker").create_training_job(
        TrainingJobName=MOUNTED,
        AlgorithmSpecification={"TrainingImage": _SCIKIT, "TrainingInputMode": "File"},
        RoleArn=role(DEV, "SageMakerExecution"),
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"FileSystemDataSource": mounted}}],
        OutputDataConfig={"S3OutputPath": f"{OUTPUT}/intents"},
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        VpcConfig={"SecurityGroupIds": ["sg-0a1b2c3d"], "Subnets": ["subnet-0a1b2c3d"]},
    )
    fraud.finished(world, MOUNTED, "2026-11-17T09:40:00Z", "2026-11-17T10:10:00Z")


def _watched(world: World) -> None:
    """Production's answers to payments are kept, and held against what the model was trained on."""
    world.at("2026-11-17T16:30:00Z")
    sagemaker = world.client(PROD, "sagemaker")
    sagemaker.create_data_quality_job_definition(
        JobDefinitionName=WATCH,
        DataQualityBaselineConfig={
            "ConstraintsResource": {"S3Uri": f"{_MONITOR}/baseline/constraints.json"},
            "StatisticsResource": {"S3Uri": f"{_MONITOR}/baseline/statistics.json"},
        },
        DataQualityAppSpecification={"ImageUri": _ANALYZER},
        DataQualityJobInput={"EndpointInput": {"EndpointName": fraud.WATCHED, "LocalPath": "/opt/ml/processing/input"}},
        DataQualityJobOutputConfig={
            "MonitoringOutputs": [
                {"S3Output": {"S3Uri": f"{_MONITOR}/reports", "LocalPath": "/opt/ml/processing/output"}}
            ]
        },
        JobResources={"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 20}},
        RoleArn=role(PROD, "SageMakerExecution"),
    )
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=WATCH,
        MonitoringScheduleConfig={
            "ScheduleConfig": {"ScheduleExpression": "cron(0 2 ? * * *)"},
            "MonitoringJobDefinitionName": WATCH,
            "MonitoringType": "DataQuality",
        },
        Tags=tags(service="payments"),
    )
