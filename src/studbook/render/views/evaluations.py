"""What pages tell of evaluations: how models were judged, and what an evaluator judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studbook.model import Asset
from studbook.queries.walks import evaluation
from studbook.render.views.provenance import ends, newest, pairs
from studbook.render.views.site import Json, Site


def scores_of(site: Site, job: Asset) -> list[list[Any]]:
    """What an evaluation found: the job's own metrics, else those of its run."""
    return pairs(dict(evaluation(site.graph, job).scores or {}))


def evaluations_of(site: Site, subjects: Iterable[Asset]) -> list[Json]:
    """The evaluations of models, newest first: job, evaluator, data, scores."""
    jobs: dict[str, Asset] = {}
    for subject in subjects:
        for edge in site.graph.downstream(subject.id, "input_to", "evaluated_model"):
            job = site.graph.asset(edge.target)
            if job is not None:
                jobs[job.id] = job
    # A run in which such a job is recorded tells of the same evaluation.
    told = {edge.target for job_id in jobs for edge in site.graph.downstream(job_id, "recorded_in")}
    out = []
    for job in newest(job for job_id, job in jobs.items() if job_id not in told):
        found = evaluation(site.graph, job)
        out.append(
            {
                "job": site.link(job.id),
                "models": site.links(found.models),
                "evaluators": site.links(found.evaluators),
                "data": site.links(found.data),
                "status": job.status,
                "when": job.created_at,
                "scores": pairs(dict(found.scores or {})),
            }
        )
    return out


def known_as(site: Site, version: Asset) -> list[Asset]:
    """An evaluator version, and the registered versions that have their code from it."""
    return [version, *ends(site, site.graph.downstream(version.id), "content_of", target=True)]


def judged_by(site: Site, subjects: Iterable[Asset]) -> list[Json]:
    """What evaluators judged, newest first: job, models, by which version, scores."""
    known = {one.id: one for subject in subjects for one in known_as(site, subject)}
    rows = [row for one in known.values() for row in _judged(site, one)]
    return sorted(rows, key=lambda row: row["when"] or "", reverse=True)


def _judged(site: Site, asset: Asset) -> list[Json]:
    out = []
    for edge in sorted(site.graph.downstream(asset.id), key=lambda e: e.key.order):
        job = site.graph.assets.get(edge.target)
        if edge.relation != "input_to" or job is None:
            continue
        models = [
            e.source for e in site.graph.upstream(job.id) if e.role in ("evaluated_model", "source_model", "base_model")
        ]
        out.append(
            {
                "job": site.link(job.id),
                "models": site.links(sorted(models)),
                "by": site.link(asset.id),
                "when": job.created_at,
                "scores": dict(evaluation(site.graph, job).scores or {}),
            }
        )
    return out
