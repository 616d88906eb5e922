"""The kinds of asset, in the order in which people meet them: one table that says all that a kind is.

Whoever needs the kinds of which something holds asks the table (`JOB_KINDS`, `DATA_KINDS`, `KINDS[kind].makes`) and
writes no list: a list that leaves a kind out does not say whether it was meant. One that means fewer says why, in a
comment that begins with `Fewer kinds:`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, get_args

from studbook.model.relations import Relation

Kind = Literal[
    "base_model",
    "base_model_version",
    "dataset",
    "dataset_version",
    "evaluator",
    "evaluator_version",
    "training_job",
    "tuning_job",
    "automl_job",
    "processing_job",
    "transform_job",
    "evaluation_job",
    "customization_job",
    "labeling_job",
    "compilation_job",
    "training_session",
    "pipeline",
    "pipeline_execution",
    "model_package_group",
    "model_package",
    "model",
    "endpoint_config",
    "endpoint",
    "inference_component",
    "feature_group",
    "table",
    "monitoring_schedule",
    "model_card",
    "mlflow_experiment",
    "mlflow_run",
    "mlflow_registered_model",
    "mlflow_model_version",
    "mlflow_logged_model",
    "container_image",
    "code",
    "artifact",
    "context",
    "action",
]


Product = Literal["model", "data", "scores"]


@dataclass(frozen=True, slots=True)
class KindInfo:
    """What a kind is, wherever it is asked: for people, in pictures, at AWS, in exports and in the lineage."""

    name: Kind
    title: str
    meaning: str
    section: str
    """The part of the site in which its pages and lists are."""
    shape: str = "box"
    """Its outline in pictures: box, drum, facet, hexagon, note, pill or slant."""
    makes: tuple[Product, ...] = ()
    """Of a job, what it makes of what it reads: a model's weights, data, or scores. What makes nothing is no job."""
    data: bool = False
    """Whether jobs read it, and write it, as data."""
    judged: bool = False
    """Whether an evaluation can be about it."""
    arn: tuple[str, ...] = ()
    """The `service:type` of the ARNs that are of this kind and of no other."""
    console: str | None = None
    """Where the SageMaker console lists such things, where it has a page for each."""
    bom_type: str | None = None
    """As a component of a CycloneDX bill of materials; None for what is none."""
    bom_task: str | None = None
    """Of a job, as a task in the formulation of such a bill."""
    starts: tuple[Relation, ...] = ()
    """The relations in which it is upstream, besides `same_as` and `associated`, which anything can have."""
    ends: tuple[Relation, ...] = ()
    """The relations in which it is downstream, likewise."""

    @property
    def plural(self) -> str:
        """The title of several: `Training jobs`."""
        return self.title if self.title == "Code" else f"{self.title}s"

    @property
    def job(self) -> bool:
        """Whether it is a kind of job: what runs once and makes something."""
        return bool(self.makes)


_job = partial(
    KindInfo,
    section="jobs",
    starts=("produced", "part_of", "recorded_in"),
    ends=("input_to",),
)
_search = partial(
    _job,
    makes=("model",),
    bom_task="build",
    starts=("input_to", "produced", "part_of", "recorded_in"),
    ends=("input_to", "part_of"),
)
_base_model = partial(
    KindInfo,
    section="models",
    shape="facet",
    judged=True,
    bom_type="machine-learning-model",
)
_dataset = partial(KindInfo, section="datasets", shape="drum", data=True, bom_type="data")
_evaluator = partial(KindInfo, section="evaluators", shape="hexagon", bom_type="application")
_deployment = partial(KindInfo, section="deployments", shape="pill")
_mlflow = partial(KindInfo, section="experiments")
_other = partial(KindInfo, section="other", shape="note")

