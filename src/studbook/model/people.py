"""What people wrote beside a catalog, as it was on one night."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

FileKind = Literal["card", "rules", "settings", "waivers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingFile:
    """One file of the catalog folder that people edit."""

    kind: Annotated[FileKind, Field(description="card, rules, settings or waivers.")]
    name: Annotated[str, Field(description="The file's name, from the catalog folder.")]
    content: Annotated[
        str | dict[str, Any], Field(description="Its text, redacted; of the settings the resolved values.")
    ]
