"""What recorded answers do not show: each join at work, the sources that declare no types, rarer members of others.

Records as the APIs give them, nothing else; a member that no edge needs is left out. With the recorded answers every
edge rule of docs/lineage.md has its case.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from botocore.loaders import create_loader
from botocore.model import ServiceModel, Shape

from studbook.model import Record
from studbook.settings import Settings

DEV, PROD, WEST, EAST = ("111122223333", "444455556666", "us-west-2", "eu-west-1")
SMR = f"arn:aws:sagemaker:{WEST}"
HUB = f"{SMR}:{DEV}:hub-content/registry"
PUBLIC = "hub-content/SageMakerPublicHub/Model"
LLAMA = f"{SMR}:aws:{PUBLIC}/llama/1.12.0"
FUNCTION = f"arn:aws:lambda:{WEST}:{DEV}:function"
BEDROCK = f"arn:aws:bedrock:{WEST}:{DEV}"
NOVA = f"arn:aws:bedrock:{WEST}::foundation-model/amazon.nova-lite-v1:0"
APP = f"{SMR}:{DEV}:mlflow-app/app-1"
IMAGE = f"{DEV}.dkr.ecr.{WEST}.amazonaws.com/train:1"
PULLED = f"{DEV}.dkr.ecr.{WEST}.amazonaws.com/train@sha256:{'d' * 64}"
NIGHT = "2026-09-14T10:00:00Z"
EARLY = "2026-09-01T10:00:00Z"
SETTINGS = Settings.model_validate(
    {
        "accounts": [{"id": account, "name": account, "regions": [WEST]} for account in (DEV, PROD)],
        "datasets": [
            {"uri": "s3://kept/chats/", "name": "chats"},
            {"uri": "s3://plain/sets/a/", "name": "a"},
            {"uri": "s3://plain/sets/ab/", "name": "ab"},
            {"uri": "s3://huge/frames/", "name": "frames", "inventory": "s3://reports/"},
        ],
        "documents": [{"uri": "s3://out/", "account": DEV}],
    }
)


def record(kind: str, record_id: str, *, source: str = "sagemaker", account: str = DEV, **body: Any) -> Record:
    return Record(
        source=source,
        kind=kind,
        id=record_id,
        account=account,
        region=None if source == "s3" else WEST,
        revision="",
        body={"CreationTime": NIGHT, **body} if source == "sagemaker" else body,
    )


def channel(name: str, uri: str, data_type: str = "S3Prefix", **more: Any) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": data_type, "S3Uri": uri, **more}}}


def job(name: str, **body: Any) -> Record:
    arn = f"{SMR}:{DEV}:training-job/{name}"
    return record("training_job", arn, TrainingJobName=name, TrainingJobArn=arn, TrainingStartTime=NIGHT, **body)


def content(kind: str, name: str, version: str, document: dict[str, Any], **body: Any) -> Record:
    arn = f"{HUB}/{kind}/{name}/{version}"
    return record(
        "hub_content",
        arn,
        HubContentArn=arn,
        HubContentName=name,
        HubContentVersion=version,
        HubContentType=kind,
        HubContentDocument=json.dumps(document),
        **{"CreationTime": EARLY, **body},
    )


def evaluator(name: str, reference: str) -> Record:
    inner = json.dumps({"Reference": reference, "EvaluatorType": "RewardFunction"})
    return content("JsonDoc", name, "1.0.0", {"SubType": "AWS/Evaluator", "JsonContent": inner})


def package(number: int, uri: str | None, *, group: str = "bot", account: str = DEV, **body: Any) -> Record:
    arn = f"{SMR}:{account}:model-package/{group}/{number}"
    containers = body.pop("containers", [{"ModelDataUrl": uri}] if uri else [])
    return record(
        "model_package",
        arn,
        account=account,
        ModelPackageArn=arn,
        ModelPackageGroupName=group,
        ModelPackageVersion=number,
        InferenceSpecification={"Containers": containers},
        **body,
    )


def model(name: str, *, account: str = DEV, tags: list[dict[str, str]] | None = None, **container: Any) -> Record:
    arn = f"{SMR}:{account}:model/{name}"
    return record("model", arn, account=account, ModelName=name, PrimaryContainer=container, Tags=tags or [])


def component(name: str, *, account: str = DEV, **body: Any) -> Record:
    arn = f"{SMR}:{account}:inference-component/{name}"
    endpoint = f"{SMR}:{account}:endpoint/bot"
    return record(
        "inference_component", arn, account=account, InferenceComponentName=name, EndpointArn=endpoint, **body
    )


def state(index: int, uri: str, name: str, **more: Any) -> Record:
    item = {"Key": f"{uri.split('/', 3)[3]}train.jsonl", "Size": 9, "ETag": "aa", "LastModified": EARLY}
    digest = "sha256:" + f"{index}" * 64
    return record(
        "s3_prefix",
        f"{uri}@{digest}",
        source="s3",
        Uri=uri,
        Dataset=uri,
        DatasetName=name,
        Owner=DEV,
        Index=index,
        VersionsBy="fingerprint",
        VersioningStatus="Enabled" if "Versions" in more else None,
        Fingerprint=digest,
        Contents=[item],
        **more,
    )


def inventoried(index: int, uri: str, name: str) -> Record:
    digest = "sha256:" + f"{index}" * 64
    return record(
        "s3_prefix",
        f"{uri}@{digest}",
        source="s3",
        Uri=uri,
        Dataset=uri,
        DatasetName=name,
        Owner=DEV,
        Index=index,
        VersionsBy="fingerprint",
        VersioningStatus=None,
        Fingerprint=digest,
        Inventory={"Manifest": "s3://reports/manifest.json", "ManifestChecksum": "0" * 32, "CreatedAt": NIGHT},
        Objects=10**9,
        Bytes=10**12,
        Newest=EARLY,
        Oldest=EARLY,
    )


def function(
    name: str, *, aliases: list[dict[str, Any]] | None = None, changed: str = "2026-12-01T00:00:00Z"
) -> Record:
    return record(
        "lambda_function",
        f"{FUNCTION}:{name}",
        source="lambda",
        FunctionName=name,
        CodeSha256="code",
        LastModified=changed,
        Aliases=aliases or [],
    )


def function_version(name: str, number: str) -> Record:
    return record(
        "lambda_version",
        f"{FUNCTION}:{name}:{number}",
        source="lambda",
        FunctionName=name,
        FunctionArn=f"{FUNCTION}:{name}:{number}",
        Version=number,
        CodeSha256="code",
        LastModified=EARLY,
    )


def step(name: str, more: dict[str, Any] | None = None, /, **metadata: Any) -> dict[str, Any]:
    return {"StepName": name, "Metadata": metadata, **(more or {})}


SERVERLESS = job(
    "rlvr",
    InputDataConfig=[{"DataSource": {"DatasetSource": {"DatasetArn": f"{HUB}/DataSet/chat"}}}],
    OutputModelPackageArn=f"{SMR}:{DEV}:model-package/bot/5",
)
CLASSIC = job(
    "classic",
    AlgorithmSpecification={"TrainingImage": IMAGE},
    HyperParameters={"reward_lambda_arn": f"{FUNCTION}:pinned:7"},
    InputDataConfig=[
        channel("whole", "s3://kept/chats/"),
        channel("part", "s3://kept/chats/train.jsonl"),
        channel("listed", "s3://plain/sets/a/"),
        channel("loose", "s3://plain/sets/a"),
        channel("manifest", "s3://out/sets.manifest", "ManifestFile"),
        channel("later", "s3://out/later.manifest", "ManifestFile"),
    ],
    ModelArtifacts={"S3ModelArtifacts": "s3://out/classic/model.tar.gz"},
    CheckpointConfig={"S3Uri": "s3://out/checkpoints/"},
    TuningJobArn=f"{SMR}:{DEV}:hyper-parameter-tuning-job/search",
    MlflowConfig={"MlflowResourceArn": APP, "MlflowExperimentName": "bot", "MlflowRunName": "classic"},
    Tags=[{"Key": "sagemaker:pipeline-execution-arn", "Value": f"{SMR}:{DEV}:pipeline/p/execution/e1"}],
)
TAGGED = job(
    "tagged",
    OutputDataConfig={"S3OutputPath": "s3://out/"},
    AutoMLJobArn=f"{SMR}:{DEV}:automl-job/auto",
    Tags=[
        {"Key": "sagemaker-sdk:jumpstart-model-id", "Value": "llama"},
        {"Key": "sagemaker-sdk:jumpstart-model-version", "Value": "1.12.0"},
    ],
)
EVALUATIONS = (
    job(
        "eval-custom",
        ServerlessJobConfig={"JobType": "Evaluation"},
        HyperParameters={"preset_reward_function": "prime_math"},
        OutputDataConfig={"S3OutputPath": "s3://out/eval/"},
    ),
    job(
        "eval-base",
        ServerlessJobConfig={"BaseModelArn": LLAMA, "JobType": "Evaluation"},
        HyperParameters={"task": "mmlu"},
    ),
)


def job_of(category: str, name: str, **document: Any) -> Record:
    arn = f"{SMR}:{DEV}:job/{category}/{name}"
    return record("job", arn, JobName=name, JobCategory=category, JobConfigDocument=json.dumps(document))


JOBS = (
    job("by-parameter", HyperParameters={"data": "s3://kept/chats/"}),
    job_of("AgentRFT", "agent", InputDataConfig=[channel("validation", "s3://elsewhere/validation.parquet")]),
    job_of(
        "AgentRFTEvaluation",
        "agent-eval",
        OutputDataConfig={
            "MlflowConfig": {"MlflowResourceArn": APP, "MlflowExperimentName": "bot", "MlflowRunName": "classic"}
        },
        EvaluationConfig={"EvaluatorArn": f"{HUB}/JsonDoc/pinned/1.0.0"},
    ),
    job_of("AgentRFTEvaluation", "base-eval", EvaluationConfig={"BaseModelArn": LLAMA}),
    job_of("SyntheticDataGeneration", "more", Seeds={"DatasetArn": f"{HUB}/DataSet/chat/1.0.0"}),
)
PREPARE = record(
    "processing_job",
    f"{SMR}:{DEV}:processing-job/prepare",
    ProcessingStartTime=EARLY,
    ProcessingEndTime=EARLY,
    ProcessingOutputConfig={
        "Outputs": [
            {"S3Output": {"S3Uri": "s3://plain/sets/a"}},
            {"S3Output": {"S3Uri": "s3://kept/chats/"}},
            {"S3Output": {"S3Uri": "s3://prepared/today"}},
        ]
    },
    AutoMLJobArn=f"{SMR}:{DEV}:automl-job/auto",
    Tags=[{"Key": "sagemaker:pipeline-execution-arn", "Value": f"{SMR}:{DEV}:pipeline/p/execution/e1"}],
)
SCORE = record(
    "transform_job",
    f"{SMR}:{DEV}:transform-job/score",
    TransformInput={"DataSource": {"S3DataSource": {"S3Uri": "s3://prepared/today/"}}},
    AutoMLJobArn=f"{SMR}:{DEV}:automl-job/auto",
    Tags=[{"Key": "sagemaker:pipeline-execution-arn", "Value": f"{SMR}:{DEV}:pipeline/p/execution/e1"}],
)
OTHERS = (
    record(
        "automl_job",
        f"{SMR}:{DEV}:automl-job/auto",
        AutoMLProblemTypeConfig={"TabularJobConfig": {"FeatureSpecificationS3Uri": "s3://raw-features.json/f"}},
        BestCandidate={
            "CandidateSteps": [
                {"CandidateStepArn": f"{SMR}:{DEV}:{kind}-job/auto-1"} for kind in ("processing", "transform")
            ],
            "InferenceContainerDefinitions": {"Cpu": [{"ModelDataUrl": "s3://auto/cpu.tar.gz"}]},
            "CandidateProperties": {
                "CandidateArtifactLocations": {
                    "ModelInsights": "s3://auto/insights",
                    "BacktestResults": "s3://auto/backtest",
                }
            },
        },
    ),
    record(
        "optimization_job",
        f"{SMR}:{DEV}:optimization-job/faster",
        ModelSource={"S3": {"S3Uri": "s3://raw-model/"}},
        OptimizationConfigs=[
            {"ModelCompilationConfig": {"Image": IMAGE}},
            {"ModelSpeculativeDecodingConfig": {"TrainingDataSource": {"S3Uri": "s3://drafts/"}}},
        ],
    ),
    record(
        "ai_recommendation_job",
        f"{SMR}:{DEV}:ai-recommendation-job/fitted",
        AdapterSource={"S3Uris": [{"S3Uri": "s3://raw-adapter/"}]},
        OutputConfig={
            "MlflowConfig": {"MlflowResourceArn": APP, "MlflowExperimentName": "bot", "MlflowRunName": "classic"}
        },
    ),
    record(
        "ai_benchmark_job",
        f"{SMR}:{DEV}:ai-benchmark-job/loaded",
        OutputConfig={
            "MlflowConfig": {"MlflowResourceArn": APP, "MlflowExperimentName": "bot", "MlflowRunName": "classic"}
        },
    ),
)
RUN = f"{SMR}:{DEV}:pipeline/p/execution"
PIPELINES = (
    record(
        "pipeline_execution",
        f"{RUN}/e2",
        SelectiveExecutionConfig={"SourcePipelineExecutionArn": f"{RUN}/e0"},
        PipelineExecutionSteps=[
            step("Train", TrainingJob={"Arn": f"{SMR}:{DEV}:training-job/stepped"}),
            step("Score", TransformJob={"Arn": f"{SMR}:{DEV}:transform-job/score"}),
            step("Search", TuningJob={"Arn": f"{SMR}:{DEV}:hyper-parameter-tuning-job/search"}),
            step("Auto", AutoMLJob={"Arn": f"{SMR}:{DEV}:automl-job/auto"}),
            step("Judge", Job={"Arn": f"{SMR}:{DEV}:job/AgentRFTEvaluation/judge"}),
            step(
                "Check",
                QualityCheck={
                    "CheckJobArn": f"{SMR}:{DEV}:processing-job/check",
                    "ViolationReport": "s3://out/violations.json",
                    "CalculatedBaselineStatistics": "s3://out/statistics.json",
                    "CalculatedBaselineConstraints": "s3://out/constraints.json",
                },
            ),
            step("Register", RegisterModel={"Arn": f"{SMR}:{DEV}:model-package/bot/7"}),
            step("Model", Model={"Arn": f"{SMR}:{DEV}:model/served"}),
            step("Config", EndpointConfig={"Arn": f"{SMR}:{DEV}:endpoint-config/bot"}),
            step("Endpoint", Endpoint={"Arn": f"{SMR}:{DEV}:endpoint/bot"}),
            step("Component", InferenceComponent={"Arn": f"{SMR}:{DEV}:inference-component/base"}),
            step("Content", HubContent={"HubContentArn": f"{HUB}/DataSet/chat/1.0.0"}),
            step("Notify", Lambda={"Arn": f"{FUNCTION}:notify"}),
            step(
                "Cached",
                {"CacheHitResult": {"SourcePipelineExecutionArn": f"{RUN}/e0"}},
                ProcessingJob={"Arn": f"{SMR}:{DEV}:processing-job/earlier"},
            ),
            step(
                "Reused",
                {"SelectiveExecutionResult": {"SourcePipelineExecutionArn": f"{RUN}/e0"}},
                RegisterModel={"Arn": f"{SMR}:{DEV}:model-package/bot/8"},
            ),
            step("Waited", {"CacheHitResult": {"SourcePipelineExecutionArn": f"{RUN}/e0"}}),
        ],
    ),
    job("stepped", Tags=[{"Key": "sagemaker:pipeline-execution-arn", "Value": f"{RUN}/e2"}]),
)
CONTENTS = (
    content("DataSet", "chat", "1.0.0", {}),
    content("DataSet", "kept", "1.0.0", {"DatasetS3Bucket": "kept", "DatasetS3Prefix": "chats/"}),
    evaluator("latest", f"{FUNCTION}:moving"),
    evaluator("proved", f"{FUNCTION}:still"),
    evaluator("alias", f"{FUNCTION}:aliased:live"),
    evaluator("no-such-alias", f"{FUNCTION}:aliased:gone"),
    content("ModelReference", "llama", "1.0.0", {}, SageMakerPublicHubContentArn=LLAMA),
    content("Model", "own", "2.0.0", {}),
)
PACKAGES = (
    package(
        5,
        None,
        containers=[
            {
                "Image": IMAGE,
                "ModelDataSource": {
                    "S3DataSource": {"S3Uri": "s3://out/rlvr/", "HubAccessConfig": {"HubContentArn": LLAMA}}
                },
                "AdditionalS3DataSource": {"S3Uri": "s3://out/draft/"},
            },
            {"BaseModel": {"HubContentName": "own", "HubContentVersion": "2.0.0"}},
        ],
        AdditionalInferenceSpecifications=[{"Containers": [{"ModelDataUrl": "s3://out/other/"}]}],
        MetadataProperties={"GeneratedBy": f"{SMR}:{DEV}:training-job/rlvr"},
        DriftCheckBaselines={"Bias": {"PreTrainingConstraints": {"S3Uri": "s3://out/bias.json"}}},
    ),
    package(6, "s3://out/classic/model.tar.gz"),
    package(5, "s3://out/rlvr", account=PROD, SourceUri=f"{SMR}:{DEV}:model-package/bot/5"),
    package(1, "s3://out/classic/model.tar.gz", account=PROD),
    package(7, None, SourceUri="s3://out/uri-only/"),
    package(9, None, containers=[{"BaseModel": {"HubContentName": "mistral"}}]),
    package(10, None, containers=[{"BaseModel": {"HubContentName": "own"}}]),
    package(8, None, SourceUri=f"{SMR}:{DEV}:model/served"),
)
FEATURES = (
    record(
        "feature_group",
        f"{SMR}:{DEV}:feature-group/payments",
        OfflineStoreConfig={"S3StorageConfig": {"ResolvedOutputS3Uri": "s3://store/payments/data"}},
    ),
    record(
        "feature_group",
        f"{SMR}:{DEV}:feature-group/chats",
        OfflineStoreConfig={"S3StorageConfig": {"ResolvedOutputS3Uri": "s3://plain/sets/ab/"}},
    ),
    job("of-features", InputDataConfig=[channel("train", "s3://store/payments/data/year=2026/")]),
)
SERVING = (
    model("served", Image=IMAGE),
    model(
        "by-place",
        account=PROD,
        ModelDataUrl="s3://out/rlvr/checkpoints/hf_merged/",
        AdditionalModelDataSources=[{"S3DataSource": {"S3Uri": "s3://out/draft/"}}],
    ),
    model(
        "tagged",
        ModelDataSource={"S3DataSource": {"S3Uri": "s3://cache/base/", "HubAccessConfig": {"HubContentArn": LLAMA}}},
        AdditionalModelDataSources=[{"S3DataSource": {"S3Uri": "s3://cache/draft/"}}],
    ),
    record(
        "model",
        f"{SMR}:{DEV}:model/several",
        Containers=[
            {"ModelPackageName": f"{SMR}:{DEV}:model-package/bot/5"},
            {
                "ModelDataUrl": "s3://cache/url/model.tar.gz",
                "ModelDataSource": {"S3DataSource": {"HubAccessConfig": {"HubContentArn": LLAMA}}},
                "AdditionalModelDataSources": [
                    {
                        "S3DataSource": {
                            "S3Uri": "s3://cache/more/",
                            "HubAccessConfig": {"HubContentArn": f"{HUB}/Model/own/2.0.0"},
                        }
                    }
                ],
            },
        ],
    ),
    model(
        "tag-alone", tags=[{"Key": "sagemaker.amazonaws.com/model-source", "Value": f"{SMR}:{DEV}:model-package/bot/7"}]
    ),
    record(
        "endpoint_config",
        f"{SMR}:{DEV}:endpoint-config/bot",
        ProductionVariants=[
            {"VariantName": "all", "ModelName": "served"},
            {"VariantName": "pool", "InstancePools": [{"ModelNameOverride": "tagged"}]},
        ],
        DataCaptureConfig={"DestinationS3Uri": "s3://kept/chats/answers/"},
    ),
    model("listed", ModelDataSource={"S3DataSource": {"ManifestS3Uri": "s3://weights/manifest.json"}}),
    record(
        "endpoint",
        f"{SMR}:{DEV}:endpoint/bot",
        EndpointConfigName="bot",
        ProductionVariants=[
            {"VariantName": "all", "DeployedImages": [{"SpecifiedImage": IMAGE, "ResolvedImage": PULLED}]}
        ],
    ),
    component(
        "pulled",
        Specification={
            "ModelName": "served",
            "Container": {"DeployedImage": {"SpecifiedImage": IMAGE, "ResolvedImage": PULLED}},
        },
    ),
    component(
        "adapter", account=PROD, Specification={"Container": {"ArtifactUrl": "s3://out/rlvr/model/checkpoints/hf/"}}
    ),
)
ELSEWHERE = (
    state(
        0,
        "s3://kept/chats/",
        "chats",
        Versions=[{"Key": "chats/train.jsonl", "Size": 9, "ETag": "aa", "LastModified": "2026-08-01T00:00:00Z"}],
    ),
    state(1, "s3://plain/sets/a/", "a"),
    state(2, "s3://plain/sets/ab/", "ab"),
    inventoried(3, "s3://huge/frames/", "frames"),
    function("still", changed=EARLY),
    function_version("still", "3"),
    function(
        "aliased",
        aliases=[{"Name": "live", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}],
    ),
    record("mlflow_experiment", f"mlflow:{APP}/experiment/12", source="mlflow", server=APP, name="bot"),
    record(
        "mlflow_run",
        f"mlflow:{APP}/run/c1",
        source="mlflow",
        server=APP,
        info={"run_name": "classic", "experiment_id": "12"},
        data={"tags": [{"key": "mlflow.parentRunId", "value": "p1"}]},
        inputs={
            "dataset_inputs": [
                {"dataset": {"source": '{"uri": "s3://kept/chats/"}'}},
                {"dataset": {"name": "local", "digest": "78"}},
            ],
            "model_inputs": [{"model_id": "m-0"}],
        },
        outputs={"model_outputs": [{"model_id": "m-1"}]},
    ),
    record(
        "mlflow_logged_model",
        f"mlflow:{APP}/logged-model/m-1",
        source="mlflow",
        server=APP,
        info={"source_run_id": "c1"},
        data={"metrics": [{"run_id": "judge"}]},
    ),
    record(
        "mlflow_model_version",
        f"mlflow:{APP}/model/bot/1",
        source="mlflow",
        server=APP,
        name="bot",
        version="1",
        run_id="c1",
        model_id="m-1",
        tags=[{"key": "sagemaker.model_package_arn", "value": f"{SMR}:{DEV}:model-package/bot/5"}],
    ),
)
ABROAD = record(
    "training_job",
    f"arn:aws:sagemaker:{EAST}:{DEV}:training-job/abroad",
    ServerlessJobConfig={"BaseModelArn": LLAMA.replace(WEST, EAST)},
)


def document(kind: str, uri: str, named_by: Record, evidence: str, **body: Any) -> Record:
    named = [{"Id": named_by.id, "Evidence": evidence, "Record": named_by.reference}]
    return record(kind, uri, source="s3", Uri=uri, NamedBy=named, **{"LastModified": EARLY, **body})


_LISTED = ["s3://kept/chats/", "s3://kept/chats/train.jsonl"]
_CHANNEL = "sagemaker:DescribeTrainingJob#InputDataConfig[4].DataSource.S3DataSource.S3Uri"
DOCUMENTS = (
    document("s3_manifest", "s3://out/sets.manifest", CLASSIC, _CHANNEL, DataType="ManifestFile", Body=_LISTED),
    document(
        "s3_manifest",
        "s3://out/later.manifest",
        CLASSIC,
        _CHANNEL.replace("[4]", "[5]"),
        DataType="ManifestFile",
        Body=_LISTED,
        LastModified="2026-12-01T00:00:00Z",
    ),
    document(
        "s3_results",
        "s3://out/eval/eval-custom/output/output/",
        EVALUATIONS[0],
        "sagemaker:DescribeTrainingJob#OutputDataConfig.S3OutputPath",
        Contents=[{"Key": "eval/eval-custom/output/output/None/eval_results/results_1.json"}],
    ),
)
LOGGED = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
COMPONENT = f"{SMR}:{DEV}:experiment-trial-component/classic-aws-training-job"


def entity(kind: str, name: str, uri: str, **body: Any) -> Record:
    return record(kind, f"{SMR}:{DEV}:{kind}/{name}", Source={"SourceUri": uri}, **body)


def association(source: str, destination: str, kind: str) -> Record:
    ends = [end if end.startswith("arn:") else f"{SMR}:{DEV}:{end}" for end in (source, destination)]
    return record("association", " ".join(ends), SourceArn=ends[0], DestinationArn=ends[1], AssociationType=kind)


DECLARED = (
    record("trial_component", COMPONENT, TrialComponentSource={"SourceArn": f"{SMR}:{DEV}:training-job/classic"}),
    record(
        "trial_component",
        f"{SMR}:{DEV}:experiment-trial-component/notebook",
        InputArtifacts={"raw": {"Value": "s3://elsewhere/raw.csv"}},
    ),
    entity("artifact", "image", IMAGE),
    entity("artifact", "part", "s3://kept/chats/train.jsonl"),
    entity("artifact", "same", "s3://elsewhere/copy.csv"),
    entity("artifact", "report", "s3://out/eval"),
    entity("context", "e2", f"{RUN}/e2"),
    entity(
        "action",
        "e2",
        f"{SMR}:{DEV}:model-package/bot/5",
        ActionType="Evaluation",
        Properties={"PipelineExecutionArn": f"{RUN}/e2"},
    ),
    record("mlflow_run", f"mlflow:{APP}/run/{LOGGED}", source="mlflow", server=APP),
    record("action", f"{SMR}:{DEV}:action/logged", ActionType="MLflow Experiment", Source={"SourceId": LOGGED}),
    entity("artifact", "judged", LOGGED),
    entity("artifact", "nine", f"{SMR}:{DEV}:model-package/bot/9"),
    association("action/logged", "artifact/nine", "Produced"),
    association("artifact/image", COMPONENT, "ContributedTo"),
    association("artifact/part", COMPONENT, "ContributedTo"),
    association(COMPONENT, "artifact/same", "Produced"),
    association("artifact/more", "artifact/same", "SameAs"),
    association("artifact/report", "action/e2", "ContributedTo"),
    association("action/e2", "context/e2", "AssociatedWith"),
    record(
        "endpoint_config",
        f"{SMR}:{DEV}:endpoint-config/emptied",
        ProductionVariants=[{"VariantName": "all", "ModelName": "deleted"}],
    ),
    record("endpoint", f"{SMR}:{DEV}:endpoint/emptied", EndpointName="emptied", EndpointConfigName="emptied"),
    entity("artifact", "deployed", "s3://elsewhere/model.tar.gz"),
    entity("action", "deployment", f"{SMR}:{DEV}:endpoint/emptied", ActionType="ModelDeployment"),
    entity("context", "emptied", f"{SMR}:{DEV}:endpoint/emptied"),
    association("artifact/deployed", "action/deployment", "ContributedTo"),
    association("action/deployment", "context/emptied", "AssociatedWith"),
)


def tuned(name: str, **body: Any) -> Record:
    arn = f"{BEDROCK}:custom-model/{name}"
    body = {"modelArn": arn, "modelName": name, "modelStatus": "Active", "creationTime": NIGHT, **body}
    return record("custom_model", arn, source="bedrock", **body)


GRADER = {"rftConfig": {"graderConfig": {"lambdaGrader": {"lambdaArn": f"{FUNCTION}:judge:7"}}}}
TEACHER = {"distillationConfig": {"teacherModelConfig": {"teacherModelIdentifier": f"{BEDROCK}:custom-model/rewarded"}}}
TUNED: tuple[Record, ...] = (
    tuned(
        "rewarded",
        jobArn=f"{BEDROCK}:model-customization-job/rewarded",
        trainingDataConfig={"s3Uri": "s3://kept/chats/"},
    ),
    record(
        "evaluation_job",
        f"{BEDROCK}:evaluation-job/one",
        source="bedrock",
        evaluationConfig={
            "automated": {
                "customMetricConfig": {
                    "evaluatorModelConfig": {"bedrockEvaluatorModels": [{"modelIdentifier": "anthropic.claude-y"}]}
                }
            },
            "human": {
                "datasetMetricConfigs": [{"dataset": {"datasetLocation": {"s3Uri": "s3://bedrock/asked.jsonl"}}}]
            },
        },
        inferenceConfig={
            "ragConfigs": [
                {
                    "knowledgeBaseConfig": {
                        "retrieveAndGenerateConfig": {"knowledgeBaseConfiguration": {"modelArn": NOVA}}
                    }
                }
            ]
        },
    ),
)

LINKED_DIRECTORY = record(
    "data_repository_association",
    f"arn:aws:fsx:{WEST}:{DEV}:association/fs-1/dra-1",
    source="fsx",
    FileSystemId="fs-1",
    FileSystemPath="/",
    DataRepositoryPath="s3://linked/",
)
IN_BEDROCK: tuple[Record, ...] = (
    record(
        "model_customization_job",
        f"{BEDROCK}:model-customization-job/failed",
        source="bedrock",
        baseModelArn=f"{NOVA}:300k",
        outputModelArn=f"{BEDROCK}:custom-model/distilled",
        trainingDataConfig={"invocationLogsConfig": {"invocationLogSource": {"s3Uri": "s3://bedrock/logs/"}}},
        customizationConfig={**GRADER, **TEACHER},
    ),
    *(
        record(kind, f"{BEDROCK}:{path}", source="bedrock", **body)
        for kind, path, body in (
            ("provisioned_model", "provisioned-model/one", {"modelArn": f"{BEDROCK}:custom-model/rewarded"}),
        )
    ),
    record(
        "evaluation_job",
        f"{BEDROCK}:evaluation-job/two",
        source="bedrock",
        inferenceConfig={"models": [{"bedrockModel": {"modelIdentifier": f"{BEDROCK}:provisioned-model/one"}}]},
    ),
)


def promoted(name: str, version: str, source: str) -> Record:
    """A version of an MLflow model; its record's `source` is another thing than the record's source."""
    found = record("mlflow_model_version", f"mlflow:{APP}/model/{name}/{version}", source="mlflow", server=APP)
    return replace(found, body={**found.body, "name": name, "version": version, "source": source})


SERVED = f"m-{'5e' * 16}"
FROM_MLFLOW = (
    record(
        "mlflow_logged_model",
        f"mlflow:{APP}/logged-model/{SERVED}",
        source="mlflow",
        server=APP,
        info={"artifact_uri": "s3://art/served/artifacts"},
    ),
    package(11, None, SourceUri=f"models:/{SERVED}"),
    package(12, "s3://many/one.tar.gz"),
    model("from-mlflow", ModelDataUrl="s3://art/served/artifacts/model.tar.gz"),
    model("many", Mode="MultiModel", ModelDataUrl="s3://many/"),
    promoted("bot", "2", "models:/bot/1"),
)
READS_BELOW = (
    job(
        "reader",
        InputDataConfig=[
            channel("answers", "s3://out/tagged/output/answers.jsonl"),
            {"DataSource": {"FileSystemDataSource": {"FileSystemId": "fs-1", "DirectoryPath": "/data"}}},
        ],
    ),
    record(
        "tuning_job",
        f"{SMR}:{DEV}:hyper-parameter-tuning-job/bare",
        TrainingJobDefinitions=[
            {
                "AlgorithmSpecification": {"TrainingImage": IMAGE},
                "InputDataConfig": [channel("train", "s3://bare/train/")],
            }
        ],
    ),
    record(
        "endpoint", f"{SMR}:{DEV}:endpoint/bare", ProductionVariants=[{"DeployedImages": [{"ResolvedImage": PULLED}]}]
    ),
)
_TOLD: dict[str, Any] = {
    "BaselineConfig": {
        "BaseliningJobName": "prepare",
        "ConstraintsResource": {"S3Uri": "s3://monitor/constraints.json"},
        "StatisticsResource": {"S3Uri": "s3://monitor/statistics.json"},
    },
    "AppSpecification": {
        "RecordPreprocessorSourceUri": "s3://monitor/before.py",
        "PostAnalyticsProcessorSourceUri": "s3://monitor/after.py",
        "ConfigUri": "s3://monitor/config.json",
    },
}
_INPUT = {
    "EndpointInput": {"EndpointName": "kept"},
    "BatchTransformInput": {"DataCapturedDestinationS3Uri": "s3://batch/"},
    "GroundTruthS3Input": {"S3Uri": "s3://truth/"},
}


SAGEMAKER: Final = ServiceModel(create_loader().load_service_model("sagemaker", "service-2"))


def as_answered(value: Any, shape: Shape) -> Any:
    """Of a value the members that AWS's answer can have."""
    if not isinstance(value, dict):
        return value
    return {name: as_answered(part, shape.members[name]) for name, part in value.items() if name in shape.members}


