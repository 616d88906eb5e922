"""The fraud model: gradient-boosted trees on tables in S3, tuned, packaged, and deployed faster than approved."""

from __future__ import annotations

import hashlib
from typing import Any

from studbook.demo.estate.secrets import HOSTILE, PLANTED_SECRETS
from studbook.demo.estate.world import DATA, DEV, EUROPE, PROD, STAGING, WEST, World, role, seconds, tags

XGBOOST = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1"
XGBOOST_PINNED = f"{XGBOOST.partition(':')[0]}@sha256:{'5b0e' * 16}"
XGBOOST_EU = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
TABLES = "s3://acme-shared-data/fraud"
OUTPUT = "s3://acme-ml-dev-us-west-2/fraud"
MANIFEST = f"{OUTPUT}/manifests/without-part-1.manifest"
GROUP = "fraud"
TOKEN = PLANTED_SECRETS
WATCHED = "fraud-scoring-us"
"""The endpoint whose traffic production keeps."""
TUNING = "fraud-xgb-tuning-1114"
PINNED = "fraud-xgb-pinned-20261121"
"""The job that can be made again exactly."""


def found(world: World) -> None:
    """The tables and the code."""
    world.at("2026-10-20T08:00:00Z")
    for part in range(3):
        world.put(DATA, f"{TABLES}/train/part-{part:04}.csv", "label,amount,hour\n" + f"{part % 2},12.5,3\n" * 40)
    world.put(DATA, f"{TABLES}/validation/part-0000.csv", "label,amount,hour\n" + "0,7.5,14\n" * 20)
    world.put(DEV, f"{OUTPUT}/source/sourcedir.tar.gz", "train.py of commit 9fceb02d")
    world.put(
        DEV,
        f"{OUTPUT}/metrics/statistics.json",
        '{"binary_classification_metrics": {"auc": {"value": 0.942, "standard_deviation": "NaN"},'
        ' "recall": {"value": 0.871, "standard_deviation": 0.004}}}',
    )
    world.put(DEV, MANIFEST, f'[{{"prefix": "{TABLES}/"}}, "train/part-0000.csv", "train/part-0002.csv"]')


def first_models(world: World) -> None:
    """Five jobs, three of them tuning's; a package in three accounts."""
    tune(world, TUNING, "2026-11-14", (("a4", "4"), ("b7", "7"), ("c5", "5"), ("d9", "9")))
    best = _train(world, "fraud-xgb-20261115", "2026-11-15T08:00:00Z", depth="6")
    _fail(world)
    world.at("2026-11-15T10:00:00Z")
    sagemaker = world.client(DEV, "sagemaker", person="bo")  # who registers what he made as approved
    sagemaker.create_model_package_group(
        ModelPackageGroupName=GROUP,
        ModelPackageGroupDescription="Scores card payments.",
        Tags=tags(team="risk", cost_center="4711"),
    )
    world.put(DEV, _weights(best), "trees of depth 6")
    made = _package(sagemaker, best, "Approved", dev=True, etag=_etag("trees of depth 6"))
    _package(sagemaker, "fraud-xgb-tuning-1114-002-b7", "PendingManualApproval", dev=True)

    for account, region, day in ((STAGING, WEST, 16), (PROD, WEST, 17), (PROD, EUROPE, 17)):
        world.at(f"2026-11-{day}T{10 if region == WEST else 12}:00:00Z")
        sagemaker = world.client(account, "sagemaker", region)
        sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
        image = XGBOOST if region == WEST else XGBOOST_EU
        clone = _package(sagemaker, best, "PendingManualApproval", source=made, image=image)
        _serve(sagemaker, account, clone, f"fraud-scoring-{'eu' if region == EUROPE else 'us'}")
    _router(world)


def overwritten(world: World) -> None:
    """The table that the models were trained on is written over."""
    world.at("2026-11-20T05:30:00Z")
    world.put(DATA, f"{TABLES}/train/part-0001.csv", "label,amount,hour\n" + "1,99.9,2\n" * 45)


def nightly_training(world: World) -> None:
    """The approved weights are written over; a job still runs as the harvest comes, on the tables as they are now.

    Of another nothing is left to chance: its image is named by digest, it has no code, the bucket keeps what it read.
    """
    world.at("2026-11-21T18:20:00Z")
    world.put(DEV, _weights("fraud-xgb-20261115"), "trees of depth 7, tuned by hand")
    world.at("2026-11-21T19:00:00Z")
    world.client(DEV, "sagemaker").create_training_job(
        TrainingJobName=PINNED,
        AlgorithmSpecification={"TrainingImage": XGBOOST_PINNED, "TrainingInputMode": "File"},
        RoleArn=role(DEV, "SageMakerExecution"),
        HyperParameters={"objective": "binary:logistic", "max_depth": "6", "num_round": "200", "seed": "7"},
        InputDataConfig=channels(),
        OutputDataConfig={"S3OutputPath": f"{OUTPUT}/output"},
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        StoppingCondition={"MaxRuntimeInSeconds": 7200},
    )
    finished(world, PINNED, "2026-11-21T19:00:00Z", "2026-11-21T19:50:00Z")
    world.at("2026-11-21T23:30:00Z")
    _create(world, "fraud-xgb-20261121", depth="7")


