"""The run that a job names by experiment and run name, where the service gave no ids.

Names can be given again, and a run can be moved to another experiment, or its experiment be called otherwise: one that
began after the job had ended is not the job's, and where the experiment has none, those of that name on the server
which began while the job ran are candidates.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from studbook.lineage.job_state import span_of
from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.times import utc_time
from studbook.model import Asset, Evidence, Facts
from studbook.model.facts import MlflowNames

RULE: Final = Evidence.parse("rule:mlflow-names")


def join(view: View) -> Facts:
    """Resolves every `MlflowNames`; several runs of one name are candidates."""
    facts = Facts()
    claims = view.all(MlflowNames)
    runs: defaultdict[tuple[str, str], dict[str, tuple[Asset, Asset]]] = defaultdict(dict)
    for key in view.edges if claims else ():
        run, experiment = view.assets.get(key.source), view.assets.get(key.target)
        if key.relation != "part_of" or run is None or experiment is None:
            continue
        if run.kind == "mlflow_run" and experiment.kind == "mlflow_experiment":
            runs[str(run.attributes.get("server")).lower(), run.name][run.id] = (run, experiment)
    for claim in claims:
        named = runs.get((claim.server.lower(), claim.run), {}).values()
        job = view.assets.get(claim.job)
        here = [(run, of) for run, of in named if of.name == claim.experiment and not _is_after(job, run)]
        there = [run for run, _ in named if _is_during(job, run)] if not here else ()
        meant = [(run, _names(run, experiment)) for run, experiment in here]
        meant += [(run, _names(run)) for run in there]
        facts.edges.extend(
            inferred(
                claim.job,
                run.id,
                "recorded_in",
                (*claim.evidence, *lines, RULE),
                candidate=len(meant) > 1 or bool(there),
            )
            for run, lines in meant
        )
    return facts


def _is_after(job: Asset | None, run: Asset) -> bool:
    """Whether a run began when the job had ended."""
    began = utc_time(run.created_at)
    if job is None or began is None:
        return False
    return began.timestamp() > span_of(job.kind, job.created_at, job.attributes).ended


def _is_during(job: Asset | None, run: Asset) -> bool:
    """Whether a run is known to have begun between the making of a job, which may wait for its machines, and its
    end."""
    began, made = utc_time(run.created_at), utc_time(job.created_at) if job is not None else None
    return began is not None and made is not None and made <= began and not _is_after(job, run)


def _names(run: Asset, experiment: Asset | None = None) -> tuple[Evidence, ...]:
    name = Evidence("mlflow:runs/search", "info.run_name", f"mlflow/mlflow_run/{run.id}")
    if experiment is None:
        return (name,)
    return Evidence("mlflow:experiments/search", "name", f"mlflow/mlflow_experiment/{experiment.id}"), name
