"""Changes between any two nights on the site: each site keeps its one step, and the browser adds steps up."""

from __future__ import annotations

from functools import partial
from typing import Any

from studbook.lineage.graph import Graph
from studbook.model import RELATIONS, Edge
from studbook.queries.diff import Changes, Running
from studbook.queries.namesakes import account_name, namesakes, place_of
from studbook.queries.news import news
from studbook.render.views.site import Json, Site
from studbook.settings import Settings
from studbook.words import full_name, reference


def step(site: Site) -> Json:
    """What is different from the snapshot before: every asset once, elsewhere by its place in that list.

    `old` is the number of the snapshot before, null for the first. An asset is `[id, name, kind, path, where, marks]`;
    an edge `[source, target, words, role, certainty, candidate]`; of a deployment, what runs is `[asset, manner]`.
    """
    changes = site.changes
    head = {"number": site.envelope.number, "taken_at": site.envelope.taken_at}
    if changes is None:
        return {**head, "old": None}
    places: dict[str, int] = {}
    assets: list[list[Any]] = []

    def place(link: Json) -> int:
        if link["id"] not in places:
            places[link["id"]] = len(assets)
            assets.append(
                [link["id"], full_name(link), *(link[key] for key in ("kind_title", "path", "where", "marks"))]
            )
        return places[link["id"]]

    def edge(line: Json) -> list[Any]:
        ends = [place(line["source"]), place(line["target"])]
        return [*ends, *(line[key] for key in ("words", "role", "certainty", "candidate"))]

    return {
        **head,
        "old": changes["old"],
        "models": [place(link) for link in changes["models"]],
        "approvals": [[place(item["asset"]), item["old"], item["new"]] for item in changes["approvals"]],
        "deployments": [
            [place(item["asset"]), *([[place(one), one["manner"]] for one in item[night]] for night in ("old", "new"))]
            for item in changes["deployments"]
        ],
        "drifted": [[place(item["read"]), place(item["job"])] for item in changes["drifted"]],
        "coverage": [[item["where"], item["old"], item["new"]] for item in changes["coverage"]],
        "added": [place(link) for link in changes["added"]],
        "removed": [place(link) for link in changes["removed"]],
        "changed": [
            [place(item["asset"]), [[field["name"], field["old"], field["new"]] for field in item["fields"]]]
            for item in changes["changed"]
        ],
        "edges_added": [edge(line) for line in changes["edges_added"]],
        "edges_removed": [edge(line) for line in changes["edges_removed"]],
        "edges_changed": [[*edge(line), line["was"]] for line in changes["edges_changed"]],
        "assets": assets,
    }


def changes_data(changes: Changes, old: Graph, new: Graph, number: int, settings: Settings) -> Json:
    """The difference from snapshot `number` as page data."""
    told = _References(old, new, settings)
    gone = {named.id for named in changes.assets_gone}
    return {
        "old": number,
        "empty": not changes,
        "news": list(news(changes, lambda named: _called(told.asset(named.id)), partial(account_name, settings))),
        "models": [told.asset(named.id) for named in changes.models_added],
        "approvals": [
            {"asset": told.asset(item.asset.id), "old": item.old, "new": item.new} for item in changes.approvals_changed
        ],
        "deployments": [
            {
                "asset": told.asset(item.endpoint.id),
                "old": list(map(told.running, item.old)),
                "new": list(map(told.running, item.new)),
            }
            for item in changes.deployments_changed
        ],
        "drifted": [
            {"job": told.asset(item.job.id), "read": told.asset(item.read.id)} for item in changes.datasets_drifted
        ],
        "coverage": [
            {
                "where": " · ".join(filter(None, (account_name(settings, item.account), item.region, item.source))),
                "old": item.old,
                "new": item.new,
                "opened": list(item.gaps_opened),
                "closed": list(item.gaps_closed),
            }
            for item in changes.coverage_changed
        ],
        "added": [told.asset(named.id) for named in changes.assets_added],
        "removed": [told.asset(named.id) for named in changes.assets_gone],
        "changed": [
            {
                "asset": told.asset(item.asset.id),
                "fields": [{"name": f.name, "old": f.old, "new": f.new} for f in item.fields],
            }
            for item in changes.assets_changed
            if item.asset.id not in gone
        ],
        "edges_added": list(map(told.edge, changes.edges_gained)),
        "edges_removed": list(map(told.edge, changes.edges_lost)),
        "edges_changed": [{**told.edge(item.new), "was": item.old.certainty} for item in changes.edges_changed],
    }


class _References:
    """What changed, as pages refer to it; what is no more in the new graph has no page, and no link."""

    def __init__(self, old: Graph, new: Graph, settings: Settings) -> None:
        self._old, self._new, self._settings = old, new, settings
        self._among = namesakes({**old.assets, **new.assets}.values())

    def asset(self, asset_id: str) -> Json:
        asset = self._new.asset(asset_id) or self._old.asset(asset_id)
        where = (account_name(self._settings, asset.account), asset.region) if asset else ()
        at = place_of(self._settings, asset, self._among) if asset else ""
        return reference(asset, asset_id, where, at, page=asset_id in self._new.assets)

    def running(self, one: Running) -> Json:
        found = self.asset(one.id)
        return {**found, "marks": [*found["marks"], *filter(None, [one.manner])], "manner": one.manner}

    def edge(self, edge: Edge) -> Json:
        return {
            "source": self.asset(edge.source),
            "target": self.asset(edge.target),
            "words": RELATIONS[edge.relation],
            "role": edge.role,
            "certainty": edge.certainty,
            "candidate": edge.candidate,
        }


def _called(link: Json) -> str:
    """A name with its place, where a name alone may be that of several things."""
    return f"{link['name']} ({link['where']})" if link.get("where") else str(link["name"])
