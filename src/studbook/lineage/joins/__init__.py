"""The joins over the whole lineage, in order: each sees what those before it concluded."""

from __future__ import annotations

from typing import Final

from studbook.lineage.joins import (
    adapters,
    associations,
    base_model_name,
    clones,
    dataset_at_start,
    dataset_written,
    evaluation_results,
    lambda_version,
    latest_at_start,
    mlflow_names,
    model_source_tag,
    names,
    public_regions,
    registered_location,
    resolved_images,
    roles,
    same_artifact,
)
from studbook.lineage.joins.interface import Join, View

__all__ = ["JOINS", "Join", "View"]

JOINS: Final[tuple[Join, ...]] = (
    names.join,
    dataset_at_start.join,
    dataset_written.join,
    evaluation_results.join,
    registered_location.join,
    lambda_version.join,
    latest_at_start.join,
    base_model_name.join,
    public_regions.join,
    model_source_tag.join,
    same_artifact.join,
    adapters.join,
    resolved_images.join,
    clones.join,
    mlflow_names.join,
    associations.join,
    roles.join,
)
