"""A package registered again in another group, account or region with the same S3 weights, without saying so.

A place may be written over: where both packages keep the ETag that their weights had, it has to be the same.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from studbook.lineage.joins.interface import View, inferred, instant
from studbook.lineage.joins.weights import place
from studbook.model import Evidence, Facts
from studbook.model.facts import Weights

RULE: Final = Evidence.parse("rule:same-weights")


def join(view: View) -> Facts:
    """Relates the first package of each place to those registered later elsewhere."""
    facts = Facts()
    at: defaultdict[str, dict[str, Weights]] = defaultdict(dict)
    for claim in view.all(Weights):
        asset = view.assets.get(claim.asset)
        if asset is None or asset.kind != "model_package" or claim.added:
            continue
        if (where := place(claim.uri)) is not None:
            at[where][claim.asset] = claim
    told = {key.target for key in view.edges if key.relation == "copied_to"}
    for packages in at.values():
        first, *others = sorted(packages, key=lambda one: (instant(view.assets[one].created_at), one))
        for later in others:
            if later in told or _group(first) == _group(later) or not view.assets[first].created_at:
                continue
            if _written_over(view, packages[first], packages[later]):
                continue
            evidence = (packages[first].evidence, packages[later].evidence, RULE)
            facts.edges.append(inferred(first, later, "copied_to", evidence))
    return facts


def _written_over(view: View, *several: Weights) -> bool:
    """Whether the packages keep different ETags of their weights."""
    kept = [(view.assets[claim.asset].attributes.get("etags") or {}).get(claim.uri) for claim in several]
    return None not in kept and len(set(kept)) > 1


def _group(package: str) -> str:
    return package.rpartition("/")[0]
