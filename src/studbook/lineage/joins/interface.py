"""What a join sees, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeVar, cast

from studbook.model import Asset, Certainty, Claim, Edge, Evidence, Facts, Relation
from studbook.model.edge import EdgeKey

C = TypeVar("C", bound=Claim)
T = TypeVar("T")


@dataclass(slots=False)
class View:
    """The whole, as far as it is linked: assets that records show, edges that they prove, and their claims."""

    assets: Mapping[str, Asset]
    named: Mapping[str, list[Asset]]
    claims: Mapping[type[Claim], list[Claim]]
    edges: Collection[EdgeKey]
    datasets: Mapping[str, Evidence] = field(default_factory=dict)
    """Configured S3 datasets: id to evidence."""
    first_seen: Callable[[Collection[str]], Mapping[str, int]] = field(default=lambda ids: {})
    """The snapshot that first showed each of these assets."""
    _made: dict[Callable[[View], Any], Any] = field(default_factory=dict)

    def all(self, kind: type[C]) -> list[C]:
        """Every claim of a type; in no order that a join may depend on."""
        return cast("list[C]", self.claims.get(kind, []))

    def once(self, make: Callable[[View], T]) -> T:
        """What several joins look things up in, made from the view when the first of them asks."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast("T", self._made[make])

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str | None, str | None, str], list[str]]:
        """Ids of shown assets by (kind, account, region, name in lower case), in no order."""
        index: dict[tuple[str, str | None, str | None, str], list[str]] = {}
        for asset in self.assets.values():
            index.setdefault((asset.kind, asset.account, asset.region, asset.name.lower()), []).append(asset.id)
        return index

    def versions(self, parent: str) -> Iterator[Asset]:
        """The shown versions of an unversioned thing, by its id; in no order."""
        yield from (self.assets[target] for target in self._versions.get(parent, ()) if target in self.assets)

    @cached_property
    def _versions(self) -> Mapping[str, list[str]]:
        index: dict[str, list[str]] = {}
        for key in self.edges:
            if key.relation == "has_version":
                index.setdefault(key.source, []).append(key.target)
        return index


Join = Callable[[View], Facts]


def edge_between(  # noqa: PLR0913 - the members of an edge
    certainty: Certainty,
    source: str,
    target: str,
    relation: Relation,
    evidence: Iterable[Evidence],
    *,
    role: str | None = None,
    candidate: bool = False,
) -> Edge:
    """An edge of a join, of whichever certainty; `evidence` in any order."""
    return Edge(
        source=source,
        target=target,
        relation=relation,
        role=role,
        certainty=certainty,
        candidate=candidate,
        evidence=tuple(evidence),
    )


referenced = partial(edge_between, "referenced")
"""An edge that a record of the thing itself proves."""
declared = partial(edge_between, "declared")
"""An edge that the Lineage API declares."""
inferred = partial(edge_between, "inferred")
"""A conclusion; the rule is among its evidence."""
