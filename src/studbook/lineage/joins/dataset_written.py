"""Which dataset version a job made: a listed state whose newest object, where the job wrote, is from while it ran.

What was there before, and has stayed, may be part of that state; what somebody wrote over later makes another one. Of
several states that hold what the job wrote, the earliest is what it made; two of one time are candidates, and so are
two jobs that wrote there at once, and datasets further inside of the place that the job was told, for it may have
written to others of them. Where no state fits, the dataset itself was written to. What lies in no configured dataset is
an artifact, by its URI as recorded.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from studbook.lineage.joins.dataset_at_start import INSIDE
from studbook.lineage.joins.interface import View, inferred, referenced
from studbook.lineage.times import instant
from studbook.model import Edge, Evidence, Facts
from studbook.model.facts import DatasetState, Writes
from studbook.model.ids import beginning_with, folders

RULE: Final = Evidence.parse("rule:written-meanwhile")

_SECOND: Final = len("2026-11-22T02:00:00")


def join(view: View) -> Facts:
    """Resolves `Writes`."""
    facts = Facts()
    places = _OutputPlaces(view)
    made = {writes: list(places.made(writes)) for writes in view.all(Writes)}
    jobs: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    versions: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for writes, found in made.items():
        for state, newest in found:
            jobs[state.version, newest].add(writes.writer)
            versions[writes.writer, writes.uri, state.place].add(state.version)
    for writes, found in made.items():
        for state, newest in found:
            doubtful = (
                len(jobs[state.version, newest]) > 1
                or len(versions[writes.writer, writes.uri, state.place]) > 1
                or not _below(writes.uri).startswith(state.place)
            )
            evidence = (writes.evidence, state.evidence, RULE)
            facts.edges.append(
                inferred(writes.writer, state.version, "produced", evidence, role=writes.role, candidate=doubtful)
            )
        if not any(_below(writes.uri).startswith(state.place) for state, _ in found):
            facts.edges.append(places.written(writes))
    return facts


def _below(uri: str) -> str:
    """What a job writes to a prefix lies below it, whether or not the prefix ends in a slash."""
    return uri.rstrip("/") + "/"


class _State:
    """A listed state, looked into by what its keys begin with."""

    def __init__(self, claim: DatasetState) -> None:
        self.version = claim.version
        self.place = claim.uri
        self.evidence = claim.evidence
        self._objects = sorted((str(item["Key"]), instant(item["LastModified"])) for item in claim.contents)
        self._newest: dict[str, str] = {}
        if claim.inventory is not None:  # of the whole place alone it is known when it was last written to
            prefix = claim.uri.partition("://")[2].partition("/")[2]
            self._newest[prefix] = self._newest[""] = instant(claim.inventory.newest)

    def newest(self, beginning: str) -> str:
        """When the newest of the objects was written; "" where there is none."""
        if beginning not in self._newest:
            newest = ""
            for index in range(bisect_left(self._objects, (beginning, "")), len(self._objects)):
                key, time = self._objects[index]
                if not key.startswith(beginning):
                    break
                newest = max(newest, time)
            self._newest[beginning] = newest
        return self._newest[beginning]


class _Made(NamedTuple):
    """A state whose newest object at a place is from while the job ran."""

    state: _State
    newest: str


class _OutputPlaces:
    """The configured datasets and their listed states, by place."""

    def __init__(self, view: View) -> None:
        self._datasets = set(view.datasets)
        self._states: defaultdict[str, list[_State]] = defaultdict(list)
        if view.all(Writes):
            for claim in view.all(DatasetState):
                self._datasets.add(claim.dataset)
                self._states[claim.uri].append(_State(claim))
        self._sorted = sorted(self._states)

    def written(self, writes: Writes) -> Edge:
        """To the dataset around the place, or to the artifact that it is."""
        below = _below(writes.uri)
        around = next((place for place in folders(below) if place in self._datasets), None)
        if around is not None and around != below:
            return inferred(writes.writer, around, "produced", (writes.evidence, INSIDE), role=writes.role)
        return referenced(writes.writer, around or writes.uri, "produced", (writes.evidence,), role=writes.role)

    def made(self, writes: Writes) -> Iterator[_Made]:
        """The states that came about by it."""
        if writes.began is None or writes.ended is None:
            return
        below = _below(writes.uri)
        began, ended = (instant(time)[:_SECOND] for time in (writes.began, writes.ended))
        for place in self._meeting(below):
            beginning = max(below, place, key=len).split("/", 3)[3]
            holding = [
                _Made(state, newest)
                for state in self._states[place]
                if began <= (newest := state.newest(beginning))[:_SECOND] <= ended
            ]
            first = min((made.state.newest("") for made in holding), default="")
            yield from (made for made in holding if made.state.newest("") == first)

    def _meeting(self, below: str) -> Iterator[str]:
        """The listed places around one, it itself, and those inside."""
        yield from (place for place in folders(below) if place != below and place in self._states)
        yield from beginning_with(self._sorted, below)
