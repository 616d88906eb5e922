"""Provenance of a model version: what it was cloned from, and the jobs that made its weights."""

from __future__ import annotations

from collections.abc import Iterator

from studbook.lineage.graph import LineageReader
from studbook.model import KINDS, Asset
from studbook.queries.walks import same_weights
from studbook.queries.walks.influence import ALWAYS, is_in_time, time_bound


def origins(lineage: LineageReader, version: Asset, *, parts: bool = False) -> Iterator[Asset]:
    """The version, what it was cloned from, and the weights of each, nearest first; with `parts` also weights that are
    but one of several."""
    ahead, seen = [version], {version.id}
    while ahead:
        for asset in same_weights(lineage, ahead.pop(), parts=parts):
            yield asset
            for edge in lineage.upstream(asset.id, "copied_to"):
                source = lineage.asset(edge.source)
                if source is not None and source.id not in seen:
                    seen.add(source.id)
                    ahead.append(source)


def makers(lineage: LineageReader, version: Asset) -> tuple[Asset, ...]:
    """The jobs that produced a version, what it was cloned from, or their weights; by id.

    Of a search and its job that both name the artifact, the job made it; of a job that no listing shows the search
    tells more. Who wrote there once more, and began after the version was registered, made nothing of it.
    """
    return lineage.once(("makers", version.id), lambda: _makers(lineage, version))


def _makers(lineage: LineageReader, version: Asset) -> tuple[Asset, ...]:
    found: dict[str, Asset] = {}
    holder = version
    for origin in origins(lineage, version, parts=True):
        holder = origin if origin.kind == version.kind else holder
        bound = time_bound("upstream", holder, origin, ALWAYS)
        for edge in lineage.upstream(origin.id, "produced"):
            job = lineage.asset(edge.source)
            if job is None or "model" not in KINDS[job.kind].makes:
                continue
            if is_in_time("upstream", job, bound):
                found[job.id] = job
    for job in list(found.values()):
        for search in {edge.target for edge in lineage.downstream(job.id, "part_of")} & found.keys():
            found.pop(job.id if job.unresolved else search, None)
    return tuple(found[job_id] for job_id in sorted(found))