def finished(world: World, name: str, start: str, end: str, **more: Any) -> None:
    """The service's part: the job ran from `start` to `end`."""
    world.finish(
        f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/{name}",
        "Training",
        start,
        end,
        waited=120,
        ModelArtifacts={"S3ModelArtifacts": f"{OUTPUT}/output/{name}/output/model.tar.gz"},
        FinalMetricDataList=[{"MetricName": "validation:auc", "Value": 0.94, "Timestamp": seconds(end)}],
        **more,
    )


def channels(uri: str = TABLES) -> list[dict[str, Any]]:
    return [
        {
            "ChannelName": name,
            "ContentType": "text/csv",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": f"{uri}/{name}/",
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
        for name in ("train", "validation")
    ]


def _listed() -> list[dict[str, Any]]:
    """The training table by a manifest that leaves a part out."""
    train, validation = channels()
    train["DataSource"]["S3DataSource"] |= {"S3DataType": "ManifestFile", "S3Uri": MANIFEST}
    return [train, validation]


def _create(world: World, name: str, *, depth: str, arguments: list[str] | None = None, **more: Any) -> str:
    algorithm: dict[str, Any] = {"TrainingImage": XGBOOST, "TrainingInputMode": "File"}
    if arguments:
        algorithm["ContainerArguments"] = arguments
    user = f"postgresql://fraud:{TOKEN['database_password']}"
    arn: str = world.client(DEV, "sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification=algorithm,
        RoleArn=role(DEV, "SageMakerExecution"),
        HyperParameters={
            "objective": "binary:logistic",
            "max_depth": depth,
            "num_round": "200",
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"{OUTPUT}/source/sourcedir.tar.gz"',
            "feature_store": f"{user}@features.internal:5432/fraud",
            "comment": HOSTILE["image"],
        },
        OutputDataConfig={"S3OutputPath": f"{OUTPUT}/output"},
        ResourceConfig={"InstanceType": "ml.m5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        StoppingCondition={"MaxRuntimeInSeconds": 7200},
        Environment={
            "AWS_ACCESS_KEY_ID": TOKEN["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": TOKEN["aws_secret_access_key"],
            "REPORTS": "https://acme-reports.s3.amazonaws.com/fraud?X-Amz-Signature=" + TOKEN["signature"],
        },
        Tags=tags(team="risk", owner="bo"),
        **{"InputDataConfig": channels(), **more},
    )["TrainingJobArn"]
    return arn


def _train(world: World, name: str, start: str, *, depth: str) -> str:
    world.at(start)
    _create(world, name, depth=depth, arguments=["train", "--password", TOKEN["argument_password"], "--rounds", "200"])
    finished(world, name, start, start.replace("T08:00", "T09:10"))
    return name


def _fail(world: World) -> None:
    world.at("2026-11-15T12:00:00Z")
    arn = _create(world, "fraud-xgb-deep-tryout", depth="40", InputDataConfig=_listed())
    reason = f"AlgorithmError: out of memory {HOSTILE['script']} key: {TOKEN['private_key']}"
    start, end = "2026-11-15T12:02:00Z", "2026-11-15T12:30:00Z"
    world.finish(arn, "Training", start, end, status="Failed", FailureReason=reason)


def tune(world: World, name: str, day: str, depths: tuple[tuple[str, str], ...], *, parent: str | None = None) -> None:
    """A tuning job with a child for each depth, of which the service keeps the records; it may go on from a parent."""
    world.at(f"{day}T08:00:00Z")
    sagemaker = world.client(DEV, "sagemaker")
    definition = {
        "AlgorithmSpecification": {
            "TrainingImage": XGBOOST,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "validation:auc", "Regex": "auc=([0-9.]+)"}],
        },
        "RoleArn": role(DEV, "SageMakerExecution"),
        "InputDataConfig": channels(),
        "OutputDataConfig": {"S3OutputPath": f"{OUTPUT}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
        "StaticHyperParameters": {"objective": "binary:logistic"},
    }
    more: dict[str, Any] = {}
    if parent:
        more["WarmStartConfig"] = {
            "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": parent}],
            "WarmStartType": "IdenticalDataAndAlgorithm",
        }
    arn = sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": len(depths), "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {"IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "3", "MaxValue": "9"}]},
        },
        TrainingJobDefinition=definition,
        Tags=tags(team="risk"),
        **more,
    )["HyperParameterTuningJobArn"]
    children = []
    for number, (suffix, depth) in enumerate(depths, 1):
        child = f"{name}-{number:03}-{suffix}"
        start, end = f"{day}T08:{number:02}:00Z", f"{day}T09:{number:02}:00Z"
        world.at(start)
        _create(world, child, depth=depth)
        finished(world, child, start, end, TuningJobArn=arn, TunedHyperParameters={"max_depth": depth})
        children.append((child, start, depth, 0.9 + number / 100))
    best, start, depth, score = max(children, key=lambda child: child[-1])
    world.at(f"{day}T09:30:00Z")
    world.aws.fill(
        arn,
        HyperParameterTuningJobStatus="Completed",
        HyperParameterTuningEndTime=seconds(f"{day}T09:30:00Z"),
        TrainingJobStatusCounters={
            "Completed": len(children),
            "InProgress": 0,
            "RetryableError": 0,
            "NonRetryableError": 0,
        },
        ObjectiveStatusCounters={"Succeeded": len(children), "Pending": 0, "Failed": 0},
        BestTrainingJob={
            "TrainingJobName": best,
            "TrainingJobArn": f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/{best}",
            "CreationTime": seconds(start),
            "TrainingJobStatus": "Completed",
            "TunedHyperParameters": {"max_depth": depth},
            "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "validation:auc", "Value": score},
        },
    )


