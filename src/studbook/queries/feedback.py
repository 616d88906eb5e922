"""Feedback loops: model versions that learned from what their own line answered."""

from __future__ import annotations

from collections.abc import Iterator

from studbook.lineage.graph import LineageReader
from studbook.model import Asset
from studbook.queries.walks import Way, copied, reaches, runs
from studbook.queries.walks.copies import groups_of


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
        walk = reaches(lineage, endpoint.id, judged=False)
        ways = walk.ways()
        for asset in walk.assets:
            if asset.kind != "model_package" or asset.gone_since is not None or asset.id not in walk.influence:
                continue
            if copied(lineage, asset.id).original.id == asset.id and mine & set(groups_of(lineage, asset.id)):
                yield asset, endpoint, _is_sure(ways.get(asset.id))


def _is_sure(way: Way | None) -> bool:
    return way is not None and not way.candidate
