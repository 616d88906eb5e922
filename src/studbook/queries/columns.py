"""Topological layers: how far along its pedigree each asset of a lineage stands."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from studbook.lineage.graph import Graph


def columns_of(graph: Graph) -> dict[str, int]:
    """Topological layers: the column of every asset, by its id, from 0. An arrow leads to a higher one, but for
    arrows that close a circle."""
    ahead = {asset_id: list(_ends(graph, asset_id)) for asset_id in graph.assets}
    waiting: dict[str, int] = dict.fromkeys(graph.assets, 0)
    for ends in ahead.values():
        for end in ends:
            waiting[end] += 1
    columns = dict.fromkeys(graph.assets, 0)
    ready = deque(asset_id for asset_id, count in waiting.items() if count == 0)
    order: list[str] = []
    left = iter(graph.assets)
    done: set[str] = set()
    while len(order) < len(graph.assets):
        if not ready:
            # A circle: it is cut before the first of its members.
            ready.append(next(asset_id for asset_id in left if asset_id not in done))
        here = ready.popleft()
        if here in done:
            continue
        done.add(here)
        order.append(here)
        for end in ahead[here]:
            waiting[end] -= 1
            if end not in done:
                columns[end] = max(columns[end], columns[here] + 1)
                if waiting[end] == 0:
                    ready.append(end)
    starts = graph.assets.keys() - {end for ends in ahead.values() for end in ends}
    for asset_id in starts:
        if ahead[asset_id]:
            columns[asset_id] = min(columns[end] for end in ahead[asset_id]) - 1
    return columns


def _ends(graph: Graph, asset_id: str) -> Iterable[str]:
    """Where arrows from here lead; what only says that two things have to do with each other orders nothing."""
    return {
        edge.target: None
        for edge in graph.downstream(asset_id)
        if edge.relation not in ("same_as", "associated") and edge.target in graph.assets and edge.target != asset_id
    }
