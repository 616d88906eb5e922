"""The page of one asset: what it is, where it came from, what depends on it, and how we know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studbook.lineage.graph import evaluation, impact, trace
from studbook.model import KINDS, Asset, Edge
from studbook.model.ids import page_path
from studbook.render.views.addresses import links_out
from studbook.render.views.site import Json, Page, Site

_HIDDEN = frozenset(
    {"unresolved", "hyperparameters", "metrics", "params", "parameters", "history", "manifest", "environment"}
)
"""Attributes that have a place of their own on the page."""

_DATA = ("dataset", "dataset_version", "artifact", "feature_group")
_JOBS = ("training_job", "tuning_job", "automl_job", "processing_job", "customization_job", "training_session")


def asset_page(site: Site, asset: Asset, template: str) -> Page:
    """Everything the page of an asset shows."""
    info = KINDS[asset.kind]
    own = VIEWS.get(asset.kind)
    data: Json = {
        "asset": facts(site, asset),
        "kind": {
            "name": asset.kind,
            "title": info.title,
            "plural": info.plural,
            "section": info.section,
            "meaning": info.meaning,
        },
        "notices": site.notices(asset),
        "findings": site.found(asset.id),
        "upstream": site.upstream(asset.id),
        "downstream": site.downstream(asset.id),
        "hyperparameters": _pairs(asset.attributes.get("hyperparameters")),
        "metrics": _pairs(asset.attributes.get("metrics")),
        "params": _pairs(asset.attributes.get("params") or asset.attributes.get("parameters")),
        "attributes": [
            [_words(key), value]
            for key, value in sorted(asset.attributes.items())
            if key not in _HIDDEN and value not in (None, "", [], {})
        ],
        "tags": [[key, value] for key, value in sorted(asset.tags.items())],
        "links_out": links_out(asset),
        "own": own(site, asset) if own else {},
    }
    return Page(
        path=page_path(asset.kind, asset.id, asset.name),
        title=asset.name,
        description=one_line(site, asset),
        section=info.section,
        template=template,
        data=data,
        picture_of=asset.id,
    )


def facts(site: Site, asset: Asset) -> Json:
    """What every asset has, for its header."""
    return {
        "id": asset.id,
        "name": asset.name,
        "account": site.account_link(asset.account),
        "region": asset.region,
        "stage": asset.stage,
        "status": asset.status,
        "approval": asset.attributes.get("approval"),
        "created_at": asset.created_at,
        "modified_at": asset.modified_at,
        "first_seen": asset.first_seen,
        "stale_since": asset.stale_since,
        "gone_since": asset.gone_since,
        "unresolved": asset.unresolved,
    }


def one_line(site: Site, asset: Asset) -> str:
    """An asset in one line, for search and the page's description."""
    parts = [KINDS[asset.kind].title, site.account_name(asset.account), asset.region, asset.stage]
    return " · ".join(part for part in parts if part)


def _pairs(value: Any) -> list[list[Any]]:
    return [[key, value[key]] for key in sorted(value)] if isinstance(value, dict) else []


def _words(key: str) -> str:
    text = key.replace("_", " ")
    return text[:1].upper() + text[1:]


# --- what several kinds need --------------------------------------------------------------------------------------


def _newest(assets: Iterable[Asset]) -> list[Asset]:
    return sorted(sorted(assets, key=lambda a: a.id), key=lambda a: a.created_at or "", reverse=True)


def _ends(
    site: Site, edges: Iterable[Edge], relation: str, *, target: bool, kinds: tuple[str, ...] = ()
) -> list[Asset]:
    """The assets at the other end of edges of one relation."""
    found: dict[str, Asset] = {}
    for edge in edges:
        asset = site.graph.assets.get(edge.target if target else edge.source)
        if edge.relation == relation and asset is not None and (not kinds or asset.kind in kinds):
            found[asset.id] = asset
    return list(found.values())


