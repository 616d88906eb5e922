"""Data drift: datasets that changed after a job had begun to read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studbook.lineage.graph import LineageReader
from studbook.lineage.job_state import may_never_have_run
from studbook.model import Asset
from studbook.queries.answer import counted


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
    deleted: int = 0
    """How many objects of what was read are deleted, or left in no version."""
    for_good: int = 0
    """Of how many of these no version is left, whatever lies at their keys now."""

    @property
    def words(self) -> str:
        """What became of the data, as a clause; empty where it merely changed."""
        hidden = self.deleted - self.for_good
        told = [f"{counted(hidden, 'object')} {'was' if hidden == 1 else 'were'} deleted"] if hidden else []
        # Also where a newer object lies at the key: that one is not what was read.
        told += [f"the bytes of {counted(self.for_good, 'object')} are gone for good"] if self.for_good else []
        return " and ".join(told)


def drifts_of(lineage: LineageReader, job: Asset) -> Iterator[Drift]:
    """The datasets of one job that changed since it started, by id of what it read.

    A registered version is looked through to the S3 content that it points at: the registration does not move, the
    content can. A newer registered version is no drift: the older one is still there.
    """
    ran = not may_never_have_run(job)
    for edge in lineage.upstream(job.id, "input_to"):
        read = lineage.asset(edge.source)
        if read is None:
            continue
        if _is_replaced(read):
            yield _drift(job, read, read, certain=ran and not edge.candidate)
        elif read.kind == "dataset":
            yield from _changes(lineage, job, read, read.id, certain=ran)
        for below in lineage.upstream(read.id, "content_of"):
            content = lineage.asset(below.source)
            # The content as it was registered; it can have been replaced before this job read it.
            if content is not None and (_is_replaced(content) or content.kind == "dataset"):
                prefix = content.id.partition("@sha256:")[0]
                certain = ran and not (edge.candidate or below.candidate)
                yield from _changes(lineage, job, content, prefix, certain=certain)


def _is_replaced(asset: Asset) -> bool:
    """Whether an S3 dataset version is no longer what lies under its prefix."""
    return asset.kind == "dataset_version" and asset.attributes.get("current") is False


def _drift(job: Asset, read: Asset, state: Asset, *, certain: bool) -> Drift:
    """With the losses of a state that was replaced."""
    told = state.attributes
    lost = (told.get("deleted_objects") or 0, told.get("deleted_for_good") or 0)
    return Drift(job, read, certain, told.get("superseded_since"), *lost)


def _changes(lineage: LineageReader, job: Asset, read: Asset, prefix: str, *, certain: bool) -> Iterator[Drift]:
    """The change of an S3 prefix that is a dataset, or a version's own: after the job's start an object came, or went.

    A deletion leaves no time: it was after the start where an earlier snapshot shows both the job and the object, and
    may have been where the first that lacks the object is the first that shows the job.
    """
    started = job.attributes.get("started_at") or job.created_at
    if started is None or not prefix.startswith("s3://"):
        return
    datasets = [prefix, prefix.rstrip("/").rpartition("/")[0] + "/"]
    versions = [
        found
        for dataset in datasets
        for edge in lineage.downstream(dataset, "has_version")
        if edge.target.startswith(prefix) and (found := lineage.asset(edge.target)) is not None
    ]
    lossy = [one for one in versions if one.attributes.get("deleted_objects") and _met(one, job) is not None]
    if lossy:
        worst = max(lossy, key=lambda one: (bool(_met(one, job)), one.attributes["deleted_objects"], one.id))
        yield _drift(job, read, worst, certain=certain and bool(_met(worst, job)))
    elif any((one.attributes.get("newest") or one.created_at or "") > started for one in versions):
        yield _drift(job, read, read, certain=certain)


def _met(state: Asset, job: Asset) -> bool | None:
    """Whether a job was seen while a state was in force; None where it was first seen later."""
    until, seen = state.attributes.get("superseded_since"), job.first_seen
    if not isinstance(until, int) or seen is None or seen > until:
        return None
    return seen < until
