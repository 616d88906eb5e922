"""The pages of kinds that have more to tell than the default one: one function for each."""

from __future__ import annotations

from collections.abc import Callable

from studbook.lineage.graph import impact
from studbook.lineage.promotion import promotion, promotions
from studbook.model import Asset
from studbook.render.views.flow import pipeline, pipeline_execution
from studbook.render.views.lists import experiment_table, readers_table
from studbook.render.views.site import Json, Site
from studbook.render.views.story import (
    answers,
    deployments_of,
    drift_of,
    ends,
    evaluations_of,
    fingerprint_of,
    newest,
    ordinal,
    pairs,
    parent_of,
    promotion_of,
    readers_of,
    runs_of,
    scores_of,
    training_of,
    version_row,
    versions_of,
)


def model_package(site: Site, asset: Asset) -> Json:
    """The model card."""
    group = parent_of(site, asset)
    training = training_of(site, asset)
    copies = ends(site, site.graph.downstream(asset.id), "copied_to", target=True)
    origins = ends(site, site.graph.upstream(asset.id), "copied_to", target=False)
    groups = [group, *(parent_of(site, twin) for twin in (*copies, *origins))]
    card = next((site.cards[named.name] for named in groups if named is not None and named.name in site.cards), None)
    places = deployments_of(site, asset)
    return {
        "group": site.link(group.id) if group else None,
        "approval": asset.attributes.get("approval"),
        "approval_description": asset.attributes.get("approval_description"),
        "approved_by": asset.attributes.get("modified_by"),
        "deployments": places,
        "training": training,
        "evaluations": evaluations_of(site, [asset, *copies, *origins]),
        "promotion": promotion_of(site, promotion(site.graph, asset.id)),
        "copies": site.links(copy.id for copy in copies),
        "origins": site.links(origin.id for origin in origins),
        "card": card.as_data() if card else None,
        "siblings": [
            version_row(site, version, current=version.id == asset.id)
            for version in (versions_of(site, group) if group else [asset])
        ],
        "related_findings": _related(site, training, places),
    }


def _related(site: Site, training: Json, places: list[Json]) -> list[Json]:
    """Findings of the jobs that made a version and of the places where it runs."""
    ids = [entry["job"]["id"] for entry in training["jobs"]] + [place["asset"]["id"] for place in places]
    return [found for asset_id in dict.fromkeys(ids) for found in site.found(asset_id)]


def model_package_group(site: Site, asset: Asset) -> Json:
    """A model: its versions over time."""
    versions = versions_of(site, asset)
    rows = []
    curves: dict[str, list[tuple[str, float]]] = {}
    for version in versions:
        evaluations = evaluations_of(site, [version])
        rows.append(
            {
                **version_row(site, version),
                "account": site.account_link(version.account),
                "deployments": deployments_of(site, version),
                "evaluations": len(evaluations),
                "findings": len(site.findings_by_asset.get(version.id, ())),
            }
        )
        for key, value in evaluations[0]["scores"] if evaluations else ():
            if isinstance(value, int | float):
                curves.setdefault(key, []).append((ordinal(version), float(value)))
    card = site.cards.get(asset.name)
    return {
        "versions": rows,
        "promotion": [promotion_of(site, path) for path in promotions(site.graph, asset.id)],
        "curves": [[key, points[::-1]] for key, points in sorted(curves.items()) if len(points) > 1][:4],
        "card": card.as_data() if card else None,
    }


def dataset(site: Site, asset: Asset) -> Json:
    """A dataset: its versions in time and who reads it."""
    versions = versions_of(site, asset)
    rows = [
        {
            **version_row(site, version),
            "fingerprint": fingerprint_of(site, version),
            "objects": version.attributes.get("objects"),
            "bytes": version.attributes.get("bytes"),
            "superseded_since": version.attributes.get("superseded_since"),
            "readers": len(readers_of(site, [version])),
        }
        for version in versions
    ]
    return {
        "versions": rows,
        "moments": [[ordinal(v), v.created_at] for v in reversed(versions) if v.created_at],
        "readers": readers_table(site, asset, [asset, *versions]).on_page(),
        "drift": drift_of(site, [asset, *versions]),
    }


