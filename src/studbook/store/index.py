"""index.sqlite: assets and edges by id, for an answer without reading the whole catalog.

It is a cache and never the truth: deleted, damaged or of another snapshot, it is made again from the chunks. Going from
one snapshot to another replaces only the rows of the chunks in which they differ.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from studbook.errors import CatalogError, NotFound
from studbook.model import Asset, Edge, Envelope
from studbook.store import chunks
from studbook.store.chunks import ASSETS, EDGES, Chunk
from studbook.store.objects import Objects

_VERSION = 1
_SCHEMA = """
CREATE TABLE chunk (number INTEGER PRIMARY KEY, part TEXT NOT NULL, object TEXT NOT NULL);
CREATE TABLE asset (
    key INTEGER NOT NULL, chunk INTEGER NOT NULL, name TEXT NOT NULL, backwards TEXT NOT NULL, line BLOB NOT NULL
);
CREATE TABLE edge (
    source INTEGER NOT NULL, target INTEGER NOT NULL, chunk INTEGER NOT NULL,
    relation TEXT NOT NULL, role TEXT, line BLOB NOT NULL
);
"""
# Made after the rows, which is several times as fast as keeping them in order while the rows come.
_INDEXES = """
CREATE INDEX IF NOT EXISTS asset_key ON asset (key);
CREATE INDEX IF NOT EXISTS asset_name ON asset (name);
CREATE INDEX IF NOT EXISTS asset_backwards ON asset (backwards);
CREATE INDEX IF NOT EXISTS asset_chunk ON asset (chunk);
CREATE INDEX IF NOT EXISTS edge_source ON edge (source, relation, role);
CREATE INDEX IF NOT EXISTS edge_target ON edge (target, relation, role);
CREATE INDEX IF NOT EXISTS edge_chunk ON edge (chunk);
"""
Row = TypeVar("Row", Asset, Edge)

_CANDIDATES = 50
_PATIENCE = 10.0
"""Seconds to wait for another process that uses the file."""


class Index:
    """One snapshot's lineage in SQLite; a context manager, closed when done."""

    def __init__(self, path: Path, objects: Objects, envelope: Envelope) -> None:
        self._path, self._objects, self._envelope = path, objects, envelope
        self._connection = self._open()

    @classmethod
    def open(cls, path: Path, objects: Objects, envelope: Envelope) -> Index:
        """The index of that snapshot: the file where it can be used, else one in memory."""
        return cls(path, objects, envelope)

    def _open(self) -> sqlite3.Connection:
        for attempt in range(2):
            try:
                return _opened(str(self._path), self._objects, self._envelope)
            except sqlite3.DatabaseError as error:
                # In use by another for too long, or not to be written here: the answer does not depend on it.
                if isinstance(error, sqlite3.OperationalError) or attempt:
                    break
                self._path.unlink(missing_ok=True)
        return _opened(":memory:", self._objects, self._envelope)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def asset(self, asset_id: str) -> Asset | None:
        rows = self._assets("key = ?", _key(asset_id))
        return next((asset for asset in rows if asset.id == asset_id), None)

    def upstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        return [edge for edge in self._edges("target", asset_id, relation, role) if edge.target == asset_id]

    def downstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        return [edge for edge in self._edges("source", asset_id, relation, role) if edge.source == asset_id]

    def find(self, text: str) -> Asset:
        """The asset that a person means by an id, a name, or the end of an id.

        Raises NotFound, with the candidates where there are several.
        """
        return self.find_among(text)[0]

    def find_among(self, text: str) -> tuple[Asset, Sequence[Asset]]:
        """As `find`, with the parts of that thing which share its name: a dataset's versions, an endpoint's config.

        Unrelated things that share a name are never chosen among.
        """
        asset = self.asset(text)
        if asset is not None:
            return asset, ()
        named = self._assets("name = ? LIMIT ?", text, _CANDIDATES + 1)
        several = named or self._assets(
            "backwards >= ? AND backwards < ? LIMIT ?", text[::-1], text[::-1] + chr(0x10FFFF), _CANDIDATES + 1
        )
        if not several:
            raise NotFound(f"no asset answers to {text!r}", "give its id, its name, or the end of its id")
        whole = self._whole(several) if len(several) <= _CANDIDATES else None
        if whole is not None:
            return whole, [asset for asset in several if asset.id != whole.id]
        if len(several) > 1:
            ids = sorted(asset.id for asset in several[:_CANDIDATES])
            more = ["..."] if len(several) > _CANDIDATES else []
            raise NotFound(
                f"{'more than ' * bool(more)}{len(ids)} assets answer to {text!r}",
                "\n  ".join(["give one of these ids:", *ids, *more]),
            )
        return several[0], ()

    def _whole(self, several: Sequence[Asset]) -> Asset | None:
        """The one of which all the others are parts: what they are deployed to, or versions of."""
        ids = {asset.id for asset in several}
        for whole in several:
            parts, ahead = {whole.id}, [whole.id]
            while ahead:
                one = ahead.pop()
                found = {edge.source for edge in self.upstream(one, "deployed_to")}
                found |= {edge.target for edge in self.downstream(one, "has_version")}
                new = (found & ids) - parts
                parts |= new
                ahead.extend(new)
            if len(several) > 1 and parts == ids:
                return whole
        return None

    def _assets(self, where: str, *values: str | int) -> Sequence[Asset]:
        return self._rows(f"SELECT line FROM asset WHERE {where}", values, ASSETS.row)  # noqa: S608 - ours

    def _edges(self, end: str, asset_id: str, relation: str | None, role: str | None) -> Sequence[Edge]:
        where, values = f"{end} = ?", [_key(asset_id)]
        more = [(name, value) for name, value in (("relation", relation), ("role", role)) if value is not None]
        where += "".join(f" AND {name} = ?" for name, _ in more)
        rows = self._rows(
            f"SELECT line FROM edge WHERE {where}",  # noqa: S608 - ours
            [*values, *(value for _, value in more)],
            EDGES.row,
        )
        return sorted(rows, key=lambda edge: edge.key.order)

    def _rows(self, query: str, values: Sequence[str | int], row: Callable[[bytes], Row]) -> list[Row]:
        """The rows that a query gives. A file that opens well can be damaged further in: then it is made again."""
        try:
            return [row(line) for (line,) in self._connection.execute(query, values)]
        except (sqlite3.DatabaseError, CatalogError):
            self._connection.close()
            self._path.unlink(missing_ok=True)
            self._connection = self._open()
            return [row(line) for (line,) in self._connection.execute(query, values)]


