"""SageMaker AI: one module per family of resource types."""

from typing import Final

from studbook.sources.interface import Resource
from studbook.sources.sagemaker import hub, jobs, registry, serving, tracking

RESOURCES: Final[tuple[Resource, ...]] = (
    *hub.RESOURCES,
    *jobs.RESOURCES,
    *registry.RESOURCES,
    *serving.RESOURCES,
    *tracking.RESOURCES,
)
"""In the order of collection: parents come before what is listed under them."""
