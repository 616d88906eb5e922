"""A model was judged on data that it was trained on.

Such scores say how well it remembers, not how well it works. Compared are versions of data, registrations and the
content that they point at; that two versions of one dataset overlap is not known here. What a job read as validation or
test data (`validation`, `eval`, `test` in the channel's name) it did not learn from. Of what made a model only the jobs
that made its weights count, and not those before them.

**Mend it:** evaluate on data that was held back.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.overlap import learned_from
from studbook.queries.walks import evaluation
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for job in seen.live("evaluation_job"):
        found = evaluation(seen.lineage, job)
        for judged in found.models:
            for data, certain in learned_from(seen.lineage, judged, found.data):
                verb = "judges" if certain else "may judge"
                said = f"{verb} {seen.handle(judged)} on {seen.handle(data)}, which it was trained on"
                yield Observation(job.id, said, None if certain else "note", f"{judged} {data}")


RULE = Rule("evaluated-on-training-data", "warning", check, __doc__, mend="evaluate on data that was held back")
