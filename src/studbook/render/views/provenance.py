"""What pages tell of where things come from: their versions, how they were made, who read them, what changed since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studbook.model import KINDS, Asset, Edge
from studbook.queries.drift import drifts_of
from studbook.queries.neighbours import content, newest, parent, uses, uses_by_any_name, versions
from studbook.queries.walks import made, reads_data
from studbook.render.views.site import Json, Site, how_known
from studbook.render.views.tables import state


def pairs(value: Any) -> list[list[Any]]:
    """A mapping as rows `[key, value]`, in the order of its keys; none of what is no mapping."""
    return [[key, value[key]] for key in sorted(value)] if isinstance(value, dict) else []


def ends(site: Site, edges: Iterable[Edge], relation: str, *, target: bool, kinds: tuple[str, ...] = ()) -> list[Asset]:
    """The assets at the other end of edges of one relation, each once, in the order of the edges."""
    found: dict[str, Asset] = {}
    for edge in edges:
        asset = site.graph.assets.get(edge.target if target else edge.source)
        if edge.relation == relation and asset is not None and (not kinds or asset.kind in kinds):
            found[asset.id] = asset
    return list(found.values())


def siblings(site: Site, version: Asset) -> list[Json]:
    """The versions of what an asset is a version of, as rows of a list, newest first; itself where that is unknown."""
    whole = parent(site.graph, version)
    several = versions(site.graph, whole) if whole else [version]
    return [version_row(site, one) | {"current": one.id == version.id} for one in several]


def runs_of(site: Site, asset: Asset) -> list[Asset]:
    """The MLflow runs in which a job or package is recorded, newest first."""
    return newest(ends(site, site.graph.downstream(asset.id), "recorded_in", target=True, kinds=("mlflow_run",)))


def training_of(site: Site, asset: Asset) -> Json:
    """How a model came to be: jobs, base models, data, code, images, evaluators and runs on the way to its origins."""
    walk = made(site.graph, asset.id)
    on_the_way = {a.id: a for a in walk.assets}
    on_the_way[asset.id] = asset
    jobs = [a for a in on_the_way.values() if KINDS[a.kind].job]
    inputs: dict[str, list[Json]] = {"data": [], "weights": [], "code": [], "image": [], "evaluator": []}
    for edge in sorted(walk.edges, key=lambda e: e.key.order):
        source, target = on_the_way.get(edge.source), on_the_way.get(edge.target)
        if source is None or target is None or (sort := _sort_of_input(edge, source, target)) is None:
            continue
        state = _state(site, source, target) if sort == "data" else {}
        ends_of = {"asset": site.link(source.id), "into": site.link(target.id), "role": edge.role}
        inputs[sort].append(ends_of | how_known(edge) | state)
    bases = [a for a in on_the_way.values() if a.kind == "base_model_version"]
    parents = {base.id for version in bases if (base := parent(site.graph, version)) is not None}
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
        "runs": [run_row(site, run) for run in newest(runs.values())],
    }


def run_row(site: Site, run: Asset) -> Json:
    """An MLflow run with its parameters and metrics, as rows of name and value."""
    return {
        "run": site.link(run.id),
        "params": pairs(run.attributes.get("parameters")),
        "metrics": pairs(run.attributes.get("metrics")),
    }


def _state(site: Site, data: Asset, job: Asset) -> Json:
    """Which state of the data a job read, and whether it changed since."""
    points_at = {one.id for one in content(site.graph, data)}
    return {
        "fingerprint": fingerprint_of(site, data),
        "drifted": any(drift.read.id in points_at for drift in drifts_of(site.night, job)),
    }


def _sort_of_input(edge: Edge, source: Asset, target: Asset) -> str | None:
    """As what a thing went into what made a model; None for what is no input."""
    into_job = edge.relation == "input_to" and KINDS[target.kind].job
    if into_job and reads_data(edge, source):
        return "data"
    if source.kind == "code" or edge.role == "code":
        return "code"
    if source.kind == "container_image" or edge.role == "image":
        return "image"
    if into_job and source.kind in ("evaluator", "evaluator_version"):
        return "evaluator"
    return "weights" if into_job and KINDS[source.kind].data else None


def fingerprint_of(site: Site, asset: Asset) -> str | None:
    """The object manifest's digest of a dataset version: its own, or that of the S3 content it points at."""
    said = (one.attributes.get("fingerprint") for one in content(site.graph, asset))
    return next((value for value in said if isinstance(value, str)), None)


def readers_of(site: Site, assets: Iterable[Asset]) -> list[Json]:
    """The jobs and runs that read these, by whatever name: as what they are, or as what they were registered as."""
    return [
        {
            "job": site.link(job.id),
            "read": site.link(read.id),
            "role": edge.role,
            "when": job.created_at,
            **how_known(edge),
        }
        for read, edge, job in uses_by_any_name(site.graph, assets)
    ]


def drift_of(site: Site, assets: Iterable[Asset]) -> list[Json]:
    """The jobs that read these before they changed."""
    several = list(assets)
    points_at = {one.id for asset in several for one in content(site.graph, asset)}
    return [
        {
            "job": site.link(job.id),
            "read": site.link(drift.read.id),
            "verb": drift.verb,
            "since": drift.since,
            "words": drift.words,
            "doubt": drift.doubt,
        }
        for job in {job.id: job for _, _, job in uses(site.graph, several)}.values()
        for drift in {drift.read.id: drift for drift in drifts_of(site.night, job)}.values()
        if drift.read.id in points_at
    ]


def version_row(site: Site, version: Asset) -> Json:
    """A version as a row of a list."""
    return {
        "asset": site.link(version.id),
        "current": False,
        "status": state(version, version.status),
        "approval": state(version, version.attributes.get("approval")),
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
