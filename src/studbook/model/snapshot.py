"""The envelope of a snapshot: small, dated, chained; the content is elsewhere and has no clock."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from studbook.model.coverage import Coverage

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class Parts(BaseModel):
    """The digests of the three manifests that make up the content."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records: Digest = Field(description="The manifest of record chunks.")
    assets: Digest = Field(description="The manifest of asset chunks.")
    edges: Digest = Field(description="The manifest of edge chunks.")


class Continues(BaseModel):
    """The chain that a catalog was written anew from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    envelope: Digest = Field(description="The digest of its newest envelope.")
    number: int = Field(ge=1, description="That envelope's number.")
    why: str = Field(description="Why the chain begins again.")


class Envelope(BaseModel):
    """`snapshots/<number>-<time>.json`: written last, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = Field(default="studbook.catalog/1", description="The catalog format's name and version.")
    number: int = Field(ge=1, description="Counts up from 1.")
    taken_at: str = Field(description="When the harvest began; UTC, RFC 3339 with Z.")
    generator: str = Field(description="The program and its version.")
    config: Digest = Field(description="The digest of the configuration in force.")
    coverage: tuple[Coverage, ...] = Field(description="What was seen of each partition.")
    parts: Parts = Field(description="The content, by digest.")
    digest: Digest = Field(description="The content's digest: the SHA-256 of `parts` in canonical JSON.")
    previous: Digest | None = Field(description="The `envelope` of the snapshot before it.")
    continues: Continues | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Of a first snapshot: the chain that this one was written anew from; not there in any other.",
    )
    envelope: Digest = Field(description="The SHA-256 of this document's canonical JSON without this field.")
