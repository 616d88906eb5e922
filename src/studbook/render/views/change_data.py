"""Changes between any two nights on the site: each site keeps its one step, and the browser adds steps up."""

from __future__ import annotations

from typing import Any

from studbook.render.views.site import Json, Site
from studbook.words import full_name


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
