"""An endpoint runs a model that nobody approved.

What counts is the approval of the model version (the model package) that stands behind each model of a live endpoint;
a clone has its own. A model that was deployed from its artifact is looked up in the registry by that artifact; where no
version has it, there is nothing that could have been approved. A model in a shadow variant runs on real requests, too.
What an inference router sends requests to is told of the endpoints behind it. That a version was rejected, or is gone,
`deployed-but-withdrawn` says besides.

An error where the account's stage is production or has no stage; in other stages, where trying things out is what
endpoints are for, a warning. A base model that is served as it is has no version in the registry: a note.

**Mend it:** approve the version (`aws sagemaker update-model-package --model-package-arn ... --model-approval-status
Approved`) or deploy an approved one. For a pilot, write a waiver with an end.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.model.finding import Level
from studbook.queries.answer import in_production
from studbook.queries.walks import Deployed
from studbook.rules.interface import RUNS, Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for endpoint, units in seen.serving:
        level: Level = "error" if in_production(endpoint) else "warning"
        for running in units:
            yield from _observed(seen, endpoint.id, running, level)


def _observed(seen: Inspection, endpoint: str, running: Deployed, level: Level) -> Iterator[Observation]:
    for version in running.versions:
        approval = version.attributes.get("approval")
        if approval != "Approved":
            none = "of which no approval is known" if version.unresolved else "which has no approval"
            said = f"whose approval is {approval}" if approval else none
            yield Observation(
                endpoint, f"{RUNS[running.manner(version.id)]} {seen.handle(version)}, {said}", level, version.id
            )
    runs_unit = f"{RUNS[running.manner(running.unit.id)]} {seen.handle(running.unit)}"
    if running.bases:
        said = f"{runs_unit}, the base model {seen.handles(running.bases)} as it is, which nobody approved"
        yield Observation(endpoint, said, "note", running.unit.id, "waive it if that is meant")
    elif not running.versions:
        said = f"{runs_unit}, of which no version that could be approved is known"
        yield Observation(endpoint, said, level, running.unit.id, "register what it runs, and deploy the version")


RULE = Rule(
    "deployed-without-approval", "error", check, __doc__, mend="approve that version, or deploy one that is approved"
)
