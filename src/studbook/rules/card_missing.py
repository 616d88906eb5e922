"""A model version runs in production, and no card of it is known.

A card is `cards/<model>.md` of the catalog that speaks of this version, a SageMaker model card of it or of what serves
it, or the card inside of the package. A card whose text a customer's key encrypts counts: it is there.

**Mend it:** write `cards/<model>.md`: what the model is for, its limits, who answers for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.model_card import has_card
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for version, several in seen.in_production.items():
        if not has_card(seen.lineage, several[0].version, seen.cards):
            places = seen.handles(dict.fromkeys(one.endpoint.id for one in several))
            yield Observation(version, f"runs at {places}, and no model card of it is known")


RULE = Rule("card-missing", "warning", check, __doc__, mend="write one in cards/ of the catalog")