def dataset_version(site: Site, asset: Asset) -> Json:
    """One state of a dataset: what is in it and who read it."""
    parent = parent_of(site, asset)
    return {
        "dataset": site.link(parent.id) if parent else None,
        "fingerprint": fingerprint_of(site, asset),
        "siblings": [
            version_row(site, version, current=version.id == asset.id)
            for version in (versions_of(site, parent) if parent else [asset])
        ],
        "readers": readers_table(site, asset, [asset]).on_page(),
        "models": site.links(a.id for a in impact(site.graph, asset.id).assets if a.kind == "model_package"),
        "drift": drift_of(site, [asset]),
    }


def evaluator(site: Site, asset: Asset) -> Json:
    """An evaluator: its versions, and what it judged."""
    versions = versions_of(site, asset)
    return {
        "versions": [{**version_row(site, v), "code": v.attributes.get("code_sha256")} for v in versions],
        "judged": [row for subject in (asset, *versions) for row in _judged(site, subject)],
    }


def evaluator_version(site: Site, asset: Asset) -> Json:
    """One version of an evaluator: its code and what it judged."""
    parent = parent_of(site, asset)
    return {
        "evaluator": site.link(parent.id) if parent else None,
        "siblings": [
            version_row(site, version, current=version.id == asset.id)
            for version in (versions_of(site, parent) if parent else [asset])
        ],
        "judged": _judged(site, asset),
    }


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
                "scores": scores_of(site, job),
            }
        )
    return out


def endpoint(site: Site, asset: Asset) -> Json:
    """A deployment: what answers here, back to the origins, and what is to come."""
    return {"answers": answers(site, asset), "pending": asset.attributes.get("pending")}


def job(site: Site, asset: Asset) -> Json:
    """A job: what it read, what it made, where it is recorded."""
    made = ends(site, site.graph.downstream(asset.id), "produced", target=True)
    return {
        "technique": next(
            (
                asset.attributes[name]
                for name in ("technique", "evaluation_type", "job_type")
                if name in asset.attributes
            ),
            None,
        ),
        "machine": asset.attributes.get("instance_type"),
        "machines": asset.attributes.get("instance_count"),
        "started_at": asset.attributes.get("started_at"),
        "ended_at": asset.attributes.get("ended_at"),
        "failure": asset.attributes.get("failure"),
        "runs": [
            {
                "run": site.link(run.id),
                "params": pairs(run.attributes.get("parameters")),
                "metrics": pairs(run.attributes.get("metrics")),
            }
            for run in runs_of(site, asset)
        ],
        "made": site.links(sorted(a.id for a in made)),
        "scores": scores_of(site, asset) if asset.kind == "evaluation_job" else [],
        "children": site.links(
            a.id for a in newest(ends(site, site.graph.upstream(asset.id), "part_of", target=False))
        ),
    }


def mlflow_experiment(site: Site, asset: Asset) -> Json:
    """An experiment: its runs in one table."""
    return {"runs": experiment_table(site, asset).on_page()}


VIEWS: dict[str, Callable[[Site, Asset], Json]] = {
    "model_package": model_package,
    "model_package_group": model_package_group,
    "dataset": dataset,
    "dataset_version": dataset_version,
    "evaluator": evaluator,
    "evaluator_version": evaluator_version,
    "endpoint": endpoint,
    "inference_component": endpoint,
    "mlflow_experiment": mlflow_experiment,
    "pipeline": pipeline,
    "pipeline_execution": pipeline_execution,
    **dict.fromkeys(
        (
            "training_job",
            "tuning_job",
            "evaluation_job",
            "processing_job",
            "transform_job",
            "customization_job",
            "automl_job",
            "training_session",
        ),
        job,
    ),
}
