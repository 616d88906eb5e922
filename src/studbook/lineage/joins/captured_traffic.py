"""The traffic that an endpoint keeps, and its asynchronous answers: it or its configuration says where.

A job that reads there learns from what the endpoint answered: with that edge the feedback loop is closed. Where keeping
was stopped, the endpoint makes nothing there any more; what lies in the folder of its name it made before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from studbook.lineage.joins.dataset_at_start import INSIDE
from studbook.lineage.joins.interface import View, inferred, referenced
from studbook.model import Facts
from studbook.model.facts import CapturesTo


def kept_by(view: View) -> list[tuple[str, CapturesTo]]:
    """Each endpoint with where it keeps something; what a configuration says holds of all that it serves."""
    claims = view.all(CapturesTo)
    served: defaultdict[str, list[str]] = defaultdict(list)
    for key in view.edges if claims else ():
        if key.relation == "deployed_to":
            served[key.source].append(key.target)
    return [(endpoint, claim) for claim in claims for endpoint in _endpoints(view, claim, served)]


def _endpoints(view: View, claim: CapturesTo, served: Mapping[str, list[str]]) -> Iterable[str]:
    shown = view.assets.get(claim.place)
    return (claim.place,) if shown and shown.kind == "endpoint" else served.get(claim.place, ())


def join(view: View) -> Facts:
    """Resolves every `CapturesTo`."""
    facts = Facts()
    for endpoint, claim in view.once(kept_by):
        if claim.stopped:
            continue
        below = claim.uri.rstrip("/") + "/"
        inside = max((dataset for dataset in view.datasets if below.startswith(dataset)), key=len, default=None)
        facts.edges.append(
            inferred(endpoint, inside, "produced", (claim.evidence, INSIDE), role=claim.role)
            if inside is not None
            else referenced(endpoint, claim.uri, "produced", (claim.evidence,), role=claim.role)
        )
    return facts
