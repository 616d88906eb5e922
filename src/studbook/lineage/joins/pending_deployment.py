"""The configuration that a deployment under way will bring: while it is rolled out (canary, linear, rolling) it may
answer beside the one in force, so it is a candidate.

The last of the joins that look at deployments: what an endpoint says of itself, its images say, is of what runs. One
that no listing shows is no end of an edge: that the endpoint is between two is known without it.
"""

from __future__ import annotations

from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.names import holder
from studbook.model import Evidence, Facts
from studbook.model.facts import ByName

RULE: Final = Evidence.parse("rule:pending-deployment")


def join(view: View) -> Facts:
    """Resolves every `ByName` that is pending."""
    facts = Facts()
    for claim in view.all(ByName):
        if claim.pending and (named := holder(view, claim)) is not None:
            proof = (claim.evidence, RULE)
            facts.edges.append(inferred(named, claim.other, claim.relation, proof, role=claim.role, candidate=True))
    return facts
