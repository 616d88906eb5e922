"""How the tests of this folder write records and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.fact_records import lines

from studbook.model import Claim, Edge, Evidence, Facts, Record
from studbook.sources import normalize

HERE = "arn:aws:sagemaker:us-west-2:111122223333:"
HUB = f"{HERE}hub-content/registry"
PUBLIC = "arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model"
LLAMA = f"{PUBLIC}/meta-textgeneration-llama-3-2-1b-instruct"


def record(kind: str, record_id: str, **body: Any) -> Record:
    """A record of that body."""
    return Record(
        source="sagemaker",
        kind=kind,
        id=record_id,
        account="111122223333",
        region="us-west-2",
        revision="r",
        body=body,
    )


def said(kind: str, record_id: str, **body: Any) -> Facts:
    """What a record of that body says, read as the harvest's sources read it; all its evidence is in that record."""
    it = record(kind, record_id, **body)
    facts = normalize(it)
    return replace(
        facts,
        edges=[replace(edge, evidence=_within(edge.evidence, it)) for edge in facts.edges],
        claims=[_claim_within(claim, it) for claim in facts.claims],
    )


def _claim_within(claim: Claim, record: Record) -> Claim:
    found = getattr(claim, "evidence", None)
    if isinstance(found, Evidence):
        return replace(claim, evidence=_within((found,), record)[0])  # type: ignore[call-arg]
    return claim if found is None else replace(claim, evidence=_within(found, record))  # type: ignore[call-arg]


def _within(several: Sequence[Evidence], record: Record) -> tuple[Evidence, ...]:
    """The same without the record, which each names unless it is a rule."""
    assert all(one.record == record.reference for one in several if not one.rule)
    return tuple(one._replace(record="") for one in several)


def arrow(edge: Edge) -> tuple[str, str, str, str | None]:
    return edge.source, edge.relation, edge.target, edge.role


def arrows(facts: Facts) -> set[tuple[str, str, str, str | None]]:
    """The edges without certainty and evidence."""
    return {arrow(edge) for edge in facts.edges}


def proof(facts: Facts, source: str, target: str) -> tuple[str, tuple[str, ...]]:
    """Certainty and evidence of the one edge between two ends."""
    (edge,) = [edge for edge in facts.edges if (edge.source, edge.target) == (source, target)]
    return edge.certainty, lines(edge)
