"""Weights that what serves names in its environment, as containers for large models do (`HF_MODEL_ID`): no record says
what a container makes of that.

Of what names no weights otherwise, a version whose weights lie there, around it, or as the one file in it, is a
candidate; so is what a job wrote there, whether or not somebody registered it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.weights import NAMED_PLACE, PackagePlaces, place
from studbook.model import Facts, Relation
from studbook.model.facts import NamedWeights, Output, ServedFolder, Weights, Writes


def join(view: View) -> Facts:
    """Resolves every `NamedWeights`."""
    facts = Facts()
    named = view.all(NamedWeights)
    if not named:
        return facts
    places = view.once(PackagePlaces)
    holding = {one.asset for one in view.all(Weights) if not one.added} | {one.model for one in view.all(ServedFolder)}
    holding |= {key.target for key in view.edges if key.relation == "packaged_as" and ":model-package/" in key.source}
    lying: defaultdict[str, set[str]] = defaultdict(set)
    for uri in _lying(view):
        lying[place(uri) or ""].add(uri)
    for one in named:
        user, where = view.assets.get(one.user), place(one.uri) or ""
        if user is None or one.user in holding:
            continue
        files = [inside for inside in places.beginning(f"{where}/") if "/" not in inside.removeprefix(f"{where}/")]
        for there in (where, *(files if len(files) == 1 else ())):
            for uri in sorted(lying[there]):
                proof = (one.evidence, NAMED_PLACE)
                facts.edges.append(inferred(uri, one.user, "packaged_as", proof, candidate=True))
            if user.kind == "model_package":
                continue
            relation: Relation = "packaged_as" if user.kind == "model" else "deployed_to"
            found = places.around(Weights(asset=one.user, uri=there, evidence=one.evidence))
            packages, chosen = places.meant(found, one.user)
            for package, claim in packages.items():
                why = (one.evidence, claim.evidence, NAMED_PLACE, *chosen)
                facts.edges.append(inferred(package, one.user, relation, why, candidate=True))
    return facts


def _lying(view: View) -> Iterator[str]:
    """The places of weights, and of what jobs wrote, as recorded."""
    yield from (one.uri for one in view.all(Weights))
    yield from (one.uri for one in view.all(Output))
    yield from (one.uri for one in view.all(Writes))
