"""`studbook export pedigree`: one asset with everything that made it, in the words of the whole JSON export.

    {"schema": "studbook.pedigree/1", "root": id, "assets": [...], "edges": [...], "findings": [...]}

Each asset and edge is as `studbook export json` writes it. Snapshots that know the same of an asset give equal bytes.
"""

from __future__ import annotations

from typing import Any

from studbook.exports.interface import Export
from studbook.model import Asset, canonical
from studbook.model.canonical import fields_of
from studbook.queries.pedigree import Pedigree


def write(pedigree: Pedigree) -> bytes:
    """Canonical JSON (RFC 8785), in one line."""
    return (
        canonical(
            {
                "schema": "studbook.pedigree/1",
                "root": pedigree.root.id,
                "assets": [asset_data(asset) for asset in pedigree.assets],
                "edges": [edge.as_data() for edge in pedigree.edges],
                "findings": [finding.as_data() for finding in pedigree.findings],
            }
        )
        + b"\n"
    )


def asset_data(asset: Asset) -> dict[str, Any]:
    return fields_of(asset) | {"attributes": dict(asset.attributes)}


EXPORT = Export("pedigree", "one asset with everything that made, judged and runs it", about=write)
