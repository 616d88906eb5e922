"""Which dataset version a job read: the one in force when it started.

A URI inside a configured dataset is a read of that dataset (of nested ones, the innermost). Where the bucket keeps
object versions, the state at the start is put together from them; where it does not, the last listed state whose
newest object is no younger than the start is inferred, all of them as candidates if several fit; where none fits,
the edge comes from the dataset itself. A manifest is an input itself, and where it was read, so are the datasets of
the objects that it lists; what it lists elsewhere makes no artifact of its own. A URI without a final slash reads
every key that starts with it: each dataset that it can mean has an edge. What lies in no configured dataset, and at
no registered one's place, is an artifact, by its URI as recorded.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from studbook.lineage.joins.interface import View, instant
from studbook.lineage.joins.registered_location import Registered
from studbook.model import Asset, Certainty, Edge, Facts
from studbook.model.facts import MANIFESTS, DatasetState, Manifest, Reads
from studbook.model.ids import S3Uri, dataset_version_id, fingerprint, parse_s3, place_name

INSIDE: Final = "rule:s3-prefix"
AT_START: Final = "rule:dataset-at-start"
WITHOUT_SLASH: Final = "rule:prefix-without-slash"
MANIFEST_WRITTEN_LATER: Final = "rule:manifest-written-later"


def join(view: View) -> Facts:
    """Resolves every `Reads`."""
    facts = Facts()
    places = _Places(view)
    manifests = {manifest.uri: manifest for manifest in view.all(Manifest)}
    for reads in view.all(Reads):
        for edge, asset in _resolved(reads, places, manifests):
            facts.edges.append(edge)
            if asset is not None:
                facts.mentions.append(asset)
    for found in places.reconstructed.values():
        facts.assets.append(found.asset)
        facts.edges.append(found.parent)
    return facts


def _resolved(reads: Reads, places: _Places, manifests: Mapping[str, Manifest]) -> Iterator[tuple[Edge, Asset | None]]:
    uri = parse_s3(reads.uri)
    if uri is None:
        return
    text = str(uri)
    if reads.data_type in MANIFESTS:
        yield _edge(reads, reads.uri, "referenced", (reads.evidence,)), _artifact(reads, uri)
        if (manifest := manifests.get(reads.uri)) is not None:
            yield from _listed(reads, manifest, places)
        return
    by_prefix = reads.data_type != "Object"
    if by_prefix and not text.endswith("/") and (meant := places.below(text)):
        for dataset in meant:
            found = dataset.versions_at(dataset.id, reads.at)
            yield from _edges(reads, dataset, found, WITHOUT_SLASH, candidate=len(meant) > 1)
        return
    innermost = places.around(text)
    if innermost is not None:
        rule = None if text == innermost.id else INSIDE
        yield from _edges(reads, innermost, innermost.versions_at(text, reads.at), rule, candidate=False)
        return
    if not places.registered.read_by(reads):
        yield _edge(reads, reads.uri, "referenced", (reads.evidence,)), _artifact(reads, uri)
    for dataset in places.below(text) if by_prefix else ():
        yield from _edges(reads, dataset, dataset.versions_at(dataset.id, reads.at), INSIDE, candidate=False)


def _listed(reads: Reads, manifest: Manifest, places: _Places) -> Iterator[tuple[Edge, Asset | None]]:
    """The datasets that a manifest's objects lie in; only candidates if it was written after the job began."""
    later = reads.at is not None and instant(manifest.modified) > instant(reads.at)
    rule = (INSIDE, MANIFEST_WRITTEN_LATER) if later else (INSIDE,)
    met: set[tuple[str, str]] = set()
    for evidence, uri in manifest.entries:
        dataset = places.around(uri)
        if dataset is None or (dataset.id, place := dataset.place_of(uri)) in met:
            continue
        met.add((dataset.id, place))
        found = dataset.versions_at(uri, reads.at)
        for version in found or (_Found(dataset.id, proved=False, evidence=()),):
            cited = (reads.evidence, evidence, *rule, *version.evidence)
            yield _edge(reads, version.id, "inferred", cited, candidate=later or len(found) > 1), None


