"""What one job wrote and another reads below or around it: a file under the place that the first job was told to write
to, or the whole folder in which that place lies. So with what an endpoint keeps, its traffic in a folder of its name.

Of nested places that were written the innermost is meant; several jobs that write to it are candidates. Who reads a
folder reads all that was written in it: each place is an input, not the folder an output, since others may have read
the folder before. Of a folder with very many places the writers are candidates instead. What began after the reading is
no maker of what was read. What lies in a configured dataset is told by its versions, and what both name in the same
words is one artifact already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from studbook.lineage.job_state import begins_after
from studbook.lineage.joins.captured_traffic import kept_by
from studbook.lineage.joins.dataset_at_start import INSIDE, WITHOUT_SLASH
from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.weights import place, places_around
from studbook.lineage.times import instant
from studbook.model import Edge, Evidence, Facts
from studbook.model.edge import EdgeKey
from studbook.model.facts import MANIFESTS, Output, OutputFolder, Reads, Weights, Writes
from studbook.model.ids import beginning_with

_MOST: Final = 300
"""The most places inside of a folder that are told as inputs one by one: a folder in which one job writes each night,
and which another reads each night, would have as many edges as the square of the nights."""


class _Written(NamedTuple):
    writer: str
    role: str | None
    began: str | None
    evidence: tuple[Evidence, ...]
    within: str = ""
    """The folder in that place that is the writer's own."""


def join(view: View) -> Facts:
    """Resolves `OutputFolder`, and `Writes` once more, against `Reads` and `Weights`."""
    made = {(key.source, key.target) for key in view.edges if key.relation == "produced"}
    facts = Facts(edges=list(_read_around(view, made)))
    written: defaultdict[str, list[_Written]] = defaultdict(list)
    for folder in view.all(OutputFolder):
        written[folder.uri.rstrip("/")].append(_Written(folder.writer, "output", folder.began, folder.evidence))
    for writes in view.all(Writes):
        said = _Written(writes.writer, writes.role, writes.began, (writes.evidence,))
        written[writes.uri.rstrip("/")].append(said)
    for endpoint, kept in view.once(kept_by):
        shown = view.assets.get(endpoint)
        own = f"{kept.uri.rstrip('/')}/{shown.name}" if shown and kept.role == "captured" else ""
        said = _Written(endpoint, kept.role, shown.created_at if shown else None, (kept.evidence,), own)
        written[kept.uri.rstrip("/")].append(said)
    if not written:
        return facts
    read: defaultdict[str, dict[str, tuple[str | None, Evidence]]] = defaultdict(dict)
    for reads in view.all(Reads):
        if EdgeKey(reads.uri, reads.reader, reads.relation, reads.role) in view.edges:
            read[reads.uri][reads.reader] = (reads.at, reads.evidence)
    for weights in view.all(Weights):
        if EdgeKey(weights.uri, weights.asset, "packaged_as", None) in view.edges:
            asset = view.assets.get(weights.asset)
            read[weights.uri][weights.asset] = (asset.created_at if asset else None, weights.evidence)
    for uri, readers in read.items():
        above = _innermost(uri, written)
        found: defaultdict[str, set[Evidence]] = defaultdict(set)
        roles: dict[str, str | None] = {}
        for reader, (at, evidence) in readers.items():
            for one in above:
                too_late = at is not None and one.began is not None and instant(one.began) > instant(at)
                elsewhere = one.within and one.within not in places_around(place(uri) or "")
                if one.writer != reader and not (too_late or elsewhere) and (one.writer, uri) not in made:
                    found[one.writer].update((*one.evidence, evidence, INSIDE))
                    roles[one.writer] = one.role
        for writer, lines in found.items():
            facts.edges.append(inferred(writer, uri, "produced", lines, role=roles[writer], candidate=len(found) > 1))
    return facts


