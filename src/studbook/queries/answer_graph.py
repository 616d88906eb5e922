"""An answer as a graph, for a picture: what its rows name, and the edges of the lineage between these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from studbook.lineage.graph import LineageReader
from studbook.model import Asset, Edge
from studbook.queries.answer import Answer, Row, Unknown
from studbook.queries.trace import InfluenceAnswer


@dataclass(frozen=True, slots=True)
class AnswerGraph:
    """What is to be drawn of one answer."""

    question: str
    summary: str
    root: str
    assets: tuple[Asset, ...]
    """The root first, where it is an asset, then as the rows name them."""
    edges: tuple[Edge, ...]
    """In canonical order; both ends of each are among the assets."""
    hidden: int
    """How many assets the rows name beside these."""
    unknown: tuple[Unknown, ...]
    """What could add a row, and cannot be seen."""


def answer_graph(lineage: LineageReader, answer: Answer[Any], most: int) -> AnswerGraph:
    """The graph of an answer, with at most `most` assets: those of its first rows."""
    names = dict.fromkeys((answer.root, *(name for row in answer.rows for name in _names(row))))
    found = [asset for name in names if (asset := lineage.asset(name)) is not None]
    kept = {asset.id: asset for asset in found[:most]}
    if isinstance(answer, InfluenceAnswer):
        edges = [edge for edge in answer.walk.edges if edge.source in kept and edge.target in kept]
    else:
        edges = [edge for asset_id in kept for edge in lineage.upstream(asset_id) if edge.source in kept]
    return AnswerGraph(
        question=answer.question,
        summary=answer.summary,
        root=answer.root,
        assets=tuple(kept.values()),
        edges=tuple(sorted(edges, key=lambda edge: edge.key.order)),
        hidden=len(found) - len(kept),
        unknown=answer.unknown,
    )


def _names(row: Row) -> Iterator[str]:
    """Every text in a row: most are no id, and no asset answers to them."""
    ahead: list[Any] = [value for name, value in row.to_json().items() if name != "evidence"]
    while ahead:
        value = ahead.pop(0)
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            ahead += value.values()
        elif isinstance(value, list | tuple):
            ahead += value
