"""Test set contamination (data leakage): data that a model was judged on and had learned from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from studbook.lineage.graph import LineageReader
from studbook.model import Edge
from studbook.queries.neighbours import content, known_as
from studbook.queries.origins import makers
from studbook.queries.walks import reads_data

_HELD_BACK: Final = re.compile(r"val|test|eval|holdout", re.IGNORECASE)
"""In the names of channels and contexts whose data a job measures itself by."""
_STATES: Final = ("dataset_version",)


def learned_from(lineage: LineageReader, model: str, data: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Which of these states of data the jobs read that made a model's weights, by id, and whether that is certain."""
    asset = lineage.asset(model)
    if asset is None:
        return
    learned: dict[str, bool] = {}
    for job in makers(lineage, asset):
        for edge in lineage.upstream(job.id, "input_to"):
            source = lineage.asset(edge.source)
            if source is None or source.kind not in _STATES or not reads_data(edge, source):
                continue
            if not _HELD_BACK.search(edge.role or ""):
                for one in _states(lineage, source.id):
                    learned[one] = learned.get(one, False) or _is_sure(edge)
    told: set[str] = set()
    for one in sorted(set(data)):
        states = _states(lineage, one)
        same = [state for state in states if state in learned]
        if same and told.isdisjoint(states):
            told.add(one)
            yield one, any(learned[state] for state in same)


def _states(lineage: LineageReader, asset_id: str) -> list[str]:
    """A state of data, what it points at, and what is registered of it."""
    asset = lineage.asset(asset_id)
    if asset is None or asset.kind not in _STATES:
        return []
    return [found.id for found in (*content(lineage, asset), *known_as(lineage, asset)) if found.kind in _STATES]


def _is_sure(edge: Edge) -> bool:
    return not edge.candidate and edge.certainty != "inferred"