def _innermost(uri: str, written: dict[str, list[_Written]]) -> list[_Written]:
    """Who wrote to the innermost folder strictly around a place; in a whole bucket who has a folder of its own."""
    here = place(uri) or ""
    bucket = [one for one in written.get("/".join(here.split("/")[:3]), ()) if one.within]
    return next((written[where] for where in islice(places_around(here), 1, None) if where in written), bucket)


def _read_around(view: View, produced: set[tuple[str, str]]) -> Iterator[Edge]:
    """What jobs wrote, and endpoints kept, inside of a folder that another job reads whole."""
    made: defaultdict[str, dict[str, tuple[Evidence, ...]]] = defaultdict(dict)
    told = [(one.uri, one.writer, one.evidence) for one in view.all(Writes)]
    told += [(one.uri, one.job, one.evidence) for one in view.all(Output)]
    told += [(one.uri, endpoint, one.evidence) for endpoint, one in view.once(kept_by)]
    for uri, writer, evidence in told:
        if uri.startswith("s3://") and uri not in view.datasets and (writer, uri) in produced:
            made[uri][writer] = (evidence,)
    named = sorted(made)
    # A job's own folder is told where no place inside of it is: an evaluation names none of its files.
    own = [one for one in view.all(OutputFolder) if not beginning_with(named, one.uri)]
    for folder_of in own:
        made[folder_of.uri][folder_of.writer] = folder_of.evidence
    folders = {folder_of.uri for folder_of in own}
    places = sorted(made)
    crowded: defaultdict[str, list[Reads]] = defaultdict(list)
    for reads in view.all(Reads):
        if reads.relation != "input_to" or reads.data_type == "Object" or reads.data_type in MANIFESTS:
            continue
        if EdgeKey(reads.uri, reads.reader, reads.relation, reads.role) not in view.edges:
            continue
        folder = reads.prefix
        inside = beginning_with(places, folder)
        if len(inside) > _MOST:
            crowded[folder].append(reads)
            continue
        there = {one: why for one in inside if (why := _by_then(view, made[one], reads))}
        meant = {one[len(folder) :].partition("/")[0] for one in there} if not folder.endswith("/") else ()
        several = reads.candidate or len(meant) > 1
        for one, why in there.items():
            same = one.rstrip("/") == folder.rstrip("/")
            if not same:
                rule = INSIDE if one.startswith(f"{folder.rstrip('/')}/") else WITHOUT_SLASH
                proof = (reads.evidence, *reads.through, *(line for lines in why.values() for line in lines), rule)
                yield inferred(one, reads.reader, "input_to", proof, role=reads.role, candidate=several)
            for writer, lines in why.items() if one in folders else ():
                wrote, proof = (reads.uri, (*lines, reads.evidence, INSIDE)) if same else (one, (*lines, INSIDE))
                unsure = len(why) > 1 or view.assets[writer].status == "Failed" or (same and several)
                yield inferred(writer, wrote, "produced", proof, role="output", candidate=unsure)
    for together in crowded.values():
        yield from _crowd(view, together, made, places)


def _crowd(
    view: View, several: Sequence[Reads], made: Mapping[str, Mapping[str, tuple[Evidence, ...]]], places: Sequence[str]
) -> Iterator[Edge]:
    """Who may have made what lies in a folder with very many places: each a candidate, for all who ever read it."""
    readers = {one.reader for one in several}
    last = max(several, key=lambda one: (one.at is None, one.at or ""))
    folder = last.prefix
    for one in beginning_with(places, folder):
        for writer, evidence in made[one].items() if one.rstrip("/") != folder.rstrip("/") else ():
            if writer not in readers and not begins_after(view.assets.get(writer), last.at):
                yield inferred(writer, last.uri, "produced", (last.evidence, *evidence, INSIDE), candidate=True)


def _by_then(
    view: View, writers: Mapping[str, tuple[Evidence, ...]], reads: Reads
) -> Mapping[str, tuple[Evidence, ...]]:
    """Of those who write somewhere those that began before the reading, and are somebody else."""
    return {
        writer: evidence
        for writer, evidence in writers.items()
        if writer != reads.reader and not begins_after(view.assets.get(writer), reads.at)
    }
