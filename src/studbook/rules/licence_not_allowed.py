"""The licence of what runs in production is none that is allowed.

Nothing is asked until `allowed` names licences. Then the licence is looked for in the card that people wrote
(`license:`): what it says is matched with the globs. Where no card says a licence, that is a note, since what is not
written may still be in order.

**Mend it:** ask whoever answers for licences; name the licence in the card, or replace the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pydantic import Field

from studbook.queries.model_card import card_of
from studbook.rules.interface import Inspection, Observation, Rule
from studbook.settings import RuleSettings


class Licences(RuleSettings):
    """Which licences are allowed."""

    allowed: tuple[str, ...] = Field(
        default=(), description="Globs over what cards say under `license`, case aside; where none is named all are."
    )


def check(seen: Inspection) -> Iterator[Observation]:
    allowed = [pattern.lower() for pattern in seen.parameters(Licences).allowed]
    for version, several in seen.in_production.items() if allowed else ():
        card = card_of(seen.lineage, several[0].version, seen.cards)
        licence = card.facts.get("license") if card is not None else None
        if licence is None:
            said = "runs in production, and no card that is known says its licence"
            yield Observation(version, said, "note", mend="write the licence into its card")
        elif not any(fnmatchcase(licence.lower(), pattern) for pattern in allowed):
            yield Observation(version, f"runs in production, and its licence, {licence}, is none that is allowed")


RULE = Rule(
    "licence-not-allowed", "error", check, __doc__, mend="ask whoever answers for licences", parameters=Licences
)