def _artifact(reads: Reads, uri: S3Uri) -> Asset:
    manifest = {"manifest": reads.data_type, "expanded": False} if reads.data_type in MANIFESTS else {}
    return Asset(id=reads.uri, kind="artifact", name=place_name(uri), attributes={"uri": reads.uri, **manifest})


def _edges(
    reads: Reads, dataset: _Dataset, found: Sequence[_Found], rule: str | None, *, candidate: bool
) -> Iterator[tuple[Edge, Asset | None]]:
    """One edge from the version where one is known, from each where several fit, else from the dataset."""
    by_uri = (reads.evidence, rule) if rule else (reads.evidence,)
    found = () if reads.ever else found
    if not found:
        yield _edge(reads, dataset.id, "inferred" if rule else "referenced", by_uri, candidate=candidate), None
    for version in found:
        certainty: Certainty = "referenced" if version.proved and not rule else "inferred"
        several = candidate or len(found) > 1
        yield _edge(reads, version.id, certainty, (*by_uri, *version.evidence), candidate=several), None


def _edge(
    reads: Reads, source: str, certainty: Certainty, evidence: tuple[str, ...], *, candidate: bool = False
) -> Edge:
    return Edge(
        source=source,
        target=reads.reader,
        relation=reads.relation,
        role=reads.role,
        certainty=certainty,
        candidate=candidate,
        evidence=tuple(sorted(set(evidence))),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A version that was in force."""

    id: str
    proved: bool
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reconstructed:
    """A state that no listing showed, put together from object versions."""

    asset: Asset
    parent: Edge


@dataclass(slots=True)
class _Dataset:
    """A dataset with the states that were listed of it, by listed prefix."""

    id: str
    places: _Places
    states: defaultdict[str, list[DatasetState]] = field(default_factory=lambda: defaultdict(list))
    histories: dict[str, _History | None] = field(default_factory=dict)

    def place_of(self, uri: str) -> str:
        """The listed prefix that a URI lies in; empty where it is in none."""
        return next((place for place in self.states if uri.startswith(place)), "")

    def versions_at(self, uri: str, at: str | None) -> Sequence[_Found]:
        """The versions that a read of `uri` at a time can have met; empty where that is not known.

        With subprefixes a read of the whole dataset is a read of no one version.
        """
        if place := self.place_of(uri):
            return self._version_at(place, at)
        if uri.endswith("/"):
            return ()
        meant = [
            found for place in sorted(self.states) if place.startswith(uri) for found in self._version_at(place, at)
        ]
        return [_Found(found.id, proved=False, evidence=(*found.evidence, WITHOUT_SLASH)) for found in meant]

    def _version_at(self, place: str, at: str | None) -> Sequence[_Found]:
        history = self._history(place)
        if history is not None and at is not None:
            found = history.at(at)
            return (found,) if found else ()
        return _by_listing(self.states[place], at)

    def _history(self, place: str) -> _History | None:
        if place not in self.histories:
            kept = [state for state in self.states[place] if state.versions is not None and state.current]
            self.histories[place] = _History(kept[0], self) if kept else None
        return self.histories[place]


def _by_listing(states: Sequence[DatasetState], at: str | None) -> Sequence[_Found]:
    """The last listed states that were complete by then."""
    if at is None:
        fitting = list(states)
    else:
        newest = [max((instant(item["LastModified"]) for item in state.contents), default="") for state in states]
        last = max((time for time in newest if time <= instant(at)), default=None)
        fitting = [state for state, time in zip(states, newest, strict=True) if time == last]
    found: dict[str, _Found] = {}
    for state in fitting:
        listed = "s3:ListObjectsV2#Contents" if state.versions is None else "s3:ListObjectVersions#Versions"
        found.setdefault(state.version, _Found(state.version, proved=False, evidence=(listed, AT_START)))
    return list(found.values())


class _History:
    """The states of one prefix over time, from its object versions."""

    def __init__(self, state: DatasetState, dataset: _Dataset) -> None:
        self._state = state
        self._dataset = dataset
        self._prefix = (parse_s3(state.uri) or ("", ""))[1]
        self._known = {listed.version for listed in dataset.states[state.uri]}
        self._changes: defaultdict[str, list[tuple[str, bool, Mapping[str, Any] | None]]] = defaultdict(list)
        for version in state.versions or ():
            change = (instant(version["LastModified"]), bool(version.get("IsLatest")), version)
            self._changes[version["Key"]].append(change)
        for marker in state.markers:
            self._changes[marker["Key"]].append((instant(marker["LastModified"]), bool(marker.get("IsLatest")), None))
        for changes in self._changes.values():
            changes.sort(key=lambda change: change[:2])
        times = {time for changes in self._changes.values() for time, _, _ in changes}
        self._times = sorted(times)
        # A version "null" was written while the bucket kept no versions: whatever it replaced has left no trace.
        nulls = [v["LastModified"] for v in state.versions or () if v.get("VersionId") in (None, "null")]
        self._provable_from = max((instant(time) for time in nulls), default="")
        self._at: dict[int, _Found | None] = {}

    def at(self, time: str) -> _Found | None:
        """The state at a time; None where it cannot be known."""
        if instant(time) < self._provable_from:
            return None
        index = bisect_right(self._times, instant(time))
        if index not in self._at:
            self._at[index] = self._put_together(self._times[index - 1]) if index else None
        return self._at[index]

    def _put_together(self, last: str) -> _Found | None:
        objects = []
        for changes in self._changes.values():
            index = bisect_right(changes, last, key=lambda change: change[0])
            if index and (version := changes[index - 1][2]) is not None:
                objects.append(version)
        if not objects:
            return None
        digest = fingerprint(objects, self._prefix)
        version_id = dataset_version_id(self._state.uri, digest)
        if version_id not in self._known:
            self._dataset.places.reconstruct(self._state, version_id, digest, objects, last)
        return _Found(version_id, proved=True, evidence=("s3:ListObjectVersions#Versions",))


class _Places:
    """Every configured dataset by its place in S3."""

    def __init__(self, view: View) -> None:
        self.reconstructed: dict[str, _Reconstructed] = {}
        self.registered = view.once(Registered)
        datasets = {dataset: _Dataset(dataset, self) for dataset in view.datasets}
        for state in view.all(DatasetState):
            datasets.setdefault(state.dataset, _Dataset(state.dataset, self)).states[state.uri].append(state)
        for dataset in datasets.values():
            for states in dataset.states.values():
                states.sort(key=lambda state: (not state.current, state.versions is None, state.version))
        self._datasets = datasets
        self._sorted = sorted(datasets)

    def around(self, uri: str) -> _Dataset | None:
        """The innermost dataset that the URI lies in, or is."""
        end = len(uri)
        while (end := uri.rfind("/", 0, end)) > len("s3:/"):
            if (found := self._datasets.get(uri[: end + 1])) is not None:
                return found
        return None

    def below(self, uri: str) -> list[_Dataset]:
        """The outermost datasets that lie strictly under a prefix."""
        found: list[_Dataset] = []
        for index in range(bisect_left(self._sorted, uri), len(self._sorted)):
            dataset = self._sorted[index]
            if not dataset.startswith(uri):
                break
            if dataset != uri and not (found and dataset.startswith(found[-1].id)):
                found.append(self._datasets[dataset])
        return found

    def reconstruct(
        self, state: DatasetState, version_id: str, digest: str, objects: Sequence[Mapping[str, Any]], newest: str
    ) -> None:
        short = digest.removeprefix("sha256:")[:12]
        dataset = state.dataset.rstrip("/").rpartition("/")[2]
        asset = Asset(
            id=version_id,
            kind="dataset_version",
            name=f"{dataset} {short}",
            created_at=f"{newest}Z",
            attributes={
                "uri": state.uri,
                "fingerprint": digest,
                "fingerprint_of": "object manifest",
                "objects": len(objects),
                "bytes": sum(item["Size"] for item in objects),
                "newest": f"{newest}Z",
                "current": False,
                "reconstructed": True,
            },
        )
        parent = Edge(
            source=state.dataset,
            target=version_id,
            relation="has_version",
            certainty="referenced",
            evidence=tuple(sorted((state.config, "s3:ListObjectVersions#Versions"))),
        )
        self.reconstructed[version_id] = _Reconstructed(asset, parent)