# fmt: off
_TABLE: tuple[KindInfo, ...] = (
    _base_model("base_model", "Base model",
                "A model that others are tuned from: hub content without its version, or a judge.",
                starts=("has_version", "input_to", "base_of", "packaged_as", "deployed_to")),
    _base_model("base_model_version", "Base model version",
                "One version of a base model, as hub content with its version.",
                starts=("input_to", "base_of", "packaged_as"), ends=("has_version", "produced")),
    _dataset("dataset", "Dataset",
             "Data under one name: registered hub content, or an S3 prefix, over all its versions.",
             starts=("has_version", "content_of", "input_to"), ends=("produced",)),
    _dataset("dataset_version", "Dataset version",
             "One state of a dataset: a hub version, or an S3 object manifest named by its fingerprint.",
             starts=("content_of", "input_to"), ends=("has_version", "content_of", "produced")),
    _evaluator("evaluator", "Evaluator",
               "What judges models: a registered evaluator, a Lambda function or a built-in task.",
               starts=("has_version", "content_of", "input_to"), ends=("produced",)),
    _evaluator("evaluator_version", "Evaluator version",
               "One version of an evaluator: a hub version, or a published Lambda version.",
               starts=("content_of", "input_to"), ends=("has_version", "content_of", "produced")),
    _job("training_job", "Training job", "A job that trains or tunes a model.", makes=("model",),
         arn=("sagemaker:training-job", "bedrock:model-customization-job"), console="jobs", bom_task="build"),
    _search("tuning_job", "Tuning job", "A search over hyperparameters: the parent of many training jobs.",
            arn=("sagemaker:hyper-parameter-tuning-job",), console="hyper-tuning-jobs"),
    _search("automl_job", "AutoML job", "An AutoML search: the parent of its candidates' jobs.",
            arn=("sagemaker:automl-job",)),
    _job("processing_job", "Processing job", "A job that prepares data or computes reports.", makes=("data",),
         arn=("sagemaker:processing-job",), console="processing-jobs", bom_task="other",
         starts=("input_to", "produced", "part_of", "recorded_in")),
    _job("transform_job", "Transform job", "A batch inference job.", makes=("data",), arn=("sagemaker:transform-job",),
         console="transform-jobs", bom_task="other"),
    _job("evaluation_job", "Evaluation job", "A job whose record says that it evaluates a model or its data.",
         shape="hexagon", makes=("scores",), arn=("bedrock:evaluation-job",), console="jobs", bom_task="test"),
    _job("customization_job", "Customization job",
         "A job that generates or transforms data for customization, or fits a model to its machines.",
         makes=("data", "model"),
         arn=("sagemaker:optimization-job", "sagemaker:ai-recommendation-job", "sagemaker:ai-benchmark-job",
              "bedrock:model-import-job"),
         bom_task="build"),
    _job("labeling_job", "Labeling job", "A job in which people, or a model for them, label data.", makes=("data",),
         arn=("sagemaker:labeling-job",), bom_task="other", starts=("input_to", "produced", "part_of", "recorded_in")),
    _job("compilation_job", "Compilation job", "A job that compiles a model for a kind of machine.", makes=("model",),
         arn=("sagemaker:compilation-job",), bom_task="build"),
    _job("training_session", "Training session", "A long-running interactive training session.", makes=("model",),
         arn=("sagemaker:training-session",), bom_task="build"),
    KindInfo("pipeline", "Pipeline", "A SageMaker pipeline.", "jobs", ends=("part_of",)),
    KindInfo("pipeline_execution", "Pipeline execution", "One run of a pipeline.", "jobs",
             starts=("input_to", "produced", "part_of"), ends=("input_to", "part_of")),
    KindInfo("model_package_group", "Model group", "A registered model: the group of its package versions.", "models",
             "facet", arn=("sagemaker:model-package-group",), starts=("has_version",)),
    KindInfo("model_package", "Model version", "One version of a registered model.", "models", "facet", judged=True,
             arn=("sagemaker:model-package",), bom_type="machine-learning-model",
             starts=("input_to", "packaged_as", "deployed_to", "recorded_in", "described_by", "copied_to"),
             ends=("has_version", "produced", "base_of", "packaged_as", "registered_as", "copied_to")),
    _deployment("model", "Deployable model",
                "What can be deployed, in SageMaker or in Bedrock: image, weights, or a package.", shape="facet",
                judged=True, arn=("sagemaker:model", "bedrock:custom-model", "bedrock:imported-model"),
                console="models", starts=("input_to", "packaged_as", "deployed_to", "described_by", "copied_to"),
                ends=("produced", "base_of", "packaged_as", "copied_to")),
    _deployment("endpoint_config", "Endpoint config", "Which models an endpoint runs, in which variants.",
                arn=("sagemaker:endpoint-config",), console="endpointConfig", starts=("deployed_to",),
                ends=("deployed_to", "produced")),
    _deployment("endpoint", "Endpoint", "Where models answer requests.", judged=True,
                arn=("sagemaker:endpoint", "sagemaker:inference-router", "bedrock:custom-model-deployment",
                     "bedrock:provisioned-model", "bedrock:application-inference-profile"),
                console="endpoints", starts=("input_to", "produced", "deployed_to"),
                ends=("packaged_as", "deployed_to", "produced")),
    _deployment("inference_component", "Inference component", "One model or adapter on an endpoint.", judged=True,
                arn=("sagemaker:inference-component",), starts=("input_to", "deployed_to", "part_of"),
                ends=("deployed_to", "part_of", "packaged_as", "produced")),
    _dataset("feature_group", "Feature group", "A Feature Store group.", arn=("sagemaker:feature-group",),
             starts=("content_of", "input_to", "produced"), ends=("content_of", "produced")),
    _dataset("table", "Table", "A table of a Glue data catalog.", arn=("glue:table",), starts=("input_to",),
             ends=("content_of", "produced")),
    _deployment("monitoring_schedule", "Monitoring schedule",
                "What watches an endpoint, or a batch transform, by jobs of its own.", shape="box",
                arn=("sagemaker:monitoring-schedule",), ends=("input_to", "part_of")),
    KindInfo("model_card", "Model card", "A SageMaker model card.", "models", "note", arn=("sagemaker:model-card",),
             ends=("described_by",)),
    _mlflow("mlflow_experiment", "MLflow experiment", "An experiment on an MLflow server.", shape="slant",
            ends=("part_of",)),
    _mlflow("mlflow_run", "MLflow run", "A run: parameters, metrics, inputs and outputs as logged.", shape="slant",
            starts=("produced", "part_of", "recorded_in"), ends=("input_to", "part_of", "recorded_in")),
    _mlflow("mlflow_registered_model", "MLflow model", "A model registered in MLflow.", shape="facet",
            starts=("has_version",)),
    _mlflow("mlflow_model_version", "MLflow model version", "One version of a model registered in MLflow.",
            shape="facet", judged=True, starts=("input_to", "registered_as"),
            ends=("has_version", "recorded_in", "registered_as")),
    _mlflow("mlflow_logged_model", "MLflow logged model", "A model as logged by a run.", shape="facet", judged=True,
            bom_type="machine-learning-model", starts=("input_to", "packaged_as", "registered_as"), ends=("produced",)),
    _other("container_image", "Container image", "An image by its URI, with the digest where one is known.",
           bom_type="container", starts=("input_to", "packaged_as")),
    _other("code", "Code", "A git commit, a source archive, or an agent's function.", bom_type="file",
           starts=("input_to", "packaged_as")),
    _other("artifact", "Artifact", "An S3 object or prefix, or another entity of the Lineage API.", data=True,
           judged=True, bom_type="file",
           starts=("content_of", "input_to", "packaged_as", "deployed_to", "produced"),
           ends=("described_by", "input_to", "produced")),
    _other("context", "Lineage context", "A context of the SageMaker Lineage API.", arn=("sagemaker:context",)),
    _other("action", "Lineage action", "An action of the SageMaker Lineage API.", arn=("sagemaker:action",)),
)
# fmt: on

