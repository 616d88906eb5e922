"""Multi-model endpoints: a model that serves every archive under a prefix, so that each version there may answer."""

from __future__ import annotations

from collections import defaultdict

from studbook.lineage.joins.dataset_at_start import INSIDE
from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.weights import place
from studbook.model import Facts
from studbook.model.facts import ServedFolder, Weights
from studbook.model.ids import folders


def join(view: View) -> Facts:
    """Resolves every `ServedFolder`: what is loaded when is for the requests to say, so all are candidates."""
    facts = Facts()
    at: defaultdict[str, list[ServedFolder]] = defaultdict(list)
    for folder in view.all(ServedFolder):
        at[(place(folder.uri) or "") + "/"].append(folder)
    for weights in view.all(Weights) if at else ():
        package = view.assets.get(weights.asset)
        if package is None or package.kind != "model_package" or weights.added:
            continue
        where = place(weights.uri) or ""
        for around in (*folders(where), f"{where}/"):  # a version may be the whole folder
            for served in at.get(around, ()):
                evidence = (served.evidence, weights.evidence, INSIDE)
                facts.edges.append(inferred(package.id, served.model, "packaged_as", evidence, candidate=True))
    return facts
