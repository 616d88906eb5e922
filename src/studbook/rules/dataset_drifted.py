"""A dataset changed after a job had begun to read it.

What lies under the prefix today is not what the job learned from or was judged on. That may be quite right: data
grows. But whoever looks at the data to explain the model, or trains again from the same prefix, meets other data.

**Mend it:** train again on today's data, or keep each state apart: bucket versioning, a new prefix for each version
(`versions: subprefixes`), or a registered dataset version. To live with it, write a waiver.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.lineage.graph import Graph
from studbook.model.kinds import JOB_KINDS
from studbook.queries.drift import drifts_of
from studbook.rules.interface import Observation, Rule


def check(graph: Graph) -> Iterator[Observation]:
    for job in graph.assets.values():
        if job.kind not in JOB_KINDS or job.gone_since is not None:
            continue
        for drift in drifts_of(graph, job):
            verb = "read" if drift.certain else "may have read"
            since = f"; snapshot {drift.since} is the first with its newer state" if drift.since is not None else ""
            yield Observation(job.id, f"{verb} {drift.read.name}, which has changed since the job started{since}")


RULE = Rule("dataset-drifted", "warning", check, __doc__)
