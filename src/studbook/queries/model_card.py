"""The model card of a version: what people wrote of it, wherever they wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from studbook.cards import Card
from studbook.lineage.graph import LineageReader
from studbook.model import Asset
from studbook.queries.walks import copied


def card_of(lineage: LineageReader, version: Asset, cards: Mapping[str, Card]) -> Card | None:
    """What the catalog's cards say of a model version: the card of its model, or of the models of its copies.

    The numbers under `versions` are those of the original, which is the same in all accounts. Approver and review are
    of this copy's approval, where the card does not say of which versions they are.
    """
    family = copied(lineage, version.id)
    number = family.original.attributes.get("version", version.attributes.get("version"))
    approved = version.attributes.get("approval") == "Approved"
    for one in (version, family.original, *family.members):
        for edge in lineage.upstream(one.id, "has_version"):
            group = lineage.asset(edge.source)
            if group is not None and group.name in cards:
                card = cards[group.name]
                return card.of_version(str(number), family.original.created_at, approved=approved)
    return None


def registry_cards(lineage: LineageReader, version: Asset) -> Iterator[Asset]:
    """SageMaker's cards of a version, of its copies, and of the models made of it; each once."""
    seen: set[str] = set()
    for one in (version, *copied(lineage, version.id).members):
        models = (edge.target for edge in lineage.downstream(one.id, "packaged_as"))
        for about in (one.id, *models):
            for edge in lineage.downstream(about, "described_by"):
                card = lineage.asset(edge.target)
                if card is not None and card.kind == "model_card" and card.gone_since is None and card.id not in seen:
                    seen.add(card.id)
                    yield card


def has_card(lineage: LineageReader, version: Asset, cards: Mapping[str, Card]) -> bool:
    """Whether anybody wrote a card that speaks of a version."""
    return card_of(lineage, version, cards) is not None or any(True for _ in registry_cards(lineage, version))
