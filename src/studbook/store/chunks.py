"""How content is cut into objects, so that a night's changes touch few of them.

A chunk holds rows of one account, region, source, kind and month of creation: what is new tonight falls into this
month's chunks, and what a gap carries over stays as it is. An edge lies with its target, the later of its ends. Large
chunks are cut again where the checksum of a row's id says so: the cuts depend on the rows alone, so a row that comes or
goes moves no cut but its own.

A manifest is an object too: one line for each chunk, with the range of ids in it.
"""

from __future__ import annotations

import heapq
import json
import marshal
import re
import zlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from studbook.errors import CatalogError
from studbook.model import Asset, Edge, Record, canonical
from studbook.model.canonical import plain
from studbook.model.edge import EdgeKey, edge_json
from studbook.store.objects import Objects

Row = TypeVar("Row", Record, Asset, Edge)
Order = tuple[Any, ...]


class Place(NamedTuple):
    """What the rows of a chunk have in common."""

    account: str | None
    region: str | None
    source: str | None
    """Of records; null for assets and edges, which several sources may tell of."""
    kind: str
    month: str | None
    """`2026-11`, of creation; null where that is not known."""

    @property
    def order(self) -> Order:
        return tuple((part is not None, part or "") for part in self)


class Chunk(NamedTuple):
    """One line of a manifest."""

    place: Place
    first: str
    last: str
    """The smallest and the largest id in it; of edges, the ids of their sources."""
    rows: int
    object: str

    @property
    def line(self) -> bytes:
        rest = {"first": self.first, "last": self.last, "rows": self.rows, "object": self.object}
        return canonical({**self.place._asdict(), **rest}) + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Chunk:
        """The chunk of a manifest's line; CatalogError where it is none."""
        try:
            values = json.loads(line)
            place = Place(*(values.pop(name) for name in Place._fields))
            return cls(place, **values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CatalogError(f"a line of a manifest cannot be read: {error}", "run 'studbook verify'") from None


@dataclass(frozen=True)
class Part(Generic[Row]):
    """One of the three parts of a snapshot: how its rows are read, ordered and cut."""

    name: str
    adapter: TypeAdapter[Row]
    identify: Callable[[Row], str]
    order: Callable[[Row], Order]
    start: Callable[[Chunk], Order]
    """The smallest order that a row of the chunk can have."""
    order_of: Callable[[dict[str, Any]], Order]
    """The order of a row that is only read as JSON."""
    rows_per_chunk: int
    """On average, where a place has more; a power of two."""
    write: Callable[[Row], bytes] = lambda row: canonical(plain(row))
    """The canonical JSON of a row."""

    def line(self, row: Row) -> bytes:
        """The canonical line of a row, with its line feed."""
        try:
            return self.write(row) + b"\n"
        except ValueError as error:
            raise CatalogError(f"{self.identify(row)!r} cannot be stored: {error}") from error

    def row(self, line: bytes) -> Row:
        """The row of a line; CatalogError where it is none."""
        try:
            return self.adapter.validate_json(line)
        except ValidationError as error:
            raise CatalogError(f"a line of {self.name} cannot be read: {error}", "run 'studbook verify'") from None


RECORDS: Part[Record] = Part(
    "records",
    TypeAdapter(Record),
    identify=lambda record: record.id,
    order=lambda record: (
        *Place(record.account, record.region, record.source, record.kind, None).order[:4],
        record.id,
    ),
    start=lambda chunk: (*chunk.place.order[:4], chunk.first),
    order_of=lambda line: (
        *Place(line["account"], line["region"], line["source"], line["kind"], None).order[:4],
        line["id"],
    ),
    rows_per_chunk=512,
)
ASSETS: Part[Asset] = Part(
    "assets",
    TypeAdapter(Asset),
    identify=lambda asset: asset.id,
    order=lambda asset: (asset.id,),
    start=lambda chunk: (chunk.first,),
    order_of=lambda line: (line["id"],),
    rows_per_chunk=2048,
)
EDGES: Part[Edge] = Part(
    "edges",
    TypeAdapter(Edge),
    identify=lambda edge: edge.source,
    order=lambda edge: edge.key.order,
    start=lambda chunk: (chunk.first,),
    order_of=lambda line: EdgeKey(line["source"], line["target"], line["relation"], line["role"]).order,
    rows_per_chunk=4096,
    write=edge_json,
)


_MONTH = re.compile(r"^\d{4}-\d{2}(?=-)")
_CREATED = (
    "CreationTime",
    "CreatedAt",
    "HubContentCreationTime",
    "creation_time",
    "creation_timestamp",
    "creationTime",
    "createdAt",
)


def place_of_record(record: Record) -> Place:
    """Where a record is kept."""
    return Place(record.account, record.region, record.source, record.kind, _created(record.body))


def _created(body: Mapping[str, Any]) -> str | None:
    return next((month for name in _CREATED if (month := _month(body.get(name)))), None)


def place_of_asset(asset: Asset) -> Place:
    """Where an asset is kept, and the edges that end in it."""
    return Place(asset.account, asset.region, None, asset.kind, _month(asset.created_at))


def _month(time: object) -> str | None:
    match = _MONTH.match(time) if isinstance(time, str) else None
    return match[0] if match else None


# --- writing ------------------------------------------------------------------------------------------------------

_BLOCK = 512


class _Pile:
    """The rows of one place, unsorted; full blocks are kept compressed, so that a million rows fit in memory."""

    def __init__(self) -> None:
        self.loose: list[tuple[Order, str, bytes]] = []
        self.packed: list[bytes] = []

    def add(self, order: Order, name: str, line: bytes) -> None:
        self.loose.append((order, name, line))
        if len(self.loose) == _BLOCK:
            self.packed.append(zlib.compress(marshal.dumps(self.loose), 1))
            self.loose = []

    def rows(self) -> list[tuple[Order, str, bytes]]:
        rows = self.loose
        for block in self.packed:
            rows.extend(marshal.loads(zlib.decompress(block)))  # noqa: S302 - our own memory
        return sorted(rows)


def write_part(objects: Objects, part: Part[Row], rows: Iterable[Row], place: Callable[[Row], Place]) -> str:
    """Keep all rows of a part, in any order; gives the manifest's digest.

    A row told twice in the same words counts once. Raises CatalogError for two different rows of one identity.
    """
    piles: dict[Place, _Pile] = {}
    for row in rows:
        key = place(row)
        pile = piles.get(key)
        if pile is None:
            pile = piles[key] = _Pile()
        pile.add(part.order(row), part.identify(row), part.line(row))
    return _manifest(objects, part, piles)


def write_records(objects: Objects, lines: Iterable[bytes]) -> str:
    """As `write_part`, of records that are canonical lines already."""
    piles: defaultdict[Place, _Pile] = defaultdict(_Pile)
    for line in lines:
        row = json.loads(line)
        place = Place(row["account"], row["region"], row["source"], row["kind"], _created(row["body"]))
        piles[place].add(RECORDS.order_of(row), row["id"], line)
    return _manifest(objects, RECORDS, piles)


def _manifest(objects: Objects, part: Part[Row], piles: dict[Place, _Pile]) -> str:
    manifest = bytearray()
    for key in sorted(piles, key=lambda key: key.order):
        for chunk in _written(objects, part, key, piles.pop(key)):
            manifest += chunk.line
    return objects.write(bytes(manifest))


def _written(objects: Objects, part: Part[Row], place: Place, pile: _Pile) -> Iterator[Chunk]:
    return _cut(objects, part, place, _each_once(part, pile.rows()))


def _each_once(part: Part[Row], rows: Iterable[tuple[Order, str, bytes]]) -> Iterator[tuple[Order, str, bytes]]:
    before: Order | None = None
    known = b""
    for order, name, line in rows:
        if order != before:
            yield order, name, line
            before, known = order, line
        elif line != known:
            raise CatalogError(f"two different {part.name} for {order!r}: this is a bug in Studbook")


def _cut(objects: Objects, part: Part[Row], place: Place, rows: Iterable[tuple[Order, str, bytes]]) -> Iterator[Chunk]:
    lines: list[bytes] = []
    first = last = ""
    for order, name, line in rows:
        if lines and _cut_before(order, part.rows_per_chunk):
            yield Chunk(place, first, last, len(lines), objects.write(b"".join(lines)))
            lines = []
        if not lines:
            first = name
        last = name
        lines.append(line)
    if lines:
        yield Chunk(place, first, last, len(lines), objects.write(b"".join(lines)))


def _cut_before(order: Order, rows_per_chunk: int) -> bool:
    return zlib.crc32("\0".join(map(str, order)).encode()) % rows_per_chunk == 0


# --- writing what changed -----------------------------------------------------------------------------------------

Changes = dict[Order, bytes | None]
"""Lines by the order of their rows, of assets or edges of one place; None for what is no more."""


def amend_part(
    objects: Objects,
    part: Part[Row],
    manifest: str,
    changes: Mapping[Place, Changes],
    expected: Mapping[Place, Changes] | None = None,
) -> str:
    """Keep the rows of a manifest but for these changes; gives the manifest that `write_part` would give.

    Only chunks in which something changes are read and written. Raises CatalogError where a row that changes is not
    the one that is expected there.
    """
    held: defaultdict[Place, list[Chunk]] = defaultdict(list)
    for chunk in chunks(objects, manifest):
        held[chunk.place].append(chunk)
    amended = bytearray()
    for place in sorted(held.keys() | changes.keys(), key=lambda place: place.order):
        several: Iterable[Chunk] = held[place]
        if place in changes:
            rows = partial(_Rows, part, place, changes[place], (expected or {}).get(place, {}))
            several = _amended(objects, held[place], rows)
        for chunk in several:
            amended += chunk.line
    return objects.write(bytes(amended))


def _amended(objects: Objects, held: list[Chunk], make: Callable[[], _Rows]) -> Iterable[Chunk]:
    of_chunk: defaultdict[int, list[Order]] = defaultdict(list)
    touched: set[int] = set()
    firsts = [chunk.first for chunk in held]
    for order in make().changes:
        name = order[0]
        index = max(bisect_right(firsts, name) - 1, 0)
        of_chunk[index].append(order)
        touched.add(index)
        while index > 0 and held[index - 1].last >= name:  # a cut may lie between two edges of one source
            index -= 1
            touched.add(index)
    blocks: list[Iterable[Chunk]] = []
    index = max(len(held) - 1, 0)
    while index >= 0:
        if index not in touched:
            blocks.append([held[index]])
        else:
            rows = make()
            wanted: list[Order] = []
            while True:
                if held:
                    rows.before(objects.read(held[index].object).splitlines(keepends=True), first=index == 0)
                wanted += of_chunk[index]
                if index == 0:
                    rows.change(wanted)
                    break
                if index - 1 not in touched:
                    rows.change(wanted)
                    wanted = []
                    if rows.begin_with_cut():
                        break
                index -= 1  # what a chunk began with is no more: its rows belong to the one before
            blocks.append(list(rows.chunks(objects)))
        index -= 1
    return [chunk for block in reversed(blocks) for chunk in block]


class _Rows:
    """The lines of neighbouring chunks, in order, each with whether a chunk begins with it; few of them are read."""

    def __init__(self, part: Part[Any], place: Place, changes: Changes, expected: Changes) -> None:
        self._part, self._place, self.changes, self._expected = part, place, changes, expected
        self._lines: list[tuple[bytes, bool]] = []

    def before(self, lines: list[bytes], *, first: bool) -> None:
        """Puts the lines of a chunk before the others; only the first chunk of a place may begin anywhere."""
        begins = _cut_before(self._order(lines[0]), self._part.rows_per_chunk) if first else True
        self._lines = [(lines[0], begins), *((line, False) for line in lines[1:]), *self._lines]

    def change(self, wanted: Iterable[Order]) -> None:
        for order in wanted:
            line = self.changes[order]
            at = bisect_left(self._lines, order, key=lambda row: self._order(row[0]))
            there = at < len(self._lines) and self._order(self._lines[at][0]) == order
            if order in self._expected and self._expected[order] != (self._lines[at][0] if there else None):
                raise CatalogError(f"{order!r} is not what it was taken for", "run 'studbook relink'")
            if line is not None:
                row = line, _cut_before(order, self._part.rows_per_chunk)
                self._lines[at : at + there] = [row]
            elif there:
                del self._lines[at]

    def begin_with_cut(self) -> bool:
        return not self._lines or self._lines[0][1]

    def chunks(self, objects: Objects) -> Iterator[Chunk]:
        starts = [at for at, (_, begins) in enumerate(self._lines) if begins or at == 0]
        for start, end in pairwise([*starts, len(self._lines)]):
            lines = [line for line, _ in self._lines[start:end]]
            first, last = (self._order(line)[0] for line in (lines[0], lines[-1]))
            yield Chunk(self._place, first, last, len(lines), objects.write(b"".join(lines)))

    def _order(self, line: bytes) -> Order:
        return self._part.order_of(json.loads(line))


# --- reading ------------------------------------------------------------------------------------------------------


def chunks(objects: Objects, manifest: str) -> list[Chunk]:
    """The lines of a manifest, as they are written."""
    return [Chunk.of(line) for line in objects.lines(manifest)]


def rows_of(objects: Objects, part: Part[Row], chunk: Chunk) -> Iterator[Row]:
    """The rows of one chunk, in canonical order."""
    for line in objects.lines(chunk.object):
        yield part.row(line)


class Shared:
    """The rows of several snapshots: what one has as another has it is read once, and is one object."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: dict[str, list[Any]] = {}
        self._held: defaultdict[tuple[str, Place], list[Chunk]] = defaultdict(list)

    def rows_of(self, part: Part[Row], chunk: Chunk) -> Iterator[Row]:
        """The rows of one chunk, in canonical order."""
        if chunk.object not in self._known:
            held = self._held[part.name, chunk.place]
            lines: dict[bytes, Row] = {}
            for other in held:
                if other.first <= chunk.last and chunk.first <= other.last:
                    lines.update(zip(self._objects.lines(other.object), self._known[other.object], strict=True))
            rows = [lines.get(line) or part.row(line) for line in self._objects.lines(chunk.object)]
            self._known[chunk.object] = rows
            held.append(chunk)
        return iter(self._known[chunk.object])


def merged(part: Part[Row], several: Iterable[Chunk], rows_of: Callable[[Chunk], Iterator[Row]]) -> Iterator[Row]:
    """The rows of several chunks in canonical order; a chunk is opened when the order comes to its first row."""
    waiting = sorted(((part.start(chunk), number, chunk) for number, chunk in enumerate(several)), reverse=True)
    open_: list[tuple[Order, int, Row, Iterator[Row]]] = []
    while waiting or open_:
        while waiting and (not open_ or waiting[-1][0] <= open_[0][0]):
            _, number, chunk = waiting.pop()
            _advance(part, open_, number, rows_of(chunk))
        if open_:
            _, number, row, rest = heapq.heappop(open_)
            yield row
            _advance(part, open_, number, rest)


def _advance(
    part: Part[Row], open_: list[tuple[Order, int, Row, Iterator[Row]]], number: int, rows: Iterator[Row]
) -> None:
    row = next(rows, None)
    if row is not None:
        heapq.heappush(open_, (part.order(row), number, row, rows))
