"""`trace`: what made an asset, back to the origins."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from studbook.model import KINDS, Asset
from studbook.model.canonical import fields_of
from studbook.model.relations import Certainty
from studbook.queries.answer import Answer, Night, Row, Unknown, called, counted, few, in_production, listed
from studbook.queries.question import Question
from studbook.queries.walks import Walk, made

_TOLD = 4
"""How many kinds a summary counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence(Row):
    """One asset that made the root, or that depends on it, by the best way between the two."""

    asset: str
    kind: str
    stage: str | None
    account: str | None
    certainty: Certainty
    """Of the weakest edge on the way: that whose weakest edge is strongest, of those the shortest."""
    candidate: bool
    """Whether an edge on that way is one of several that fit."""
    distance: int
    """The fewest edges."""
    via: str
    """The neighbour towards the root on that way."""


@dataclass(frozen=True, kw_only=True)
class InfluenceAnswer(Answer[Influence]):
    """The rows, and the lineage between them."""

    walk: Walk

    def more(self) -> dict[str, Any]:
        """The assets, the root among them, the edges, and the evaluation jobs of the models on the way."""
        return {
            "direction": self.walk.direction,
            "assets": [fields_of(asset) for asset in self.walk.assets],
            "edges": [edge.as_data() for edge in self.walk.edges],
            "evaluations": [fields_of(found) | {"job": found.job.id} for found in self.walk.evaluations],
        }


def trace(night: Night, root: str, asked: str | None = None) -> InfluenceAnswer:
    """Everything that made an asset. Raises NotFound where the lineage has no such asset."""
    walk = made(night.lineage, root)
    return answer_of("trace", night, walk, asked)


def answer_of(question: str, night: Night, walk: Walk, asked: str | None) -> InfluenceAnswer:
    """The rows of a walk, nearest first, then by id."""
    assets = {asset.id: asset for asset in walk.assets}
    rows = [
        Influence(
            asset=asset_id,
            kind=assets[asset_id].kind,
            stage=assets[asset_id].stage,
            account=assets[asset_id].account,
            certainty=way.certainty,
            candidate=way.candidate,
            distance=way.distance,
            via=way.via,
        )
        for asset_id, way in walk.ways().items()
    ]
    ends = (night.end(asset) for asset in walk.assets if asset.unresolved or asset.stale_since is not None)
    unknown: list[Unknown] = [*night.unseen(), *(end for end in ends if end is not None)]
    return InfluenceAnswer(
        question=question,
        root=walk.root.id,
        asked=asked or walk.root.id,
        summary=_summary(question, walk),
        rows=tuple(sorted(rows, key=lambda row: (row.distance, row.asset))),
        unknown=few(unknown, lambda asset_id: assets[asset_id].kind),
        walk=walk,
    )


def _summary(question: str, walk: Walk) -> str:
    name, others = called(walk.root), [asset for asset in walk.assets if asset.id != walk.root.id]
    if question == "trace":
        if not others:
            return f"Nothing that was seen made {name}."
        return f"{name} was made from {counted(len(others), 'asset')}: {_kinds(others)}."
    if not others:
        return f"Nothing that was seen depends on {name}."
    return f"{counted(len(others), 'asset')} {'depends' if len(others) == 1 else 'depend'} on {name}: {_kinds(others)}."


def _kinds(assets: list[Asset]) -> str:
    """The kinds that are there, in the order in which people ask for them; the last ones together."""
    counts = Counter(asset.kind for asset in assets)
    kinds = sorted(counts, key=lambda kind: (_FIRST.index(kind) if kind in _FIRST else len(_FIRST), _ORDER[kind]))
    # One kind more is as short as the words for it.
    told = kinds if len(kinds) <= _TOLD + 1 else kinds[:_TOLD]
    words = []
    for kind in told:
        live = [asset for asset in assets if asset.kind == kind and asset.gone_since is None and in_production(asset)]
        where = f" ({len(live)} in production)" if kind == "endpoint" and live else ""
        words.append(counted(counts[kind], kind) + where)
    rest = sum(counts[kind] for kind in kinds[len(told) :])
    return listed([*words, f"{rest} more"] if rest else words)


_ORDER: Final = {kind: rank for rank, kind in enumerate(KINDS)}
_FIRST: Final = ("endpoint", "model_package", "base_model_version", "dataset_version", "dataset", "training_job")


QUESTION: Final = Question(name="trace", ask=trace)
