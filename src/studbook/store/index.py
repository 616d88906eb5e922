"""Cache of the lineage in SQLite: assets and edges by id, for an answer without reading the whole catalog.

It is a cache and never the truth: deleted, damaged or of another snapshot, it is made again from the chunks. Going from
one snapshot to another replaces only the rows of the chunks in which they differ.

An edge is a row of numbers: its ends by the keys of their ids, and by number what thousands of edges say alike (how
sure they are, and the evidence). A million assets and three million edges take about a gigabyte.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from functools import partial
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from pydantic import ValidationError

from studbook.errors import CatalogError
from studbook.lineage.adjacency import Adjacency, Said, sort_of, walked_back
from studbook.lineage.graph import Direction, LineageReader, is_between
from studbook.lineage.job_state import span_of
from studbook.model import RELATIONS, Asset, Edge, Envelope, Evidence
from studbook.model.edge import EdgeKey, Known, among_ends, edge_of
from studbook.model.ids import LAST
from studbook.store import chunks
from studbook.store.chunks import ASSETS
from studbook.store.objects import Objects

_VERSION = 9
_SCHEMA = """
CREATE TABLE salt (salt BLOB NOT NULL);
CREATE TABLE chunk (number INTEGER PRIMARY KEY, part TEXT NOT NULL, object TEXT NOT NULL);
CREATE TABLE asset (
    key INTEGER PRIMARY KEY, chunk INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE, account TEXT,
    backwards TEXT NOT NULL COLLATE NOCASE, line BLOB NOT NULL, kind TEXT NOT NULL, unsure INTEGER NOT NULL,
    sort INTEGER NOT NULL, began REAL NOT NULL, ended REAL NOT NULL
);
CREATE TABLE sort (number INTEGER PRIMARY KEY, sort TEXT NOT NULL);
CREATE TABLE packed (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE other (word INTEGER NOT NULL, chunk INTEGER NOT NULL, asset INTEGER NOT NULL);
CREATE TABLE told (number INTEGER PRIMARY KEY, told TEXT NOT NULL);
CREATE TABLE edge (
    source INTEGER NOT NULL, target INTEGER NOT NULL, chunk INTEGER NOT NULL,
    relation TEXT NOT NULL, role TEXT, told INTEGER NOT NULL
);
"""
# Made after the rows, which is several times as fast as keeping them in order while the rows come.
_INDEXES = """
CREATE INDEX IF NOT EXISTS asset_name ON asset (name, account);
CREATE INDEX IF NOT EXISTS asset_backwards ON asset (backwards);
CREATE INDEX IF NOT EXISTS asset_chunk ON asset (chunk);
CREATE INDEX IF NOT EXISTS asset_kind ON asset (kind, unsure);
CREATE INDEX IF NOT EXISTS other_word ON other (word);
CREATE INDEX IF NOT EXISTS other_chunk ON other (chunk);
CREATE INDEX IF NOT EXISTS edge_source ON edge (source, relation, role);
CREATE INDEX IF NOT EXISTS edge_target ON edge (target, relation, role);
CREATE INDEX IF NOT EXISTS edge_chunk ON edge (chunk);
"""
_EDGES = """
SELECT s.backwards, t.backwards, relation, role, told FROM edge
JOIN asset s ON s.key = source JOIN asset t ON t.key = target WHERE
"""
_NUMBERS = "SELECT source, target, relation, role, told FROM edge WHERE "
_BEGINNING = "SELECT backwards FROM asset WHERE substr(backwards, length(backwards) + 1 - ?) = ?"
_UNSURE = "kind = ? AND (unsure OR NOT EXISTS (SELECT 1 FROM edge WHERE target = key))"
_LINES = "SELECT key, backwards, line FROM asset WHERE key IN ({})"
_OTHER: Final[dict[Direction, Direction]] = {"upstream": "downstream", "downstream": "upstream"}
_HERE: Final[dict[Direction, str]] = {"upstream": "target", "downstream": "source"}
"""The end of an edge at which an asset stands that is asked for its edges in a direction."""
_BATCH = 500
"""Ids in one statement."""

T = TypeVar("T")

MOST = 50
"""How many of those that answer to one word are looked at."""
_OTHERS = "key IN (SELECT asset FROM other WHERE {})"
_DIGEST = re.compile(r"(?:sha256:|@|/|m-)([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?=/|$)")
_CACHE = 64 * 1024
"""Kilobytes of the file that may stay in memory: SQLite's two thousand do not hold the upper pages of the indexes."""
_PATIENCE = 10.0
"""Seconds to wait for another process that uses the file."""


class Index(LineageReader):
    """One snapshot's lineage in SQLite: in the file where there is one that can be used, else in memory.

    A context manager, closed when done. What several questions need is found each time: what is kept of a large lineage
    is its index.
    """

    def __init__(self, path: Path | None, objects: Objects, envelope: Envelope) -> None:
        self._path, self._objects, self._envelope = path, objects, envelope
        self._prefetched: dict[tuple[Direction, str, str | None], list[Edge]] = {}
        """What was read ahead: the edges on a side of an asset, of one relation or of any."""
        self._near: dict[str, Asset | bytes] = {}
        """What was read ahead; as its line until somebody asks for it."""
        self._ids: dict[int, str] = {}
        """Of what was read ahead, by key."""
        self._told: dict[int, Known] = {}
        self._adjacency: Adjacency | None = None
        self._connection = self._open()
        self._salt = _salt(self._connection)

    def _open(self) -> sqlite3.Connection:
        for attempt in range(2 if self._path else 0):
            try:
                return _opened(str(self._path), self._objects, self._envelope)
            except sqlite3.DatabaseError as error:
                # In use by another for too long, or not to be written here: the answer does not depend on it.
                if isinstance(error, sqlite3.OperationalError) or attempt:
                    break
                self._unlink()
        return _opened(":memory:", self._objects, self._envelope)

    def _unlink(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _sound(self, ask: Callable[[], T]) -> T:
        """The answer. A file that opens well can be damaged further in: then it is made again, and asked again."""
        try:
            return ask()
        except (sqlite3.DatabaseError, CatalogError, ValidationError, KeyError, ValueError):
            self._connection.close()
            self._unlink()
            for kept in (self._prefetched, self._near, self._ids, self._told):
                kept.clear()
            self._adjacency = None
            self._connection = self._open()
            self._salt = _salt(self._connection)
            return ask()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file, as the end of a context does."""
        self._connection.close()

    def asset(self, asset_id: str) -> Asset | None:
        near = self._near.get(asset_id)
        return near if isinstance(near, Asset) else self._sound(lambda: self._asset(asset_id))

    def of_kind(self, kind: str, *, unsure: bool = False) -> Sequence[Asset]:
        several = self._sound(lambda: self._assets(_UNSURE if unsure else "kind = ?", kind))
        return sorted(several, key=lambda asset: asset.id)

    def upstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        return self._sound(lambda: self._edges("upstream", asset_id, relation, role))

    def downstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        return self._sound(lambda: self._edges("downstream", asset_id, relation, role))

    def roles(self, asset_id: str, relation: str) -> Collection[str | None]:
        where = "SELECT DISTINCT role FROM edge WHERE source = ? AND relation = ?"
        found = self._sound(lambda: self._connection.execute(where, (self._key(asset_id), relation)).fetchall())
        return {role for (role,) in found}

    def beginning(self, text: str) -> Sequence[str]:
        # Over the index of ids alone, which are kept backwards: a million take half a second.
        found = self._sound(lambda: self._connection.execute(_BEGINNING, (len(text), text[::-1])).fetchall())
        return sorted(backwards[::-1] for (backwards,) in found)

    def prefetch(self, asset_ids: Iterable[str], direction: Direction, relation: str | None = None) -> None:
        """Reads what a step from each of them asks for, five hundred in one statement."""
        for several in _batches(asset_ids):
            self._sound(partial(self._read_ahead, several, direction, relation))

    def adjacency(self) -> Adjacency:
        """The arrays, read once, with what numbers stand for."""
        if self._adjacency is None:
            self._adjacency = self._sound(self._read_adjacency)
        return self._adjacency

    # --- lookups by what people type, case aside; `within` are JSON members of the asset's line -----------------------

    def named(self, name: str, accounts: Collection[str] = (), within: Collection[bytes] = ()) -> Sequence[Asset]:
        """The first assets, fifty at most, of that name, case aside; of these accounts where some are given, and
        with all the JSON members `within` in their line."""
        at = f" AND account IN ({_marks(accounts)})" if accounts else ""
        return self._sound(lambda: self._first(f"name = ?{at}", (name, *accounts), within))

    def ending(self, end: str, accounts: Collection[str] = (), within: Collection[bytes] = ()) -> Sequence[Asset]:
        """The first assets, fifty at most, whose id ends so; `accounts` and `within` as of `named`."""
        at = f" AND account IN ({_marks(accounts)})" if accounts else ""
        where = f"backwards >= ? AND backwards < ?{at}"
        return self._sound(lambda: self._first(where, (end[::-1], end[::-1] + LAST, *accounts), within))

    def aliased(self, alias: str) -> Sequence[Asset]:
        """The first assets, fifty at most, that have it among their `aliases`, case aside."""
        word = _key(alias.lower(), self._salt)
        found = self._sound(lambda: self._first(_OTHERS.format("word = ?"), (word,)))
        return [asset for asset in found if alias.lower() in map(str.lower, _aliases(asset.attributes))]

    def digested(self, beginning: str) -> Sequence[Asset]:
        """The first assets in whose id a digest, a commit or an MLflow id begins with these hex digits."""
        first, last = _word(beginning.ljust(16, "0")), _word(beginning.ljust(16, "f"))
        found = self._sound(lambda: self._first(_OTHERS.format("word BETWEEN ? AND ?"), (first, last)))
        return [asset for asset in found if any(digits.startswith(beginning) for digits in digests(asset.id))]

    def names_among(self, words: Iterable[str]) -> set[str]:
        """Those of the words that are names of assets, as the assets write them."""
        found: set[str] = set()
        for several in _batches(words):
            where = f"name IN ({_marks(several)})"
            found |= self._sound(partial(self._names, where, several))
        return found

    def names_from(self, beginning: str) -> set[str]:
        """Names that begin so, case aside, as the assets write them: fifty at most."""
        return self._sound(lambda: self._names("name >= ? AND name < ?", (beginning, beginning + LAST)))

    def _names(self, where: str, values: Sequence[str]) -> set[str]:
        rows = self._connection.execute(f"SELECT DISTINCT name FROM asset WHERE {where} LIMIT ?", (*values, MOST))  # noqa: S608 - ours
        return {name for (name,) in rows}

    def _first(self, where: str, values: Sequence[str | int], within: Collection[bytes] = ()) -> list[Asset]:
        rows = self._connection.execute(f"SELECT line FROM asset WHERE {where}", values)  # noqa: S608 - ours
        fitting = (line for (line,) in rows if all(member in line for member in within))
        return [ASSETS.row(line) for line in islice(fitting, MOST)]

    def _read_adjacency(self) -> Adjacency:
        packed = dict(self._connection.execute("SELECT name, value FROM packed"))
        columns: dict[str, Any] = {name: array(letter) for name, letter in _COLUMNS.items()}
        for name, column in columns.items():
            column.frombytes(packed[name])
        says = [
            Said(relation, certainty, candidate, frozenset(rules))
            for relation, certainty, candidate, rules in json.loads(packed["says"])
        ]
        back: defaultdict[int, list[tuple[Said, int]]] = defaultdict(list)
        for target, said, source in json.loads(packed["back"]):
            back[target].append((says[said], source))
        return Adjacency(
            **columns, says=says, back=dict(back), key_of=self._key, id_of=self._id_of, asset_of=self._asset_of
        )

    def _id_of(self, key: int) -> str:
        where = "SELECT backwards FROM asset WHERE key = ?"
        found: str = self._sound(lambda: self._connection.execute(where, (key,)).fetchone()[0])
        return found[::-1]

    def _asset_of(self, key: int) -> Asset:
        return self._sound(lambda: self._assets("key = ?", key)[0])

    def _read_ahead(self, several: Sequence[str], direction: Direction, relation: str | None) -> None:
        keys = list(map(self._key, several))
        sides: list[tuple[Direction, str | None]] = [(direction, relation)]
        if relation is None:
            sides.append((_OTHER[direction], "same_as"))
        read = []
        for side, only in sides:
            where = f"{_HERE[side]} IN ({_marks(keys)})" + (" AND relation = ?" if only else "")
            rows = self._connection.execute(_NUMBERS + where, [*keys, *([only] if only else ())]).fetchall()
            read.append((side, only, rows))
        ends = {key for _, _, rows in read for row in rows for key in row[:2]}
        for new in _batches(ends.union(keys) - self._ids.keys()):
            for key, backwards, line in self._connection.execute(_LINES.format(_marks(new)), new):
                self._ids[key] = backwards[::-1]
                self._near[self._ids[key]] = line
        for side, only, rows in read:
            lists: dict[str, list[Edge]] = {asset_id: [] for asset_id in several}
            for source, target, name, role, told in rows:
                if source in self._ids and target in self._ids:
                    key = EdgeKey(self._ids[source], self._ids[target], name, role)
                    lists[key.target if side == "upstream" else key.source].append(edge_of(key, self._said_by(told)))
            for asset_id, edges in lists.items():
                edges.sort(key=lambda edge: edge.key.order)
                self._prefetched[side, asset_id, only] = edges

    def _edges(self, direction: Direction, asset_id: str, relation: str | None, role: str | None) -> Sequence[Edge]:
        read = self._prefetched.get((direction, asset_id, relation))
        if read is None and (every := self._prefetched.get((direction, asset_id, None))) is not None:
            # Kept: who asks for a dataset's versions once for each of its readers goes through all readers once.
            read = self._prefetched[direction, asset_id, relation] = [one for one in every if one.relation == relation]
        if read is not None:
            return [edge for edge in read if role in (None, edge.role)]
        more = [(name, value) for name, value in (("relation", relation), ("role", role)) if value is not None]
        where = f"{_HERE[direction]} = ?" + "".join(f" AND {name} = ?" for name, _ in more)
        return self._read_edges(where, [self._key(asset_id), *(value for _, value in more)])

    def _key(self, asset_id: str) -> int:
        return _key(asset_id, self._salt)

    def _asset(self, asset_id: str) -> Asset | None:
        line = self._near.get(asset_id)
        if isinstance(line, bytes):
            asset = self._near[asset_id] = ASSETS.row(line)
            return asset
        return next(iter(self._assets("key = ?", self._key(asset_id))), None)

    def _assets(self, where: str, *values: str | int) -> list[Asset]:
        rows = self._connection.execute(f"SELECT line FROM asset WHERE {where}", values)  # noqa: S608 - ours
        return [ASSETS.row(line) for (line,) in rows]

    def _read_edges(self, where: str, values: Sequence[str | int]) -> list[Edge]:
        """In canonical order."""
        edges = [
            edge_of(EdgeKey(source[::-1], target[::-1], relation, role), self._said_by(told))
            for source, target, relation, role, told in self._connection.execute(_EDGES + where, values)
        ]
        edges.sort(key=lambda edge: edge.key.order)
        return edges

    def _said_by(self, told: int) -> Known:
        if told not in self._told:
            (text,) = self._connection.execute("SELECT told FROM told WHERE number = ?", (told,)).fetchone()
            self._told[told] = _known(json.loads(text))
        return self._told[told]


def _opened(place: str, objects: Objects, envelope: Envelope) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute(f"PRAGMA cache_size = -{_CACHE}")
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
        connection.execute("INSERT INTO salt VALUES (?)", (os.urandom(16),))
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("DELETE FROM chunk WHERE part = 'content'")
    rows = _Rows(connection)
    for part, manifest, wide in (("asset", envelope.parts.assets, 11), ("edge", envelope.parts.edges, 6)):
        wanted = {chunk.object: chunk for chunk in chunks.chunks(objects, manifest)}
        held = dict(connection.execute("SELECT object, number FROM chunk WHERE part = ?", (part,)).fetchall())
        for name in held.keys() - wanted.keys():
            connection.execute(f"DELETE FROM {part} WHERE chunk = ?", (held[name],))  # noqa: S608 - ours
            connection.execute("DELETE FROM other WHERE chunk = ?", (held[name],))
            connection.execute("DELETE FROM chunk WHERE number = ?", (held[name],))
        read = rows.assets if part == "asset" else rows.edges
        for name in sorted(wanted.keys() - held.keys()):
            number = connection.execute("INSERT INTO chunk (part, object) VALUES (?, ?)", (part, name)).lastrowid
            assert number is not None
            connection.executemany(
                f"INSERT INTO {part} VALUES ({_marks(range(wide))})",  # noqa: S608 - ours
                read(objects.lines(wanted[name].object), number),
            )
            rows.keep_others()
    rows.keep_told()
    for statement in _INDEXES.split(";"):
        connection.execute(statement)
    _pack(connection)
    connection.execute("INSERT INTO chunk (part, object) VALUES ('content', ?)", (envelope.digest,))


def _known(told: Mapping[str, Any]) -> Known:
    return Known(told["certainty"], told["candidate"], tuple(Evidence(**one) for one in told["evidence"]))


class _Rows:
    """The lines of chunks as rows."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._salt = _salt(connection)
        self._told: dict[str, int] = {told: number for number, told in connection.execute("SELECT * FROM told")}
        self._sorts: dict[str, int] = {sort: number for number, sort in connection.execute("SELECT * FROM sort")}
        self._held = len(self._told), len(self._sorts)
        self._others: list[tuple[int, int, int]] = []

    def assets(self, lines: Iterable[bytes], chunk: int) -> Iterator[tuple[Any, ...]]:
        for line in lines:
            asset = json.loads(line)
            key = _key(asset["id"], self._salt)
            words = [_key(alias.lower(), self._salt) for alias in _aliases(asset["attributes"])]
            words += [_word(digits) for digits in digests(asset["id"])]
            self._others += [(word, chunk, key) for word in words]
            seen = asset["stale_since"] is None and asset["gone_since"] is None
            sort = json.dumps(sort_of(asset))
            unsure = not seen or asset["attributes"].get("unresolved") is True
            unsure = unsure or is_between(asset["kind"], asset["status"], asset["attributes"])
            yield (
                *(key, chunk, asset["name"], asset["account"], asset["id"][::-1], line),
                *(asset["kind"], unsure, self._sorts.setdefault(sort, len(self._sorts) + 1)),
                *span_of(asset["kind"], asset["created_at"], asset["attributes"]),
            )

    def edges(self, lines: Iterable[bytes], chunk: int) -> Iterator[tuple[Any, ...]]:
        for line in lines:
            edge = json.loads(line)
            ends = edge.pop("source"), edge.pop("target")
            source, target = (_key(end, self._salt) for end in ends)
            relation, role = edge.pop("relation"), edge.pop("role")
            edge["evidence"] = [among_ends(Evidence.of(one), *ends).as_data() for one in edge["evidence"]]
            told = json.dumps(edge, ensure_ascii=False)
            yield source, target, chunk, relation, role, self._told.setdefault(told, len(self._told) + 1)

    def keep_others(self) -> None:
        """The aliases and digests of the assets since the last time."""
        self._connection.executemany("INSERT INTO other VALUES (?, ?, ?)", self._others)
        self._others.clear()

    def keep_told(self) -> None:
        """What the edges of this filling say, and the sorts of its assets, as far as none before had them."""
        for table, held, numbers in zip(("told", "sort"), self._held, (self._told, self._sorts), strict=True):
            new = ((number, text) for text, number in numbers.items() if number > held)
            self._connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", new)  # noqa: S608 - ours


_COLUMNS: Final = {"keys": "q", "by_key": "I", "sorts": "I", "began": "d", "ended": "d"} | dict.fromkeys(
    ("first", "ends", "said"), "I"
)
"""The arrays of an adjacency, and the types of their numbers."""


def _pack(connection: sqlite3.Connection) -> None:
    """The lineage as arrays. An edge to what is no asset is in none, as it is in no other answer of the index."""
    by_node = _nodes(connection)
    keys, sorts = by_node["keys"], by_node["sorts"]
    nodes = {key: node for node, key in enumerate(keys)}
    kinds = {number: json.loads(sort)[0] for number, sort in connection.execute("SELECT number, sort FROM sort")}
    roles = [role for (role,) in connection.execute("SELECT DISTINCT role FROM edge WHERE role IS NOT NULL")]
    ranks = {role: rank for rank, role in enumerate((None, *sorted(roles)))}
    relations = {relation: rank for rank, relation in enumerate(sorted(RELATIONS))}
    told = {
        number: (known["certainty"], known["candidate"], _rules(known["evidence"]))
        for number, known in ((number, json.loads(text)) for number, text in connection.execute("SELECT * FROM told"))
    }
    says: dict[tuple[Any, ...], int] = {}
    ordered: list[int] = []
    back: list[tuple[bool, int, int, int, int]] = []
    for source, target, relation, role, number in connection.execute(
        "SELECT source, target, relation, role, told FROM edge"
    ):
        if source not in nodes or target not in nodes:
            continue
        from_, to = nodes[source], nodes[target]
        said = says.setdefault((relation, *told[number]), len(says))
        # One number for each edge, in canonical order: half of the memory of tuples.
        place = (from_ * len(nodes) + to) * len(relations) + relations[relation]
        ordered.append(((place * len(ranks) + ranks[role]) << _SAID_BITS) + said)
        if walked_back(relation, kinds[sorts[to]]):
            back.append((relation != "same_as", from_, ranks[role], said, to))
    ordered.sort()
    degrees = array(_COLUMNS["first"], bytes(array(_COLUMNS["first"]).itemsize * (len(nodes) + 1)))
    ends, saids = array(_COLUMNS["ends"]), array(_COLUMNS["said"])
    for number in ordered:
        from_, to = divmod((number >> _SAID_BITS) // len(ranks) // len(relations), len(nodes))
        degrees[from_ + 1] += 1
        ends.append(to)
        saids.append(number & ((1 << _SAID_BITS) - 1))
    columns = {
        **by_node,
        "by_key": array(_COLUMNS["by_key"], sorted(range(len(keys)), key=keys.__getitem__)),
        "first": array(_COLUMNS["first"], accumulate(degrees)),
        "ends": ends,
        "said": saids,
    }
    texts = {"says": list(says), "back": [(to, said, from_) for _, from_, _, said, to in sorted(back)]}
    packed = [(name, column.tobytes()) for name, column in columns.items()]
    packed += [(name, json.dumps(value).encode()) for name, value in texts.items()]
    connection.executemany("INSERT OR REPLACE INTO packed VALUES (?, ?)", packed)


def _nodes(connection: sqlite3.Connection) -> dict[str, array[Any]]:
    """The columns of all assets, in the order of their ids."""
    assets = [
        (backwards[::-1], *rest)
        for backwards, *rest in connection.execute("SELECT backwards, key, sort, began, ended FROM asset")
    ]
    assets.sort()
    names = ("keys", "sorts", "began", "ended")
    return {name: array(_COLUMNS[name], (one[at] for one in assets)) for at, name in enumerate(names, 1)}


_SAID_BITS: Final = 20
"""Of what edges say there are some hundreds."""


def _rules(evidence: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(sorted({known.line for known in (Evidence(**one) for one in evidence) if known.rule}))


def _salt(connection: sqlite3.Connection) -> bytes:
    """Drawn for each file, so that nobody can choose names whose keys are equal."""
    salt: bytes = connection.execute("SELECT salt FROM salt").fetchone()[0]
    return salt


def _key(asset_id: str, salt: bytes) -> int:
    """Eight bytes instead of a long ARN in every index; of two equal ones the second could not be inserted."""
    return int.from_bytes(hashlib.blake2b(asset_id.encode(), digest_size=8, key=salt).digest(), "big", signed=True)


def _aliases(attributes: Mapping[str, Any]) -> list[str]:
    aliases = attributes.get("aliases")
    return [alias for alias in aliases if isinstance(alias, str)] if isinstance(aliases, list) else []


def digests(asset_id: str) -> list[str]:
    """Every digest, git commit, MLflow run and logged model in an id, in hex."""
    return _DIGEST.findall(asset_id)


def _word(digits: str) -> int:
    """The first sixteen hex digits as a number, in their order: what begins alike lies together."""
    return int(digits[:16], 16) - 2**63


def _marks(values: Sized) -> str:
    return ",".join("?" * len(values))


def _batches(several: Iterable[T]) -> Iterator[Sequence[T]]:
    rest = iter(several)
    while batch := tuple(islice(rest, _BATCH)):
        yield batch
