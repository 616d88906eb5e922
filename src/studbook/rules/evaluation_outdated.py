"""A version is said to be judged, and every evaluation of it ended before its weights were made.

An evaluation names what it judged by a place in S3 or by a model's name; what lay there then was another model. Only
versions that run in production or are the newest approved of their line are told, and only where the job that made the
weights says when it ended. Evaluations without a time count as good.

**Mend it:** evaluate this version.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.origins import makers
from studbook.queries.scores import jobs_of, judged_of
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for release, _ in seen.releases:
        made = [job.attributes.get("ended_at") for job in makers(seen.lineage, release.family.original)]
        jobs = jobs_of(seen.lineage, judged_of(seen.lineage, [release.family]))
        ended = [job.attributes.get("ended_at") or job.attributes.get("started_at") for job in jobs]
        if not made or None in made or not ended or None in ended:
            continue
        last, first = max(map(str, ended)), min(map(str, made))
        if last < first:
            said = f"was last judged at {last}, before its weights were made ({first})"
            yield Observation(release.version.id, said)


RULE = Rule("evaluation-outdated", "warning", check, __doc__, mend="evaluate this version")
