"""What a harvest keeps for the next one: under which keys each record of the latest snapshot is looked up, and where
records and assets lie.

It is a cache and never the truth: deleted, damaged or of another snapshot, everything is linked, and it is made again.
SQLite notices no single bit that is wrong, and a wrong one could make a wrong lineage: its digest lies beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

from studbook.errors import CatalogError
from studbook.model import Record
from studbook.store.chunks import RECORDS, Place, chunks
from studbook.store.files import write_whole
from studbook.store.objects import Objects

_FORMAT: Final = "studbook.ties/1"
_SCHEMA: Final = """
CREATE TABLE salt (salt BLOB NOT NULL);
CREATE TABLE stamp (stamp TEXT NOT NULL);
CREATE TABLE chunk (number INTEGER PRIMARY KEY, object TEXT NOT NULL);
CREATE TABLE record (number INTEGER PRIMARY KEY, chunk INTEGER NOT NULL, line INTEGER NOT NULL);
CREATE TABLE tie (key INTEGER, way INTEGER, record INTEGER, PRIMARY KEY (key, way, record)) WITHOUT ROWID;
CREATE TABLE near (stem TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE place (number INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE);
CREATE TABLE asset (key INTEGER PRIMARY KEY, place INTEGER NOT NULL);
CREATE INDEX record_chunk ON record (chunk);
"""
_BUCKETS: Final = 256
_HELD: Final = 1 << 16
"""Hashes of texts that are kept in memory, for many come again."""

Key = tuple[str, str]
"""A key, and the words of what it leads to, or nothing where they do not matter."""


class Moves(NamedTuple):
    """What differs between the records that are kept and those of a manifest."""

    before: Mapping[int, Record]
    """Those that are no more, by number."""
    after: Sequence[Record]
    lines: Mapping[str, Sequence[int | None]]
    """By new chunk, the numbers of its lines; None for a new record."""
    gone: Sequence[int]
    """The numbers of chunks that are no more."""


class TiesFile:
    """The file, open; a context manager. Records are numbered in it, as long as they stay the same."""

    def __init__(self, path: Path, objects: Objects) -> None:
        self._path, self._objects = path, objects
        self._hashes: dict[str, int] = {}
        self._connection: sqlite3.Connection | None = None
        self._salt = b""
        self._buckets: list[array[int]] = []
        self._near: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _sql(self) -> sqlite3.Connection:
        assert self._connection is not None, "opened or begun first"
        return self._connection

    # --- the file as a whole ---

    def open(self, stamp: str) -> bool:
        """Opens what was kept under a stamp; False where it is something else, or not as it was written."""
        with suppress(OSError, ValueError, sqlite3.Error):
            kept = json.loads(self._seal.read_bytes())
            if kept["format"] == _FORMAT and kept["stamp"] == stamp:
                self._connect()
                self._sql.execute("BEGIN IMMEDIATE")  # nobody else changes it meanwhile
                (inside,) = self._sql.execute("SELECT stamp FROM stamp").fetchone()
                if inside == stamp and kept["digest"] == _digest(self._path):
                    (self._salt,) = self._sql.execute("SELECT salt FROM salt").fetchone()
                    self._sql.execute("CREATE TEMP TABLE changed (number INTEGER PRIMARY KEY)")
                    return True
        self.close()
        return False

    def begin(self) -> None:
        """Begins anew."""
        self.close()
        for path in (self._seal, self._path):
            path.unlink(missing_ok=True)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._connect()
        self._sql.executescript(_SCHEMA)
        self._sql.execute("BEGIN IMMEDIATE")
        self._salt = os.urandom(16)
        self._sql.execute("INSERT INTO salt VALUES (?)", (self._salt,))
        self._buckets = [array("q") for _ in range(_BUCKETS)]

    def seal(self, stamp: str) -> None:
        """Keeps everything under a stamp; until then nothing is kept."""
        self._sql.execute("DELETE FROM stamp")
        self._sql.execute("INSERT INTO stamp VALUES (?)", (stamp,))
        self._sql.execute("COMMIT")
        self.close()
        sealed = {"format": _FORMAT, "stamp": stamp, "digest": _digest(self._path)}
        write_whole(self._seal, json.dumps(sealed).encode())

    @property
    def _seal(self) -> Path:
        return self._path.with_name(f"{self._path.name}.json")

    def _connect(self) -> None:
        self._connection = sqlite3.connect(self._path, timeout=1, isolation_level=None)
        for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "cache_size = -65536"):
            self._sql.execute(f"PRAGMA {pragma}")

    def _hash(self, text: str) -> int:
        found = self._hashes.get(text)
        if found is None:
            if len(self._hashes) >= _HELD:
                self._hashes.clear()
            salted = self._salt + text.encode("utf-8", "surrogatepass")
            found = self._hashes[text] = int.from_bytes(hashlib.blake2b(salted, digest_size=8).digest(), signed=True)
        return found

    # --- looking up ---

    def __len__(self) -> int:
        return int(self._sql.execute("SELECT count(*) FROM record").fetchone()[0])

    def holders(self, key: str, most: int | None = None) -> list[int]:
        """The records of a key that did not change, or so many of them."""
        query = "SELECT DISTINCT record FROM tie WHERE key = ? AND record NOT IN (SELECT number FROM changed) LIMIT ?"
        return [number for (number,) in self._sql.execute(query, (self._hash(key), -1 if most is None else most))]

    def ways(self, key: str) -> list[int]:
        """One unchanged record for each wording of a key."""
        query = "SELECT min(record) FROM tie WHERE key = ? AND record NOT IN (SELECT number FROM changed) GROUP BY way"
        return [number for (number,) in self._sql.execute(query, (self._hash(key),))]

    def below(self, beginning: str) -> list[str]:
        """The stems of places that begin so."""
        query = "SELECT stem FROM near WHERE stem >= ? AND stem < ?"
        return [name for (name,) in self._sql.execute(query, (beginning, beginning + chr(0x10FFFF)))]

    def records(self, numbers: Collection[int]) -> Iterator[tuple[int, Record]]:
        """The records of these numbers, chunk by chunk."""
        wanted: defaultdict[str, dict[int, int]] = defaultdict(dict)
        for number in numbers:
            query = "SELECT object, line FROM record JOIN chunk ON chunk.number = chunk WHERE record.number = ?"
            row = self._sql.execute(query, (number,)).fetchone()
            if row is not None:
                wanted[row[0]][row[1]] = number
        for name, lines in wanted.items():
            stored = self._objects.read(name).splitlines()
            for index, number in lines.items():
                yield number, RECORDS.row(stored[index])

    def places(self, asset_ids: Iterable[str]) -> dict[str, Place]:
        """Where assets lie, those that there are."""
        known = {number: _place(text) for number, text in self._sql.execute("SELECT number, place FROM place")}
        found = {}
        for asset_id in asset_ids:
            row = self._sql.execute("SELECT place FROM asset WHERE key = ?", (self._hash(asset_id),)).fetchone()
            if row is not None:
                found[asset_id] = known[row[0]]
        return found

    def moves(self, manifest: str) -> Moves:
        """What differs in a manifest of records; reads only the chunks in which it differs."""
        held = {name: number for number, name in self._sql.execute("SELECT number, object FROM chunk")}
        wanted = {chunk.object for chunk in chunks(self._objects, manifest)}
        gone = [name for name in held if name not in wanted]
        numbers: dict[bytes, int] = {}
        for name in gone:
            rows = self._sql.execute("SELECT line, number FROM record WHERE chunk = ?", (held[name],))
            by_line = dict(rows.fetchall())
            for index, line in enumerate(self._objects.read(name).splitlines()):
                numbers[hashlib.sha256(line).digest()] = by_line[index]
        after: list[Record] = []
        lines: dict[str, list[int | None]] = {}
        for name in wanted - held.keys():
            lines[name] = of_chunk = []
            for line in self._objects.read(name).splitlines():
                of_chunk.append(numbers.pop(hashlib.sha256(line).digest(), None))
                if of_chunk[-1] is None:
                    after.append(RECORDS.row(line))
        before = dict(self.records(numbers.values()))
        self._sql.execute("DELETE FROM changed")
        self._sql.executemany("INSERT INTO changed VALUES (?)", ((number,) for number in before))
        return Moves(before, after, lines, [held[name] for name in gone])

    # --- keeping ---

    def add(self, number: int, keys: Iterable[Key], near: Iterable[str]) -> None:
        """The keys of one record, of a file that was begun anew, and the stems of places that it asks for."""
        buckets, hashes, hashed = self._buckets, self._hashes, self._hash
        for key, words in keys:
            where = hashes.get(key) or hashed(key)
            buckets[(where >> 56) + 128].extend((where, hashed(words) >> 16 if words else 0, number))
        self._near.update(near)

    def fill(self, lines: Mapping[str, Sequence[int | None]], places: Mapping[str, Place]) -> None:
        """The rest of a file that was begun anew: the records' numbers by chunk, and where assets lie."""
        for bucket in self._buckets:
            several = iter(bucket)
            rows = sorted(zip(several, several, several, strict=True))
            self._sql.executemany("INSERT OR IGNORE INTO tie VALUES (?, ?, ?)", rows)
        self._buckets = []
        self._ask(self._near)
        self._near = set()
        self._chunks(lines)
        self._place(places)

    def amend(  # noqa: PLR0917 - each is another part of one night
        self,
        moves: Moves,
        before: Mapping[int, Iterable[Key]],
        after: Sequence[Iterable[Key]],
        near: Iterable[str],
        places: Mapping[str, Place],
        no_more: Iterable[str],
    ) -> None:
        """From the records that were kept to those of a night that differs in `moves`."""
        for number, keys in before.items():
            rows = self._rows(number, keys)
            self._sql.executemany("DELETE FROM tie WHERE key = ? AND way = ? AND record = ?", rows)
        self._sql.executemany("DELETE FROM record WHERE number = ?", ((number,) for number in before))
        first = (self._sql.execute("SELECT max(number) FROM record").fetchone()[0] or 0) + 1
        new = iter(range(first, first + len(after)))
        lines = {
            name: [next(new) if number is None else number for number in several]
            for name, several in moves.lines.items()
        }
        for offset, keys in enumerate(after):
            self._sql.executemany("INSERT OR IGNORE INTO tie VALUES (?, ?, ?)", self._rows(first + offset, keys))
        self._ask(near)
        self._sql.executemany("DELETE FROM chunk WHERE number = ?", ((number,) for number in moves.gone))
        self._chunks(lines)
        self._sql.executemany("DELETE FROM asset WHERE key = ?", ((self._hash(one),) for one in no_more))
        self._place(places)

    def _rows(self, number: int, keys: Iterable[Key]) -> Iterator[tuple[int, int, int]]:
        for key, words in keys:
            yield self._hash(key), self._hash(words) >> 16 if words else 0, number

    def _ask(self, near: Iterable[str]) -> None:
        """A place that nobody asks for any more stays: it leads to nobody."""
        self._sql.executemany("INSERT OR IGNORE INTO near VALUES (?)", ((name,) for name in sorted(near)))

    def _chunks(self, lines: Mapping[str, Sequence[int | None]]) -> None:
        for name, numbers in lines.items():
            chunk = self._sql.execute("INSERT INTO chunk (object) VALUES (?)", (name,)).lastrowid
            rows = ((number, chunk, index) for index, number in enumerate(numbers))
            self._sql.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", rows)

    def _place(self, places: Mapping[str, Place]) -> None:
        known = {_place(text): number for number, text in self._sql.execute("SELECT number, place FROM place")}
        for place in set(places.values()) - known.keys():
            number = self._sql.execute("INSERT INTO place (place) VALUES (?)", (json.dumps(place),)).lastrowid
            assert number is not None
            known[place] = number
        rows = sorted((self._hash(asset_id), known[place]) for asset_id, place in places.items())
        if len({key for key, _ in rows}) != len(rows):
            raise CatalogError("two ids have one key")
        self._sql.executemany("INSERT OR REPLACE INTO asset VALUES (?, ?)", rows)


def _place(text: str) -> Place:
    return Place(*json.loads(text))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
