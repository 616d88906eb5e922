"""What a rule says of an asset."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field
from pydantic.dataclasses import dataclass

from studbook.model.canonical import canonical, digest, fields_of

Level = Literal["error", "warning", "note"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""Worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """Who accepted a finding, why, and until when."""

    who: Annotated[str, Field(description="Who accepts it.")]
    why: Annotated[str, Field(description="Their reason.")]
    until: Annotated[str, Field(description="The last day of it, as YYYY-MM-DD.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence about one asset, by one rule."""

    id: Annotated[str, Field(description="Stable from night to night: a digest of rule, asset and subject.")]
    rule: Annotated[str, Field(description="The rule's id.")]
    level: Annotated[Level, Field(description="error, warning or note.")]
    asset: Annotated[str | None, Field(description="The id of the asset it is about; null where it is about none.")]
    message: Annotated[str, Field(description="What is wrong and what to do, in one sentence.")]
    first_seen: Annotated[int | None, Field(description="The first snapshot that has it.")] = None
    waived: Annotated[Waived | None, Field(description="The waiver that accepts it for now.")] = None

    def as_data(self) -> dict[str, Any]:
        """As JSON, under the names of the fields; `waived` is an object or null."""
        return fields_of(self) | {"waived": self.waived and fields_of(self.waived)}


def finding_id(rule: str, asset: str | None, subject: str = "") -> str:
    """The digest of a rule, what it is about, and the subject within that: sixteen hex digits."""
    return digest(canonical([rule, asset, subject])).removeprefix("sha256:")[:16]
