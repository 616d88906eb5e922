"""A score is worse than a bar that `studbook.yml` sets.

The newest score counts for each evaluator, data and metric, of versions that run in production or are the newest
approved of their line. Nothing is found where no bar is set; what was never judged is told by `unevaluated`.

    rules:
      score-below-bar:
        bars:
          - {metric: helpfulness, at_least: 0.7, model: "support-*"}
          - {metric: "*latency*", at_most: 250}

**Mend it:** take the version back, or set the bar where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from studbook.model.canonical import is_number
from studbook.queries.walks.copies import groups_of
from studbook.rules.interface import Inspection, Observation, Rule
from studbook.settings import RuleSettings


class Bar(BaseModel):
    """One bar."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field(description="A glob over the names of metrics, case aside.")
    at_least: float | None = Field(default=None, description="The least that is good enough.")
    at_most: float | None = Field(default=None, description="The most that is good enough.")
    model: str = Field(default="*", description="A glob over the names of model groups.")

    @model_validator(mode="after")
    def _is_a_bar(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("needs either at_least or at_most")
        return self

    def is_for(self, metric: str, groups: Iterable[str]) -> bool:
        """Whether it is set for a metric of a version in one of these groups."""
        return fnmatchcase(metric.lower(), self.metric.lower()) and any(fnmatchcase(one, self.model) for one in groups)

    def missed(self, value: float) -> str | None:
        """In words, how a value misses it; None where it does not."""
        if self.at_least is not None and value < self.at_least:
            return f"less than {self.at_least:g}"
        return f"more than {self.at_most:g}" if self.at_most is not None and value > self.at_most else None


class Bars(RuleSettings):
    """All bars."""

    bars: tuple[Bar, ...] = Field(
        default=(),
        description="Each with `metric` (a glob), `at_least` or `at_most`, and `model` (a glob over groups).",
    )


def check(seen: Inspection) -> Iterator[Observation]:
    bars = seen.parameters(Bars).bars
    for release, _ in seen.releases if bars else ():
        groups = [
            group.name for one in groups_of(seen.lineage, release.version.id) if (group := seen.lineage.asset(one))
        ]
        for judgement, score in sorted(seen.judge.scores(release.family).items(), key=lambda item: str(item[0])):
            if not is_number(score.value):
                continue
            for bar in bars:
                fits = bar.is_for(score.metric, groups)
                if fits and (missed := bar.missed(score.value)) is not None:
                    by = seen.handle(score.evaluator or score.job)
                    said = f"has {score.metric} {score.value:g} by {by}, {missed}"
                    subject = f"{judgement.evaluator} {judgement.data} {judgement.metric} {bar.model} {bar.metric}"
                    yield Observation(release.version.id, said, subject=subject)


RULE = Rule("score-below-bar", "error", check, __doc__, mend="take it back, or set the bar elsewhere", parameters=Bars)
