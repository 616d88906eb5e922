"""night.json of an evidence pack: which snapshot it is of, and the proofs that it is.

    {"schema": "studbook.night/1", "generator": {...},
     "sums": "sha256:...",            the digest of SHA256SUMS
     "envelope": {...},               the snapshot's, as it is written
     "nodes": ["...", ...],           hashes in base64, each once
     "rows": {"<leaf hash>": {"part": "edges", "index": 17, "path": [0, 3, ...]}},     paths by the numbers of nodes
     "readings": [{...}, ...],        which call brought each record and when: rows of the snapshot, too
     "log": {"checkpoint": "...", "index": 3, "path": ["...", ...]},
     "digest": "sha256:..."}          of this document in canonical JSON, without this member

`rows` is null where the snapshot has no tree (an older Studbook wrote it), `log` where the log is behind.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from studbook import __version__
from studbook.model import Envelope, Partition, digest
from studbook.proof.merkle import leaf_hash
from studbook.store import Catalog
from studbook.store.chunks import READINGS
from studbook.store.proofs import in_base64, prove_entry, prove_rows, sealed

SCHEMA = "studbook.night/1"


def write(catalog: Catalog, envelope: Envelope, sums: bytes, rows: Iterable[tuple[str, bytes]]) -> bytes:
    """The document, in one line of canonical JSON. Raises CatalogError where the snapshot does not have a row."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "generator": {"name": "studbook", "version": __version__},
        "sums": digest(sums),
        "envelope": envelope.model_dump(mode="json"),
        "log": prove_entry(catalog.log, envelope.number),
        "nodes": [],
        "rows": None,
        "readings": [],
    }
    if envelope.tree is not None:
        parts = {row: part for part, row in rows}
        readings = sorted(_readings(catalog, envelope, parts))
        document["readings"] = [json.loads(row) for row in readings]
        proofs = prove_rows(catalog.objects, envelope, {*parts, *readings})
        nodes: dict[bytes, int] = {}
        told = {}
        for row, found in sorted(proofs.items(), key=lambda item: item[1].index):
            path = [nodes.setdefault(node, len(nodes)) for node in found.path]
            told[leaf_name(row)] = {"index": found.index, "part": parts.get(row, "readings"), "path": path}
        document |= {"rows": told, "nodes": in_base64(list(nodes))}
    return sealed(document)


def _readings(catalog: Catalog, envelope: Envelope, parts: Mapping[bytes, str]) -> Iterator[bytes]:
    """How the records among these rows were read, as the catalog keeps it."""
    wanted: defaultdict[Partition, list[str]] = defaultdict(list)
    for row, part in parts.items():
        if part == "records":
            one = json.loads(row)
            partition = Partition(one["account"], one["region"], one["source"])
            wanted[partition].append(f"{one['source']}/{one['kind']}/{one['id']}")
    readings = catalog.readings(envelope)
    for partition, references in wanted.items():
        known = readings(partition)
        for reference in references:
            yield READINGS.line(known[reference]).removesuffix(b"\n")


def leaf_name(row: bytes) -> str:
    """What a row is called among the proofs."""
    return base64.b64encode(leaf_hash(row)).decode()