def versions_of(site: Site, asset: Asset) -> list[Asset]:
    """The versions of a thing, newest first."""
    return _newest(_ends(site, site.graph.downstream(asset.id), "has_version", target=True))


def parent_of(site: Site, asset: Asset) -> Asset | None:
    """The thing that an asset is a version of."""
    return next(iter(_ends(site, site.graph.upstream(asset.id), "has_version", target=False)), None)


def runs_of(site: Site, asset: Asset) -> list[Asset]:
    """The MLflow runs in which a job or package is recorded."""
    return _newest(_ends(site, site.graph.downstream(asset.id), "recorded_in", target=True, kinds=("mlflow_run",)))


def scores_of(site: Site, job: Asset) -> list[list[Any]]:
    """What an evaluation found: the job's own metrics, else those of its run."""
    return _pairs(dict(evaluation(site.graph, job).scores or {}))


def evaluations_of(site: Site, subjects: Iterable[Asset]) -> list[Json]:
    """The evaluations of models, newest first: job, evaluator, data, scores."""
    jobs: dict[str, Asset] = {}
    for subject in subjects:
        for edge in site.graph.downstream(subject.id, "input_to", "evaluated_model"):
            job = site.graph.asset(edge.target)
            if job is not None:
                jobs[job.id] = job
    out = []
    for job in _newest(jobs.values()):
        found = evaluation(site.graph, job)
        out.append(
            {
                "job": site.link(job.id),
                "models": site.links(found.models),
                "evaluators": site.links(found.evaluators),
                "data": site.links(found.data),
                "status": job.status,
                "when": job.created_at,
                "scores": _pairs(dict(found.scores or {})),
            }
        )
    return out


def deployments_of(site: Site, asset: Asset) -> list[Json]:
    """Where an asset answers now: endpoints and components downstream of it."""
    walk = impact(site.graph, asset.id)
    live = [a for a in walk.assets if a.kind in ("endpoint", "inference_component") and a.gone_since is None]
    return [
        {
            "asset": site.link(a.id),
            "account": site.account_link(a.account),
            "region": a.region,
            "stage": a.stage,
            "status": a.status,
        }
        for a in sorted(live, key=lambda a: (a.kind != "endpoint", a.name, a.id))
    ]


def training_of(site: Site, asset: Asset) -> Json:
    """How a model came to be: jobs, base models, data, code, images, evaluators and runs on the way to its origins."""
    walk = trace(site.graph, asset.id)
    on_the_way = {a.id: a for a in walk.assets}
    on_the_way[asset.id] = asset
    jobs = [a for a in on_the_way.values() if a.kind in _JOBS]
    inputs: dict[str, list[Json]] = {"data": [], "code": [], "image": [], "evaluator": []}
    for edge in sorted(walk.edges, key=lambda e: e.key.order):
        source, target = on_the_way.get(edge.source), on_the_way.get(edge.target)
        if source is None or target is None:
            continue
        entry = {
            "asset": site.link(source.id),
            "into": site.link(target.id),
            "role": edge.role,
            "certainty": edge.certainty,
            "candidate": edge.candidate,
            "evidence": list(edge.evidence),
        }
        if (
            edge.relation == "input_to"
            and target.kind in _JOBS
            and source.kind in _DATA
            and edge.role not in ("code", "checkpoint")
        ):
            entry["fingerprint"] = fingerprint_of(site, source)
            entry["drifted"] = any(f.rule == "dataset-drifted" for f in site.findings_by_asset.get(target.id, ()))
            inputs["data"].append(entry)
        elif source.kind == "code" or edge.role == "code":
            inputs["code"].append(entry)
        elif source.kind == "container_image" or edge.role == "image":
            inputs["image"].append(entry)
        elif edge.relation == "input_to" and source.kind in ("evaluator", "evaluator_version") and target.kind in _JOBS:
            inputs["evaluator"].append(entry)
    bases = [a for a in on_the_way.values() if a.kind == "base_model_version"]
    parents = {e.source for a in bases for e in site.graph.upstream(a.id) if e.relation == "has_version"}
    bases += [a for a in on_the_way.values() if a.kind == "base_model" and a.id not in parents]
    runs = {run.id: run for job in (*jobs, asset) for run in runs_of(site, job)}
    return {
        "jobs": [
            {
                "job": site.link(job.id),
                "status": job.status,
                "created_at": job.created_at,
                "technique": job.attributes.get("customization_technique") or job.attributes.get("technique"),
                "hyperparameters": _pairs(job.attributes.get("hyperparameters")),
                "metrics": _pairs(job.attributes.get("metrics")),
            }
            for job in _newest(jobs)
        ],
        "bases": site.links(a.id for a in sorted(bases, key=lambda a: a.id)),
        "inputs": inputs,
        "ancestors": site.links(
            a.id for a in _newest(on_the_way.values()) if a.kind == "model_package" and a.id != asset.id
        ),
        "runs": [
            {
                "run": site.link(run.id),
                "params": _pairs(run.attributes.get("params")),
                "metrics": _pairs(run.attributes.get("metrics")),
            }
            for run in _newest(runs.values())
        ],
    }


