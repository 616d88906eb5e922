"""A package registered again in another group, account or region with the same S3 weights, without saying so.

A place may be written over: where both packages keep the ETag that their weights had, it has to be the same. Of an
inference pipeline all weights have to be: what several pipelines share, a first container say, makes them no copies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.weights import PackagePlaces
from studbook.lineage.times import instant
from studbook.model import Evidence, Facts
from studbook.model.facts import Weights

RULE: Final = Evidence.parse("rule:same-weights")


def join(view: View) -> Facts:
    """Relates the first package of each place to those registered later elsewhere."""
    facts = Facts()
    at: defaultdict[frozenset[str], dict[str, Mapping[str, Weights]]] = defaultdict(dict)
    places = view.once(PackagePlaces)
    for (package, _), held in places.specifications.items():
        at[frozenset(held)][package] = held
    told = {key.target for key in view.edges if key.relation == "copied_to"}
    for packages in at.values():
        since = {
            one: max(instant(places.held_since(claim)) for claim in held.values()) for one, held in packages.items()
        }
        first, *others = sorted(packages, key=lambda one: (since[one], one))
        for later in others:
            if later in told or _group(first) == _group(later) or not view.assets[first].created_at:
                continue
            if _written_over(view, packages[first], packages[later]):
                continue
            evidence = (*(claim.evidence for one in (first, later) for claim in packages[one].values()), RULE)
            facts.edges.append(inferred(first, later, "copied_to", evidence))
    return facts


def _written_over(view: View, *several: Mapping[str, Weights]) -> bool:
    """Whether the packages keep different ETags of the weights at one of their places."""
    kept: defaultdict[str, set[Any]] = defaultdict(set)
    for held in several:
        for where, claim in held.items():
            kept[where].add((view.assets[claim.asset].attributes.get("etags") or {}).get(claim.uri))
    return any(len(etags) > 1 for etags in kept.values() if None not in etags)


def _group(package: str) -> str:
    return package.rpartition("/")[0]
