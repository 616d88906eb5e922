"""The model card of a version, merged of all that people wrote, and the evidence that frameworks ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from studbook.model import Asset
from studbook.queries.answer import called
from studbook.queries.frameworks import Framework
from studbook.queries.model_card import FIELDS, Shown, Words, by_framework, card_evidence, written
from studbook.render.views.site import Json, Page, Site

KIND: Final = "model_package"
"""The kind of asset that has a card."""
NAME: Final = "card.html"
"""The card's page lies beside the version's, which loads in one view."""


def card(site: Site, version: Asset) -> Json:
    """What the version's own page says: each field's words with their source, and a count for each framework."""
    words = words_of(site, version)
    return {
        "words": [_said(site, one) for one in words if one.field in FIELDS],
        "others": [_said(site, one) for one in words if one.field not in FIELDS],
        "frameworks": [
            [framework.name, sum(not one.lacking for one in several), len(several)]
            for framework, several in _frameworks(site, version)
        ],
    }


def words_of(site: Site, version: Asset) -> tuple[Words, ...]:
    """What people wrote of a version."""
    return site.graph.near(("words", version.id), lambda: written(site.graph, version, site.cards))


def _evidence_of(site: Site, version: Asset) -> Mapping[str, str]:
    return site.graph.near(
        ("card evidence", version.id), lambda: card_evidence(site.graph, version, words_of(site, version))
    )


def _frameworks(site: Site, version: Asset) -> list[tuple[Framework, list[Shown]]]:
    return site.graph.near(("frameworks", version.id), lambda: list(by_framework(_evidence_of(site, version))))


def card_page(site: Site, version: Asset) -> Page:
    """The whole card, and each framework point by point, with what shows it."""
    evidence = _evidence_of(site, version)
    link = site.link(version.id)
    return Page(
        path=f"{link['path']}{NAME}",
        title=f"Model card of {called(version)}",
        description="Model card",
        section="models",
        template="assets/card.html",
        data={
            "version": link,
            "card": card(site, version),
            "frameworks": [
                {
                    "name": framework.name,
                    "edition": framework.edition,
                    "since": framework.since,
                    "read": framework.read,
                    "source": framework.source,
                    "present": sum(not one.lacking for one in several),
                    "points": [
                        {
                            "id": one.point.id,
                            "words": one.point.words,
                            "missing": [fact.replace("_", " ") for fact in one.lacking],
                            "shown": [
                                _source(site, shown)
                                for shown in dict.fromkeys(
                                    evidence[fact] for fact in one.point.needs if fact in evidence
                                )
                            ],
                        }
                        for one in several
                    ],
                }
                for framework, several in _frameworks(site, version)
            ],
        },
    )


def _said(site: Site, words: Words) -> Json:
    return {
        "field": words.field.replace("_", " "),
        "text": words.text,
        "markdown": words.source.startswith("cards/"),
        "source": _source(site, words.source),
    }


def _source(site: Site, source: str) -> Json | str:
    """A link, where it is an asset."""
    return site.link(source) if source in site.graph.assets else source
