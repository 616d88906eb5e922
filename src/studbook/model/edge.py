"""A directed edge of the lineage graph: an arrow from upstream to downstream."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from studbook.model.canonical import canonical, fields_of, quoted
from studbook.model.evidence import Evidence, Several
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
        """Canonical order, as a sort key: source, target, relation, role, each by code point; no role comes first."""
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
    evidence: Annotated[Several, Field(description="How it is known; an inferred edge names its rule.")]

    @property
    def key(self) -> EdgeKey:
        """What tells it from every other edge of a lineage."""
        return EdgeKey(self.source, self.target, self.relation, self.role)

    def as_data(self) -> dict[str, Any]:
        """As JSON, under the names of the fields; evidence is a list of `Evidence.as_data`."""
        return fields_of(self) | {"evidence": [one.as_data() for one in self.evidence]}


class Known(NamedTuple):
    """What is said of an edge beside its key; of many edges the same is said."""

    certainty: Certainty
    candidate: bool
    evidence: tuple[Evidence, ...]
    """Each once, as `among_ends` has it."""


def among_ends(evidence: Evidence, source: str, target: str) -> Evidence:
    """The same without the id of its record, where that is an end of the edge: millions of edges share few of those.

    `config` then says which end it is, which no evidence of a record has otherwise.
    """
    operation, path, record, rule, _ = evidence
    if record:  # not `_replace`: it takes four times as long, and a lineage has a hundred thousand
        for end, name in ((target, "target"), (source, "source")):
            if record.endswith(end) and record != end:
                return Evidence(operation, path, record[: -len(end)], rule, name)
    return evidence


def named(evidence: Evidence, source: str, target: str) -> Evidence:
    """The evidence that `among_ends` was given."""
    operation, path, record, rule, config = evidence
    if not config or not record:
        return evidence
    return Evidence(operation, path, record + (target if config == "target" else source), rule)


def known_of(edge: Edge) -> Known:
    """What an edge says of itself."""
    source, target = edge.source, edge.target
    return Known(
        edge.certainty, edge.candidate, tuple(among_ends(evidence, source, target) for evidence in edge.evidence)
    )


def edge_of(key: EdgeKey, known: Known) -> Edge:
    """The edge of which that is known; not validated, and so several times as fast as making one."""
    evidence = [named(one, key.source, key.target) for one in known.evidence]
    if len(evidence) > 1:
        evidence.sort()
    edge = object.__new__(Edge)
    values = (*key, known.certainty, known.candidate, tuple(evidence))
    for name, value in zip(Edge.__slots__, values, strict=True):
        object.__setattr__(edge, name, value)
    return edge


def strongest(one: Known, other: Known) -> Known:
    """Two sources for one edge make one edge: the strongest certainty, all the evidence.

    A candidate that another source proves is no candidate any more.
    """
    return Known(
        min(one.certainty, other.certainty, key=_STRENGTH.__getitem__),
        one.candidate and other.candidate,
        tuple(sorted({*one.evidence, *other.evidence})),
    )


def edge_json(edge: Edge) -> bytes:
    """The canonical JSON of an edge: texts between keys that stand in order, in half the time that `canonical` takes,
    for a lineage has millions. Raises ValueError for a lone surrogate."""
    evidence = ",".join(map(_evidence_json, edge.evidence))
    role = "null" if edge.role is None else quoted(edge.role)
    candidate = "true" if edge.candidate else "false"
    return (
        f'{{"candidate":{candidate},"certainty":"{edge.certainty}","evidence":[{evidence}],'
        f'"relation":"{edge.relation}","role":{role},"source":{quoted(edge.source)},"target":{quoted(edge.target)}}}'
    ).encode()


def _evidence_json(evidence: Evidence) -> str:
    operation, path, record, rule, config = evidence
    if operation and path and record and not rule and not config:  # nearly all
        return f'{{{_place_json(operation, path)},"record":{quoted(record)}}}'
    return canonical(evidence.as_data()).decode()


@lru_cache(1 << 12)
def _place_json(operation: str, path: str) -> str:
    return f'"operation":{quoted(operation)},"path":{quoted(path)}'
