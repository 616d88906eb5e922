"""A model version is deployed, or may be, or is approved, and nothing shows that it was evaluated.

An evaluation is an evaluation job that names the version, its artifact, what it was cloned from, or its logged MLflow
model as the evaluated model, and did not fail; or a metrics report that the version carries. Metrics that the training
itself logged are no evaluation: a model does not mark its own work.

**Mend it:** run an evaluation job on the version, or attach its report when it is registered (`ModelMetrics`). If the
evaluation happened where Studbook does not look, write a waiver that says where.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.gaps import is_judged
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for version in seen.lineage.of_kind("model_package"):
        if version.gone_since is not None:
            continue
        running = seen.running.get(version.id, ())
        where = dict.fromkeys(one.endpoint.id for one in running if one.unit.manner(version.id) != "candidate")
        perhaps = dict.fromkeys(one.endpoint.id for one in running if one.endpoint.id not in where)
        reasons = [f"is deployed to {seen.handles(where)}"] if where else []
        reasons += [f"may be deployed to {seen.handles(perhaps)}"] if perhaps else []
        reasons += ["is approved"] if version.attributes.get("approval") == "Approved" else []
        if reasons and not is_judged(seen.lineage, version):
            yield Observation(version.id, f"{' and '.join(reasons)}, and no evaluation of it is known")


RULE = Rule("unevaluated", "warning", check, __doc__, mend="evaluate it, or register it with its report")
