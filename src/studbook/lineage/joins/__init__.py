"""Entity resolution: the joins over the whole lineage, in order; each sees what those before it concluded."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from studbook.lineage.joins.interface import Join

__all__ = ["JOINS", "Join"]

NAMES: Final = (
    "names",
    "captured_traffic",
    "dataset_at_start",
    "dataset_written",
    "evaluation_results",
    "registered_location",
    "written_above",
    "candidate_steps",
    "lambda_version",
    "latest_at_start",
    "base_model_name",
    "public_regions",
    "bedrock_models",
    "clones",
    "model_source_tag",
    "same_artifact",
    "weights_read",
    "adapters",
    "named_weights",
    "multi_model",
    "resolved_images",
    "image_digests",
    "mlflow_names",
    "mlflow_artifacts",
    "associations",
    "pending_deployment",
    "roles",
)
JOINS: Final[tuple[Join, ...]] = tuple(import_module(f"{__name__}.{name}").join for name in NAMES)
