"""`studbook export pedigree`: one asset with everything that made it, in the words of the whole JSON export.

    {"schema": "studbook.pedigree/1", "root": id, "assets": [...], "edges": [...], "findings": [...]}

Each asset and edge is as `studbook export json` writes it. Snapshots that know the same of an asset give equal bytes.
"""

from __future__ import annotations

from typing import Any

from studbook.exports.interface import Export
from studbook.model import Asset, canonical
from studbook.model.canonical import fields_of
from studbook.model.edge import edge_json
from studbook.queries.pedigree import Pedigree


def write(pedigree: Pedigree) -> bytes:
    """Canonical JSON (RFC 8785), in one line."""
    # Put together in the order of keys: an edge has its canonical JSON from one function, and most of it are edges.
    assets = canonical([asset_data(asset) for asset in pedigree.assets])
    edges = b",".join(map(edge_json, pedigree.edges))
    findings = canonical([finding.as_data() for finding in pedigree.findings])
    root = canonical(pedigree.root.id)
    return b'{"assets":%b,"edges":[%b],"findings":%b,"root":%b,"schema":"studbook.pedigree/1"}\n' % (
        assets,
        edges,
        findings,
        root,
    )


def asset_data(asset: Asset) -> dict[str, Any]:
    """An asset as the JSON export has it, under the names of its fields."""
    return fields_of(asset) | {"attributes": dict(asset.attributes)}


EXPORT = Export("pedigree", "one asset with everything that made, judged and runs it", about=write)