def fingerprint_of(site: Site, asset: Asset) -> str | None:
    """The object manifest's digest of a dataset version: its own, or that of the S3 content it points at."""
    own = asset.attributes.get("fingerprint")
    if isinstance(own, str):
        return own
    for edge in sorted(site.graph.upstream(asset.id), key=lambda e: e.key.order):
        if edge.relation == "content_of":
            content = site.graph.assets.get(edge.source)
            value = content.attributes.get("fingerprint") if content else None
            if isinstance(value, str):
                return value
    return None


# --- one view for each kind that has a page of its own ------------------------------------------------------------


def model_package(site: Site, asset: Asset) -> Json:
    """The model card."""
    group = parent_of(site, asset)
    training = training_of(site, asset)
    packages = [asset, *(site.graph.assets[link["id"]] for link in training["ancestors"])]
    copies = [e.target for e in site.graph.downstream(asset.id) if e.relation == "copied_to"]
    origins = [e.source for e in site.graph.upstream(asset.id) if e.relation == "copied_to"]
    twins = [site.graph.assets[i] for i in (*copies, *origins) if i in site.graph.assets]
    group_ids = [group] if group else []
    names = [a.name for a in group_ids] + [a.name for twin in twins if (a := parent_of(site, twin))]
    card = next((site.cards[name] for name in names if name in site.cards), None)
    siblings = versions_of(site, group) if group else [asset]
    return {
        "group": site.link(group.id) if group else None,
        "approval": asset.attributes.get("approval"),
        "deployments": deployments_of(site, asset),
        "training": training,
        "evaluations": evaluations_of(site, _near(packages, twins)),
        "copies": site.links(copies),
        "origins": site.links(origins),
        "card": card.as_data() if card else None,
        "siblings": [_version(site, version, current=version.id == asset.id) for version in siblings],
        "related_findings": _related(site, asset, training),
    }


def _near(packages: list[Asset], twins: list[Asset]) -> list[Asset]:
    return list({asset.id: asset for asset in (packages[0], *twins)}.values())


def _related(site: Site, asset: Asset, training: Json) -> list[Json]:
    """Findings of the jobs that made this version and of the places where it runs."""
    ids = [entry["job"]["id"] for entry in training["jobs"]] + [d["asset"]["id"] for d in deployments_of(site, asset)]
    return [found for asset_id in dict.fromkeys(ids) for found in site.found(asset_id)]


def _version(site: Site, version: Asset, *, current: bool = False) -> Json:
    return {
        "asset": site.link(version.id),
        "current": current,
        "status": version.status,
        "approval": version.attributes.get("approval"),
        "created_at": version.created_at,
        "first_seen": version.first_seen,
        "description": version.attributes.get("description"),
    }


