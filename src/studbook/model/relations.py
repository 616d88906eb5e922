"""The relations between assets, and how sure an edge can be."""

from __future__ import annotations

from typing import Final, Literal

Relation = Literal[
    "has_version",
    "content_of",
    "input_to",
    "produced",
    "base_of",
    "packaged_as",
    "deployed_to",
    "recorded_in",
    "registered_as",
    "part_of",
    "described_by",
    "copied_to",
    "same_as",
    "associated",
]

Certainty = Literal["referenced", "declared", "inferred"]

RELATIONS: Final[dict[Relation, str]] = {
    "has_version": "has the version",
    "content_of": "is the content of",
    "input_to": "went into",
    "produced": "produced",
    "base_of": "is the base of",
    "packaged_as": "is packaged as",
    "deployed_to": "is deployed to",
    "recorded_in": "is recorded in",
    "registered_as": "is registered as",
    "part_of": "is part of",
    "described_by": "is described by",
    "copied_to": "was copied to",
    "same_as": "is the same as",
    "associated": "is associated with",
}

CERTAINTIES: Final[dict[Certainty, str]] = {
    "referenced": "A record of the thing itself names the other.",
    "declared": "The SageMaker Lineage API's associations say so.",
    "inferred": "Studbook concluded it; the evidence names the rule.",
}
