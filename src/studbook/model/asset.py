"""A node of the lineage graph."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from studbook.model.kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A thing with a pedigree: one node, whoever saw it."""

    id: Annotated[str, Field(description="The ARN as AWS writes it, or a URI where AWS gave none.")]
    kind: Annotated[Kind, Field(description="What it is.")]
    name: Annotated[str, Field(description="What people call it.")]
    account: Annotated[str | None, Field(description="The owning account's id, `aws` for public hub content.")] = None
    region: Annotated[str | None, Field(description="The AWS region; null where a thing has none.")] = None
    stage: Annotated[str | None, Field(description="The account's stage in the configuration.")] = None
    status: Annotated[str | None, Field(description="The record's main status, in the API's words.")] = None
    created_at: Annotated[str | None, Field(description="UTC, RFC 3339 with Z.")] = None
    modified_at: Annotated[str | None, Field(description="UTC, RFC 3339 with Z.")] = None
    attributes: dict[str, Any] = Field(default_factory=dict, description="What else is known of it, by kind.")
    tags: dict[str, str] = Field(default_factory=dict, description="Its AWS or MLflow tags.")
    records: tuple[str, ...] = Field(
        default=(), description="The records that show it, as evidence names them; none of what is only named."
    )
    first_seen: Annotated[int | None, Field(description="The first snapshot that has it.")] = None
    stale_since: Annotated[int | None, Field(description="The snapshot since which it is carried over unseen.")] = None
    gone_since: Annotated[int | None, Field(description="The snapshot whose complete listing first lacked it.")] = None

    def but(self, **values: Any) -> Asset:
        """A copy with other values in some fields; not validated, and so several times as fast as `replace`."""
        copy = object.__new__(Asset)
        for name in Asset.__slots__:
            object.__setattr__(copy, name, values[name] if name in values else getattr(self, name))
        return copy

    @property
    def unresolved(self) -> bool:
        """Whether something names it but no listing showed it."""
        return self.attributes.get("unresolved") is True
