"""Weakest link: how sure a chain of edges is: as sure as its weakest edge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from studbook.model import CERTAINTIES, Certainty, Edge

STRENGTH: Final[dict[Certainty, int]] = {certainty: rank for rank, certainty in enumerate(CERTAINTIES)}
"""The lower, the surer."""
_BY_STRENGTH: Final = tuple(CERTAINTIES)


class Sure(NamedTuple):
    """What is said of a chain of edges."""

    certainty: Certainty = "referenced"
    candidate: bool = False
    """Whether an edge of it is one of several that fit."""

    @property
    def rank(self) -> tuple[int, bool]:
        """Sort key: the lower, the surer."""
        return (STRENGTH[self.certainty], self.candidate)

    def and_(self, other: Sure) -> Sure:
        """Of both chains, one after the other."""
        weakest = max(STRENGTH[self.certainty], STRENGTH[other.certainty])
        return Sure(_BY_STRENGTH[weakest], self.candidate or other.candidate)


def sure_of(edges: Iterable[Edge]) -> Sure:
    """Weakest link: how sure a chain of edges is; one of no edges is sure."""
    found = Sure()
    for edge in edges:
        found = found.and_(Sure(edge.certainty, edge.candidate))
    return found


def best_ways(start: str, steps: Callable[[str], Iterable[tuple[Edge, str]]]) -> dict[str, tuple[Edge, ...]]:
    """To all that the steps lead to, the way whose weakest edge is strongest, then the shortest; of none to the start.

    For the few places of a deployment, where a way is worth keeping whole.
    """
    known: dict[str, list[tuple[Edge, str]]] = {}
    found: dict[str, tuple[Edge, ...]] = {start: ()}
    for weakest in STRENGTH.values():
        seen: dict[str, tuple[Edge, ...]] = {start: ()}
        ahead = [start]
        weaker = False
        while ahead:
            here, ahead = ahead, []
            for candidate in (False, True):
                for one in here:
                    if one not in known:
                        known[one] = list(steps(one))
                    for edge, end in known[one]:
                        if STRENGTH[edge.certainty] > weakest:
                            weaker = True
                        elif edge.candidate is candidate and end not in seen:
                            seen[end] = (*seen[one], edge)
                            ahead.append(end)
        for end, way in seen.items():
            found.setdefault(end, way)
        if not weaker:
            break
    return found
