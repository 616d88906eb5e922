"""What one API said of one resource, and the partition it was found in."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

REDACTED: Final = "[redacted]"
"""What stands where a secret was."""
PSEUDONYM: Final = re.compile(r"redacted-[0-9a-f]{8}")
"""What stands where a secret was in a name or an id: the keyed digest of it."""


class Partition(NamedTuple):
    """The unit of harvesting, of failure and of distribution."""

    account: str | None
    region: str | None
    source: str

    @property
    def order(self) -> tuple[tuple[bool, str], ...]:
        """Sort key: account, region and source, each by code point, null first."""
        return tuple((part is not None, part or "") for part in self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One resource as one API described it, redacted."""

    source: Annotated[str, Field(description="The source that read it: sagemaker, lambda, s3, mlflow, organizations.")]
    kind: Annotated[str, Field(description="The resource type, as its source declares it.")]
    id: Annotated[str, Field(description="What identifies the resource: its ARN, or its URI where AWS gave none.")]
    account: Annotated[str | None, Field(description="The account that was asked.")]
    region: Annotated[str | None, Field(description="The region that was asked; null where a thing has none.")]
    revision: Annotated[str, Field(description="Equal for two nights exactly if the listing shows no change.")]
    body: Annotated[dict[str, Any], Field(description="The API's own JSON, without response metadata.")]
    stale_since: Annotated[
        int | None, Field(description="The snapshot since which this is carried over, because its listing failed.")
    ] = None
    gone_since: Annotated[int | None, Field(description="The snapshot whose complete listing first lacked it.")] = None

    @property
    def reference(self) -> str:
        """As evidence names it."""
        return f"{self.source}/{self.kind}/{self.id}"

    @property
    def partition(self) -> Partition:
        """Where it was read: account, region and source."""
        return Partition(self.account, self.region, self.source)
