"""A dataset changed after a job had begun to read it.

What lies under the prefix today is not what the job learned from or was judged on. Of a job that read a part of it that
is said of this part, where the kept object manifests tell. That may be quite right: data grows. But whoever looks at
the data to explain the model, or trains again from the same prefix, meets other data.

**Mend it:** train again on today's data, or keep each state apart: bucket versioning, a new prefix for each version
(`versions: subprefixes`), or a registered dataset version. To live with it, write a waiver.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.lineage.job_state import may_never_have_run
from studbook.model.kinds import JOB_KINDS
from studbook.queries.drift import drifts_of
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for job in seen.live(*JOB_KINDS):
        told, began = set(), "was created" if may_never_have_run(job) else "started"
        for drift in sorted(drifts_of(seen.night, job), key=lambda drift: not drift.certain):
            if drift.read.id not in told:
                told.add(drift.read.id)
                since = f" (snapshot {drift.since} is the first with its newer state)" if drift.since else ""
                change = (
                    f"of which since then {drift.words}" if drift.words else f"which has changed since the job {began}"
                )
                doubt = f", but {drift.doubt}" if drift.doubt else ""
                said = f"{drift.verb} {seen.handle(drift.read)}, {change}{since}{doubt}"
                yield Observation(job.id, said, subject=drift.read.id)


RULE = Rule(
    "dataset-drifted", "warning", check, __doc__, mend="train on today's data, or keep each state of the data apart"
)
