"""The card of a version that runs in production was not reviewed since, or not for a long time.

A card whose front matter names no versions speaks of all of them; a review from before this version was registered did
not look at it. A card that names its `versions` is held against `days` alone, and so is one whose review is younger
than the version. A card without a date of review is not told here.

**Mend it:** read the card again, and write the day under `reviewed:`; name the versions that it speaks of.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from pydantic import Field

from studbook.cards import Card
from studbook.queries.model_card import card_of
from studbook.queries.walks import copied
from studbook.rules.interface import Inspection, Observation, Rule, days_from
from studbook.settings import RuleSettings


class Age(RuleSettings):
    """How old a review may be."""

    days: int = Field(default=365, ge=1, description="Days after which a review is too old; 365 by default.")


def check(seen: Inspection) -> Iterator[Observation]:
    limit = days_from(seen.today, -seen.parameters(Age).days)
    for version, several in seen.in_production.items():
        card = card_of(seen.lineage, several[0].version, seen.cards)
        reviewed = _reviewed(card) if card is not None else None
        if card is None or reviewed is None:
            continue
        registered = (copied(seen.lineage, version).original.created_at or "")[:10]
        if reviewed < limit:
            yield Observation(version, f"has a card that was last reviewed on {card.facts['reviewed']}")
        elif not card.versions and card.facts["reviewed"] < registered:
            said = f"was registered on {registered}, after its card was last reviewed ({card.facts['reviewed']})"
            yield Observation(version, said)


def turns(seen: Inspection) -> Iterator[datetime.date]:
    """The days from which a card that was reviewed is stale."""
    for reviewed in filter(None, map(_reviewed, seen.cards.values())):
        yield days_from(reviewed, seen.parameters(Age).days + 1)


def _reviewed(card: Card) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(card.facts.get("reviewed", ""))
    except ValueError:
        return None


RULE = Rule(
    "card-stale",
    "note",
    check,
    __doc__,
    mend="read the card again, and say so in it",
    parameters=Age,
    turns=turns,
)
