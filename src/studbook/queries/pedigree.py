"""The pedigree of one asset: what made it, how that was judged, and where it runs, apart from everything else.

It depends on the lineage around the asset alone, not on the snapshot that it is read from: two nights that know the
same of a model have the same pedigree of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from studbook.cards import Card
from studbook.lineage.graph import Graph, LineageReader
from studbook.model import KINDS, Asset, Edge, Finding, Record
from studbook.queries.model_card import card_of
from studbook.queries.origins import origins
from studbook.queries.runs import answering, rows_of_version
from studbook.queries.walks import Evaluation, Walk, made

_ONWARD = ("packaged_as", "deployed_to", "copied_to")
"""The relations that lead from a model to where it runs."""
_SAYS_MORE = ("has_version", "content_of")
"""The relations by which one of two ids that an evaluation names says more than the other."""


@dataclass(frozen=True, slots=True)
class Pedigree:
    """One asset and what belongs to it."""

    root: Asset
    assets: tuple[Asset, ...]
    """By id, the root among them."""
    edges: tuple[Edge, ...]
    """In canonical order; both ends of each are among the assets."""
    evaluations: tuple[Evaluation, ...]
    """Of all models on the way, by job id."""
    made: frozenset[str]
    """The ids of what made it, its own among them."""
    onward: frozenset[str]
    """The ids of what was made of it, on the way to where it runs."""
    runs_at: tuple[str, ...]
    """The ids of the live endpoints that surely answer with it or a copy made from it, shadows aside."""
    same: frozenset[str]
    """The root, what it was cloned from, and the ids of the same weights: what judged one of them judged the root."""
    known: Graph
    """These assets and edges, as a lineage."""
    findings: tuple[Finding, ...] = ()
    card: Card | None = None
    records: tuple[Record, ...] = ()
    """What the APIs said of the assets, redacted."""


def pedigree(
    lineage: LineageReader,
    asset_id: str,
    *,
    findings: Callable[[str], Iterable[Finding]] = lambda asset_id: (),
    cards: Mapping[str, Card] | None = None,
    records: Callable[[Sequence[str]], Iterable[Record]] = lambda ids: (),
) -> Pedigree:
    """The pedigree of an asset; `findings` gives those of an id, `records` those of several ids.

    Raises NotFound where the lineage has no such asset.
    """
    walk = made(lineage, asset_id)
    around = _Surroundings(lineage, walk)
    around.add_evaluations()
    before = set(around.assets)
    around.add_onward()
    assets, edges = around.assets, around.edges
    ids = sorted(assets)
    known = Graph(assets.values(), edges.values())  # what follows must follow for whoever has the pedigree alone
    behind = records(record_ids(assets.values(), edges.values()))
    return Pedigree(
        root=walk.root,
        assets=tuple(assets[one] for one in ids),
        edges=tuple(sorted(edges.values(), key=lambda edge: edge.key.order)),
        evaluations=walk.evaluations,
        made=frozenset(asset.id for asset in walk.assets),
        onward=frozenset(assets.keys() - before),
        runs_at=tuple(sorted(answering(known, rows_of_version(known, walk.root)))),
        same=frozenset({walk.root.id, *(asset.id for asset in origins(known, walk.root))}),
        known=known,
        # In an order of its own, whoever gives them: equal knowledge has equal bytes.
        findings=tuple(finding for one in ids for finding in sorted(findings(one), key=lambda one: (one.rule, one.id))),
        card=card_of(lineage, walk.root, {} if cards is None else cards),
        records=tuple(sorted(behind, key=lambda record: record.reference)),
    )


class _Surroundings:
    """What made an asset, by id and by key; and what else belongs to its pedigree, as it is added."""

    def __init__(self, lineage: LineageReader, walk: Walk) -> None:
        self._lineage, self._walk = lineage, walk
        self.assets = {asset.id: asset for asset in walk.assets}
        self.edges = {edge.key: edge for edge in walk.edges}

    def add_evaluations(self) -> None:
        """The jobs that judged it, with what they read, where they are recorded and what they wrote."""
        for found in self._walk.evaluations:
            self.assets[found.job.id] = found.job
            self._add(self._lineage.upstream(found.job.id, "input_to"))
            self._add(self._lineage.downstream(found.job.id, "recorded_in"))
            self._add(self._lineage.downstream(found.job.id, "produced", "results"))
        for one in {end for found in self._walk.evaluations for end in (*found.evaluators, *found.data)}:
            more = (edge for relation in _SAYS_MORE for edge in self._lineage.upstream(one, relation))
            self._add(edge for edge in more if edge.source in self.assets)

    def add_onward(self) -> None:
        """What was made of it, on the way to where it runs."""
        ahead = [self._walk.root.id]
        while ahead:
            here = ahead.pop()
            ahead += self._add(edge for relation in _ONWARD for edge in self._lineage.downstream(here, relation))

    def _add(self, several: Iterable[Edge]) -> list[str]:
        """The ends that were not known yet."""
        new = []
        for edge in several:
            self.edges[edge.key] = edge
            for end in (edge.source, edge.target):
                asset = self._lineage.asset(end)
                if end not in self.assets and asset is not None:
                    self.assets[end] = asset
                    new.append(end)
        return new


def makers(pedigree: Pedigree) -> list[Asset]:
    """The jobs that surely made a model version: it itself, its weights, or the original that it was cloned from."""
    weights = {
        edge.source for edge in pedigree.edges if edge.relation == "packaged_as" and edge.target in pedigree.same
    }
    jobs = {
        edge.source
        for edge in pedigree.edges
        if edge.relation == "produced" and edge.target in {*pedigree.same, *weights} and not edge.candidate
    }
    return [asset for asset in pedigree.assets if asset.id in jobs and KINDS[asset.kind].job]


def record_ids(assets: Iterable[Asset], edges: Iterable[Edge]) -> list[str]:
    """The ids of the records behind a part of the lineage: those that show the assets, and all that evidence names.

    An asset's own id is among them, for snapshots in which assets and evidence name no records.
    """
    several = list(assets)
    references = {one.record for edge in edges for one in edge.evidence if one.record}
    references.update(reference for asset in several for reference in asset.records)
    return sorted({asset.id for asset in several} | {reference.split("/", 2)[2] for reference in references})
