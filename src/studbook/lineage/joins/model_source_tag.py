"""A model that the SDK deployed from a package, and tagged with it.

For an adapter the SDK tags the model of the base weights too, which is not the package: the tag counts only where the
model has no weights of its own, or its weights are the package's.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.weights import PackagePlaces
from studbook.model import Evidence, Facts
from studbook.model.facts import ModelSourceTag, Weights

RULE: Final = Evidence.parse("rule:model-source-tag")


def join(view: View) -> Facts:
    """Resolves every `ModelSourceTag`."""
    facts = Facts()
    claims = view.all(ModelSourceTag)
    if not claims:
        return facts
    places = view.once(PackagePlaces)
    own: defaultdict[str, list[Weights]] = defaultdict(list)
    for weights in view.all(Weights):
        own[weights.asset].append(weights)
    for claim in claims:
        held = own.get(claim.model, ())
        around = (package for weights in held for package in places.around(weights))
        if not held or any(package.asset == claim.package for package in places.held_whole(around, held)):
            facts.edges.append(inferred(claim.package, claim.model, "packaged_as", (claim.evidence, RULE)))
    return facts
