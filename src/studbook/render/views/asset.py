"""The page of one asset: what it is, where it came from, what depends on it, and how we know."""

from __future__ import annotations

from studbook.model import KINDS, Asset
from studbook.model.ids import page_path
from studbook.queries.answer import called
from studbook.queries.compared_facts import COMPARABLE
from studbook.render.views.addresses import links_out
from studbook.render.views.answers_told import against
from studbook.render.views.kinds import VIEWS
from studbook.render.views.lists import edges_table
from studbook.render.views.provenance import pairs
from studbook.render.views.site import Json, Page, Site
from studbook.render.views.tables import state
from studbook.words import full_name

_HIDDEN = frozenset({"unresolved", "hyperparameters", "metrics", "parameters", "curves", "steps", "inputs"})
"""Attributes that have a place of their own on the page."""
_SHOWN = {
    "model_card": frozenset(
        {
            "content",
            "encrypted",
            "evaluations",
            "intended_uses",
            "purpose",
            "risk_rating",
            "training_datasets",
            "training_job",
            "versions",
        }
    ),
    "endpoint": frozenset({"pending", "router", "targets"}),
    "feature_group": frozenset({"event_time", "features", "online", "record_identifier", "uri"}),
}
"""Such attributes by kind."""


def asset_page(site: Site, asset: Asset, template: str) -> Page:
    """Everything the page of an asset shows."""
    info = KINDS[asset.kind]
    view = VIEWS.get(asset.kind)
    own = view(site, asset) if view else {}
    data: Json = {
        "asset": facts(site, asset),
        "kind": {
            "name": asset.kind,
            "title": "Inference router" if asset.attributes.get("router") else info.title,
            "section": info.section,
            "meaning": info.meaning,
        },
        "notices": site.notices(asset),
        "findings": site.found(asset.id),
        "upstream": edges_table(site, asset, upwards=True).on_page(),
        "downstream": edges_table(site, asset, upwards=False).on_page(),
        "hyperparameters": pairs(asset.attributes.get("hyperparameters")),
        "curves": [[key, points] for key, points in sorted((asset.attributes.get("curves") or {}).items())],
        "metrics": pairs(asset.attributes.get("metrics")),
        "params": pairs(asset.attributes.get("parameters")),
        "attributes": [
            [words(key), value]
            for key, value in sorted(asset.attributes.items())
            if key not in _HIDDEN and key not in _SHOWN.get(asset.kind, ()) and value not in (None, "", [], {})
        ],
        "tags": [[key, value] for key, value in sorted(asset.tags.items())],
        "compare": against(site, asset) if asset.kind in COMPARABLE else None,
        "links_out": [] if site.external else [*links_out(asset, site.mlflow_servers), *own.get("links_out", ())],
        "own": own,
        "external": site.external,
    }
    return Page(
        path=page_path(asset.kind, asset.id),
        title=f"{data['kind']['title']} {full_name(data['asset'])}",
        description=one_line(site, asset),
        section=info.section,
        template=template,
        data=data,
    )


def facts(site: Site, asset: Asset) -> Json:
    """What every asset has, for its header."""
    return {
        "id": asset.id,
        "name": called(asset),
        "at": site.place_of(asset),
        "account": site.account_link(asset.account),
        "region": site.region_link(asset.region) or ({"name": asset.region, "path": None} if asset.region else None),
        "stage": asset.stage,
        "status": state(asset, asset.status),
        "approval": state(asset, asset.attributes.get("approval")),
        "created_at": asset.created_at,
        "modified_at": asset.modified_at,
        "first_seen": asset.first_seen,
        "stale_since": asset.stale_since,
        "gone_since": asset.gone_since,
        "unresolved": asset.unresolved,
    }


def one_line(site: Site, asset: Asset) -> str:
    """An asset in one line, for search and the page's description."""
    parts = [KINDS[asset.kind].title, site.account_name(asset.account), asset.region, asset.stage]
    return " · ".join(part for part in parts if part)


def words(key: str) -> str:
    """An attribute's name for people: `instance_type` is `Instance type`."""
    text = key.replace("_", " ")
    return text[:1].upper() + text[1:]
