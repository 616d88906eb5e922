"""An adapter's inference component names no package, only the S3 place of its weights: the package that adds what lies
there to its base, or that is nothing but what lies there.
"""

from __future__ import annotations

from typing import Final

from studbook.lineage.joins.interface import View
from studbook.lineage.joins.weights import PackagePlaces
from studbook.model import Evidence, Facts
from studbook.model.facts import Weights

RULE: Final = Evidence.parse("rule:adapter-artifact")


def join(view: View) -> Facts:
    """Resolves the `Weights` of inference components."""
    facts = Facts()
    places = view.once(PackagePlaces)
    for user in view.all(Weights):
        asset = view.assets.get(user.asset)
        if asset is not None and asset.kind == "inference_component":
            there = places.around(user)
            meant = [*(one for one in there if one.added), *places.held_whole(there, [user])]
            facts.edges.extend(places.edges(meant, user, "deployed_to", RULE))
    return facts
