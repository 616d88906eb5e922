"""A model was trained on what a version of the same model answered.

An endpoint kept its traffic, a job read it, and what came of it belongs to the line that the endpoint runs: the model
learns from itself, and its mistakes become its data. Told of versions, once for each endpoint.

**Mend it:** leave the answers out, or have people judge them before they are learned from; then waive it.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.feedback import own_answers
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for version, endpoint, certain in own_answers(seen.lineage):
        verb = "was" if certain else "may have been"
        said = f"{verb} trained on what {seen.handle(endpoint)} answered, which runs a version of the same model"
        yield Observation(version.id, said, subject=endpoint.id)


RULE = Rule("trained-on-own-answers", "warning", check, __doc__, mend="leave the answers out, or let people judge them")
