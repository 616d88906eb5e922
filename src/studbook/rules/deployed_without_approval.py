"""An endpoint runs a model that nobody approved.

What counts is the approval of the model version (the model package) that stands behind each model of a live endpoint;
a clone has its own. A model that was deployed from its artifact is looked up in the registry by that artifact; where no
version has it, there is nothing that could have been approved. A model in a shadow variant runs on real requests, too.
What an inference router sends requests to is told of the endpoints behind it.

An error where the account's stage is production or has no stage; in other stages, where trying things out is what
endpoints are for, a warning. A base model that is served as it is has no version in the registry: a note.

**Mend it:** approve the version (`aws sagemaker update-model-package --model-package-arn ... --model-approval-status
Approved`) or deploy an approved one. For a pilot, write a waiver with an end.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.lineage.graph import Graph
from studbook.model.finding import Level
from studbook.queries.walks import Deployed, runs
from studbook.rules.interface import Observation, Rule


def check(graph: Graph) -> Iterator[Observation]:
    for endpoint in graph.assets.values():
        if endpoint.kind != "endpoint" or endpoint.gone_since is not None or endpoint.attributes.get("router"):
            continue
        stage = (endpoint.stage or "production").lower()
        level: Level = "error" if stage in ("production", "prod", "live") else "warning"
        for running in runs(graph, endpoint.id):
            yield from _observed(endpoint.id, running, level)


def _observed(endpoint: str, running: Deployed, level: Level) -> Iterator[Observation]:
    for version in running.versions:
        approval = version.attributes.get("approval")
        if approval != "Approved":
            said = f"whose approval is {approval}" if approval else "which has no approval"
            runs = "runs in shadow" if running.shadow else "runs"
            yield Observation(endpoint, f"{runs} the model version {version.name}, {said}", level)
    if running.bases:
        names = ", ".join(base.name for base in running.bases)
        yield Observation(endpoint, f"runs {running.unit.name}, the base model {names} as it is: no approval", "note")
    elif not running.versions:
        yield Observation(endpoint, f"runs {running.unit.name}, of which the registry has no version to approve", level)


RULE = Rule("deployed-without-approval", "error", check, __doc__)
