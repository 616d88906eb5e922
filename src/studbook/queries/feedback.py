"""Feedback loops: model versions that learned from what their own line answered."""

from __future__ import annotations

from collections.abc import Iterator

from studbook.lineage.graph import LineageReader
from studbook.model import Asset
from studbook.queries.walks import copied, runs
from studbook.queries.walks.copies import groups_of
from studbook.queries.walks.reach import ByEdge, Reach


def own_answers(lineage: LineageReader) -> Iterator[tuple[Asset, Asset, bool]]:
    """Versions, the endpoint whose kept answers they were made with, and whether that is certain; each pair once.

    Only versions of which no older copy is told, and of the line of what the endpoint runs, or ran as it was kept.
    """
    for endpoint in lineage.of_kind("endpoint"):
        if not lineage.downstream(endpoint.id, "produced", "captured"):
            continue
        answering = [version.id for unit in runs(lineage, endpoint.id) for version in unit.versions]
        mine = {group for version in answering for group in groups_of(lineage, version)}
        if not mine:
            continue
        view = ByEdge(lineage, "downstream")
        reach = Reach(view, endpoint.id)
        versions = [asset for one in sorted(reach.influence) if (asset := view.like(one)).kind == "model_package"]
        ways = reach.ways([asset.id for asset in versions])
        for asset in versions:
            if asset.gone_since is not None or copied(lineage, asset.id).original.id != asset.id:
                continue
            if mine & set(groups_of(lineage, asset.id)):
                yield asset, endpoint, not ways[asset.id].candidate
