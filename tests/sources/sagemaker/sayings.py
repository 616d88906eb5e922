"""How the tests of this folder write records and what they say."""

from __future__ import annotations

from typing import Any

from studbook.model import Edge, Facts, Record
from studbook.sources import normalize

HERE = "arn:aws:sagemaker:us-west-2:111122223333:"
HUB = f"{HERE}hub-content/registry"
PUBLIC = "arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model"
LLAMA = f"{PUBLIC}/meta-textgeneration-llama-3-2-1b-instruct"


def said(kind: str, record_id: str, **body: Any) -> Facts:
    """What a record of that body says, read as the harvest's sources read it."""
    record = Record(
        source="sagemaker",
        kind=kind,
        id=record_id,
        account="111122223333",
        region="us-west-2",
        revision="r",
        body=body,
    )
    return normalize(record)


def arrow(edge: Edge) -> tuple[str, str, str, str | None]:
    return edge.source, edge.relation, edge.target, edge.role


def arrows(facts: Facts) -> set[tuple[str, str, str, str | None]]:
    """The edges without certainty and evidence."""
    return {arrow(edge) for edge in facts.edges}


def proof(facts: Facts, source: str, target: str) -> tuple[str, tuple[str, ...]]:
    """Certainty and evidence of the one edge between two ends."""
    (edge,) = [edge for edge in facts.edges if (edge.source, edge.target) == (source, target)]
    return edge.certainty, edge.evidence