def defined(kind: str) -> dict[str, Any]:
    """A job definition of a type, as the schedule's record keeps it."""
    told = {f"{kind}{name}": value for name, value in _TOLD.items()}
    shape = SAGEMAKER.operation_model(f"Describe{kind}JobDefinition").output_shape
    return {f"{kind}JobDefinition": as_answered({**told, f"{kind}JobInput": _INPUT}, shape)}


def schedule(name: str, **body: Any) -> Record:
    return record("monitoring_schedule", f"{SMR}:{DEV}:monitoring-schedule/{name}", MonitoringScheduleName=name, **body)


WATCHED = (
    schedule(
        "own",
        EndpointName="kept",
        MonitoringScheduleConfig={
            "MonitoringJobDefinition": {
                "BaselineConfig": _TOLD["BaselineConfig"],
                "MonitoringAppSpecification": {
                    name: place for name, place in _TOLD["AppSpecification"].items() if name != "ConfigUri"
                },
                "MonitoringInputs": [{name: _INPUT[name] for name in ("EndpointInput", "BatchTransformInput")}],
            }
        },
    ),
    *(
        schedule(kind.lower(), **defined(kind))
        for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
    ),
    record(
        "endpoint",
        f"{SMR}:{DEV}:endpoint/kept-without-configuration",
        DataCaptureConfig={"DestinationS3Uri": "s3://traffic/"},
    ),
)
LABELLED = (
    record(
        "labeling_job",
        f"{SMR}:{DEV}:labeling-job/cats",
        LabelingJobName="cats",
        OutputConfig={"S3OutputPath": "s3://labels/"},
    ),
    job("on-labels", InputDataConfig=[channel("train", "s3://labels/cats/annotations/")]),
)
EARLIER: tuple[Record, ...] = (
    record(
        "endpoint_config",
        f"{SMR}:{DEV}:endpoint-config/older",
        EndpointConfigName="older",
        ProductionVariants=[{"VariantName": "all", "ModelName": "served"}],
        CreationTime=EARLY,
    ),
    record(
        "model",
        f"{SMR}:{DEV}:model/older",
        ModelName="older",
        PrimaryContainer={"ModelPackageName": f"{SMR}:{DEV}:model-package/bot/5"},
        CreationTime=EARLY,
    ),
)
"""What named things before their present holders were made."""
CHANGING: tuple[Record, ...] = (
    record(
        "endpoint_config",
        f"{SMR}:{DEV}:endpoint-config/coming",
        EndpointConfigName="coming",
        ProductionVariants=[{"VariantName": "all", "ModelName": "served"}],
        AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://answers/"}},
    ),
    *(
        record("endpoint", f"{SMR}:{DEV}:endpoint/{name}", EndpointName=name, EndpointConfigName=config, **more)
        for name, config, more in (
            ("changing", "older", {"PendingDeploymentSummary": {"EndpointConfigName": "coming"}}),
            ("asynchronous", "coming", {}),
        )
    ),
)
"""What is rolled out, and what answers into a bucket."""
BY_PLACE: tuple[Record, ...] = (
    package(20, "s3://read-by-place/model.tar.gz", CreationTime=EARLY),
    job(
        "by-place",
        InputDataConfig=[
            channel("model", "s3://read-by-place/model.tar.gz"),
            channel("all", "s3://read-by-place/"),
            channel("logged", "s3://art/served/artifacts/"),
        ],
    ),
    record(
        "transform_job",
        f"{SMR}:{DEV}:transform-job/captured",
        TransformJobName="captured",
        DataCaptureConfig={"DestinationS3Uri": "s3://captured/batch/"},
    ),
)
"""Weights that a job names by their place alone."""
_GIVEN = package(
    30,
    "s3://given/now/model.tar.gz",
    LastModifiedTime="2026-09-20T10:00:00Z",
    MetadataProperties={"GeneratedBy": f"{SMR}:{DEV}:training-job/given-first"},
)
_HAD = package(30, "s3://given/first/model.tar.gz", LastModifiedTime=NIGHT)
GIVEN: tuple[Record, ...] = (
    _GIVEN,
    replace(_HAD, id=f"{_GIVEN.id}@until-2026-09-20T10:00:00Z", gone_since=2),
    *(
        job(f"given-{name}", ModelArtifacts={"S3ModelArtifacts": f"s3://given/{name}/model.tar.gz"})
        for name in ("first", "now")
    ),
    job("given-judged", InputDataConfig=[channel("model", "s3://given/first/model.tar.gz")]),
    model("given-by-name", ModelPackageName=_GIVEN.id),
    model("given-by-place", ModelDataUrl="s3://given/first/model.tar.gz"),
)
"""A version that was given other weights, and what used those that it had."""
IN_ENVIRONMENT: tuple[Record, ...] = (
    model("by-environment", Environment={"HF_MODEL_ID": "s3://read-by-place/model.tar.gz"}),
    model("with-code", Environment={"SAGEMAKER_SUBMIT_DIRECTORY": "s3://code/inference.tar.gz"}),
)
"""What serves names its weights, or its code, in its environment alone."""

RECORDS: tuple[Record, ...] = (
    SERVERLESS,
    CLASSIC,
    TAGGED,
    *EVALUATIONS,
    *JOBS,
    PREPARE,
    SCORE,
    *OTHERS,
    *PIPELINES,
    *CONTENTS,
    *PACKAGES,
    *FEATURES,
    *SERVING,
    *EARLIER,
    *CHANGING,
    *BY_PLACE,
    *GIVEN,
    *IN_ENVIRONMENT,
    *ELSEWHERE,
    ABROAD,
    *DOCUMENTS,
    *DECLARED,
    *TUNED,
    *IN_BEDROCK,
    LINKED_DIRECTORY,
    *FROM_MLFLOW,
    *READS_BELOW,
    *WATCHED,
    *LABELLED,
)
