"""The registry of sources: one line for each, by the name that records, coverage and the configuration have for it.

It names modules and imports none, so that the configuration and the pacing know the sources without depending on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """Where a source is, and what is known of it before it is imported."""

    place: str
    """`module:object` below `studbook.sources`: the source, or the class of it."""
    rate: float = 10.0
    """Calls per second that each operation of its API is believed to bear, by what AWS publishes or by caution."""
    optional: bool = False
    """Whether it is left out until the configuration names it."""
    limits: tuple[str, ...] = ()
    """The names of the caps that the configuration may set."""
    leave_out: tuple[str, ...] = ()
    """The names of the parts that the configuration may leave out."""


REGISTRY: Final[dict[str, SourceEntry]] = {
    "organizations": SourceEntry("organizations:Organizations", rate=4.0),
    "sagemaker": SourceEntry("sagemaker:SOURCE", leave_out=("lineage_api",)),
    "bedrock": SourceEntry("bedrock:SOURCE", rate=5.0, optional=True),
    "cloudtrail": SourceEntry("cloudtrail:SOURCE", rate=2.0, optional=True, limits=("days", "rotation", "idle")),
    "fsx": SourceEntry("fsx:FileSystems", rate=2.0),
    "s3": SourceEntry("s3:S3", rate=100.0, limits=("document_bytes", "siblings")),
    "lambda": SourceEntry("lambda_function:LambdaFunctions", rate=15.0),
    "mlflow": SourceEntry("mlflow:Mlflow", rate=40.0, limits=("curves",)),
}
"""In the order of their visits."""

if TYPE_CHECKING:
    SourceName = str
else:
    SourceName = Literal[tuple(REGISTRY)]
    """A source's name, as the configuration may write it."""
