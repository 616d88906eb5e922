"""The envelope of a snapshot: small, dated, chained; the content is elsewhere and has no clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from studbook.model.coverage import Coverage
from studbook.proof import merkle

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]

FORMAT: Final = "studbook.catalog/2"
"""What is written; `/1`, which has no findings, people, readings and tree, is read for ever."""


class Content(BaseModel):
    """The digests of the three manifests that make up the content: what the APIs said, and what follows from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records: Digest = Field(description="The manifest of record chunks.")
    assets: Digest = Field(description="The manifest of asset chunks.")
    edges: Digest = Field(description="The manifest of edge chunks.")

    @property
    def content(self) -> dict[str, str]:
        """The three manifests' digests by name; the digest of a snapshot's content is that of this in canonical
        JSON."""
        return {name: getattr(self, name) for name in Content.model_fields}


def _of_format_2(about: str) -> Any:
    return Field(default=None, exclude_if=lambda value: value is None, description=f"{about}; not there in format 1.")


class Parts(Content):
    """The digests of all manifests of a snapshot, in the order in which its tree has their rows."""

    findings: Digest | None = _of_format_2("The manifest of what the rules said that night")
    people: Digest | None = _of_format_2("The manifest of the working files as they were that night")
    readings: Digest | None = _of_format_2("The manifest of which call brought each record, and when")

    @property
    def manifests(self) -> dict[str, str]:
        """The manifests' digests by the name of their part, in the order of the tree; parts that a format lacks are
        left out."""
        return {name: found for name in Parts.model_fields if (found := getattr(self, name)) is not None}


class TreeHead(BaseModel):
    """The Merkle tree (RFC 6962) over all rows of a snapshot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=0, description="How many rows there are.")
    root: Digest = Field(description="The tree's root.")

    @classmethod
    def of(cls, hashes: Iterable[bytes]) -> Self:
        """The head of the tree whose leaves have these hashes, 32 bytes each, in order."""
        size, root = merkle.head(hashes)
        return cls(size=size, root=f"sha256:{root.hex()}")


class Continues(BaseModel):
    """The chain that a catalog was written anew from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    envelope: Digest = Field(description="The digest of its newest envelope.")
    number: int = Field(ge=1, description="That envelope's number.")
    why: str = Field(description="Why the chain begins again.")


class Envelope(BaseModel):
    """`snapshots/<number>-<time>.json`: written last, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = Field(default=FORMAT, description="The catalog format's name and version.")
    number: int = Field(ge=1, description="Counts up from 1.")
    taken_at: str = Field(description="When the harvest began; UTC, RFC 3339 with Z.")
    generator: str = Field(description="The program, its version, `+` and a digest of its redaction rules, cut.")
    config: Digest = Field(description="The digest of the configuration in force.")
    coverage: tuple[Coverage, ...] = Field(description="What was seen of each partition.")
    parts: Parts = Field(description="All that the snapshot has, by digest.")
    digest: Digest = Field(
        description="The content's digest: the SHA-256 of records, assets and edges of `parts`, in canonical JSON."
    )
    tree: TreeHead | None = _of_format_2("The Merkle tree over the rows of all parts")
    previous: Digest | None = Field(description="The `envelope` of the snapshot before it.")
    continues: Continues | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Of a first snapshot: the chain that this one was written anew from; not there in any other.",
    )
    envelope: Digest = Field(description="The SHA-256 of this document's canonical JSON without this field.")

    @property
    def summary(self) -> dict[str, Any]:
        """How an answer names its snapshot: number, taken_at, digest (of the content) and envelope (its own)."""
        return {name: getattr(self, name) for name in ("number", "taken_at", "digest", "envelope")}
