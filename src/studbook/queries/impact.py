"""`impact`: what depends on an asset."""

from __future__ import annotations

from typing import Final

from studbook.queries.answer import Night
from studbook.queries.question import Question
from studbook.queries.trace import InfluenceAnswer, answer_of
from studbook.queries.walks import reaches


def impact(night: Night, root: str, asked: str | None = None) -> InfluenceAnswer:
    """Everything that depends on an asset. Raises NotFound where the lineage has no such asset."""
    return answer_of("impact", night, reaches(night.lineage, root), asked)


QUESTION: Final = Question(name="impact", ask=impact)
