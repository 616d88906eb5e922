"""Last writer: a place in S3 that a job wrote to after another had read it does not hold what was read.

A place is no state: whoever wrote there is upstream of whoever reads there, whenever that was. So a job that began
after a reader of the place is no sure maker of what lies there, and is told as one of several that may be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from studbook.lineage.edges import Edges
from studbook.lineage.joins.interface import instant
from studbook.model import Asset, Evidence
from studbook.model.edge import EdgeKey
from studbook.model.kinds import JOB_KINDS

LATER: Final = Evidence.parse("rule:written-later")


def doubt_later_writers(edges: Edges, assets: Mapping[str, Asset]) -> None:
    """Makes their edges candidates. States of datasets have times of their own, and are left alone."""
    written: defaultdict[str, list[EdgeKey]] = defaultdict(list)
    for key in edges.known():
        place = _place(key.target) if key.relation == "produced" else None
        if place is not None and (job := assets.get(key.source)) is not None and job.kind in JOB_KINDS:
            written[place].append(key)
    read: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for key in edges.known() if written else ():
        place = _place(key.source) if key.relation in ("input_to", "packaged_as") else None
        if place in written and place is not None and (began := _began(assets.get(key.target))):
            read[place].append((began, key.target))
    for place, readers in read.items():
        for key in written[place]:
            began = _began(assets[key.source])
            if any(earlier < began and reader != key.source for earlier, reader in readers):
                edge = edges.pop(key)
                proof = (*edge.evidence, LATER)
                edges.add(replace(edge, certainty="inferred", candidate=True, evidence=proof))


def _place(asset_id: str) -> str | None:
    """A place in S3, however its end is spelt."""
    return asset_id.rstrip("/") if asset_id.startswith("s3://") and "/@sha256:" not in asset_id else None


def _began(asset: Asset | None) -> str:
    """When a job started, or what else reads was made; "" where nothing tells."""
    return instant(str(asset.attributes.get("started_at") or asset.created_at or "")) if asset is not None else ""
