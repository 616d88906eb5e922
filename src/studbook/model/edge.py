"""An arrow of the lineage, from upstream to downstream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from studbook.model.relations import CERTAINTIES, Certainty, Relation

_STRENGTH = {certainty: rank for rank, certainty in enumerate(CERTAINTIES)}


class EdgeKey(NamedTuple):
    """What makes an edge one edge; the evidence is not part of it."""

    source: str
    target: str
    relation: str
    role: str | None

    @property
    def order(self) -> tuple[str, str, str, bool, str]:
        """By code point, null first."""
        return (self.source, self.target, self.relation, self.role is not None, self.role or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One influence, with how sure it is and how we know."""

    source: Annotated[str, Field(description="The id of the upstream asset.")]
    target: Annotated[str, Field(description="The id of the downstream asset.")]
    relation: Annotated[Relation, Field(description="How the one flows into the other.")]
    role: Annotated[str | None, Field(description="The part it plays there: a channel's name, `image`, a variant.")] = (
        None
    )
    certainty: Annotated[Certainty, Field(description="referenced, declared or inferred; strongest first.")]
    candidate: Annotated[bool, Field(description="True where several ends fit and none is proved.")] = False
    evidence: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="`<service>:<Operation>#<field path>`, and `rule:<name>` where inferred."),
    ]

    @property
    def key(self) -> EdgeKey:
        return EdgeKey(self.source, self.target, self.relation, self.role)


def strongest(edges: Iterable[Edge]) -> Edge:
    """Several sources for one edge make one edge: the strongest certainty, all the evidence.

    All edges must share one key. A candidate that another source proves is no candidate any more.
    """
    several = list(edges)
    if len(several) == 1 and list(several[0].evidence) == sorted(set(several[0].evidence)):
        return several[0]
    best = min(several, key=lambda edge: _STRENGTH[edge.certainty])
    evidence = tuple(sorted({line for edge in several for line in edge.evidence}))
    return Edge(
        source=best.source,
        target=best.target,
        relation=best.relation,
        role=best.role,
        certainty=best.certainty,
        candidate=all(edge.candidate for edge in several),
        evidence=evidence,
    )
