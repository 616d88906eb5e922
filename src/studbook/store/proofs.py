"""Inclusion proofs: that rows are in the tree of a snapshot, and its envelope in the log.

What they are given as, in JSON; hashes are in base64:

    log   {"checkpoint": "...", "index": 3, "path": ["...", ...]}
    row   {"index": 17, "path": ["...", ...]}           paths begin at the leaf (RFC 6962, 2.1.1)
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from studbook.errors import CatalogError
from studbook.model import Envelope, canonical, digest
from studbook.proof import merkle
from studbook.store import chunks
from studbook.store.catalog import Catalog
from studbook.store.log import Log
from studbook.store.objects import Objects, packed


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where a row is in the tree of its snapshot, and the audit path from there."""

    index: int
    path: tuple[bytes, ...]


def prove_rows(objects: Objects, envelope: Envelope, rows: Collection[bytes]) -> dict[bytes, Inclusion]:
    """The proof of each of these rows, which are given as they are stored, without their line feeds.

    Raises CatalogError where the snapshot does not have one, or is of format 1, which has no tree.
    """
    if envelope.tree is None:
        raise CatalogError(
            f"snapshot {envelope.number} has no tree: an older Studbook wrote it", "newer snapshots have one"
        )
    wanted, hashes = frozenset(rows), bytearray()
    found: dict[int, bytes] = {}
    for index, row in enumerate(chunks.leaves(objects, envelope.parts)):
        hashes += merkle.leaf_hash(row)
        if row in wanted:
            found[index] = row
    missing = wanted - set(found.values())
    if missing:
        raise CatalogError(
            f"snapshot {envelope.number} has no row {sorted(missing)[0][:200]!r}", "run 'studbook verify'"
        )
    size = len(hashes) // 32
    several = (bytes(hashes[start : start + 32]) for start in range(0, len(hashes), 32))
    paths = merkle.inclusion_paths(several, size, found)
    return {row: Inclusion(index, tuple(paths[index])) for index, row in found.items()}


def prove_entry(log: Log, number: int) -> dict[str, Any] | None:
    """That a snapshot's envelope is in the log; None where the log is behind, and has it not yet."""
    entries, note = log.entries(), log.note()
    if note is None or number > len(entries):
        return None
    path = merkle.inclusion_paths(map(merkle.leaf_hash, entries), len(entries), [number - 1])[number - 1]
    return {"checkpoint": str(note), "index": number - 1, "path": in_base64(path)}


SCHEMA = "studbook.proof/1"


def prove(catalog: Catalog, envelope: Envelope, part: str, row: bytes) -> bytes:
    """A proof that stands on its own, of one row of a part: canonical JSON, gzipped.

        {"schema": "studbook.proof/1", "part": "edges", "row": {...}, "tree": {"index": 17, "path": [...]},
         "envelope": {...}, "log": {"checkpoint": "...", "index": 3, "path": [...]}, "digest": "sha256:..."}

    `digest` is of the document without that member; `log` is null where the log is behind. Compressed it is a fifth:
    most of an envelope is coverage, whose rows are alike.
    """
    found = prove_rows(catalog.objects, envelope, [row])[row]
    document = {
        "schema": SCHEMA,
        "part": part,
        "row": json.loads(row),
        "tree": {"index": found.index, "path": in_base64(found.path)},
        "envelope": envelope.model_dump(mode="json"),
        "log": prove_entry(catalog.log, envelope.number),
    }
    return packed(sealed(document))


def sealed(document: dict[str, Any]) -> bytes:
    """A document with its own digest in it, in one line of canonical JSON."""
    return canonical(document | {"digest": digest(canonical(document))}) + b"\n"


def in_base64(nodes: Collection[bytes]) -> list[str]:
    """Hashes as JSON has them: base64 with padding (RFC 4648, section 4), in their order."""
    return [base64.b64encode(node).decode() for node in nodes]
