"""The run that a job names by experiment and run name, where the service gave no ids."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.model import Evidence, Facts
from studbook.model.facts import MlflowNames

RULE: Final = Evidence.parse("rule:mlflow-names")


def join(view: View) -> Facts:
    """Resolves every `MlflowNames`; several runs of one name are candidates."""
    facts = Facts()
    claims = view.all(MlflowNames)
    runs: defaultdict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for key in view.edges if claims else ():
        run, experiment = view.assets.get(key.source), view.assets.get(key.target)
        if key.relation != "part_of" or run is None or experiment is None:
            continue
        if run.kind == "mlflow_run" and experiment.kind == "mlflow_experiment":
            runs[str(run.attributes.get("server")).lower(), experiment.name, run.name][run.id] = experiment.id
    for claim in claims:
        found = runs.get((claim.server.lower(), claim.experiment, claim.run), {})
        facts.edges.extend(
            inferred(
                claim.job,
                run,
                "recorded_in",
                (*claim.evidence, *_names(run, experiment), RULE),
                candidate=len(found) > 1,
            )
            for run, experiment in found.items()
        )
    return facts


def _names(run: str, experiment: str) -> tuple[Evidence, Evidence]:
    return (
        Evidence("mlflow:experiments/search", "name", f"mlflow/mlflow_experiment/{experiment}"),
        Evidence("mlflow:runs/search", "info.run_name", f"mlflow/mlflow_run/{run}"),
    )
