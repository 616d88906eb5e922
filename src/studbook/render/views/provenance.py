"""What several pages tell of an asset: its versions, how it was made, how it was judged, where it runs, who read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studbook.model import KINDS, Asset, Edge
from studbook.queries.deployed import deployed
from studbook.queries.drift import drifts_of
from studbook.queries.origins import origins
from studbook.queries.promotion import Step
from studbook.queries.walks import evaluation, impact, reads_data, trace
from studbook.render.views.site import Json, Site


def pairs(value: Any) -> list[list[Any]]:
    """A mapping as rows, in the order of its keys."""
    return [[key, value[key]] for key in sorted(value)] if isinstance(value, dict) else []


def newest(assets: Iterable[Asset]) -> list[Asset]:
    """By creation, the latest first; by id where that is equal."""
    return sorted(sorted(assets, key=lambda a: a.id), key=lambda a: a.created_at or "", reverse=True)


def ends(site: Site, edges: Iterable[Edge], relation: str, *, target: bool, kinds: tuple[str, ...] = ()) -> list[Asset]:
    """The assets at the other end of edges of one relation."""
    found: dict[str, Asset] = {}
    for edge in edges:
        asset = site.graph.assets.get(edge.target if target else edge.source)
        if edge.relation == relation and asset is not None and (not kinds or asset.kind in kinds):
            found[asset.id] = asset
    return list(found.values())


def versions_of(site: Site, asset: Asset) -> list[Asset]:
    """The versions of a thing, newest first."""
    return newest(ends(site, site.graph.downstream(asset.id), "has_version", target=True))


def parent_of(site: Site, asset: Asset) -> Asset | None:
    """The thing that an asset is a version of."""
    return next(iter(ends(site, site.graph.upstream(asset.id), "has_version", target=False)), None)


def runs_of(site: Site, asset: Asset) -> list[Asset]:
    """The MLflow runs in which a job or package is recorded."""
    return newest(ends(site, site.graph.downstream(asset.id), "recorded_in", target=True, kinds=("mlflow_run",)))


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


def came_from(site: Site, version: Asset) -> list[Asset]:
    """What a version has its weights from: what it was cloned from, and the same weights under another id."""
    return [asset for asset in origins(site.graph, version) if asset.id != version.id]


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
    jobs = [a for a in on_the_way.values() if KINDS[a.kind].job]
    inputs: dict[str, list[Json]] = {"data": [], "weights": [], "code": [], "image": [], "evaluator": []}
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
        into_job = edge.relation == "input_to" and KINDS[target.kind].job
        if into_job and reads_data(edge, source):
            entry["fingerprint"] = fingerprint_of(site, source)
            entry["drifted"] = any(drift.read.id in content_of(site, source) for drift in drifts_of(site.graph, target))
            inputs["data"].append(entry)
        elif source.kind == "code" or edge.role == "code":
            inputs["code"].append(entry)
        elif source.kind == "container_image" or edge.role == "image":
            inputs["image"].append(entry)
        elif into_job and source.kind in ("evaluator", "evaluator_version"):
            inputs["evaluator"].append(entry)
        elif into_job and KINDS[source.kind].data:
            inputs["weights"].append(entry)
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
                "technique": job.attributes.get("technique"),
                "hyperparameters": pairs(job.attributes.get("hyperparameters")),
                "metrics": pairs(job.attributes.get("metrics")),
            }
            for job in newest(jobs)
        ],
        "bases": site.links(a.id for a in sorted(bases, key=lambda a: a.id)),
        "inputs": inputs,
        "ancestors": site.links(
            a.id for a in newest(on_the_way.values()) if a.kind == "model_package" and a.id != asset.id
        ),
        "runs": [
            {
                "run": site.link(run.id),
                "params": pairs(run.attributes.get("parameters")),
                "metrics": pairs(run.attributes.get("metrics")),
            }
            for run in newest(runs.values())
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


def drift_of(site: Site, assets: Iterable[Asset]) -> list[Json]:
    """The jobs that read these before they changed."""
    several = list(assets)
    content = {asset_id for asset in several for asset_id in content_of(site, asset)}
    out: dict[tuple[str, str], Json] = {}
    for reader in readers_of(site, several):
        job = site.graph.assets[reader["job"]["id"]]
        for drift in drifts_of(site.graph, job):
            if drift.read.id in content:
                out[job.id, drift.read.id] = {
                    "job": site.link(job.id),
                    "read": site.link(drift.read.id),
                    "certain": drift.certain,
                    "since": drift.since,
                }
    return list(out.values())


def content_of(site: Site, asset: Asset) -> set[str]:
    """An asset and the S3 content that it points at."""
    return {asset.id, *(edge.source for edge in site.graph.upstream(asset.id, "content_of"))}


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


def running(site: Site, endpoint: Asset) -> Json:
    """An endpoint with what answers there, as overviews list it."""
    return {
        "endpoint": site.link(endpoint.id),
        "account": site.account_link(endpoint.account),
        "region": endpoint.region,
        "stage": endpoint.stage,
        "status": endpoint.status,
        "answers": answers(site, endpoint),
        "findings": site.found(endpoint.id),
        "marks": site.link(endpoint.id)["marks"],
    }


def answers(site: Site, endpoint: Asset) -> list[Json]:
    """What runs at an endpoint or component: model versions where they are known, each with its origins."""
    out = []
    for running in deployed(site.graph, endpoint.id):
        several = running.versions or running.bases or (running.unit,)
        for model in several:
            training = training_of(site, model)
            twins = [
                asset
                for edge in site.graph.upstream(model.id, "copied_to")
                if (asset := site.graph.asset(edge.source)) is not None
            ]
            group = parent_of(site, model)
            out.append(
                {
                    "model": site.link(model.id),
                    "candidate": len(several) > 1,
                    "shadow": running.shadow,
                    "group": site.link(group.id) if group else None,
                    "approval": model.attributes.get("approval"),
                    "bases": training["bases"],
                    "carriers": site.links(carrier.id for carrier in running.carriers),
                    "data": site.links(
                        entry["asset"]["id"]
                        for entry in training["inputs"]["data"]
                        # What was read to make data, or scores, no model was trained on.
                        if KINDS[entry["into"]["kind"]].makes == ("model",)
                    ),
                    "evaluation": next(iter(evaluations_of(site, [model, *twins])), None),
                }
            )
    return out


def promotion_of(site: Site, path: Iterable[Step]) -> list[Json]:
    """A path through accounts as rows: the step's data, with links in place of ids."""
    rows = []
    for step in path:
        data = step.as_data()
        life = data["life_cycle"]
        rows.append(
            {
                **data,
                "package": site.link(step.package.id),
                "account": site.account_link(step.package.account),
                "life_cycle": " ".join(str(life[name]) for name in ("Stage", "StageStatus") if life.get(name))
                if isinstance(life, dict)
                else None,
                "copied_from": [{**one, "package": site.link(one["package"])} for one in data["copied_from"]],
                "runs_at": site.links(data["runs_at"]),
                "shared_with": [site.account_link(account) for account in step.shared_with],
            }
        )
    return rows


def version_row(site: Site, version: Asset, *, current: bool = False) -> Json:
    """A version as a row of a list."""
    return {
        "asset": site.link(version.id),
        "current": current,
        "status": version.status,
        "approval": version.attributes.get("approval"),
        "created_at": version.created_at,
        "first_seen": version.first_seen,
        "description": version.attributes.get("description"),
        "logged": version.attributes.get("registration_type") == "Logged",
    }


def ordinal(version: Asset) -> str:
    """A version in as few letters as tell it from its siblings: its number, else the beginning of its fingerprint."""
    number, fingerprint = version.attributes.get("version"), version.attributes.get("fingerprint")
    if number is not None:
        return str(number)
    return fingerprint.removeprefix("sha256:")[:8] if isinstance(fingerprint, str) else version.name
