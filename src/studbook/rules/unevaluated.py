"""A model version is deployed or approved, and nothing shows that it was evaluated.

An evaluation is an evaluation job that names the version, its artifact, what it was cloned from, or its logged MLflow
model as the evaluated model, and did not fail; or a metrics report that the version carries. Metrics that the training
itself logged are no evaluation: a model does not mark its own work.

**Mend it:** run an evaluation job on the version, or attach its report when it is registered (`ModelMetrics`). If the
evaluation happened where Studbook does not look, write a waiver that says where.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from studbook.lineage.graph import Graph
from studbook.queries.gaps import is_judged
from studbook.queries.walks import runs
from studbook.rules.interface import Observation, Rule


def check(graph: Graph) -> Iterator[Observation]:
    where: defaultdict[str, list[str]] = defaultdict(list)
    for endpoint in graph.assets.values():
        if endpoint.kind == "endpoint" and endpoint.gone_since is None:
            for running in runs(graph, endpoint.id):
                for version in running.versions:
                    where[version.id].append(endpoint.name)
    for version in graph.assets.values():
        if version.kind != "model_package" or version.gone_since is not None:
            continue
        reasons = [f"deployed to {', '.join(sorted(set(where[version.id])))}"] if version.id in where else []
        reasons += ["approved"] if version.attributes.get("approval") == "Approved" else []
        if reasons and not is_judged(graph, version):
            yield Observation(version.id, f"is {' and '.join(reasons)}, and no evaluation of it is known")


RULE = Rule("unevaluated", "warning", check, __doc__)
