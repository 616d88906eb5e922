"""Write-ahead store of one partition: its records on disk, last night's, what a killed run left behind, and tonight's.

A visit holds no bodies in memory: what it reads lies here at once, and is read back one by one. The file is SQLite; a
process that is killed at any time leaves every record that was added.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from studbook.errors import CatalogError
from studbook.model import Record, canonical
from studbook.model.canonical import fields_of

# Summaries are not redacted: they lie in a temporary table, whose file has no name and ends with the process.
_TABLES = """
CREATE TABLE IF NOT EXISTS known (kind TEXT, id TEXT, line BLOB, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS left_over (kind TEXT, id TEXT, line BLOB, operation TEXT, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS seen (kind TEXT, id TEXT, line BLOB, operation TEXT, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS unseen (kind TEXT, id TEXT, line BLOB, known_as TEXT, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS written (noted INTEGER PRIMARY KEY);
CREATE TEMP TABLE unread (kind TEXT, id TEXT, PRIMARY KEY (kind, id));
CREATE TEMP TABLE wanted (number INTEGER PRIMARY KEY, id TEXT UNIQUE, age TEXT, revision TEXT, summary TEXT);
-- What was seen again unchanged has no line of its own: it is as it was known.
CREATE TEMP VIEW tonight AS SELECT seen.kind, seen.id, coalesce(seen.line, known.line) AS line FROM seen LEFT JOIN known
ON seen.line IS NULL AND known.kind = seen.kind AND known.id = seen.id;
CREATE TEMP VIEW held AS SELECT kind, id, line FROM tonight UNION ALL SELECT kind, id, line FROM unseen;
"""
_ALL = "SELECT kind, id, line FROM held ORDER BY 1, 2"
_HAVING = "SELECT kind, id, line FROM held WHERE {} ORDER BY 1, 2"
_KEPT = """
SELECT coalesce((SELECT line FROM left_over WHERE kind = ?1 AND id = ?2),
(SELECT line FROM known WHERE kind = ?1 AND id = ?2)) AS line WHERE line IS NOT NULL
"""
_BROUGHT = """
SELECT seen.kind, seen.id, operation FROM seen LEFT JOIN known USING (kind, id)
WHERE operation IS NOT NULL AND known.line IS NOT seen.line
"""
_AGAIN = """
INSERT OR REPLACE INTO seen SELECT kind, id, NULL, NULL FROM known WHERE kind = ?1 AND id = ?2
AND NOT EXISTS (SELECT 1 FROM left_over WHERE kind = ?1 AND id = ?2)
"""


class Wanted(NamedTuple):
    """A summary whose record has to be read."""

    id: str
    revision: str
    summary: dict[str, Any]


class PartitionStore:
    """The file, opened on first use. For many threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._opened: sqlite3.Connection | None = None

    def close(self) -> None:
        """Leaves one whole file behind; the next use opens it again."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    # --- before tonight ---

    def load_previous(self, lines: Iterable[bytes]) -> None:
        """Lays in last night's records, as the catalog's canonical lines."""
        with self._using() as connection:
            connection.execute("BEGIN")
            connection.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", map(_row, lines))
            connection.execute("COMMIT")

    def take_up(self, earlier: Path, clean: Callable[[Record], Record]) -> None:
        """Lays in what a run that was killed had read or taken up, by today's rules; what cannot be read is left out.

        Raises CatalogError where the disk is full: what was not laid in is only there.
        """
        with self._using() as connection:
            try:
                connection.execute("ATTACH ? AS earlier", (f"{earlier.absolute().as_uri()}?mode=rw",))
            except sqlite3.Error:
                return
            try:
                for conflict, table in (("REPLACE", "seen"), ("IGNORE", "left_over")):
                    connection.execute(
                        f"INSERT OR {conflict} INTO left_over "  # noqa: S608 - our own words
                        f"SELECT kind, id, line, operation FROM earlier.{table} WHERE line IS NOT NULL"
                    )
            except sqlite3.Error as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                    raise
            connection.execute("DETACH earlier")
            for kind, record_id, line, operation in connection.execute("SELECT * FROM left_over").fetchall():
                record = _record(line)
                kept = clean(record)
                if kept is not record:
                    connection.execute("DELETE FROM left_over WHERE kind = ? AND id = ?", (kind, record_id))
                    row = (kept.kind, kept.id, _line(kept), operation)
                    connection.execute("INSERT OR REPLACE INTO left_over VALUES (?, ?, ?, ?)", row)

    def known(self, kind: str, record_id: str) -> Record | None:
        """The record as the last snapshot has it."""
        return self._one("SELECT line FROM known WHERE kind = ? AND id = ?", kind, record_id)

    def kept(self, kind: str, record_id: str) -> Record | None:
        """The record as it was last read: by a run that was killed, else as the last snapshot has it."""
        return self._one(_KEPT, kind, record_id)

    def known_ids(self, kind: str) -> list[str]:
        """The ids of the records of a kind that last night had and that were not gone; in no order."""
        return [record.id for record in self.known_of(kind)]

    def known_of(self, kind: str) -> Iterator[Record]:
        """The records of a kind as the last snapshot has them, those that are gone left out."""
        records = (_record(line) for (line,) in self._rows("SELECT line FROM known WHERE kind = ?", kind))
        return (record for record in records if record.gone_since is None)

    def seen_of(self, kind: str) -> Iterator[Record]:
        """The records of a kind that tonight showed, in no order."""
        return (_record(line) for (line,) in self._rows("SELECT line FROM tonight WHERE kind = ?", kind))

    def kept_of(self, kind: str) -> Iterator[Record]:
        """The living records of a kind, each as it was last read; in no order."""
        query = (
            "SELECT line FROM left_over WHERE kind = ?1 UNION ALL SELECT line FROM known WHERE kind = ?1 "
            "AND NOT EXISTS (SELECT 1 FROM left_over WHERE left_over.kind = ?1 AND left_over.id = known.id)"
        )
        records = (_record(line) for (line,) in self._rows(query, kind))
        return (record for record in records if record.gone_since is None)

    # --- tonight ---

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Writes what is added in the block with its end, together: one page of a listing, say. No other thread can use
        the store meanwhile, so nothing may wait in it."""
        with self._lock:
            with self._using() as connection:
                connection.execute("BEGIN")
            try:
                yield
            finally:
                with self._using() as connection:
                    connection.execute("COMMIT")

    def add(self, record: Record, operation: str | None = None) -> None:
        """Keeps a record that an operation brought, if one did. Once this returns (or the block `at_once` around it),
        killing the process does not lose it.

        Raises ValueError for text that is no Unicode, CatalogError where the disk refuses.
        """
        row = (record.kind, record.id, _line(record), operation)
        with self._using() as connection:
            connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", row)

    def again(self, record: Record) -> None:
        """Notes that a kept record was seen again, and has not changed."""
        if record.stale_since is None and record.gone_since is None:
            with self._using() as connection:
                noted = connection.execute(_AGAIN, (record.kind, record.id)).rowcount
            if noted:
                return
        query = "SELECT operation FROM left_over WHERE kind = ? AND id = ?"
        left_over = next(self._rows(query, record.kind, record.id), (None,))
        self.add(replace(record, stale_since=None, gone_since=None), left_over[0])

    def take_back(self, record: Record) -> None:
        """Tonight did not show it after all."""
        with self._using() as connection:
            connection.execute("DELETE FROM seen WHERE kind = ? AND id = ?", (record.kind, record.id))

    def seen(self, kind: str, record_id: str) -> Record | None:
        """The record, if tonight showed it."""
        return self._one("SELECT line FROM tonight WHERE kind = ? AND id = ?", kind, record_id)

    def seen_ids(self, kind: str) -> list[str]:
        """The ids of a kind that tonight's listings showed, in no order."""
        return [found for (found,) in self._rows("SELECT id FROM seen WHERE kind = ?", kind)]

    def says(self, kind: str, text: str) -> bool:
        """Whether a record of a kind has a text in its JSON, as tonight showed it or as it was known, gone or not."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM known WHERE kind = ?1 AND instr(line, ?2)) "
            "OR EXISTS (SELECT 1 FROM seen WHERE kind = ?1 AND instr(line, ?2))"
        )
        ((found,),) = self._rows(query, kind, text.encode())
        return bool(found)

    def unreadable(self, kind: str, record_id: str) -> None:
        """Notes a record that a listing showed and nobody could read tonight."""
        with self._using() as connection:
            connection.execute("INSERT OR IGNORE INTO unread VALUES (?, ?)", (kind, record_id))

    def unread_ids(self, kind: str) -> list[str]:
        """The ids of a kind that nobody could read tonight, sorted."""
        return [found for (found,) in self._rows("SELECT id FROM unread WHERE kind = ? ORDER BY id", kind)]

    def note_write(self) -> None:
        """Notes that tonight's events of the account and region show a write."""
        with self._using() as connection:
            connection.execute("INSERT OR IGNORE INTO written VALUES (1)")

    @property
    def wrote(self) -> bool:
        """Whether one was noted."""
        return next(self._rows("SELECT 1 FROM written"), None) is not None

    # --- what has to be read ---

    def enqueue(self, one: Wanted, age: object) -> None:
        """Puts a summary aside until its type was listed."""
        row = (one.id, str(age or ""), one.revision, json.dumps(one.summary))
        with self._using() as connection:
            connection.execute("INSERT OR REPLACE INTO wanted VALUES (NULL, ?, ?, ?, ?)", row)

    def wanted(self) -> tuple[int, str]:
        """How many summaries lie aside, and the oldest's age; empty where one has none."""
        ((number, oldest),) = self._rows("SELECT count(*), min(age) FROM wanted")
        return number, oldest or ""

    def dequeue(self, record_id: str) -> Wanted | None:
        """Takes one away, if it is there."""
        with self._using() as connection:
            row = connection.execute("SELECT id, revision, summary FROM wanted WHERE id = ?", (record_id,)).fetchone()
            if row is None:
                return None
            connection.execute("DELETE FROM wanted WHERE id = ?", (record_id,))
        return Wanted(row[0], row[1], json.loads(row[2]))

    def take_all(self) -> Iterator[Wanted]:
        """Takes all away, in the order in which they were listed."""
        while names := list(self._rows("SELECT id FROM wanted ORDER BY number LIMIT 100")):
            for (name,) in names:
                if (one := self.dequeue(name)) is not None:
                    yield one

    # --- the whole night ---

    def not_seen(self) -> Iterator[tuple[Record, bool]]:
        """Records of last night that tonight did not show, and whether a listing did; by kind and id."""
        rows = self._rows(
            "SELECT known.line, unread.id IS NOT NULL FROM known LEFT JOIN seen USING (kind, id) "
            "LEFT JOIN unread USING (kind, id) WHERE seen.id IS NULL ORDER BY known.kind, known.id"
        )
        return ((_record(line), bool(unread)) for line, unread in rows)

    def alive(self) -> Iterator[tuple[Record, bool]]:
        """Records of last night that were not gone, and whether tonight showed them, if only in a listing."""
        rows = self._rows(
            "SELECT known.line, seen.id IS NOT NULL OR unread.id IS NOT NULL FROM known "
            "LEFT JOIN seen USING (kind, id) LEFT JOIN unread USING (kind, id)"
        )
        found = ((_record(line), bool(shown)) for line, shown in rows)
        return ((record, shown) for record, shown in found if record.gone_since is None)

    def changed(self) -> Iterator[tuple[Record, Record]]:
        """Records that were read again, as they were and as they are; by kind and id."""
        rows = self._rows(
            "SELECT known.line, seen.line FROM known JOIN seen USING (kind, id) WHERE seen.line IS NOT NULL "
            "ORDER BY known.kind, known.id"
        )
        return ((_record(before), _record(now)) for before, now in rows)

    def carry_over(self, record: Record, known_as: str | None = None) -> None:
        """Keeps a record that tonight did not show, under another id than before if so; the first of its id counts."""
        row = (record.kind, record.id, _line(record), known_as)
        with self._using() as connection:
            connection.execute("INSERT OR IGNORE INTO unseen VALUES (?, ?, ?, ?)", row)

    def brought(self) -> Iterator[tuple[str, str, str]]:
        """Kind and id of what was read tonight and said something else than before, and the operation that said it."""
        return self._rows(_BROUGHT)

    def renamed(self) -> Iterator[tuple[str, str, str]]:
        """Kind and id of what is carried over under another id, and the id that it had."""
        return self._rows("SELECT kind, id, known_as FROM unseen WHERE known_as IS NOT NULL")

    def records(self, having: Sequence[str] | None = None) -> Iterator[Record]:
        """What the partition has after tonight, by kind and id; or those of it with one of some texts in their JSON."""
        if having is None:
            return (_record(line) for _, _, line in self._rows(_ALL))
        query = _HAVING.format(" OR ".join(["instr(line, ?)"] * len(having)) or "FALSE")
        return (_record(line) for _, _, line in self._rows(query, *(text.encode() for text in having)))

    def lines(self) -> Iterator[bytes]:
        """What `records` gives, as the canonical lines that are stored."""
        return (line for _, _, line in self._rows(_ALL))

    def held(self) -> int:
        """How many of them are not gone."""
        ((seen,),) = self._rows("SELECT count(*) FROM seen")
        rest = self._rows("SELECT line FROM unseen")
        return int(seen) + sum(1 for (line,) in rest if _record(line).gone_since is None)

    # --- for another process ---

    def packed(self) -> bytes:
        """The whole file, compressed by zlib, for another process; closes it."""
        self.close()
        return zlib.compress(self.path.read_bytes(), 1)

    def unpack(self, packed: bytes) -> None:
        """Takes over what another store held, as its `packed` gave it."""
        self.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(zlib.decompress(packed))

    # --- inside ---

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._opened is None:
                    self._opened = self._open()
                yield self._opened
            except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
                raise  # not the disk's fault, but of who asked for it
            except (OSError, sqlite3.Error) as error:
                raise CatalogError.unwritable(self.path, error) from error

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        uri = self.path.absolute().as_uri()
        opened = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        # Alone it needs no shared memory, which network file systems lack. Only a crash of the machine may cost it.
        opened.execute("PRAGMA locking_mode = EXCLUSIVE")
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("PRAGMA synchronous = OFF")
        opened.executescript(_TABLES)
        return opened

    def _rows(self, query: str, *values: str | bytes) -> Iterator[tuple[Any, ...]]:
        with self._using() as connection:
            found = connection.execute(query, values)
        yield from found

    def _one(self, query: str, kind: str, record_id: str) -> Record | None:
        with self._using() as connection:
            row = connection.execute(query, (kind, record_id)).fetchone()
        return None if row is None else _record(row[-1])


def _line(record: Record) -> bytes:
    """As the catalog's chunks have it."""
    return canonical(fields_of(record)) + b"\n"


def _record(line: bytes) -> Record:
    return Record(**json.loads(line))


def _row(line: bytes) -> tuple[str, str, bytes]:
    found = json.loads(line)
    return found["kind"], found["id"], line