KINDS: Final[dict[str, KindInfo]] = {info.name: info for info in _TABLE}

if tuple(KINDS) != get_args(Kind):
    raise AssertionError(f"a kind has its name in Kind and its row in the table: {set(KINDS) ^ set(get_args(Kind))}")

JOB_KINDS: Final[tuple[Kind, ...]] = tuple(info.name for info in _TABLE if info.job)
DATA_KINDS: Final[tuple[Kind, ...]] = tuple(info.name for info in _TABLE if info.data)
ARN_KINDS: Final[dict[str, Kind]] = {arn: info.name for info in _TABLE for arn in info.arn}
"""By `service:type` of an ARN: what tells its kind by no more than that."""
JOB_CATEGORIES: Final[dict[str, Kind]] = {
    "AgentRFT": "training_job",
    "AgentRFTEvaluation": "evaluation_job",
    "DataQualityEvaluation": "evaluation_job",
}
"""By the category of a Job of the Job API; the others are customization jobs. Fewer kinds: its categories have few."""
HUB_KINDS: Final[dict[str, tuple[Kind, Kind]]] = {
    "DataSet": ("dataset", "dataset_version"),
    "JsonDoc": ("evaluator", "evaluator_version"),
    "Model": ("base_model", "base_model_version"),
    "ModelReference": ("base_model", "base_model_version"),
}
"""By the HubContentType: without a version, and with one."""


def kind_words(kind: str, number: int = 1) -> str:
    """`model version` for `model_package`, `model versions` of several: a kind within a sentence. Other words stay."""
    if kind not in KINDS:
        return kind
    title = KINDS[kind].title if number == 1 else KINDS[kind].plural
    return title.lower() if title.split()[0].istitle() else title
