"""What pages tell of where things come from: their versions, how they were made, who read them, what changed since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studbook.model import KINDS, Asset, Edge
from studbook.queries.drift import drifts_of
from studbook.queries.origins import origins
from studbook.queries.walks import made, reads_data
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


def came_from(site: Site, version: Asset) -> list[Asset]:
    """What a version has its weights from: what it was cloned from, and the same weights under another id."""
    return [asset for asset in origins(site.graph, version) if asset.id != version.id]


def training_of(site: Site, asset: Asset) -> Json:
    """How a model came to be: jobs, base models, data, code, images, evaluators and runs on the way to its origins."""
    walk = made(site.graph, asset.id)
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
            "evidence": list(map(str, edge.evidence)),
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
                        "evidence": list(map(str, edge.evidence)),
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