def _opened(place: str, objects: Objects, envelope: Envelope) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute("BEGIN")
        if _holds(connection) != envelope.digest:
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            if _holds(connection) != envelope.digest:
                _fill(connection, objects, envelope)
            connection.execute("COMMIT")
            connection.execute("BEGIN")
            if _holds(connection) != envelope.digest:
                raise sqlite3.OperationalError("another process wants another snapshot")
    except BaseException:
        connection.close()
        raise
    return connection


def _holds(connection: sqlite3.Connection) -> str | None:
    """The digest of the content that the index is of."""
    if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
        return None
    row = connection.execute("SELECT object FROM chunk WHERE part = 'content'").fetchone()
    return row[0] if row else None


def _fill(connection: sqlite3.Connection, objects: Objects, envelope: Envelope) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            connection.execute(f'DROP TABLE "{name}"')
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("DELETE FROM chunk WHERE part = 'content'")
    for part, manifest in (("asset", envelope.parts.assets), ("edge", envelope.parts.edges)):
        wanted = {chunk.object: chunk for chunk in chunks.chunks(objects, manifest)}
        held = dict(connection.execute("SELECT object, number FROM chunk WHERE part = ?", (part,)).fetchall())
        for name in held.keys() - wanted.keys():
            connection.execute(f"DELETE FROM {part} WHERE chunk = ?", (held[name],))  # noqa: S608 - ours
            connection.execute("DELETE FROM chunk WHERE number = ?", (held[name],))
        for name in sorted(wanted.keys() - held.keys()):
            number = connection.execute("INSERT INTO chunk (part, object) VALUES (?, ?)", (part, name)).lastrowid
            assert number is not None
            if part == "asset":
                connection.executemany(
                    "INSERT INTO asset VALUES (?, ?, ?, ?, ?)", _asset_rows(objects, wanted[name], number)
                )
            else:
                connection.executemany(
                    "INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?)", _edge_rows(objects, wanted[name], number)
                )
    for statement in _INDEXES.split(";"):
        connection.execute(statement)
    connection.execute("INSERT INTO chunk (part, object) VALUES ('content', ?)", (envelope.digest,))


def _asset_rows(objects: Objects, chunk: Chunk, number: int) -> Iterable[tuple[int, int, str, str, bytes]]:
    for line in objects.lines(chunk.object):
        asset = ASSETS.row(line)
        yield _key(asset.id), number, asset.name, asset.id[::-1], line


def _edge_rows(objects: Objects, chunk: Chunk, number: int) -> Iterable[tuple[int, int, int, str, str | None, bytes]]:
    for line in objects.lines(chunk.object):
        edge = EDGES.row(line)
        yield _key(edge.source), _key(edge.target), number, edge.relation, edge.role, line


def _key(asset_id: str) -> int:
    """Eight bytes instead of a long ARN in every index; equal keys of different ids are told apart by the rows."""
    return int.from_bytes(hashlib.sha256(asset_id.encode()).digest()[:8], "big", signed=True)