def model_package_group(site: Site, asset: Asset) -> Json:
    """A model: its versions over time."""
    versions = versions_of(site, asset)
    rows = []
    curves: dict[str, list[tuple[str, float]]] = {}
    for version in versions:
        evaluations = evaluations_of(site, [version])
        rows.append(
            {
                **_version(site, version),
                "account": site.account_link(version.account),
                "deployments": deployments_of(site, version),
                "evaluations": len(evaluations),
                "findings": len(site.findings_by_asset.get(version.id, ())),
            }
        )
        for key, value in evaluations[0]["scores"] if evaluations else ():
            if isinstance(value, int | float):
                curves.setdefault(key, []).append((_ordinal(version), float(value)))
    card = site.cards.get(asset.name)
    return {
        "versions": rows,
        "curves": [[key, points[::-1]] for key, points in sorted(curves.items()) if len(points) > 1][:4],
        "card": card.as_data() if card else None,
    }


def _ordinal(version: Asset) -> str:
    return str(version.attributes.get("version") or version.name)


def dataset(site: Site, asset: Asset) -> Json:
    """A dataset: its versions in time and who reads it."""
    versions = versions_of(site, asset)
    rows = [
        {
            **_version(site, version),
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
        "moments": [[_ordinal(v), v.created_at] for v in reversed(versions) if v.created_at],
        "readers": readers_of(site, [asset, *versions]),
        "drift": _drift(site, [asset, *versions]),
    }


def dataset_version(site: Site, asset: Asset) -> Json:
    """One state of a dataset: what is in it and who read it."""
    parent = parent_of(site, asset)
    return {
        "dataset": site.link(parent.id) if parent else None,
        "fingerprint": fingerprint_of(site, asset),
        "siblings": [
            _version(site, version, current=version.id == asset.id)
            for version in (versions_of(site, parent) if parent else [asset])
        ],
        "readers": readers_of(site, [asset]),
        "models": site.links(a.id for a in impact(site.graph, asset.id).assets if a.kind == "model_package"),
        "drift": _drift(site, [asset]),
    }


def readers_of(site: Site, assets: Iterable[Asset]) -> list[Json]:
    """The jobs and runs that read these."""
    out = []
    for asset in assets:
        for edge in sorted(site.graph.downstream(asset.id), key=lambda e: e.key.order):
            job = site.graph.assets.get(edge.target)
            if edge.relation == "input_to" and job is not None:
                out.append(
                    {
                        "job": site.link(job.id),
                        "read": site.link(asset.id),
                        "role": edge.role,
                        "when": job.created_at,
                        "certainty": edge.certainty,
                        "candidate": edge.candidate,
                        "evidence": list(edge.evidence),
                    }
                )
    return out


def _drift(site: Site, assets: Iterable[Asset]) -> list[Json]:
    """The drift findings on the jobs that read these."""
    jobs = dict.fromkeys(entry["job"]["id"] for entry in readers_of(site, assets))
    return [site.finding(f) for job in jobs for f in site.findings_by_asset.get(job, ()) if f.rule == "dataset-drifted"]


def evaluator(site: Site, asset: Asset) -> Json:
    """An evaluator: its versions, and what it judged."""
    versions = versions_of(site, asset)
    return {
        "versions": [{**_version(site, v), "code": v.attributes.get("code_sha256")} for v in versions],
        "judged": [row for subject in (asset, *versions) for row in _judged(site, subject)],
    }


def evaluator_version(site: Site, asset: Asset) -> Json:
    """One version of an evaluator: its code and what it judged."""
    parent = parent_of(site, asset)
    return {
        "evaluator": site.link(parent.id) if parent else None,
        "siblings": [
            _version(site, version, current=version.id == asset.id)
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
    """A deployment: what answers here, back to the origins."""
    return {"answers": answers(site, asset)}


def answers(site: Site, asset: Asset) -> list[Json]:
    """The model versions that answer at an endpoint, each with its origins; without packages, the SageMaker models."""
    walk = trace(site.graph, asset.id)
    nearest = _nearest(site, asset, ("model_package",)) or _nearest(site, asset, ("model",))
    known = {a.id for a in walk.assets}
    out = []
    for model in nearest:
        training = training_of(site, model)
        lineage = [site.graph.assets[link["id"]] for link in training["ancestors"] if link["id"] in known]
        twins = [
            a
            for a in lineage
            if any(e.relation == "copied_to" and e.source == a.id for e in site.graph.upstream(model.id))
        ]
        group = parent_of(site, model)
        out.append(
            {
                "model": site.link(model.id),
                "group": site.link(group.id) if group else None,
                "approval": model.attributes.get("approval"),
                "bases": training["bases"],
                "data": list({entry["asset"]["id"]: entry["asset"] for entry in training["inputs"]["data"]}.values()),
                "jobs": training["jobs"],
                "evaluation": next(iter(evaluations_of(site, [model, *twins])), None),
                "findings": len(
                    {
                        (f.rule, f.asset, f.message)
                        for i in (model.id, asset.id)
                        for f in site.findings_by_asset.get(i, ())
                    }
                ),
            }
        )
    return out


def _nearest(site: Site, asset: Asset, kinds: tuple[str, ...]) -> list[Asset]:
    """The first assets of these kinds on each way upstream."""
    found: dict[str, Asset] = {}
    seen = {asset.id}
    queue = [asset.id]
    while queue:
        following: list[str] = []
        for here in queue:
            for edge in sorted(site.graph.upstream(here), key=lambda e: e.key.order):
                other = site.graph.assets.get(edge.source)
                if other is None or other.id in seen or edge.relation == "associated":
                    continue
                seen.add(other.id)
                if other.kind in kinds:
                    found[other.id] = other
                else:
                    following.append(other.id)
        queue = following
    return list(found.values())


def job(site: Site, asset: Asset) -> Json:
    """A job: what it read, what it made, where it is recorded."""
    made = _ends(site, site.graph.downstream(asset.id), "produced", target=True)
    return {
        "runs": [
            {
                "run": site.link(run.id),
                "params": _pairs(run.attributes.get("params")),
                "metrics": _pairs(run.attributes.get("metrics")),
            }
            for run in runs_of(site, asset)
        ],
        "made": site.links(sorted(a.id for a in made)),
        "scores": scores_of(site, asset) if asset.kind == "evaluation_job" else [],
        "children": site.links(
            a.id for a in _newest(_ends(site, site.graph.upstream(asset.id), "part_of", target=False))
        ),
    }


def mlflow_experiment(site: Site, asset: Asset) -> Json:
    """An experiment: its runs in one table."""
    runs = _newest(_ends(site, site.graph.upstream(asset.id), "part_of", target=False, kinds=("mlflow_run",)))
    return {"runs": run_table(site, runs)}


_COLUMNS = 8


def run_table(site: Site, runs: list[Asset]) -> Json:
    """Runs with the parameters and metrics that most of them have, at most eight of each."""

    def common(name: str) -> list[str]:
        counts: dict[str, int] = {}
        for run in runs:
            for key in run.attributes.get(name) or {}:
                counts[key] = counts.get(key, 0) + 1
        return sorted(sorted(counts), key=lambda key: -counts[key])[:_COLUMNS]

    params, metrics = common("params"), common("metrics")
    return {
        "params": params,
        "metrics": metrics,
        "rows": [
            {
                "run": site.link(run.id),
                "status": run.status,
                "when": run.created_at,
                "params": [(run.attributes.get("params") or {}).get(key) for key in params],
                "metrics": [(run.attributes.get("metrics") or {}).get(key) for key in metrics],
            }
            for run in runs
        ],
    }


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
    **dict.fromkeys(
        (
            "training_job",
            "tuning_job",
            "evaluation_job",
            "processing_job",
            "transform_job",
            "customization_job",
            "automl_job",
        ),
        job,
    ),
}
