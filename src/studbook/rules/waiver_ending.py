"""A waiver is about to end.

What it accepts becomes a finding again, and may fail the night.

**Mend it:** mend what it accepts, or extend it with a reason.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from pydantic import Field

from studbook.rules.interface import Inspection, Observation, Rule, days_from
from studbook.settings import RuleSettings


class Notice(RuleSettings):
    """How long before."""

    days: int = Field(default=14, ge=1, description="How many days before its end it is told; 14 by default.")


def check(seen: Inspection) -> Iterator[Observation]:
    last = days_from(seen.today, seen.parameters(Notice).days)
    longest = {waiver.key: waiver for waiver in sorted(seen.waivers, key=lambda waiver: waiver.until)}
    waived = {
        (finding.rule, about) for finding in seen.found if finding.waived for about in (finding.asset, finding.id)
    }
    for waiver in longest.values():
        if seen.today <= waiver.until < last and waiver.key in waived:
            said = f"the waiver of {waiver.rule} for {seen.handle(waiver.of)}, by {waiver.who}, ends on {waiver.until}"
            yield Observation(None, said, subject=f"{waiver.rule} {waiver.of}")


def turns(seen: Inspection) -> Iterator[datetime.date]:
    """The days from which a waiver's end is near enough to be told."""
    for waiver in seen.waivers:
        yield days_from(waiver.until, 1 - seen.parameters(Notice).days)


RULE = Rule(
    "waiver-ending",
    "note",
    check,
    __doc__,
    mend="mend what it accepts, or extend it with a reason",
    parameters=Notice,
    turns=turns,
)
