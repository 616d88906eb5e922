"""The version that this one replaced was judged by an evaluator that has not judged this one.

What was asked of the old model was not asked of the new one. Told of versions that run in production or are the newest
approved of their line, once for each evaluator; whether another version of the evaluator judged it is told by
`evaluator-changed`.

**Mend it:** run that evaluation on this version.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.rules.evaluator_changed import judges
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for release, before in seen.releases:
        if before is None:
            continue
        ours, theirs = judges(seen, release.family), judges(seen, before)
        for evaluator in sorted(theirs.keys() - ours.keys()):
            said = (
                f"is not known to be judged by {seen.handle(evaluator)}, which judged "
                f"{seen.handle(before.original)}, the version that it replaces"
            )
            yield Observation(release.version.id, said, subject=evaluator)


RULE = Rule("judgement-missing", "note", check, __doc__, mend="run that evaluation on it")
