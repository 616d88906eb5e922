"""The traffic that an endpoint keeps, and its asynchronous answers: it or its configuration says where.

A job that reads there learns from what the endpoint answered: with that edge the feedback loop is closed.
"""

from __future__ import annotations

from collections import defaultdict

from studbook.lineage.joins.dataset_at_start import INSIDE
from studbook.lineage.joins.interface import View, inferred
from studbook.model import Edge, Facts
from studbook.model.facts import CapturesTo


def join(view: View) -> Facts:
    """Resolves every `CapturesTo`, of a configuration for the endpoints that it serves."""
    facts = Facts()
    claims = view.all(CapturesTo)
    if not claims:
        return facts
    served: defaultdict[str, list[str]] = defaultdict(list)
    for key in view.edges:
        if key.relation == "deployed_to":
            served[key.source].append(key.target)
    for claim in claims:
        below = claim.uri.rstrip("/") + "/"
        inside = max((dataset for dataset in view.datasets if below.startswith(dataset)), key=len, default=None)
        shown = view.assets.get(claim.place)
        for endpoint in (claim.place,) if shown and shown.kind == "endpoint" else served[claim.place]:
            facts.edges.append(
                inferred(endpoint, inside, "produced", (claim.evidence, INSIDE), role=claim.role)
                if inside is not None
                else Edge(
                    source=endpoint,
                    target=claim.uri,
                    relation="produced",
                    role=claim.role,
                    certainty="referenced",
                    evidence=(claim.evidence,),
                )
            )
    return facts
