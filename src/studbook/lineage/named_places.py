"""The places in S3 that a job's parameters name: hyperparameters, environment, arguments.

No record says what a program makes of them: it may read there, write there, or not look at all. Where something known
lay there when the job began (a dataset, weights of a version, what another job wrote), it is a candidate; what nothing
else knows is told as a parameter alone. The job's own places are none that it reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from studbook.lineage.job_state import start_of
from studbook.lineage.joins.interface import View
from studbook.lineage.joins.weights import NAMED_PLACE, place, places_around
from studbook.lineage.times import instant
from studbook.model.facts import NamedPlace, Output, OutputFolder, Reads, Weights, Writes

_ALWAYS: Final = ""


def readings(view: View) -> Iterator[Reads]:
    """Resolves every `NamedPlace` at which something known lies."""
    named = view.all(NamedPlace)
    if not named:
        return
    known = _Known(view)
    told = {(reads.reader, place(reads.uri)) for reads in view.all(Reads)}
    for one in named:
        if (one.reader, place(one.uri)) not in told and known.lay_there(one):
            yield Reads(
                reader=one.reader,
                uri=one.uri,
                role=one.role,
                data_type="Path",
                at=one.at,
                candidate=True,
                evidence=one.evidence,
                through=(NAMED_PLACE,),
            )


class _Known:
    """What lies where, since when, and whose it is."""

    def __init__(self, view: View) -> None:
        self._at: defaultdict[str, list[tuple[str, str | None]]] = defaultdict(list)
        """By place: since when, and by whom it was written."""
        self._own: set[tuple[str, str]] = set()
        """Jobs and the places where they write."""
        for dataset in view.datasets:
            self._add(dataset, _ALWAYS)
        for reads in view.all(Reads):
            if reads.relation == "content_of":
                self._add(reads.uri, reads.at)
        for weights in view.all(Weights):
            version = view.assets.get(weights.asset)
            if version is not None and version.kind == "model_package":
                self._add(weights.uri, version.created_at)
        written = [(one.job, one.uri, _began(view, one.job)) for one in view.all(Output)]
        written += [(one.writer, one.uri, one.began) for one in view.all(Writes)]
        for writer, uri, began in written:
            self._add(uri, began, writer)
        folders = ((one.writer, one.uri) for one in view.all(OutputFolder))
        self._own |= {(writer, where) for writer, uri in folders if (where := place(uri))}

    def _add(self, uri: str, since: str | None, writer: str | None = None) -> None:
        if (where := place(uri)) is None:
            return
        if writer is not None:
            self._own.add((writer, where))
        folder = where.rpartition("/")[0]
        # Who names the folder of one file, a model's archive say, means that.
        for one in (where, folder) if "." in where.rpartition("/")[2] and folder.count("/") > 2 else (where,):
            self._at[one].append((instant(since) if since else _ALWAYS, writer))

    def lay_there(self, named: NamedPlace) -> bool:
        """Whether something that is known, and not the job's own, lay at a place, or around it, when the job began."""
        around = list(places_around(place(named.uri) or ""))
        if any((named.reader, where) in self._own for where in around):
            return False
        here: Iterable[tuple[str, str | None]] = (one for where in around for one in self._at.get(where, ()))
        return any(
            writer != named.reader and (named.at is None or since <= instant(named.at)) for since, writer in here
        )


def _began(view: View, job: str) -> str | None:
    asset = view.assets.get(job)
    return start_of(asset.created_at, asset.attributes) if asset is not None else None
