"""Datasets that changed after a job had begun to read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studbook.lineage.graph import Lineage
from studbook.model import Asset


@dataclass(frozen=True, slots=True)
class Drift:
    """One dataset that a job read and that is another now."""

    job: Asset
    read: Asset
    """The dataset version that the job read, or may have read, or the dataset where no version is known."""
    certain: bool
    """False where the version is one of several candidates."""
    since: int | None
    """The first snapshot that shows the newer state, where snapshots show it."""


def drifts_of(lineage: Lineage, job: Asset) -> Iterator[Drift]:
    """The datasets of one job that changed since it started, by id of what it read.

    A registered version is looked through to the S3 content that it points at: the registration does not move, the
    content can. A newer registered version is no drift: the older one is still there.
    """
    for edge in lineage.upstream(job.id, "input_to"):
        read = lineage.asset(edge.source)
        if read is None:
            continue
        content = [(read, edge.candidate)]
        for below in lineage.upstream(read.id, "content_of"):
            asset = lineage.asset(below.source)
            if asset is not None:
                content.append((asset, edge.candidate or below.candidate))
        for asset, candidate in content:
            if asset.kind == "dataset_version" and asset.attributes.get("current") is False:
                yield Drift(job, asset, not candidate, asset.attributes.get("superseded_since"))
            elif asset.kind == "dataset" and _newer(lineage, asset, job):
                yield Drift(job, asset, True, None)


def _newer(lineage: Lineage, dataset: Asset, job: Asset) -> bool:
    """Whether an S3 dataset, of which no version is known for the job, changed after the job started."""
    started = job.attributes.get("started_at") or job.created_at
    if started is None or not dataset.id.startswith("s3://"):
        return False
    versions = (lineage.asset(edge.target) for edge in lineage.downstream(dataset.id, "has_version"))
    times = [asset.modified_at or asset.created_at for asset in versions if asset is not None]
    return any(time is not None and time > started for time in times)
