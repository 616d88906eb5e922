"""Which dataset version a job read: the one in force when it started.

A URI inside a configured dataset is a read of that dataset (of nested ones, the innermost). Where the bucket keeps
object versions they tell the state at the start, and prove it where a listing showed that very state and nothing is
open (`object_history`); where it does not, the listed states that may have been in force are inferred. Several that fit
are candidates; where none fits, the edge comes from the dataset itself. A state without any object at the place inside
that was read does not fit: a job finds something there, or fails. A dataset that is empty, and always was, was
read by nobody. A manifest is an input itself, and where it was read, so are the datasets of
the objects that it lists; what it lists elsewhere makes no artifact of its own. A URI without a final slash reads
every key that starts with it: each dataset that it can mean has an edge. What lies in no configured dataset, and at
no registered one's place, is an artifact, by its URI as recorded.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from studbook.lineage.joins.interface import View, edge_between, inferred
from studbook.lineage.joins.object_history import ObjectHistory, Span, State, in_order, spans
from studbook.lineage.joins.registered_location import Registered
from studbook.lineage.times import instant
from studbook.model import Asset, Certainty, Edge, Evidence, Facts
from studbook.model.facts import MANIFESTS, DatasetState, Manifest, QueryResults, Reads
from studbook.model.ids import S3Uri, beginning_with, folders, parse_s3, place_name

INSIDE: Final = Evidence.parse("rule:s3-prefix")
AT_START: Final = Evidence.parse("rule:dataset-at-start")
WITHOUT_SLASH: Final = Evidence.parse("rule:prefix-without-slash")
MANIFEST_WRITTEN_LATER: Final = Evidence.parse("rule:manifest-written-later")


def join(view: View) -> Facts:
    """Resolves every `Reads`, and `QueryResults`."""
    facts = Facts()
    several = [*view.all(Reads), *view.all(QueryResults)]
    places = _DatasetStates(view)
    manifests = {manifest.uri: manifest for manifest in view.all(Manifest)}
    dated = {(one.reader, one.uri, one.relation, one.role) for one in several if one.at is not None}
    for reads in several:
        if reads.at is None and (reads.reader, reads.uri, reads.relation, reads.role) in dated:
            continue  # another record says when
        for edge, asset in _resolved(reads, places, manifests):
            facts.edges.append(edge)
            if asset is not None:
                facts.mentions.append(asset)
    for found in places.reconstructed.values():
        facts.assets.append(found.asset)
        facts.edges.append(found.parent)
    return facts


def _resolved(
    reads: Reads, places: _DatasetStates, manifests: Mapping[str, Manifest]
) -> Iterator[tuple[Edge, Asset | None]]:
    uri = parse_s3(reads.uri)
    if uri is None:
        return
    text = str(uri)
    if reads.data_type in MANIFESTS:
        yield _edge(reads, reads.uri, "referenced", (reads.evidence,)), _artifact(reads, uri)
        if (manifest := manifests.get(reads.uri)) is not None:
            yield from _listed(reads, manifest, places)
        return
    below = [] if reads.data_type == "Object" else places.below(text)
    below = [dataset for dataset in below if dataset.id.startswith(reads.prefix)]
    if below and not text.endswith("/"):
        for dataset in below:
            found = dataset.versions_at(dataset.id, reads.at)
            yield from _edges(reads, dataset, found, WITHOUT_SLASH, candidate=len(below) > 1)
        return
    innermost = places.around(text)
    if innermost is not None:
        rule = None if text == innermost.id else INSIDE
        found = innermost.versions_at(text, reads.at, inside=rule is not None and reads.relation == "input_to")
        yield from _edges(reads, innermost, found, rule, candidate=False)
        return
    if not places.registered.read_by(reads):
        yield _edge(reads, reads.uri, "referenced", (reads.evidence,)), _artifact(reads, uri)
    for dataset in below:
        yield from _edges(reads, dataset, dataset.versions_at(dataset.id, reads.at), INSIDE, candidate=False)


def _listed(reads: Reads, manifest: Manifest, places: _DatasetStates) -> Iterator[tuple[Edge, Asset | None]]:
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
    reads: Reads, dataset: _Dataset, found: Sequence[_Found], rule: Evidence | None, *, candidate: bool
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
    reads: Reads, source: str, certainty: Certainty, evidence: tuple[Evidence, ...], *, candidate: bool = False
) -> Edge:
    sure: Certainty = "inferred" if reads.through else certainty
    proof = (*evidence, *reads.through)
    several = candidate or reads.candidate
    return edge_between(sure, source, reads.reader, reads.relation, proof, role=reads.role, candidate=several)


@dataclass(frozen=True, slots=True)
class _Found:
    """A version that was in force."""

    id: str
    proved: bool
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Reconstructed:
    """A state that no listing showed, put together from object versions."""

    asset: Asset
    parent: Edge


@dataclass(slots=True)
class _Dataset:
    """A dataset with the states that were listed of it, by listed prefix."""

    id: str
    places: _DatasetStates
    states: defaultdict[str, list[DatasetState]] = field(default_factory=lambda: defaultdict(list))
    """By listed prefix, oldest first."""
    _found: dict[str, tuple[ObjectHistory | None, list[Span]]] = field(default_factory=dict)
    _keys: dict[str, list[str]] = field(default_factory=dict)
    """By version: the keys of its objects, sorted."""

    @property
    def empty(self) -> bool:
        """Whether every listing of it shows nothing, now or ever."""
        listings = [listing for several in self.states.values() for listing in several]
        return bool(listings) and not any(
            listing.contents or listing.versions or (listing.inventory and listing.inventory.objects)
            for listing in listings
        )

    def place_of(self, uri: str) -> str:
        """The listed prefix that a URI lies in; empty where it is in none."""
        return next((place for place in self.states if uri.startswith(place)), "")

    def versions_at(self, uri: str, at: str | None, *, inside: bool = False) -> Sequence[_Found]:
        """The versions that a read of `uri` at a time can have met; empty where that is not known.

        With subprefixes a read of the whole dataset is a read of no one version. `inside` leaves out those of which
        nothing lies at `uri`.
        """
        if place := self.place_of(uri):
            return self._version_at(place, at, uri if inside and uri != place else place)
        if uri.endswith("/"):
            return ()
        meant = [
            found
            for place in sorted(self.states)
            if place.startswith(uri)
            for found in self._version_at(place, at, place)
        ]
        return [_Found(found.id, proved=False, evidence=(*found.evidence, WITHOUT_SLASH)) for found in meant]

    def _holds(self, version: str, objects: Iterable[Mapping[str, Any]], uri: str) -> bool:
        """Whether any object of a version has a key that begins so."""
        if version not in self._keys:
            self._keys[version] = sorted(item["Key"] for item in objects)
        keys, wanted = self._keys[version], uri.removeprefix("s3://").partition("/")[2]
        first = bisect_left(keys, wanted)
        return first < len(keys) and keys[first].startswith(wanted)

    def _version_at(self, place: str, at: str | None, uri: str) -> Sequence[_Found]:
        if place not in self._found:
            listings = self.states[place]
            kept = listings[-1].versions is not None and listings[-1].until is None
            self._found[place] = (ObjectHistory(listings) if kept else None, spans(listings))
        history, listed = self._found[place]
        # Where none fits the newest listing is not taken instead: a job of last month did not read today's data.
        fitting = [span for span in listed if at is None or span.since <= instant(at) < span.until]
        found = []
        if history is not None and at is not None and (possible := history.at(at)):
            last = self.states[place][-1]
            for state in possible:
                if uri != place and not self._holds(state.version, state.objects, uri):
                    continue
                if not state.listed:
                    self.places.reconstruct(last, state)
                evidence = (last.evidence,) if state.proved else (last.evidence, AT_START)
                found.append(_Found(state.version, proved=state.proved, evidence=evidence))
            if any(state.listed for state in possible):
                return found
            # A night that saw no versions saw more, maybe, than those that are left tell.
            fitting = [span for span in fitting if not history.tells(span.listing)]
        if uri != place:  # an inventory is kept without its objects
            fitting = [
                one
                for one in fitting
                if one.listing.inventory or self._holds(one.listing.version, one.listing.contents, uri)
            ]
        unique = {span.listing.version: span.listing for span in fitting}
        states = unique.items()
        return found + [_Found(version, proved=False, evidence=(state.evidence, AT_START)) for version, state in states]


class _DatasetStates:
    """Every configured dataset by its place in S3."""

    def __init__(self, view: View) -> None:
        self.reconstructed: dict[str, _Reconstructed] = {}
        self.registered = view.once(Registered)
        datasets = {dataset: _Dataset(dataset, self) for dataset in view.datasets}
        for state in view.all(DatasetState):
            datasets.setdefault(state.dataset, _Dataset(state.dataset, self)).states[state.uri].append(state)
        for dataset in datasets.values():
            for place, states in dataset.states.items():
                dataset.states[place] = in_order(states)
        self._datasets = {name: dataset for name, dataset in datasets.items() if not dataset.empty}
        self._sorted = sorted(self._datasets)

    def around(self, uri: str) -> _Dataset | None:
        """The innermost dataset that the URI lies in, or is."""
        return next((found for folder in folders(uri) if (found := self._datasets.get(folder)) is not None), None)

    def below(self, uri: str) -> list[_Dataset]:
        """The outermost datasets that lie strictly under a prefix."""
        found: list[_Dataset] = []
        for dataset in beginning_with(self._sorted, uri):
            if dataset != uri and not (found and dataset.startswith(found[-1].id)):
                found.append(self._datasets[dataset])
        return found

    def reconstruct(self, listing: DatasetState, state: State) -> None:
        """A node for a state that no listing showed."""
        short = state.digest.removeprefix("sha256:")[:12]
        dataset = listing.dataset.rstrip("/").rpartition("/")[2]
        asset = Asset(
            id=state.version,
            kind="dataset_version",
            name=f"{dataset} {short}",
            account=listing.owner,
            created_at=f"{state.newest}Z",
            attributes={
                "uri": listing.uri,
                "fingerprint": state.digest,
                "fingerprint_of": "object manifest",
                "objects": len(state.objects),
                "bytes": sum(item["Size"] for item in state.objects),
                "newest": f"{state.newest}Z",
                "current": False,
                "reconstructed": True,
            },
        )
        proof = (listing.config, listing.evidence, AT_START)
        parent = inferred(listing.dataset, state.version, "has_version", proof)
        self.reconstructed[state.version] = _Reconstructed(asset, parent)
