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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from studbook.errors import CatalogError
from studbook.model import Asset, Edge, Record, canonical
from studbook.model.canonical import plain
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
    rows_per_chunk: int
    """On average, where a place has more; a power of two."""

    def line(self, row: Row) -> bytes:
        """The canonical line of a row, with its line feed."""
        try:
            return canonical(plain(row)) + b"\n"
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
    rows_per_chunk=512,
)
ASSETS: Part[Asset] = Part(
    "assets",
    TypeAdapter(Asset),
    identify=lambda asset: asset.id,
    order=lambda asset: (asset.id,),
    start=lambda chunk: (chunk.first,),
    rows_per_chunk=2048,
)
EDGES: Part[Edge] = Part(
    "edges",
    TypeAdapter(Edge),
    identify=lambda edge: edge.source,
    order=lambda edge: edge.key.order,
    start=lambda chunk: (chunk.first,),
    rows_per_chunk=4096,
)


_MONTH = re.compile(r"^\d{4}-\d{2}(?=-)")
_CREATED = ("CreationTime", "CreatedAt", "HubContentCreationTime", "creation_time", "creation_timestamp")


def place_of_record(record: Record) -> Place:
    """Where a record is kept."""
    times = (record.body.get(name) for name in _CREATED)
    month = next((month for time in times if (month := _month(time))), None)
    return Place(record.account, record.region, record.source, record.kind, month)


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
    manifest = bytearray()
    for key in sorted(piles, key=lambda key: key.order):
        for chunk in _written(objects, part, key, piles.pop(key)):
            manifest += chunk.line
    return objects.write(bytes(manifest))


def _written(objects: Objects, part: Part[Row], place: Place, pile: _Pile) -> Iterator[Chunk]:
    lines: list[bytes] = []
    first = last = ""
    before: Order | None = None
    for order, name, line in pile.rows():
        if order == before:
            if line == lines[-1]:
                continue
            raise CatalogError(f"two different {part.name} for {order!r}: this is a bug in Studbook")
        if lines and _cut_before(order, part.rows_per_chunk):
            yield Chunk(place, first, last, len(lines), objects.write(b"".join(lines)))
            lines = []
        if not lines:
            first = name
        last, before = name, order
        lines.append(line)
    yield Chunk(place, first, last, len(lines), objects.write(b"".join(lines)))


def _cut_before(order: Order, rows_per_chunk: int) -> bool:
    return zlib.crc32("\0".join(map(str, order)).encode()) % rows_per_chunk == 0


# --- reading ------------------------------------------------------------------------------------------------------


def chunks(objects: Objects, manifest: str) -> list[Chunk]:
    """The lines of a manifest, as they are written."""
    return [Chunk.of(line) for line in objects.lines(manifest)]


def rows_of(objects: Objects, part: Part[Row], chunk: Chunk) -> Iterator[Row]:
    """The rows of one chunk, in canonical order."""
    for line in objects.lines(chunk.object):
        yield part.row(line)


def merged(objects: Objects, part: Part[Row], several: Iterable[Chunk]) -> Iterator[Row]:
    """The rows of several chunks in canonical order; a chunk is opened when the order comes to its first row."""
    waiting = sorted(((part.start(chunk), number, chunk) for number, chunk in enumerate(several)), reverse=True)
    open_: list[tuple[Order, int, Row, Iterator[Row]]] = []
    while waiting or open_:
        while waiting and (not open_ or waiting[-1][0] <= open_[0][0]):
            _, number, chunk = waiting.pop()
            _advance(part, open_, number, rows_of(objects, part, chunk))
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
