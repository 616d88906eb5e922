"""What pages tell of evaluations: how models were judged, and what an evaluator judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studbook.model import Asset
from studbook.queries.neighbours import models_of, newest, uses_by_any_name
from studbook.queries.scores import jobs_of
from studbook.queries.walks import evaluation
from studbook.render.views.provenance import pairs
from studbook.render.views.site import Json, Site


def scores_of(site: Site, job: Asset) -> list[list[Any]]:
    """What an evaluation found: the job's own metrics, else those of its run."""
    return pairs(dict(evaluation(site.graph, job).scores or {}))


def evaluations_of(site: Site, subjects: Iterable[Asset]) -> list[Json]:
    """The evaluations of models, newest first: job, evaluator, data, scores."""
    out = []
    for job in newest(jobs_of(site.graph, subjects)):
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


def judged_by(site: Site, subjects: Iterable[Asset]) -> list[Json]:
    """What evaluators judged, newest first: job, models, by which version, scores."""
    rows = [
        {
            "job": site.link(job.id),
            "models": site.links(models_of(site.graph, job)),
            "by": site.link(used.id),
            "when": job.created_at,
            "scores": dict(evaluation(site.graph, job).scores or {}),
        }
        for used, _, job in uses_by_any_name(site.graph, subjects)
    ]
    return sorted(rows, key=lambda row: row["when"] or "", reverse=True)
