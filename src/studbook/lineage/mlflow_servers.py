"""Random ids: runs and logged models that a registry names, on whichever MLflow server has them.

A registry may stand on a server of its own. Its versions then name the run and the logged model that they came from by
their ids alone, which MLflow draws at random: what the registry's own server does not have is what another has of that
id; of several with it each is a candidate.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from studbook.lineage.edges import Edges
from studbook.model import Asset, Edge, Evidence
from studbook.model.edge import EdgeKey

RULE: Final = Evidence.parse("rule:mlflow-run-id")
_DRAWN: Final = re.compile(r"mlflow:.+/(run/|logged-model/m-)([0-9a-f]{32})")
_EXPERIMENT: Final = "/experiment/"
_REGISTERING: Final = frozenset(("recorded_in", "registered_as"))


def reassign_to_servers(edges: Edges, assets: Mapping[str, Asset]) -> Iterator[str]:
    """Moves what versions say by such an id to who has it; the ids that nobody means any more. `assets` are those that
    records show."""
    unseen = [
        (key, found.groups())
        for key in edges.known()
        if key.relation in _REGISTERING and key.source not in assets and (found := _DRAWN.fullmatch(key.source))
    ]
    if not unseen:
        return
    having: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for asset_id in assets:
        if found := _DRAWN.fullmatch(asset_id):
            having[found.groups()].append(asset_id)
    for key, drawn in unseen:
        if holders := having.get(drawn):
            edge = edges.pop(key)
            for holder in holders:
                proof, several = (*edge.evidence, RULE), len(holders) > 1
                edges.add(replace(edge, source=holder, certainty="inferred", candidate=several, evidence=proof))
            yield key.source


def drop_former_experiments(edges: Edges) -> None:
    """A run is in the experiment that its own record names: a job names the one in which it was made, and the run may
    have been moved since."""
    several: defaultdict[str, list[EdgeKey]] = defaultdict(list)
    for key in edges.known():
        if key.relation == "part_of" and key.target.startswith("mlflow:") and _EXPERIMENT in key.target:
            several[key.source].append(key)
    for keys in several.values():
        own = [key for key in keys if len(keys) > 1 and _is_by_mlflow(edges.get(key))]
        for key in keys if own else ():
            if key not in own:
                edges.pop(key)


def _is_by_mlflow(edge: Edge | None) -> bool:
    return edge is not None and any(one.operation.startswith("mlflow:") for one in edge.evidence)
