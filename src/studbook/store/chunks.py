"""Content-defined chunking and deduplication: rows are cut so that a night's changes touch few objects.

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
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from studbook.errors import CatalogError
from studbook.model import Asset, Edge, Finding, Partition, Parts, Reading, Record, WorkingFile, canonical
from studbook.model.canonical import fields_of
from studbook.model.edge import edge_json
from studbook.model.reading import reading_json
from studbook.model.storable import storable
from studbook.store.objects import Objects

Row = TypeVar("Row", Record, Asset, Edge, Finding, WorkingFile, Reading)
SortKey = tuple[Any, ...]


class Place(NamedTuple):
    """What the rows of a chunk have in common."""

    account: str | None
    region: str | None
    source: str | None
    """Of records and readings; null for what several sources may tell of."""
    kind: str
    """Of records, assets and working files their kind, of edges the target's, of readings the record's; of findings the
    rule."""
    month: str | None
    """`2026-11`, of creation; null where that is not known."""

    @property
    def order(self) -> SortKey:
        """Sort key of the members in their order, each by code point, null first."""
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
    def order(self) -> SortKey:
        """How the lines of a manifest are sorted."""
        return (*self.place.order, self.first, self.last)

    @property
    def line(self) -> bytes:
        """The line of the manifest: canonical JSON with a line feed."""
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
    """One of the parts of a snapshot: how its rows are read, ordered and cut."""

    name: str
    adapter: TypeAdapter[Row]
    identify: Callable[[Row], str]
    order: Callable[[Row], SortKey]
    rows_per_chunk: int
    """On average, where a place has more; a power of two."""
    start: Callable[[Chunk], SortKey] = lambda chunk: (chunk.first,)
    """The smallest order that a row of the chunk can have."""
    write: Callable[[Row], bytes] = lambda row: canonical(fields_of(row))
    """The canonical JSON of a row."""

    def line(self, row: Row) -> bytes:
        """The canonical line of a row, with its line feed."""
        try:
            return self.write(row) + b"\n"
        except ValueError:  # what was computed from records need not be storable as they are: a sum, say
            return canonical(storable(fields_of(row), [])) + b"\n"

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
    rows_per_chunk=2048,
)
EDGES: Part[Edge] = Part(
    "edges",
    TypeAdapter(Edge),
    identify=lambda edge: edge.source,
    order=lambda edge: edge.key.order,
    rows_per_chunk=4096,
    write=edge_json,
)
FINDINGS: Part[Finding] = Part(
    "findings",
    TypeAdapter(Finding),
    identify=lambda finding: finding.id,
    order=lambda finding: (finding.id,),
    rows_per_chunk=2048,
    write=lambda finding: canonical(finding.as_data()),
)
PEOPLE: Part[WorkingFile] = Part(
    "people",
    TypeAdapter(WorkingFile),
    identify=lambda file: file.name,
    order=lambda file: (file.name,),
    rows_per_chunk=1,
)
READINGS: Part[Reading] = Part(
    "readings",
    TypeAdapter(Reading),
    identify=lambda reading: reading.record,
    order=lambda reading: (reading.record,),
    rows_per_chunk=4096,
    write=reading_json,
)
PARTS: dict[str, Part[Any]] = {part.name: part for part in (RECORDS, ASSETS, EDGES, FINDINGS, PEOPLE, READINGS)}
"""In the order in which a snapshot's tree has their rows."""


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


def place_of_finding(finding: Finding) -> Place:
    """Where a finding is kept."""
    return Place(None, None, None, finding.rule, None)


def place_of_file(file: WorkingFile) -> Place:
    """Where a working file is kept, each in a chunk of its own."""
    return Place(None, None, None, file.kind, None)


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
        self.loose: list[tuple[SortKey, str, bytes]] = []
        self.packed: list[bytes] = []

    def add(self, order: SortKey, name: str, line: bytes) -> None:
        self.loose.append((order, name, line))
        if len(self.loose) == _BLOCK:
            self.packed.append(zlib.compress(marshal.dumps(self.loose), 1))
            self.loose = []

    def rows(self) -> list[tuple[SortKey, str, bytes]]:
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


ReadingOf = Callable[[Partition, str], Reading]
"""From a partition and what evidence calls a record to how that was read."""


def unknown_reading(partition: Partition, reference: str) -> Reading:
    """Where nobody noted it."""
    return Reading(record=reference)


