"""The questions that people ask of a lineage, each answered once, as pure functions of what is stored.

`QUESTIONS` is all of them that give an `Answer`: a new one is a file with a `QUESTION`, and a line here.
"""

from __future__ import annotations

from typing import Final

from studbook.queries import candidates, copies, gaps, impact, incident, log, runs, scores, trace
from studbook.queries.question import Question

__all__ = ["QUESTIONS", "Question"]

_ALL: Final[tuple[Question, ...]] = (
    trace.QUESTION,
    impact.QUESTION,
    runs.QUESTION,
    copies.QUESTION,
    scores.QUESTION,
    candidates.QUESTION,
    incident.QUESTION,
    gaps.QUESTION,
    log.QUESTION,
)

QUESTIONS: Final[dict[str, Question]] = {question.name: question for question in _ALL}
