"""What was asked of a partition, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from studbook.model.record import Partition

Status = Literal["complete", "partial", "failed", "skipped", "quiet"]
"""`complete`: every answer that was needed came. `quiet`: none was, since nothing had to be asked; see `reason`."""

SKIPPED: Final = "Skipped"
"""The code of a gap that is no failure: something is switched off, or may not be looked into."""


def of_quiet(about: str) -> Any:
    """A member that only quiet rows have."""
    return Field(default=None, exclude_if=lambda value: value is None, description=f"{about}; of quiet ones alone.")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Gap:
    """A part of a partition that could not be seen. Sorts by operation, code and message."""

    operation: Annotated[str, Field(description="The API operation that failed.")]
    code: Annotated[str, Field(description="The error's code, as the API gave it.")]
    message: Annotated[str, Field(description="The error's message, redacted.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One partition: how much of it was seen, and at what price."""

    account: Annotated[str | None, Field(description="The account that was asked.")]
    region: Annotated[str | None, Field(description="The region that was asked; null where the source has none.")]
    source: Annotated[str, Field(description="sagemaker, bedrock, lambda, s3, mlflow or organizations.")]
    status: Annotated[Status, Field(description="complete, partial, failed, skipped, or quiet: nothing to ask.")]
    records: Annotated[int, Field(ge=0, description="Records that this partition holds, carried over ones included.")]
    requests: Annotated[int, Field(ge=0, description="API requests that were sent, retries included.")]
    redacted: Annotated[int, Field(ge=0, description="Values that were redacted.")] = 0
    calls: dict[str, int] = Field(default_factory=dict, description="Requests by service:Operation.")
    gaps: Annotated[tuple[Gap, ...], Field(description="What could not be seen, and why.")] = ()
    reason: str | None = of_quiet("Why it was not asked")
    listed_at: str | None = of_quiet("When the night began that last listed it")

    @property
    def partition(self) -> Partition:
        """What was asked: account, region and source."""
        return Partition(self.account, self.region, self.source)
