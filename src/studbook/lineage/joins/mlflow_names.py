"""The run that a job names by experiment and run name, where the service gave no ids."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.model import Facts
from studbook.model.facts import MlflowNames

RULE: Final = "rule:mlflow-names"
_NAMES: Final = ("mlflow:experiments/search#name", "mlflow:runs/search#info.run_name")


def join(view: View) -> Facts:
    """Resolves every `MlflowNames`; several runs of one name are candidates."""
    facts = Facts()
    claims = view.all(MlflowNames)
    runs: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for key in view.edges if claims else ():
        run, experiment = view.assets.get(key.source), view.assets.get(key.target)
        if key.relation != "part_of" or run is None or experiment is None:
            continue
        if run.kind == "mlflow_run" and experiment.kind == "mlflow_experiment":
            runs[str(run.attributes.get("server")).lower(), experiment.name, run.name].add(run.id)
    for claim in claims:
        found = runs.get((claim.server.lower(), claim.experiment, claim.run), set())
        facts.edges.extend(
            inferred(claim.job, run, "recorded_in", (*claim.evidence, *_NAMES, RULE), candidate=len(found) > 1)
            for run in found
        )
    return facts
