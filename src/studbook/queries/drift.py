"""Data drift: datasets that changed after a job had begun to read them.

Of a job that read a part of a dataset it is that part that has to be another: the object manifests of the state that it
read and of the one in force now decide. Where one of them is not kept, or nothing tells which part it was, it is said
that the dataset changed, and that it is not known whether the part did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from studbook.lineage.deleted_objects import Loss, losses
from studbook.lineage.graph import LineageReader
from studbook.lineage.job_state import may_never_have_run, start_of
from studbook.lineage.joins.object_history import object_versions
from studbook.model import Asset, Edge
from studbook.model.ids import beginning_with, parse_s3
from studbook.queries.answer import Night, RecordOf, counted
from studbook.queries.manifests import recorded_places

_PART: Final = "s3-prefix"
_TELLING: Final = frozenset({_PART, "dataset-at-start"})
"""Rules of edges whose evidence leads to the very place that was read; others have a place that is linked with it."""


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
    part: bool = False
    """A part of it alone was read, as a record says."""
    unsure: bool = False
    """It is not known whether that part changed."""

    @property
    def verb(self) -> str:
        """What the job did to it, as people say it."""
        return f"{'read' if self.certain else 'may have read'}{' a part of' if self.part else ''}"

    @property
    def doubt(self) -> str:
        """What is not known of it, as a clause; empty where nothing is open."""
        return "whether the part that was read did is not known" if self.unsure else ""

    @property
    def words(self) -> str:
        """What became of the data, as a clause; empty where it merely changed."""
        hidden = self.deleted - self.for_good
        told = [f"{counted(hidden, 'object')} {'was' if hidden == 1 else 'were'} deleted"] if hidden else []
        # Also where a newer object lies at the key: that one is not what was read.
        told += [f"the bytes of {counted(self.for_good, 'object')} are gone for good"] if self.for_good else []
        return " and ".join(told)


def drifts_of(night: Night, job: Asset) -> Iterator[Drift]:
    """The datasets of one job that changed since it started, by id of what it read.

    A registered version is looked through to the S3 content that it points at: the registration does not move, the
    content can. A newer registered version is no drift: the older one is still there.
    """
    lineage, ran = night.lineage, not may_never_have_run(job)
    for edge in lineage.upstream(job.id, "input_to"):
        read = lineage.asset(edge.source)
        if read is None:
            continue
        if _is_replaced(read):
            drift = _drift(job, read, read, certain=ran and not edge.candidate)
            yield from _of_part(night, edge, drift, read, "")
        elif read.kind == "dataset":
            for drift, state, after in _changes(lineage, job, read, read.id, certain=ran):
                yield from _of_part(night, edge, drift, state, after)
        for below in lineage.upstream(read.id, "content_of"):
            content = lineage.asset(below.source)
            # The content as it was registered; it can have been replaced before this job read it.
            if content is not None and (_is_replaced(content) or content.kind == "dataset"):
                prefix = content.id.partition("@sha256:")[0]
                certain = ran and not (edge.candidate or below.candidate)
                for drift, state, after in _changes(lineage, job, content, prefix, certain=certain):
                    yield from _of_part(night, below, drift, state, after)


def _is_replaced(asset: Asset) -> bool:
    """Whether an S3 dataset version is no longer what lies under its prefix."""
    return asset.kind == "dataset_version" and asset.attributes.get("current") is False


def _drift(job: Asset, read: Asset, state: Asset, *, certain: bool) -> Drift:
    """With the losses of a state that was replaced."""
    told = state.attributes
    lost = (told.get("deleted_objects") or 0, told.get("deleted_for_good") or 0)
    return Drift(job, read, certain, told.get("superseded_since"), *lost)


def _changes(
    lineage: LineageReader, job: Asset, read: Asset, prefix: str, *, certain: bool
) -> Iterator[tuple[Drift, Asset | None, str]]:
    """The change of an S3 prefix that is a dataset, or a version's own: after the job's start an object came, or went;
    with a state to compare, and the time after which an object of it has to be.

    A deletion leaves no time: it was after the start where an earlier snapshot shows both the job and the object, and
    may have been where the first that lacks the object is the first that shows the job.
    """
    started = start_of(job.created_at, job.attributes)
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
        yield _drift(job, read, worst, certain=certain and bool(_met(worst, job))), worst, ""
    elif any((one.attributes.get("newest") or one.created_at or "") > started for one in versions):
        current = next((one for one in versions if one.attributes.get("current") is True), None)
        yield _drift(job, read, read, certain=certain), current, started


def _met(state: Asset, job: Asset) -> bool | None:
    """Whether a job was seen while a state was in force; None where it was first seen later."""
    until, seen = state.attributes.get("superseded_since"), job.first_seen
    if not isinstance(until, int) or seen is None or seen > until:
        return None
    return seen < until


# --- a part of a dataset ------------------------------------------------------------------------------------------


def _of_part(night: Night, edge: Edge, drift: Drift, state: Asset | None, after: str) -> Iterator[Drift]:
    """The drift, if all of a dataset was read, or the part that was read is another now than in a state; or, with a
    time, has an object from after it."""
    rules = {line.rule for line in edge.evidence if line.rule}
    places = _places(night, edge) if _PART in rules else ()
    if _PART not in rules or (state is not None and _is_all_of(state, places)):
        yield drift
        return
    changes = _of_places(night, edge, places, state, after) if state is not None and rules <= _TELLING else None
    if changes is None:
        yield replace(drift, part=bool(places), unsure=True)
    elif changes:
        deleted, for_good = sum(one.deleted for one in changes), sum(one.for_good for one in changes)
        yield replace(drift, part=True, deleted=deleted, for_good=for_good)


def _is_all_of(state: Asset, places: Iterable[str]) -> bool:
    """Whether one of these places is that of a state, or around it: a version of its own in a folder of the dataset."""
    own = state.id.partition("@sha256:")[0]
    return any(own.startswith(f"{place.rstrip('/')}/") for place in places)


def _of_places(night: Night, edge: Edge, places: Sequence[str], state: Asset, after: str) -> Sequence[Loss] | None:
    """What is another, of the places that an edge names; None where that is not known."""
    now = _in_force(night.lineage, state)
    if not places or now is None or any(line.operation == "s3:GetObject" for line in edge.evidence):
        return None  # of a manifest the edge names one entry
    told = _newer(night.record_of, now.id, after) if after else _difference(night.record_of, state.id, now.id)
    keys = [place.key for text in places if (place := parse_s3(text)) is not None]
    if told is None or not all(beginning_with(told[0], key) for key in keys):
        return None
    changes = told[1]
    found = sorted(changes)
    return [changes[one] for one in {one for key in keys for one in beginning_with(found, key)}]


def _places(night: Night, edge: Edge) -> Sequence[str]:
    """The places that the records behind an edge name; of a registered version the one that it points at."""
    registered = night.lineage.asset(edge.target) if edge.relation == "content_of" else None
    if registered is None:
        return recorded_places(night.record_of, edge)
    return [place] if isinstance(place := registered.attributes.get("uri"), str) else []


def _in_force(lineage: LineageReader, state: Asset) -> Asset | None:
    """The state that the last listing shows at the place of one."""
    place = state.id.partition("@sha256:")[0]
    parents = [edge.source for edge in lineage.upstream(state.id, "has_version")]
    several = (lineage.asset(edge.target) for parent in parents for edge in lineage.downstream(parent, "has_version"))
    at_place = (one for one in several if one is not None and one.id.partition("@sha256:")[0] == place)
    return next((one for one in at_place if one.attributes.get("current") is True), None)


_Compared = tuple[Sequence[str], Mapping[str, Loss]]
"""All keys of a state, sorted; and by key what is not in both states as it is in the other."""


@lru_cache(maxsize=8)
def _difference(record_of: RecordOf, state: str, now: str) -> _Compared | None:
    """Of a state to the one in force; None where an object manifest is not kept."""
    was, current = (record_of("s3_prefix", one) for one in (state, now))
    if was is None or current is None or "Contents" not in was.body or "Contents" not in current.body:
        return None
    loss_of = losses(current.body["Contents"], object_versions(current.body)[1])
    there = {row["Key"]: (row["Size"], row["ETag"]) for row in current.body["Contents"]}
    keys, changes = [], dict.fromkeys(there, Loss())
    for row in was.body["Contents"]:
        key, loss = row["Key"], loss_of(row)
        keys.append(key)
        if loss.deleted:
            changes[key] = loss
        elif there[key] == (row["Size"], row["ETag"]):
            del changes[key]
    return sorted(keys), changes


@lru_cache(maxsize=8)
def _newer(record_of: RecordOf, now: str, after: str) -> _Compared | None:
    """Of the state in force what was written after a time."""
    current = record_of("s3_prefix", now)
    if current is None or "Contents" not in current.body:
        return None
    rows = current.body["Contents"]
    return sorted(row["Key"] for row in rows), {row["Key"]: Loss() for row in rows if row["LastModified"] > after}
