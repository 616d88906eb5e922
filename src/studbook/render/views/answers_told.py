"""What pages tell of questions' answers: the pedigree, what waits, what cannot be known, what happened."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from studbook.model import RELATIONS, Asset
from studbook.queries import QUESTIONS
from studbook.queries.candidates import best_of
from studbook.queries.counterparts import counterparts
from studbook.queries.judgement_matrix import judgement_matrix
from studbook.queries.log import Entry, endpoints_left
from studbook.queries.neighbours import aliases
from studbook.queries.pedigree_strip import pedigree_strip
from studbook.queries.walks import copied, same_weights
from studbook.render.views.addresses import links_out
from studbook.render.views.card import words_of
from studbook.render.views.site import Json, Site, how_known
from studbook.render.views.tables import state

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
                        "approval": state(asset, asset.attributes.get("approval")),
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
                **how_known(edge),
            }
            for edge in edges.values()
        ],
    }


def matrix(site: Site, asset: Asset) -> Json:
    """The judgement matrix of a version's line, or of a group's."""
    found = judgement_matrix(site.night, asset)
    return {
        "versions": [
            {
                "asset": site.link(one.original.id),
                "current": asset.id in one.ids,
                "runs": one.original.id == found.against,
            }
            for one in found.versions
        ],
        "left_out": found.left_out,
        "against": site.link(found.against) if found.against else None,
        "production": found.production,
        "rows": [
            {
                "evaluator": site.link(judgement.evaluator) if judgement.evaluator else None,
                "data": site.link(judgement.data) if judgement.data else None,
                "metric": judgement.metric,
                "cells": [
                    {"value": cell.score.value, "delta": cell.delta, "better": cell.better} if cell else None
                    for cell in (cells.get(one.original.id) for one in found.versions)
                ],
            }
            for judgement, cells in found.cells.items()
        ],
        "unknown": found.unknown,
    }


_SENTENCE = re.compile(r"\s*(\S.*?[.!?])(?=\s|[*_]|$)", re.DOTALL)
"""The first sentence of a text."""


def lead(site: Site, version: Asset) -> Json:
    """What stands below a version's name: a sentence that a person wrote, who answers for it, terms, risk."""
    words: dict[str, str] = {}
    for one in words_of(site, version):
        words.setdefault(one.field, one.text)
    text = words.get("description") or words.get("purpose") or version.attributes.get("description")
    sentence = _SENTENCE.match(text) if isinstance(text, str) else None
    return {
        "sentence": sentence[1] if sentence else text if isinstance(text, str) else None,
        "facts": [
            [name, words.get(field)] for name, field in (("Owner", "owner"), ("Licence", "licence"), ("Risk", "risk"))
        ],
    }


def aliases_of(site: Site, version: Asset) -> list[Json]:
    """The aliases that a version, or a copy of it, has in MLflow's registry, each with the entry that it points at."""
    same = {
        one.id: one for member in copied(site.graph, version.id).members for one in same_weights(site.graph, member)
    }
    return [{"name": alias, "at": site.link(one)} for one in sorted(same) for alias in aliases(site.graph, same[one])]


def elsewhere(site: Site, version: Asset, code: list[Json]) -> list[Json]:
    """Where a version's weights, its entry in MLflow and its code can be looked at: the first of each."""
    own = [one for one in same_weights(site.graph, version, parts=True) if one.id != version.id]
    known = [site.graph.assets[entry["asset"]["id"]] for entry in code]
    found: dict[str, Json] = {}
    for one in (*own, *known):
        for link in links_out(one, site.mlflow_servers):
            found.setdefault(link["title"], link)
    return list(found.values())


def waiting(site: Site, asset: Asset) -> Json | None:
    """Whether something newer waits than a version, or than what an endpoint runs, and the best of it where it does."""
    if not QUESTIONS["candidates"].is_asked_of(asset.kind):
        return None
    answer = site.answer("candidates", asset.id)
    best = best_of(answer.rows)
    if best is None:
        return {"summary": answer.summary, "best": None}
    return {
        "summary": answer.summary,
        "best": {"version": site.link(best.version), "against": site.link(best.against), "verdict": best.verdict},
    }


def against(site: Site, asset: Asset) -> list[Json]:
    """What a thing is compared with first, each as words say."""
    return [
        {"asset": site.link(one.asset.id), "words": one.words, "runs": "production" in one.reasons}
        for one in counterparts(site.night, asset)
    ]


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


def left(site: Site, version: Asset) -> list[Json]:
    """The endpoints that a version was deployed to and is no more, and the night that showed it first."""
    rows: Sequence[Entry] = site.answer("log", version.id).rows
    return [{"asset": site.link(row.was), "night": row.night} for row in endpoints_left(site.graph, rows)]


def _told(site: Site, event: str, value: Any) -> Json | None:
    if value is None:
        return None
    if isinstance(value, str) and (event in _NAMES_ANOTHER or (event == "changed" and value in site.graph.assets)):
        return {"asset": site.link(value), "value": None}
    return {"asset": None, "value": value}
