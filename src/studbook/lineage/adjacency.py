"""Adjacency lists in compressed sparse rows (CSR): a lineage as arrays of numbers, for walks through crowds.

An image that a hundred thousand jobs used reaches a million edges; an object for each takes a minute, a number each a
second. Assets are numbered in the order of their ids, so that what is sorted by number is sorted by id. What a walk
asks of an asset is only of which sort it is, and of an edge what it says besides its ends; there are few of either.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from studbook.lineage.from_id import is_execution
from studbook.model import Asset, Certainty, Edge
from studbook.model.ids import service_of
from studbook.model.relations import Relation


class Said(NamedTuple):
    """What an edge says besides its ends, its role and where that is recorded."""

    relation: Relation
    certainty: Certainty
    candidate: bool
    rules: frozenset[str]
    """The rules among its evidence, as `rule:arn`."""


def said_of(edge: Edge) -> Said:
    """What an edge says."""
    rules = [one.line for one in edge.evidence if one.rule]
    return Said(edge.relation, edge.certainty, edge.candidate, frozenset(rules))


def sort_of(asset: Mapping[str, Any]) -> tuple[Any, ...]:
    """Of which sort an asset is, which is given as JSON: those of one sort are alike for a walk, and for what a
    summary counts."""
    return (
        asset["kind"],
        asset["account"],
        asset["region"],
        asset["stage"],
        asset["stale_since"] is not None,
        asset["gone_since"] is not None,
        asset["attributes"].get("unresolved") is True,
        is_execution(asset["id"]),
        service_of(asset["id"]),
    )


def walked_back(relation: str, target_kind: str) -> bool:
    """Whether influence goes from the target of an edge to its source, too."""
    return relation == "same_as" or (relation == "part_of" and target_kind == "inference_component")


@dataclass(frozen=True, slots=True)
class Adjacency:
    """The edges of a lineage by source, in canonical order: of node `n` those in `first[n]:first[n + 1]`."""

    keys: array[int]
    """By node: the number under which whoever made this keeps the asset."""
    by_key: array[int]
    """The nodes in the order of their keys."""
    sorts: array[int]
    """By node."""
    began: array[float]
    """By node: when a job started, as `Span.began`."""
    ended: array[float]
    first: array[int]
    ends: array[int]
    """By edge: the node of its target."""
    said: array[int]
    """By edge: which of `says`."""
    says: Sequence[Said]
    back: Mapping[int, Sequence[tuple[Said, int]]]
    """By node: the sources of edges that are walked back from it, first those of `same_as`."""
    key_of: Callable[[str], int]
    id_of: Callable[[int], str]
    """From a key."""
    asset_of: Callable[[int], Asset]
    """From a key."""
    _like: dict[int, Asset] = field(default_factory=dict)

    def node(self, asset_id: str) -> int | None:
        """The node of an id, by binary search; None where there is no such asset."""
        key = self.key_of(asset_id)
        at = bisect_left(self.by_key, key, key=self.keys.__getitem__)
        node = self.by_key[at] if at < len(self.by_key) else None
        return node if node is not None and self.keys[node] == key else None

    def id(self, node: int) -> str:
        """The id of a node's asset."""
        return self.id_of(self.keys[node])

    def like(self, node: int) -> Asset:
        """An asset of the same sort, always the same one: enough for whoever asks by which kind, account, region,
        stage or state."""
        sort = self.sorts[node]
        if sort not in self._like:
            self._like[sort] = self.asset_of(self.keys[node])
        return self._like[sort]
