"""SageMaker AI: one module per family of resource types."""

from typing import Final

from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Grant, Resource
from studbook.sources.sagemaker import (
    automl,
    cards,
    features,
    hub,
    lineage_api,
    optimization,
    pipelines,
    processing,
    registry,
    serving,
    session,
    tracking,
    transform,
)
from studbook.sources.sagemaker import job_api as job
from studbook.sources.sagemaker import training as jobs

RESOURCES: Final[tuple[Resource, ...]] = (
    *tracking.RESOURCES,  # first: what a job can hide depends on whether there is MLflow
    *hub.RESOURCES,
    *features.RESOURCES,
    *jobs.RESOURCES,
    *job.RESOURCES,
    *processing.RESOURCES,
    *transform.RESOURCES,
    *automl.RESOURCES,
    *optimization.RESOURCES,
    *session.RESOURCES,
    *pipelines.RESOURCES,
    *registry.RESOURCES,
    *cards.RESOURCES,
    *serving.RESOURCES,
    *lineage_api.RESOURCES,
)
"""In the order of collection: parents come before what is listed under them."""

SOURCE: Final = Declared(
    "sagemaker",
    RESOURCES,
    granted=(
        # Hub content is granted on both; the public hub's account is `aws`, so no account is asked for. ListHubs is
        # granted on no resource, as most listings.
        Grant(
            "SageMakerHubs",
            ("sagemaker:*:*:hub/*", "sagemaker:*:*:hub-content/*"),
            lambda action: "Hub" in action and action != "sagemaker:ListHubs",
        ),
        Grant("SageMaker"),
    ),
)