class KeptRecords(NamedTuple):
    """The manifests of records, and of how each was read."""

    records: str
    readings: str


def write_records(objects: Objects, lines: Iterable[bytes], reading_of: ReadingOf) -> KeptRecords:
    """As `write_part`, of records that are canonical lines already, with the reading of each in the same place."""
    piles: defaultdict[Place, _Pile] = defaultdict(_Pile)
    readings: defaultdict[Place, _Pile] = defaultdict(_Pile)
    orders: dict[Place, SortKey] = {}
    for line in lines:
        row = json.loads(line)
        partition, kind, name = Partition(row["account"], row["region"], row["source"]), row["kind"], row["id"]
        place = Place(*partition, kind, _created(row["body"]))
        order = orders.get(place) or orders.setdefault(place, place.order[:4])
        piles[place].add((*order, name), name, line)
        reference = f"{partition.source}/{kind}/{name}"
        readings[place].add((reference,), reference, READINGS.line(reading_of(partition, reference)))
    return KeptRecords(_manifest(objects, RECORDS, piles), _manifest(objects, READINGS, readings))


def _manifest(objects: Objects, part: Part[Row], piles: dict[Place, _Pile]) -> str:
    manifest = bytearray()
    for key in sorted(piles, key=lambda key: key.order):
        for chunk in _written(objects, part, key, piles.pop(key)):
            manifest += chunk.line
    return objects.write(bytes(manifest))


def _written(objects: Objects, part: Part[Row], place: Place, pile: _Pile) -> Iterator[Chunk]:
    return _cut(objects, part, place, _each_once(part, pile.rows()))


def _each_once(part: Part[Row], rows: Iterable[tuple[SortKey, str, bytes]]) -> Iterator[tuple[SortKey, str, bytes]]:
    before: SortKey | None = None
    known = b""
    for order, name, line in rows:
        if order != before:
            yield order, name, line
            before, known = order, line
        elif line != known:
            raise CatalogError(f"two different {part.name} for {order!r}: this is a bug in Studbook")


def _cut(
    objects: Objects, part: Part[Row], place: Place, rows: Iterable[tuple[SortKey, str, bytes]]
) -> Iterator[Chunk]:
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


def _cut_before(order: SortKey, rows_per_chunk: int) -> bool:
    # Not after every so many rows: one new row would then move the border of each chunk behind it.
    return zlib.crc32("\0".join(map(str, order)).encode()) % rows_per_chunk == 0


# --- reading ------------------------------------------------------------------------------------------------------


def chunks(objects: Objects, manifest: str) -> list[Chunk]:
    """The chunks of a manifest, in its order. Raises CatalogError where the manifest is missing or damaged."""
    return [Chunk.of(line) for line in objects.lines(manifest)]


def rows_of(objects: Objects, part: Part[Row], chunk: Chunk) -> Iterator[Row]:
    """The rows of one chunk, in canonical order. Raises CatalogError where it is missing or damaged, or a line is no
    row."""
    for line in objects.lines(chunk.object):
        yield part.row(line)


def leaves(objects: Objects, parts: Parts) -> Iterator[bytes]:
    """The rows of all parts of a snapshot in the order of its tree, without their line feeds."""
    for manifest in parts.manifests.values():
        for chunk in chunks(objects, manifest):
            for line in objects.lines(chunk.object):
                yield line.removesuffix(b"\n")


class SharedRows:
    """The rows of several snapshots: what one has as another has it is read once, and is one object."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: dict[str, list[Any]] = {}
        self._held: defaultdict[tuple[str, Place], list[Chunk]] = defaultdict(list)

    def rows_of(self, part: Part[Row], chunk: Chunk) -> Iterator[Row]:
        """The rows of one chunk, in canonical order, as `rows_of` gives them."""
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
    open_: list[tuple[SortKey, int, Row, Iterator[Row]]] = []
    while waiting or open_:
        while waiting and (not open_ or waiting[-1][0] <= open_[0][0]):
            _, number, chunk = waiting.pop()
            _advance(part, open_, number, rows_of(chunk))
        if open_:
            _, number, row, rest = heapq.heappop(open_)
            yield row
            _advance(part, open_, number, rest)


def _advance(
    part: Part[Row], open_: list[tuple[SortKey, int, Row, Iterator[Row]]], number: int, rows: Iterator[Row]
) -> None:
    row = next(rows, None)
    if row is not None:
        heapq.heappush(open_, (part.order(row), number, row, rows))
