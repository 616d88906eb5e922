"""An arrow of the lineage, from upstream to downstream."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Annotated, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from studbook.model.canonical import canonical
from studbook.model.relations import CERTAINTIES, Certainty, Relation

_STRENGTH = {certainty: rank for rank, certainty in enumerate(CERTAINTIES)}


class EdgeKey(NamedTuple):
    """What makes an edge one edge; the evidence is not part of it."""

    source: str
    target: str
    relation: Relation
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


class Known(NamedTuple):
    """What is said of an edge beside its key; of many edges the same is said."""

    certainty: Certainty
    candidate: bool
    evidence: tuple[str, ...]
    """Sorted, each line once."""


def known_of(edge: Edge) -> Known:
    """What an edge says of itself."""
    return Known(edge.certainty, edge.candidate, tuple(sorted(set(edge.evidence))))


def strongest(one: Known, other: Known) -> Known:
    """Two sources for one edge make one edge: the strongest certainty, all the evidence.

    A candidate that another source proves is no candidate any more.
    """
    return Known(
        min(one.certainty, other.certainty, key=_STRENGTH.__getitem__),
        one.candidate and other.candidate,
        tuple(sorted({*one.evidence, *other.evidence})),
    )


@lru_cache(1 << 16)
def _text(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False)


@lru_cache(1 << 12)
def _told(certainty: str, candidate: bool, evidence: tuple[str, ...]) -> str:
    return canonical({"candidate": candidate, "certainty": certainty, "evidence": evidence})[:-1].decode()


def edge_json(edge: Edge) -> bytes:
    """The canonical JSON of an edge, for millions that share few texts."""
    told = _told(edge.certainty, edge.candidate, edge.evidence)
    source, target, role = _text(edge.source), _text(edge.target), _text(edge.role)
    return f'{told},"relation":"{edge.relation}","role":{role},"source":{source},"target":{target}}}'.encode()
