"""Cost estimate: how many calls a harvest would make, reckoned from what there is: pure, but for what it is told.

Counts are those of the last snapshot's records; without one, those of the first page of each listing, so that they are
a lower bound where there is more than a page. Sources that declare no types are reckoned by what they took before, or
by what the doctor's few requests took for one of their targets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from studbook.model import Record
from studbook.sources.interface import Resource


@dataclass(frozen=True, slots=True)
class Estimate:
    """A cost estimate: how many API calls a harvest is likely to make."""

    first: int = 0
    """Of a harvest that knows nothing yet."""
    unchanged: int = 0
    """Of a night after one, if nothing changes."""
    more: bool = False
    """Whether there is more than what was counted."""

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.first + other.first, self.unchanged + other.unchanged, self.more or other.more)


class Reckoning:
    """The sum of one partition. Implements `sources.interface.Seen`."""

    def __init__(self, known: Sequence[Record], paid: Sequence[int]) -> None:
        self._paid = paid
        self._bodies: defaultdict[str, dict[str, Record]] = defaultdict(dict)
        for record in known:
            self._bodies[record.kind][record.id] = record
        self._snapshot = bool(known)
        self._counts: dict[str, int] = {}
        self._declared = Estimate()

    def none_of(self, kind: str) -> bool:
        """Whether a kind was counted, and there is none."""
        return self._counts.get(kind) == 0

    def found(self, kind: str, record_id: str) -> Record | None:
        """The record, as the last snapshot has it."""
        return self._bodies[kind].get(record_id)

    def says(self, kind: str, member: str) -> bool:
        """Nobody looked: what depends on it is taken to be there."""
        return True

    def add(self, resource: Resource, shown: int, read: Sequence[Record], *, searches: bool) -> None:
        """A type of which a page shows so many, and of which one was read."""
        listing = resource.listing
        parents = self._counts.get(listing.parent, 0) if listing.parent else 1
        records = self._bodies[resource.kind].values()
        counted = self._snapshot and not resource.transient
        count = len(records) if counted else shown * parents
        self._counts[resource.kind] = count
        size = listing.page_size or 100
        lists = max(parents * len(listing.variants), ceil(count / size)) if parents else 0
        bodies = [record.body for record in (records if counted else read)]
        each = count / len(bodies) if bodies else 0
        bulk = resource.bulk if searches else None
        details = [one for one in resource.details if bulk is None or one.member not in bulk.brings]
        described = 0.0
        for body in bodies:
            whole = bulk is not None and bulk.whole(body, self)
            described += each * (
                (resource.describe is not None and not whole) + sum(1 for one in details if one.when(body))
            )
        again = sum(1 for body in bodies if resource.volatile and not resource.final(body))
        self._declared += Estimate(
            first=lists + (ceil(count / bulk.page_size) if bulk else 0) + round(described),
            unchanged=(0 if listing.settled else lists) + round(again * each),
            more=not counted and shown >= size,
        )

    def estimate(self, requests: int, *, tried: int, targets: int) -> Estimate:
        """Of the partition; `requests` were made for `tried` of its `targets`."""
        if self._counts:
            return self._declared
        if self._paid:
            return Estimate(max(self._paid), self._paid[-1])
        about = round(requests * targets / tried) if tried else requests
        return Estimate(about, about)
