"""What a rule says of an asset."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence about one asset, by one rule."""

    rule: Annotated[str, Field(description="The rule's id.")]
    level: Annotated[Level, Field(description="error, warning or note.")]
    asset: Annotated[str, Field(description="The id of the asset it is about.")]
    message: Annotated[str, Field(description="What is wrong, in one sentence.")]
    waived_until: Annotated[str | None, Field(description="The date until which a waiver accepts it.")] = None
