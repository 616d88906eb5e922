"""Datasets that changed after a job had begun to read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studbook.lineage.graph import LineageReader
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


def drifts_of(lineage: LineageReader, job: Asset) -> Iterator[Drift]:
    """The datasets of one job that changed since it started, by id of what it read.

    A registered version is looked through to the S3 content that it points at: the registration does not move, the
    content can. A newer registered version is no drift: the older one is still there.
    """
    for edge in lineage.upstream(job.id, "input_to"):
        read = lineage.asset(edge.source)
        if read is None:
            continue
        if _is_replaced(read):
            yield Drift(job, read, not edge.candidate, read.attributes.get("superseded_since"))
        elif read.kind == "dataset" and _changed_after(lineage, read.id, job):
            yield Drift(job, read, True, None)
        for below in lineage.upstream(read.id, "content_of"):
            content = lineage.asset(below.source)
            if content is None:
                continue
            # The content as it was registered; it can have been replaced before this job read it.
            prefix = content.id.partition("@sha256:")[0]
            if (_is_replaced(content) or content.kind == "dataset") and _changed_after(lineage, prefix, job):
                certain = not (edge.candidate or below.candidate)
                yield Drift(job, content, certain, content.attributes.get("superseded_since"))


def _is_replaced(asset: Asset) -> bool:
    """Whether an S3 dataset version is no longer what lies under its prefix."""
    return asset.kind == "dataset_version" and asset.attributes.get("current") is False


def _changed_after(lineage: LineageReader, prefix: str, job: Asset) -> bool:
    """Whether an object under an S3 prefix that is a dataset, or a version's own, is newer than the job's start."""
    started = job.attributes.get("started_at") or job.created_at
    if started is None or not prefix.startswith("s3://"):
        return False
    datasets = [prefix, prefix.rstrip("/").rpartition("/")[0] + "/"]
    versions = (
        lineage.asset(edge.target)
        for dataset in datasets
        for edge in lineage.downstream(dataset, "has_version")
        if edge.target.startswith(prefix)
    )
    times = [asset.attributes.get("newest") or asset.created_at for asset in versions if asset is not None]
    return any(time is not None and time > started for time in times)
