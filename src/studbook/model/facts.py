"""What one record says: assets it shows, assets it names, edges it proves, and claims that need a wider view."""

from __future__ import annotations

from dataclasses import dataclass, field

from studbook.model.asset import Asset
from studbook.model.edge import Edge


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a record says and only the whole lineage can resolve; joins consume it."""


@dataclass(slots=True)
class Facts:
    """The pure reading of one record."""

    assets: list[Asset] = field(default_factory=list)
    """Shown: the record describes them."""
    mentions: list[Asset] = field(default_factory=list)
    """Named only: kept as unresolved unless another record shows them."""
    edges: list[Edge] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
