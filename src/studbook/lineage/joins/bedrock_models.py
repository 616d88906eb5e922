"""One model of Bedrock under several names: the address that it was asked at, and the length of its context.

A job may name a deployment, an inference profile or a provisioned throughput in place of a model. What answers there
now answered then if the address has not changed since; else, and where several answer, it is a candidate. A foundation
model has an id of its own for each length of context that it is offered with.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.times import instant
from studbook.model import Evidence, Facts
from studbook.model.facts import BedrockAddress
from studbook.model.ids import bedrock_without_context

ADDRESS: Final = Evidence.parse("rule:bedrock-address")
CONTEXT: Final = Evidence.parse("rule:bedrock-context")


def join(view: View) -> Facts:
    """Resolves every `BedrockAddress`, and joins the ids of foundation models."""
    facts = Facts()
    behind: defaultdict[str, defaultdict[str, list[Evidence]]] = defaultdict(lambda: defaultdict(list))
    for claim in view.all(BedrockAddress):
        behind[claim.address][claim.model].append(claim.evidence)
    foundation: set[str] = set()
    for key in list(view.edges):
        if key.source.startswith("bedrock:"):
            foundation.add(key.source)
        elif key.relation == "input_to" and key.source in behind:
            models = behind[key.source]
            address, job = view.assets.get(key.source), view.assets.get(key.target)
            changed, asked = instant(address.modified_at if address else None), instant(job.created_at if job else None)
            doubtful = len(models) > 1 or not changed or not changed < asked
            for model, evidence in models.items():
                cited = (*evidence, ADDRESS)
                facts.edges.append(inferred(model, key.target, "input_to", cited, role=key.role, candidate=doubtful))
    for model in foundation:
        plain = bedrock_without_context(model)
        if plain in foundation and plain is not None:
            facts.edges.append(inferred(plain, model, "same_as", (CONTEXT,)))
    return facts
