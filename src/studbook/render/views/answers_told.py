"""What pages tell of questions' answers: the pedigree, what waits, what cannot be known, what happened."""

from __future__ import annotations

from typing import Any

from studbook.model import RELATIONS, Asset
from studbook.queries import QUESTIONS
from studbook.queries.candidates import best_of
from studbook.queries.pedigree_strip import pedigree_strip
from studbook.render.views.site import Json, Site

_NAMES_ANOTHER = ("registered", "copied", "deployed", "undeployed", "evaluated", "drifted")
"""Events that say the id of another thing."""


_CARDS = 6
"""The most cards of a place on the strip."""


def strip(site: Site, version: Asset) -> Json:
    """The pedigree strip of a model version, and the sentences that it rests on, each once."""
    places = pedigree_strip(site.night, version)
    edges = {edge.key: edge for place in places for card in place.cards[:_CARDS] for edge in card.way}
    return {
        "places": [
            {
                "title": place.place.capitalize(),
                "empty": place.empty,
                "more": max(len(place.cards) - _CARDS, 0),
                "cards": [
                    {
                        "asset": site.link(card.asset),
                        "current": card.asset == version.id,
                        "certainty": card.certainty,
                        "candidate": card.candidate,
                        "shadow": card.shadow,
                        "stage": asset.stage,
                        "approval": asset.attributes.get("approval"),
                        "technique": asset.attributes.get("technique"),
                        "runs": site.link(card.runs) if card.runs else None,
                    }
                    for card in place.cards[:_CARDS]
                    for asset in (site.graph.assets[card.asset],)
                ],
            }
            for place in places
        ],
        "edges": [
            {
                "source": site.link(edge.source),
                "words": RELATIONS[edge.relation],
                "target": site.link(edge.target),
                "certainty": edge.certainty,
                "candidate": edge.candidate,
                "evidence": list(map(str, edge.evidence)),
            }
            for edge in edges.values()
        ],
    }


def waiting(site: Site, asset: Asset) -> Json | None:
    """The best of what is newer than a version, or than what an endpoint runs; None where nothing is."""
    if not QUESTIONS["candidates"].is_asked_of(asset.kind):
        return None
    answer = site.answer("candidates", asset.id)
    best = best_of(answer.rows)
    if best is None:
        return None
    return {
        "summary": answer.summary,
        "version": site.link(best.version),
        "against": site.link(best.against),
        "verdict": best.verdict,
        "shared": [
            [site.link(one.evaluator)["name"] if one.evaluator else None, one.metric, one.here, one.there]
            for one in best.shared
        ],
    }


def not_known(site: Site, asset: Asset) -> list[Json]:
    """Which of the origins of a version or an endpoint cannot be known, and why."""
    rows = site.answer("gaps", asset.id).rows if QUESTIONS["gaps"].is_asked_of(asset.kind) else ()
    return [
        {
            "asset": site.link(row.what) if row.what in site.graph.assets else None,
            "what": row.what.replace("_", " "),
            "why": row.why,
            "of": site.link(row.asset) if row.asset and row.asset not in (asset.id, row.what) else None,
        }
        for row in rows
    ]


def timeline(site: Site, asset: Asset) -> list[Json]:
    """What happened to an asset, newest first, approvals before all else."""
    rows = [
        {
            "night": row.night,
            "at": row.at,
            "event": row.event,
            "field": row.field,
            "was": _told(site, row.event, row.was),
            "is": _told(site, row.event, row.is_),
            "by": row.by,
            "note": row.note,
        }
        for row in site.answer("log", asset.id).rows
    ]
    rows.reverse()
    return sorted(rows, key=lambda row: row["event"] != "approval")


def _told(site: Site, event: str, value: Any) -> Json | None:
    if value is None:
        return None
    if event in _NAMES_ANOTHER and isinstance(value, str):
        return {"asset": site.link(value), "value": None}
    return {"asset": None, "value": value}
