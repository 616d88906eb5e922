"""Backward lineage, or provenance (`trace`): what made an asset, back to the origins."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain
from typing import Any, Final

from studbook.model import KINDS, Asset
from studbook.model.canonical import fields_of
from studbook.model.relations import Certainty
from studbook.queries.answer import (
    Answer,
    LazyRows,
    Night,
    Row,
    called,
    counted,
    few,
    in_production,
    listed,
    looked_for,
    unread_lists,
)
from studbook.queries.question import Question
from studbook.queries.walks import Walk, made
from studbook.queries.walks.reach import Reach, origins_of, overwritten, replaced

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

    walked: Callable[[], Walk] = field(compare=False)

    @cached_property
    def walk(self) -> Walk:
        """The root, all rows' assets and the edges between them: much more than the rows, and found when asked for."""
        return self.walked()

    def more(self) -> dict[str, Any]:
        """As JSON: `direction`, `assets` (the root among them), `edges`, and `evaluations` of the models on the way."""
        return {
            "direction": self.walk.direction,
            "assets": [fields_of(asset) for asset in self.walk.assets],
            "edges": [edge.as_data() for edge in self.walk.edges],
            "evaluations": [fields_of(found) | {"job": found.job.id} for found in self.walk.evaluations],
        }


def trace(night: Night, root: str, asked: str | None = None) -> InfluenceAnswer:
    """Everything that made an asset. Raises NotFound where the lineage has no such asset."""
    return answer_of("trace", night, origins_of(night.lineage, root), asked, lambda: made(night.lineage, root))


def answer_of(
    question: str, night: Night, reach: Reach[Any], asked: str | None, walked: Callable[[], Walk]
) -> InfluenceAnswer:
    """The rows of a walk, nearest first, then by id."""
    alike = list(reach.view.alike(reach.distances))
    root = night.asset(reach.view.id(reach.root))
    unknown, more = night.ends(reach.view, [(root, (reach.root,)), *alike])
    if question == "impact":
        late = overwritten(reach.view, reach.bounds)
        unsaid = night.unsaid(reach.view, chain(late, _used_inside(night, root, reach)))
        hidden = [*night.hidden_uses(root.id), *unsaid]
    else:
        earlier = replaced(reach.view, reach.bounds)
        hidden = [*unread_lists(one for one, _ in alike), *night.unsaid(reach.view, earlier)]
    return InfluenceAnswer(
        question=question,
        root=root.id,
        asked=asked or root.id,
        summary=_summary(question, root, [(asset, len(several)) for asset, several in alike]),
        rows=LazyRows(len(reach.distances), partial(_rows, reach)),
        unknown=few([*night.unseen(), *unknown, *hidden], lambda one: night.asset(one).kind, more),
        walked=walked,
    )


def _used_inside(night: Night, root: Asset, reach: Reach[Any]) -> Iterator[Any]:
    """The places inside of one in S3 from which others took something that the walk does not come to: no record says
    that it was there by what lies in the place as a whole."""
    folder = f"{root.id.rstrip('/')}/"
    for inside in night.lineage.beginning(folder) if root.kind == "artifact" and folder.startswith("s3://") else ():
        used = (edge for edge in night.lineage.downstream(inside) if edge.relation in _TAKING and inside != root.id)
        if any(reach.view.node(edge.target) not in reach.distances for edge in used):
            yield reach.view.node(inside)


_TAKING: Final = ("input_to", "packaged_as", "content_of")


def _rows(reach: Reach[Any], limit: int | None, by_importance: bool) -> list[Influence]:
    view, distances = reach.view, reach.distances

    def order(node: Any) -> tuple[Any, ...]:
        return (looked_for(view.like(node).kind) if by_importance else 0, distances[node], node)

    nodes = sorted(distances, key=order) if limit is None else heapq.nsmallest(limit, distances, key=order)
    ways = reach.ways(nodes)
    rows = []
    for node in nodes:
        asset, way = view.like(node), ways[node]
        rows.append(
            Influence(
                asset=view.id(node),
                kind=asset.kind,
                stage=asset.stage,
                account=asset.account,
                certainty=way.certainty,
                candidate=way.candidate,
                distance=distances[node],
                via=view.id(way.via),
            )
        )
    return rows


Alike = Sequence[tuple[Asset, int]]
"""Assets that count for all of their sort, with the number of those."""


def _summary(question: str, root: Asset, others: Alike) -> str:
    name, number = called(root), sum(count for _, count in others)
    if question == "trace":
        if not others:
            return f"Nothing that was seen made {name}."
        return f"{name} was made from {counted(number, 'asset')}: {_kinds(others)}."
    if not others:
        return f"Nothing that was seen depends on {name}."
    return f"{counted(number, 'asset')} {'depends' if number == 1 else 'depend'} on {name}: {_kinds(others)}."


def _kinds(assets: Alike) -> str:
    """The kinds that are there, in the order in which people ask for them; the last ones together."""
    counts: Counter[str] = Counter()
    for asset, number in assets:
        counts[asset.kind] += number
    kinds = sorted(counts, key=_ORDER.__getitem__)
    # One kind more is as short as the words for it.
    told = kinds if len(kinds) <= _TOLD + 1 else kinds[:_TOLD]
    words = []
    for kind in told:
        words.append(counted(counts[kind], kind))
        if kind == "endpoint":
            running = (n for one, n in assets if one.kind == kind and one.gone_since is None and in_production(one))
            if live := sum(running):
                words[-1] += f" ({live} in production)"
    rest = sum(counts[kind] for kind in kinds[len(told) :])
    return listed([*words, f"{rest} more"] if rest else words)


_FIRST: Final = ("endpoint", "model_package", "base_model_version", "dataset_version", "dataset", "training_job")
_ORDER: Final = {kind: rank for rank, kind in enumerate(dict.fromkeys((*_FIRST, *KINDS)))}


QUESTION: Final = Question(name="trace", ask=trace)
