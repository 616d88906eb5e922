"""What pages of data tell of an incident: what it has reached, whom to call, where to go back to, what changed in it.

The rows are those of the question `incident`. Of all windows the page has `windows` in the file beside it, from which
its script picks those of one window.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, Final

from studbook.model import KINDS, Asset
from studbook.model.kinds import DATA_KINDS
from studbook.queries.answer import STATUSES
from studbook.queries.incident import Incident
from studbook.queries.manifests import manifest_changes, objects_of
from studbook.queries.model_card import card_of
from studbook.queries.neighbours import parent, versions
from studbook.queries.walks import runs
from studbook.render.views.site import Json, Site

MOST_ROWS: Final = 2_000
"""The most rows of which a file has all windows."""
_SHOWN = 40
"""The most rows of one status that a page shows."""
_OBJECTS = 50
"""The most objects of one comparison that a page shows."""
_STATES = 12
"""The most states of a dataset that a page compares with those before them."""
_RUNBOOK = re.compile(r"\b(fails?|failure|incident|runbook|roll(?:ing)? ?back)\b", re.IGNORECASE)
"""In the heading of a card's section that says what to do."""


def incident_of(site: Site, asset: Asset) -> Json:
    """The answer for a page: its sentence, endpoints first, then the others by status, and what is unknown."""
    answer = site.answer("incident", asset.id)
    rows = [_affected_row(site, row) for row in answer.foremost(MOST_ROWS)]
    endpoints = [row for row in rows if row["asset"]["kind"] == "endpoint"]
    others = [row for row in rows if row["asset"]["kind"] != "endpoint"]
    groups = []
    for status in STATUSES:
        several = [row for row in others if row["status"] == status]
        if several:
            groups.append({"status": status, "rows": several[:_SHOWN], "count": len(several)})
    return {
        "summary": answer.summary,
        "total": answer.total,
        "told": len(rows),
        "counts": [
            *((status, sum(row["status"] == status for row in rows)) for status in STATUSES),
            ("unknown", len(answer.unknown)),
        ],
        "endpoints": endpoints,
        "groups": groups,
        "unknown": [
            {
                "asset": site.link(one.what) if one.what in site.graph.assets else None,
                "what": one.what,
                "why": one.why,
                "partition": one.partition,
            }
            for one in answer.unknown
        ],
        "windows": 0 < answer.total <= MOST_ROWS,
        "states": [
            {"asset": site.link(one.id), "from": one.created_at}
            for one in reversed(versions(site.graph, asset))
            if one.created_at
        ],
    }


def _affected_row(site: Site, row: Any) -> Json:
    asset = site.graph.assets[row.asset]
    return {
        "asset": site.link(row.asset),
        "stage": row.stage,
        "account": site.account_link(row.account),
        "status": row.status,
        "because": row.because,
        "last": site.link(row.last_unaffected) if row.last_unaffected else None,
        "call": _call(site, asset) if row.kind == "endpoint" else None,
        "gone": asset.gone_since,
    }


def _call(site: Site, endpoint: Asset) -> Json | None:
    """Whom the card of what an endpoint runs names, and what it says to do."""
    for unit in runs(site.graph, endpoint.id):
        for version in unit.versions:
            card = card_of(site.graph, version, site.cards)
            if card is not None:
                notes = (words for heading, words in card.sections if _RUNBOOK.search(heading))
                said = {key: card.facts.get(key) for key in ("owner", "contact", "documentation")}
                return {**said, "note": next(notes, None)}
    return None


def windows(site: Site, asset: Asset) -> Json | None:
    """All windows at once, for the page's script; None where there is nothing to choose, or too much.

    `readers` are `[id, start]`; a row has the places of the readers in it from which it is hit.
    `members` are versions that are the root itself: hit in every window.
    """
    answer = site.answer("incident", asset.id)
    if not 0 < answer.total <= MOST_ROWS:
        return None
    assert isinstance(answer, Incident)
    known = answer.spread()
    rows = []
    for row in answer.rows:
        told = _affected_row(site, row)
        link, account = told["asset"], told["account"]
        rows.append(
            {
                "id": row.asset,
                "name": link["name"],
                "at": link["at"],
                "kind": row.kind,
                "title": KINDS[row.kind].title,
                "path": link["path"],
                "where": link["where"],
                "stage": row.stage,
                "account": row.account,
                "named": account["name"] if account else row.account,
                "because": row.because,
                "certain": known.certain.get(row.asset, ()),
                "possible": known.possible.get(row.asset, ()),
                "always": known.always.get(row.asset),
                "back": known.ways_back.get(row.asset),
                "call": told["call"],
            }
        )
    lines = {
        group: [[one, link["name"], link["path"], ids, link["at"] or link["where"]] for one, ids, link in several]
        for group, several in (
            (group, [(one, ids, site.link(one)) for one, ids in several]) for group, several in known.lines.items()
        )
    }
    return {"readers": known.readers, "rows": rows, "lines": lines, "members": known.members}


def data_changes(site: Site, asset: Asset) -> list[Json]:
    """What changed from each state of a dataset to the next, newest first, as far as their listings are kept."""
    is_state = asset.kind == "dataset_version"
    whole = parent(site.graph, asset) if is_state else asset
    states = versions(site.graph, whole) if whole else []
    pairs = list(pairwise(states))
    if is_state:
        pairs = [pair for pair in pairs if pair[0].id == asset.id]
    return [_changes(site, new, old) for new, old in pairs[:_STATES]]


def _changes(site: Site, new: Asset, old: Asset) -> Json:
    bodies = [record.body if (record := site.records.get(("s3_prefix", one.id))) else None for one in (old, new)]
    told: Json = {"old": site.link(old.id), "new": site.link(new.id), "at": new.created_at}
    told |= {"summary": None, "rows": [], "more": 0}
    listed = [objects_of(body) for body in bodies if body is not None and "Contents" in body]
    if len(listed) == 2:
        found = manifest_changes(*listed)
        told["summary"] = found.summary
        told["rows"] = [[one.key, one.change, one.was, one.now] for one in found.rows[:_OBJECTS]]
        told["more"] = max(0, len(found.rows) - _OBJECTS)
    return told


def incident(site: Site) -> Json:
    """The page where one pastes a place: the datasets that there are."""
    known = site.of("dataset", "feature_group", "table")
    return {"datasets": site.links(one.id for one in known[:_LISTED]), "more": max(0, len(known) - _LISTED)}


_LISTED = 100


def places(site: Site) -> Json:
    """What a pasted place, digest or ARN is looked up in: `[id, name, kind, path]`, other ids of each behind them."""
    return {
        "places": [
            [one.id, link["name"], link["kind_title"], link["path"], *(one.attributes.get("aliases") or ())]
            for one in site.of(*DATA_KINDS)
            for link in (site.link(one.id),)
        ]
    }