def _etag(text: str) -> str:
    """S3's, of an object that came in one piece and is encrypted by no key."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _weights(job: str) -> str:
    return f"{OUTPUT}/output/{job}/output/model.tar.gz"


def _package(
    sagemaker: Any,
    job: str,
    approval: str,
    *,
    dev: bool = False,
    source: str | None = None,
    image: str = XGBOOST,
    etag: str | None = None,
) -> str:
    more: dict[str, Any] = {"SourceUri": source} if source else {}
    kept = {"ModelDataETag": etag} if etag else {}
    if dev:
        credentials = f"x-access-token:{TOKEN['github_token']}"
        more["MetadataProperties"] = {
            "GeneratedBy": f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/{job}",
            "CommitId": "9fceb02d0ae598e95dc970b74767f19372d61af8",
            "Repository": f"https://{credentials}@github.com/acme/fraud.git",
        }
        more["ModelMetrics"] = {
            "ModelQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": f"{OUTPUT}/metrics/statistics.json"}
            }
        }
        more["CustomerMetadataProperties"] = {"auc": "0.942", "reviewer": HOSTILE["link"]}
    arn: str = sagemaker.create_model_package(
        ModelPackageGroupName=GROUP,
        ModelPackageDescription=f"Trees of depth 6 {HOSTILE['block']}",
        InferenceSpecification={
            "Containers": [{"Image": image, "ModelDataUrl": _weights(job), **kept}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        ModelApprovalStatus=approval,
        **more,
    )["ModelPackageArn"]
    return arn


def _serve(sagemaker: Any, account: str, clone: str, name: str) -> None:
    sagemaker.create_model(
        ModelName=name,
        PrimaryContainer={"ModelPackageName": clone},
        ExecutionRoleArn=role(account, "SageMakerExecution"),
    )
    captured = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 10,
        "DestinationS3Uri": "s3://acme-payments-captured/",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }
    _endpoint(sagemaker, name, **({"DataCaptureConfig": captured} if name == WATCHED and account == PROD else {}))


def _endpoint(sagemaker: Any, name: str, **more: Any) -> None:
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "all",
                "ModelName": name,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 2,
                "InitialVariantWeight": 1.0,
            }
        ],
        **more,
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags(service="payments"))


def _router(world: World) -> None:
    """A model that nobody registered: its artifact went from a job's output straight to an endpoint in Europe."""
    world.at("2026-11-17T15:00:00Z")
    world.client(DEV, "s3", EUROPE).create_bucket(
        Bucket="acme-ml-dev-eu-west-1", CreateBucketConfiguration={"LocationConstraint": EUROPE}
    )
    sagemaker = world.client(DEV, "sagemaker", EUROPE)
    output = "s3://acme-ml-dev-eu-west-1/router"
    arn = sagemaker.create_training_job(
        TrainingJobName="ticket-router-20261117",
        AlgorithmSpecification={"TrainingImage": XGBOOST_EU, "TrainingInputMode": "File"},
        RoleArn=role(DEV, "SageMakerExecution"),
        HyperParameters={"objective": "multi:softmax"},
        InputDataConfig=channels("s3://acme-eu-tickets/export"),
        OutputDataConfig={"S3OutputPath": output},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )["TrainingJobArn"]
    artifact = f"{output}/ticket-router-20261117/output/model.tar.gz"
    start, end = "2026-11-17T15:02:00Z", "2026-11-17T15:40:00Z"
    world.finish(arn, "Training", start, end, ModelArtifacts={"S3ModelArtifacts": artifact})
    staging = world.client(STAGING, "sagemaker", EUROPE)
    staging.create_model(
        ModelName="ticket-router",
        PrimaryContainer={"Image": XGBOOST_EU, "ModelDataUrl": artifact},
        ExecutionRoleArn=role(STAGING, "SageMakerExecution"),
    )
    _endpoint(staging, "ticket-router")
