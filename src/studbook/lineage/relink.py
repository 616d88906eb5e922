"""A night's changes linked together with what they touch, and nothing else.

The changed records are linked twice with the same others beside them: as they were, and as they are. What differs
between the two is what differs between the nights, if the others are enough of them: all that a join looks up for the
changed records and for those whose conclusions may change with theirs, and of all that names a thing one record for
each way of naming it. `lineage.ties` says what leads from one record to another.

The result is that of `link` over all records, or None: where too much would have to be linked, or what is kept does not
lead far enough, everything is linked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from studbook.lineage.link import LinkContext, Linked, Sightings, Views, link_read
from studbook.lineage.ties import Datasets, Ties, around, of_name, stem, ties
from studbook.model import Asset, Edge, Facts, Record
from studbook.model.edge import EdgeKey
from studbook.model.ids import parse_hub_content, parse_lambda

SHARE = 4
"""Where more than a quarter of the records would be linked again, all are: that costs less."""
LEAST = 1000
"""So many are always linked."""
MOST = 5000
"""A thing that so many name is not asked for all of them."""
ROUNDS = 12
_BY_SOURCE = ("produced", "recorded_in", "part_of")
"""Relations of which everyone who tells of an edge names its source; of the others it is the target."""
_BY_EITHER = ("associated", "same_as")


class Past(Protocol):
    """The records of the snapshot before that are still the same, by number, and the keys that lead to them."""

    def holders(self, key: str, most: int | None = None) -> Sequence[int]:
        """Those that have a key."""
        ...

    def ways(self, key: str) -> Sequence[int]:
        """One for each way of naming a thing."""
        ...

    def below(self, beginning: str) -> Sequence[str]:
        """The stems of all places in S3 that records ask for, and that begin so."""
        ...

    def records(self, numbers: Collection[int]) -> Iterable[tuple[int, Record]]:
        """The records of those numbers."""
        ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Change:
    """What a night changed: new values, None for what is no more."""

    assets: Mapping[str, tuple[Asset, Sightings] | None]
    edges: Mapping[EdgeKey, Edge | None]
    assets_before: Mapping[str, tuple[Asset, Sightings] | None]
    edges_before: Mapping[EdgeKey, Edge | None]
    """The same as they were, of assets as far as that is sure: what the snapshot before must say of them."""
    linked: int
    """How many records it took."""
    before: Sequence[Ties]
    after: Sequence[Ties]
    """What ties the changed records to others, in the order in which they were given."""


class _Read(NamedTuple):
    record: Record
    facts: Facts
    ties: Ties


class _Side(NamedTuple):
    """One of the two linkings."""

    linked: Linked
    views: Views
    assets: Mapping[str, Asset]


class _TooMuchError(Exception):
    """Linking everything costs less, or is the only way."""


def relink(
    past: Past,
    before: Iterable[Record],
    after: Iterable[Record],
    *,
    normalize: Callable[[Record], Facts],
    context: LinkContext,
    datasets: Datasets,
) -> Change | None:
    """What differs between the lineages, where `before` are records that are no more, and `after` are new ones."""
    try:
        return _Night(past, normalize, context, datasets).change(before, after)
    except _TooMuchError:
        return None


class _Night:
    """The records that one night's changes take to be linked."""

    def __init__(
        self, past: Past, normalize: Callable[[Record], Facts], context: LinkContext, datasets: Datasets
    ) -> None:
        self._past, self._normalize, self._context, self._datasets = past, normalize, context, datasets
        self._changed: list[_Read] = []
        self._others: dict[int, _Read] = {}
        self._answered: set[str] = set()
        self._asked: set[str] = set()
        self._named: set[str] = set()
        self._around: set[str] = set()
        self._most = max(LEAST, len(past) // SHARE)

    def change(self, before: Iterable[Record], after: Iterable[Record]) -> Change:
        old, new = ([self._read(record) for record in records] for records in (before, after))
        self._changed = [*old, *new]
        moved = self._moved(old, new)
        self._pull_ways(name for read in (*self._changed, *moved) for name in (*read.ties.named, *read.ties.claimed))
        self._pull_around({asset.id: None for read in self._changed for asset in read.facts.assets})
        self._support([*self._changed, *self._others.values()])
        entities = {one for read in (*self._changed, *moved) for one, _ in read.ties.entities}
        for _ in range(ROUNDS):
            was, now = self._side(old), self._side(new)
            known = set(self._others)
            assets, edges = self._differing(was, now)
            self._complete(assets, edges, was, now)
            # What is an alias may be of a thing that only others make one.
            self._pull_around(dict.fromkeys(entities - now.assets.keys()))
            if len(self._others) == len(known):
                return Change(
                    {one: _told(now, one) for one in assets},
                    {key: now.linked.edges.get(key) for key in edges},
                    {one: _told(was, one) for one in assets if one not in was.assets or _is_sure(was, one)},
                    {key: was.linked.edges.get(key) for key in edges},
                    len(self._others) + len(new),
                    [read.ties for read in old],
                    [read.ties for read in new],
                )
            self._support([read for number, read in self._others.items() if number not in known])
        raise _TooMuchError

    def _read(self, record: Record) -> _Read:
        facts = self._normalize(record)
        return _Read(record, facts, ties(record, facts, self._datasets))

    def _pull(self, numbers: Iterable[int]) -> list[_Read]:
        """Takes records of the past along, once each; gives those that are new."""
        wanted = set(numbers) - self._others.keys()
        if len(wanted) + len(self._others) > self._most:
            raise _TooMuchError
        found = {number: self._read(record) for number, record in self._past.records(wanted)}
        if len(found) != len(wanted):
            raise _TooMuchError
        self._others |= found
        return list(found.values())

    def _moved(self, old: Sequence[_Read], new: Sequence[_Read]) -> list[_Read]:
        """Those whose conclusions may change: they ask for what changed, or for what such a one concludes."""
        earlier = {(read.record.partition, read.record.kind, read.record.id): read for read in old}
        keys: set[str] = set()
        for read in new:
            was = earlier.pop((read.record.partition, read.record.kind, read.record.id), None)
            keys |= _changed(was.ties if was else None, read.ties)
        for read in earlier.values():
            keys |= _changed(read.ties, None)
        moved: list[_Read] = []
        while keys := keys - self._asked:
            self._asked |= keys
            found = self._pull(number for key in keys for number in self._asking(key))
            moved += found
            keys = {key for read in found for key in read.ties.passes}
        return moved

    def _support(self, reads: Iterable[_Read]) -> None:
        """Takes along all that answers what these ask for, and what those ask for in turn."""
        ahead = list(reads)
        while ahead:
            keys = {key for read in ahead for key in self._asked_by(read.ties)} - self._answered
            self._answered |= keys
            ahead = self._pull(number for key in keys for number in self._past.holders(f"gives {key}", self._most))

    def _asked_by(self, found: Ties) -> Iterator[str]:
        yield from found.asks
        for uri in found.near:
            yield from (f"content {folder}" for folder in around(stem(uri)))
            yield from (f"dataset {dataset}" for dataset in self._datasets.near(uri))

    def _asking(self, key: str) -> Iterator[int]:
        """Those that ask for a key; a place in S3 all ask for that read around it or in it."""
        kind, _, where = key.partition(" ")
        if kind not in ("content", "dataset"):
            yield from self._past.holders(f"asks {key}", self._most)
            return
        names = {stem(where), *self._past.below(f"{where.rstrip('/')}/")}
        if kind == "dataset":  # what is read without a final slash means all that begins so
            names.update(stem(where[:end]) for end in range(len("s3://") + 1, len(where)))
        for name in names:
            yield from self._naming(name)

    def _pull_ways(self, asset_ids: Iterable[str]) -> None:
        """One record for each way in which others name these."""
        names = {stem(asset_id) for asset_id in asset_ids} - self._named
        self._named |= names
        ways = ("named", "claimed")
        self._pull(number for name in names for way in ways for number in self._past.ways(f"{way} {name}"))

    def _pull_around(self, assets: Mapping[str, Asset | None]) -> None:
        """Everything that names these, by their ids, their names, or the ARNs of their entities."""
        ahead = {stem(asset_id) for asset_id in assets}
        ahead |= {of_name(asset.kind, asset.name) for asset in assets.values() if asset is not None}
        while ahead := ahead - self._around:
            self._around |= ahead
            found = {name: self._naming(name) for name in ahead}
            if any(len(numbers) > MOST for numbers in found.values()):
                raise _TooMuchError
            self._pull(number for numbers in found.values() for number in numbers)
            ahead = {
                stem(arn)
                for name, numbers in found.items()
                for number in numbers
                for one, arn in self._others[number].ties.entities
                if stem(one) == name
            }

    def _naming(self, name: str) -> list[int]:
        several = [self._past.holders(f"{way} {name}", MOST + 1) for way in ("named", "claimed")]
        return [number for numbers in several for number in numbers]

    def _side(self, changed: Sequence[_Read]) -> _Side:
        views = Views()
        reads = ((read.record, read.facts) for several in (changed, self._others.values()) for read in several)
        linked = link_read(reads, self._context, views)
        return _Side(linked, views, {asset.id: asset for asset in linked.assets})

    def _differing(self, was: _Side, now: _Side) -> tuple[list[str], list[EdgeKey]]:
        before, after = was.linked.edges.known(), now.linked.edges.known()
        edges = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
        assets = [
            one
            for one in was.assets.keys() | now.assets.keys()
            if was.assets.get(one) != now.assets.get(one)
            or was.linked.sightings.get(one) != now.linked.sightings.get(one)
            or (one in was.views.sighted) != (one in now.views.sighted)
            or was.views.shown.get(one) != now.views.shown.get(one)
            or was.views.named.get(one) != now.views.named.get(one)
        ]
        return assets, edges

    def _complete(self, assets: Iterable[str], edges: Iterable[EdgeKey], was: _Side, now: _Side) -> None:
        """Takes along whatever else has a say in these."""
        self._pull_ways(assets)
        wanted = {end for key in edges for end in self._anchors(key)}
        # What only joins name is as old as what is beside it.
        wanted.update(one for one in assets if _as_shown(was, one) != _as_shown(now, one))
        self._pull_around({one: now.assets.get(one) or was.assets.get(one) for one in wanted})
        unsure = {one for one in assets if not _is_sure(now, one)}
        for one in unsure:
            self._pull(self._any(one, was.assets.get(one) or now.assets[one]))
        beside = {end for side in (was, now) for key in side.linked.edges.known() for end in _beside(key, unsure)}
        self._pull_ways(beside)
        names = {stem(one) for one in unsure}
        told = (pair for read in (*self._changed, *self._others.values()) for pair in read.ties.entities)
        self._pull_around({arn: None for one, arn in told if stem(one) in names})

    def _anchors(self, key: EdgeKey) -> Sequence[str]:
        if key.relation not in _BY_EITHER:
            return [key.source if key.relation in _BY_SOURCE else key.target]
        return [min((key.source, key.target), key=lambda end: len(self._naming(stem(end))))]

    def _any(self, asset_id: str, asset: Asset) -> list[int]:
        """All that may lead to a thing that only joins name."""
        keys = [f"claimed {stem(asset_id)}", f"claimed {of_name(asset.kind, asset.name)}"]
        numbers = [number for dataset in self._datasets.near(asset_id) for number in self._asking(f"dataset {dataset}")]
        if (function := parse_lambda(asset_id)) is not None:
            keys.append(f"asks function {function.function}")
        if (content := parse_hub_content(asset_id)) is not None:
            keys.append(f"asks base {content.name}")
            keys.append(f"asks versions {content.parent}")
        return [*numbers, *(number for key in keys for number in self._past.holders(key, self._most + 1))]


def _changed(old: Ties | None, new: Ties | None) -> set[str]:
    """The keys under which one record says something else than before."""
    before, after = (found.gives if found else {} for found in (old, new))
    keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return keys.union(*(found.passes for found in (old, new) if found))


def _beside(key: EdgeKey, assets: Collection[str]) -> Iterator[str]:
    """The ends of an edge whose other end is among these."""
    if key.source in assets:
        yield key.target
    if key.target in assets:
        yield key.source


def _is_sure(side: _Side, asset_id: str) -> bool:
    """Whether more records can tell nothing of how old it is; of what only joins name a fresh neighbour settles it."""
    sightings = side.linked.sightings.get(asset_id) if asset_id in side.assets else None
    return asset_id in side.views.sighted or (sightings is not None and sightings.fresh)


def _told(side: _Side, asset_id: str) -> tuple[Asset, Sightings] | None:
    asset = side.assets.get(asset_id)
    return (asset, side.linked.sightings[asset_id]) if asset is not None else None


def _as_shown(side: _Side, asset_id: str) -> tuple[object, ...]:
    sightings = side.linked.sightings.get(asset_id) if asset_id in side.assets else None
    return (sightings.shown_fresh, sightings.shown_stale) if sightings else (False, None)
