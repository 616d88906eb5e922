"""What one job wrote and another reads below it: a file under the place that the first job was told to write to.

Of nested places the innermost is meant; several jobs that write to it are candidates, but for those that began after
the reading. What lies in a configured dataset is told by its versions, and what both name in the same words is one
artifact already.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from studbook.lineage.joins.dataset_at_start import INSIDE
from studbook.lineage.joins.interface import View, inferred, instant
from studbook.lineage.joins.weights import place
from studbook.model import Evidence, Facts
from studbook.model.edge import EdgeKey
from studbook.model.facts import OutputFolder, Reads, Weights, Writes


class _Written(NamedTuple):
    writer: str
    role: str | None
    began: str | None
    evidence: tuple[Evidence, ...]


def join(view: View) -> Facts:
    """Resolves `OutputFolder`, and `Writes` once more, against `Reads` and `Weights`."""
    facts = Facts()
    written: defaultdict[str, list[_Written]] = defaultdict(list)
    for folder in view.all(OutputFolder):
        written[folder.uri.rstrip("/")].append(_Written(folder.writer, "output", folder.began, folder.evidence))
    for writes in view.all(Writes):
        said = _Written(writes.writer, writes.role, writes.began, (writes.evidence,))
        written[writes.uri.rstrip("/")].append(said)
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
    made = {(key.source, key.target) for key in view.edges if key.relation == "produced"}
    for uri, readers in read.items():
        above = _innermost(uri, written)
        found: defaultdict[str, set[Evidence]] = defaultdict(set)
        roles: dict[str, str | None] = {}
        for reader, (at, evidence) in readers.items():
            for one in above:
                too_late = at is not None and one.began is not None and instant(one.began) > instant(at)
                if one.writer != reader and not too_late and (one.writer, uri) not in made:
                    found[one.writer].update((*one.evidence, evidence, INSIDE))
                    roles[one.writer] = one.role
        for writer, lines in found.items():
            facts.edges.append(inferred(writer, uri, "produced", lines, role=roles[writer], candidate=len(found) > 1))
    return facts


def _innermost(uri: str, written: dict[str, list[_Written]]) -> list[_Written]:
    """Who wrote to the innermost folder strictly around a place."""
    around = (place(uri) or "").rpartition("/")[0]
    while around.count("/") > 2:
        if around in written:
            return written[around]
        around = around.rpartition("/")[0]
    return []
