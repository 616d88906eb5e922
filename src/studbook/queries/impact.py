"""Impact analysis, or forward lineage (`impact`): what depends on an asset."""

from __future__ import annotations

from typing import Final

from studbook.queries.answer import Night
from studbook.queries.question import Question
from studbook.queries.trace import InfluenceAnswer, answer_of
from studbook.queries.walks import reaches
from studbook.queries.walks.reach import Reach, reaching


def impact(night: Night, root: str, asked: str | None = None) -> InfluenceAnswer:
    """Everything that depends on an asset. Raises NotFound where the lineage has no such asset."""
    reach = Reach(reaching(night.lineage), root)
    return answer_of("impact", night, reach, asked, lambda: reaches(night.lineage, root))


QUESTION: Final = Question(name="impact", ask=impact)
