"""`studbook show VERSION --card`: all that people wrote of a version as one card, and the evidence for frameworks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from studbook.errors import UsageError
from studbook.queries.model_card import by_framework, card_evidence, written

if TYPE_CHECKING:
    from studbook.cards import Card
    from studbook.model import Asset
    from studbook.queries.answer import Night


def card_json(night: Night, version: Asset, cards: Mapping[str, Card]) -> dict[str, Any]:
    """The card, the facts that are evidence, and each framework with its points."""
    _is_version(version)
    words = written(night.lineage, version, cards)
    evidence = card_evidence(night.lineage, version, words)
    return {
        "version": version.id,
        "card": [{"field": one.field, "text": one.text, "source": one.source} for one in words],
        "evidence": dict(sorted(evidence.items())),
        "frameworks": [
            {
                "name": framework.name,
                "edition": framework.edition,
                "since": framework.since,
                "source": framework.source,
                "read": framework.read,
                "present": sum(not one.lacking for one in several),
                "points": [
                    {
                        "id": one.point.id,
                        "words": one.point.words,
                        "evidence": "missing" if one.lacking else "present",
                        "missing": list(one.lacking),
                    }
                    for one in several
                ],
            }
            for framework, several in by_framework(evidence)
        ],
    }


def card_text(night: Night, version: Asset, cards: Mapping[str, Card], handle: Callable[[str], str]) -> Iterator[str]:
    """What `card_json` says, to read, line by line."""
    _is_version(version)
    words = written(night.lineage, version, cards)
    yield f"the card of {handle(version.id)}"
    for one in words:
        source = one.source if one.source.startswith("cards/") else handle(one.source)
        yield f"  {one.field}  {' '.join(one.text.split())}  ({source})"
    if not words:
        yield "  nobody wrote of it"
    for framework, several in by_framework(card_evidence(night.lineage, version, words)):
        present = sum(not one.lacking for one in several)
        yield ""
        yield f"{framework.name}: evidence present for {present} of {len(several)} points"
        yield f"  {framework.edition}, since {framework.since}; from {framework.read}: {framework.source}"
        for point in several:
            told = f"evidence missing: {', '.join(point.lacking)}" if point.lacking else "evidence present"
            yield f"  {point.point.id}  {point.point.words}: {told}"


def _is_version(asset: Asset) -> None:
    if asset.kind != "model_package":
        raise UsageError(f"{asset.name} is a {asset.kind.replace('_', ' ')}, and has no card", "name a model version")
