"""The kinds of asset, in the order in which people meet them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

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


@dataclass(frozen=True, slots=True)
class KindInfo:
    """How a kind is called and where its pages live."""

    name: Kind
    title: str
    plural: str
    section: str
    meaning: str


_TABLE: tuple[KindInfo, ...] = (
    KindInfo(
        "base_model",
        "Base model",
        "Base models",
        "models",
        "A model that others are tuned from: hub content without its version, or a judge.",
    ),
    KindInfo(
        "base_model_version",
        "Base model version",
        "Base model versions",
        "models",
        "One version of a base model, as hub content with its version.",
    ),
    KindInfo(
        "dataset",
        "Dataset",
        "Datasets",
        "datasets",
        "Data under one name: registered hub content, or an S3 prefix, over all its versions.",
    ),
    KindInfo(
        "dataset_version",
        "Dataset version",
        "Dataset versions",
        "datasets",
        "One state of a dataset: a hub version, or an S3 object manifest named by its fingerprint.",
    ),
    KindInfo(
        "evaluator",
        "Evaluator",
        "Evaluators",
        "evaluators",
        "What judges models: a registered evaluator, a Lambda function or a built-in task.",
    ),
    KindInfo(
        "evaluator_version",
        "Evaluator version",
        "Evaluator versions",
        "evaluators",
        "One version of an evaluator: a hub version, or a published Lambda version.",
    ),
    KindInfo("training_job", "Training job", "Training jobs", "jobs", "A job that trains or tunes a model."),
    KindInfo(
        "tuning_job",
        "Tuning job",
        "Tuning jobs",
        "jobs",
        "A search over hyperparameters: the parent of many training jobs.",
    ),
    KindInfo(
        "automl_job", "AutoML job", "AutoML jobs", "jobs", "An AutoML search: the parent of its candidates' jobs."
    ),
    KindInfo(
        "processing_job", "Processing job", "Processing jobs", "jobs", "A job that prepares data or computes reports."
    ),
    KindInfo("transform_job", "Transform job", "Transform jobs", "jobs", "A batch inference job."),
    KindInfo(
        "evaluation_job",
        "Evaluation job",
        "Evaluation jobs",
        "jobs",
        "A job whose record says that it evaluates a model or its data.",
    ),
    KindInfo(
        "customization_job",
        "Customization job",
        "Customization jobs",
        "jobs",
        "A job that generates or transforms data for customization, or fits a model to its machines.",
    ),
    KindInfo(
        "training_session",
        "Training session",
        "Training sessions",
        "jobs",
        "A long-running interactive training session.",
    ),
    KindInfo("pipeline", "Pipeline", "Pipelines", "jobs", "A SageMaker pipeline."),
    KindInfo("pipeline_execution", "Pipeline execution", "Pipeline executions", "jobs", "One run of a pipeline."),
    KindInfo(
        "model_package_group",
        "Model group",
        "Model groups",
        "models",
        "A registered model: the group of its package versions.",
    ),
    KindInfo("model_package", "Model version", "Model versions", "models", "One version of a registered model."),
    KindInfo(
        "model",
        "Deployable model",
        "Deployable models",
        "deployments",
        "What can be deployed, in SageMaker or in Bedrock: image, weights, or a package.",
    ),
    KindInfo(
        "endpoint_config",
        "Endpoint config",
        "Endpoint configs",
        "deployments",
        "Which models an endpoint runs, in which variants.",
    ),
    KindInfo("endpoint", "Endpoint", "Endpoints", "deployments", "Where models answer requests."),
    KindInfo(
        "inference_component",
        "Inference component",
        "Inference components",
        "deployments",
        "One model or adapter on an endpoint.",
    ),
    KindInfo("feature_group", "Feature group", "Feature groups", "datasets", "A Feature Store group."),
    KindInfo("model_card", "Model card", "Model cards", "models", "A SageMaker model card."),
    KindInfo(
        "mlflow_experiment",
        "MLflow experiment",
        "MLflow experiments",
        "experiments",
        "An experiment on an MLflow server.",
    ),
    KindInfo(
        "mlflow_run",
        "MLflow run",
        "MLflow runs",
        "experiments",
        "A run: parameters, metrics, inputs and outputs as logged.",
    ),
    KindInfo(
        "mlflow_registered_model", "MLflow model", "MLflow models", "experiments", "A model registered in MLflow."
    ),
    KindInfo(
        "mlflow_model_version",
        "MLflow model version",
        "MLflow model versions",
        "experiments",
        "One version of a model registered in MLflow.",
    ),
    KindInfo(
        "mlflow_logged_model",
        "MLflow logged model",
        "MLflow logged models",
        "experiments",
        "A model as logged by a run.",
    ),
    KindInfo(
        "container_image",
        "Container image",
        "Container images",
        "other",
        "An image by its URI, with the digest where one is known.",
    ),
    KindInfo("code", "Code", "Code", "other", "A git commit, a source archive, or an agent's function."),
    KindInfo(
        "artifact", "Artifact", "Artifacts", "other", "An S3 object or prefix, or another entity of the Lineage API."
    ),
    KindInfo("context", "Lineage context", "Lineage contexts", "other", "A context of the SageMaker Lineage API."),
    KindInfo("action", "Lineage action", "Lineage actions", "other", "An action of the SageMaker Lineage API."),
)

KINDS: dict[str, KindInfo] = {info.name: info for info in _TABLE}

assert tuple(KINDS) == get_args(Kind), "every kind has its line in the table"

ARN_KINDS: Final[dict[str, Kind]] = {
    "training-job": "training_job",
    "hyper-parameter-tuning-job": "tuning_job",
    "automl-job": "automl_job",
    "processing-job": "processing_job",
    "transform-job": "transform_job",
    "training-session": "training_session",
    "optimization-job": "customization_job",
    "ai-recommendation-job": "customization_job",
    "ai-benchmark-job": "customization_job",
    "model-package-group": "model_package_group",
    "model-package": "model_package",
    "model": "model",
    "endpoint-config": "endpoint_config",
    "endpoint": "endpoint",
    "inference-router": "endpoint",
    "inference-component": "inference_component",
    "feature-group": "feature_group",
    "model-card": "model_card",
    "context": "context",
    "action": "action",
}
"""By the resource type in a SageMaker ARN."""
JOB_KINDS: Final[dict[str, Kind]] = {
    "AgentRFT": "training_job",
    "AgentRFTEvaluation": "evaluation_job",
    "DataQualityEvaluation": "evaluation_job",
}
"""By the category of a Job; the others are customization jobs."""
HUB_KINDS: Final[dict[str, tuple[Kind, Kind]]] = {
    "DataSet": ("dataset", "dataset_version"),
    "JsonDoc": ("evaluator", "evaluator_version"),
    "Model": ("base_model", "base_model_version"),
    "ModelReference": ("base_model", "base_model_version"),
}
"""By the HubContentType: without a version, and with one."""
BEDROCK_KINDS: Final[dict[str, Kind]] = {
    "custom-model": "model",
    "imported-model": "model",
    "custom-model-deployment": "endpoint",
    "model-customization-job": "training_job",
    "evaluation-job": "evaluation_job",
}
"""By the resource type in a Bedrock ARN."""
