"""SageMaker AI: one module per family of resource types."""

from importlib import import_module
from typing import Final

from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Grant, Resource

FAMILIES: Final = (
    "tracking",  # first: what a job can hide depends on whether there is MLflow
    "hub",
    "features",
    "training",
    "job_api",
    "processing",
    "transform",
    "automl",
    "optimization",
    "labeling",
    "compilation",
    "session",
    "pipelines",
    "registry",
    "cards",
    "serving",
    "monitoring",  # after what can be watched, and the jobs that watch
    "lineage_api",
)
RESOURCES: Final[tuple[Resource, ...]] = tuple(
    resource for family in FAMILIES for resource in import_module(f"{__name__}.{family}").RESOURCES
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
