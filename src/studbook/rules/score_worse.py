"""A version has a worse score than the version that it replaced.

Compared is only what one evaluator version found on one data version, of versions that run in production or are the
newest approved of their line, with the approved version before them. Whether more is better depends on the metric
(`rules: {metrics: ...}`). A difference within `tolerance` is none.

**Mend it:** look at what became worse; where it was meant, write a waiver that says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from studbook.rules.interface import Inspection, Observation, Rule
from studbook.settings import RuleSettings


class Tolerance(RuleSettings):
    """What is no difference."""

    tolerance: float = Field(
        default=0.01, ge=0, description="A share of the older score; a difference up to that is none. 0.01 by default."
    )


def check(seen: Inspection) -> Iterator[Observation]:
    tolerance = seen.parameters(Tolerance).tolerance
    metrics = seen.settings.rules.metrics
    for release, before in seen.releases:
        for shared in seen.judge.shared(before, release.family) if before is not None else ():
            worse = shared.delta if metrics.prefers_less(shared.metric) else -shared.delta
            if worse > tolerance * abs(shared.here):
                by = seen.handle(shared.evaluator) if shared.evaluator else "the same judge"
                assert before is not None
                said = (
                    f"has {shared.metric} {shared.there:g} by {by}, and {seen.handle(before.original)}, which it "
                    f"replaces, {shared.here:g}"
                )
                subject = f"{shared.evaluator} {shared.data} {shared.metric}"
                yield Observation(release.version.id, said, subject=subject)


RULE = Rule(
    "score-worse", "warning", check, __doc__, mend="look at what became worse, or waive it", parameters=Tolerance
)
