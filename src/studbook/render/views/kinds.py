"""The pages of kinds that have more to tell than the default one: one function for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from math import isfinite
from typing import Any

from studbook.errors import StudbookError
from studbook.lineage.graph import is_between
from studbook.model import Asset
from studbook.model.kinds import JOB_KINDS
from studbook.queries.candidates import Judge, Judgement, order_of
from studbook.queries.neighbours import content, count_users, is_pinned, known_as, parent, parts, versions, withdrawn
from studbook.queries.promotion import promotion, promotions
from studbook.queries.reproduce import reproduce
from studbook.queries.scores import jobs_of, judged_of
from studbook.queries.walks import Family, copied, lines, out_of_service, reaches, same_weights
from studbook.render.views.answers_told import (
    aliases_of,
    elsewhere,
    lead,
    left,
    matrix,
    not_known,
    strip,
    timeline,
    waiting,
)
from studbook.render.views.card import card
from studbook.render.views.deployments import answers, deployments_of, promotion_of
from studbook.render.views.evaluations import evaluations_of, scores_of
from studbook.render.views.flow import pipeline, pipeline_execution
from studbook.render.views.incident import data_changes, incident_of
from studbook.render.views.lists import experiment_runs, experiment_table, judged_table, readers_table
from studbook.render.views.provenance import (
    drift_of,
    ends,
    fingerprint_of,
    ordinal,
    pairs,
    run_row,
    runs_of,
    siblings,
    training_of,
    version_row,
)
from studbook.render.views.site import Json, Site
from studbook.render.views.tables import state
from studbook.settings import MetricSettings


def model_package(site: Site, asset: Asset) -> Json:
    """The model card."""
    group = parent(site.graph, asset)
    training = training_of(site, asset)
    places = deployments_of(site, asset)
    return {
        "group": site.link(group.id) if group else None,
        "approval": state(asset, asset.attributes.get("approval")),
        "approval_description": asset.attributes.get("approval_description"),
        "approved_by": asset.attributes.get("modified_by"),
        "created_by": asset.attributes.get("created_by"),
        "deployments": places,
        "training": training,
        "promotion": promotion_of(site, promotion(site.graph, asset.id)),
        "evaluations": _by_judge(evaluations_of(site, _judged(site, asset))),
        "again": _again(site, asset),
        "curves": [
            [f"{key} of {run.name}", points]
            for run in _runs_behind(site, training)
            for key, points in sorted((run.attributes.get("curves") or {}).items())
        ],
        "card": card(site, asset),
        "runs": asset.id in site.running,
        "runs_unknown": bool(site.answer("runs", asset.id).unknown),
        "siblings": siblings(site, asset),
        "related_findings": _related(site, training, places),
        "lead": lead(site, asset),
        "aliases": aliases_of(site, asset),
        "links_out": elsewhere(site, asset, training["inputs"]["code"]),
        "strip": strip(site, asset),
        "matrix": matrix(site, asset),
        "waiting": waiting(site, asset) if places else None,
        "not_known": not_known(site, asset),
        "timeline": timeline(site, asset),
        "left": [] if places else left(site, asset),
    }


def _judged(site: Site, version: Asset) -> list[Asset]:
    """All that can be judged in its place: every copy of it, and the same weights under another id."""
    members = copied(site.graph, version.id).members
    found = {one.id: one for member in members for one in same_weights(site.graph, member)}
    return list(found.values())


def _by_judge(evaluations: list[Json]) -> list[Json]:
    return sorted(evaluations, key=lambda found: [link["name"] for link in found["evaluators"]])


def _again(site: Site, asset: Asset) -> Json:
    """What `studbook reproduce` says: how near a new training comes, and why not nearer."""
    if site.external:
        why = "It is told from what the APIs answered, which this edition does not have."
        return {"verdict": None, "why": why, "reasons": [], "job": None}
    try:
        found = reproduce(site.graph, asset, lambda kind, record_id: site.records.get((kind, record_id)))
    except StudbookError as error:
        return {"verdict": None, "why": error.message, "reasons": [], "job": None}
    return {
        "verdict": found.verdict,
        "why": None,
        "reasons": [[reason.part, reason.leaves, reason.message] for reason in found.reasons],
        "job": site.link(found.job.id),
    }


def _runs_behind(site: Site, training: Json) -> list[Asset]:
    ids = [item["run"]["id"] for item in training["runs"]]
    return [site.graph.assets[asset_id] for asset_id in ids if asset_id in site.graph.assets]


def _related(site: Site, training: Json, places: list[Json]) -> list[Json]:
    """Findings of the jobs that made a version and of the places where it runs."""
    ids = [entry["job"]["id"] for entry in training["jobs"]] + [place["asset"]["id"] for place in places]
    return [found for asset_id in dict.fromkeys(ids) for found in site.found(asset_id)]


def model_package_group(site: Site, asset: Asset) -> Json:
    """A model: the versions of its line over all accounts, with their copies, where they run, how they were judged."""
    members = [version.id for version in versions(site.graph, asset)]
    families = [one for several in lines(site.graph, members).values() for one in reversed(several)]
    words = site.cards.get(asset.name)
    return {
        "versions": [_line_row(site, family, set(members)) for family in families],
        "matrix": matrix(site, asset),
        "lead": lead(site, families[0].original) if families else None,
        "waiting": waiting(site, asset) if families else None,
        "timeline": timeline(site, asset),
        "promotion": [promotion_of(site, path) for path in promotions(site.graph, asset.id) if len(path) > 1],
        "curves": _curves(site, families),
        "compare": [site.link(family.original.id) for family in families[1::-1]] if len(families) > 1 else [],
        "card": words.as_data() if words else None,
    }


def _line_row(site: Site, family: Family, own: set[str]) -> Json:
    """One version of a line: its original, then what it is called in other accounts."""
    return {
        **version_row(site, family.original),
        "members": [
            {
                "asset": site.link(one.id),
                "name": ordinal(one)
                if one.id == family.original.id
                else f"{site.account_name(one.account)} {ordinal(one)}",
                "here": one.id in own,
            }
            for one in family.members
        ],
        "approvals": list(dict.fromkeys(state(one, one.attributes.get("approval")) for one in family.members)),
        "aliases": aliases_of(site, family.original),
        "deployments": deployments_of(site, family.original),
        "evaluations": len(jobs_of(site.graph, judged_of(site.graph, [family]))),
        "findings": sum(len(site.findings_by_asset.get(one.id, ())) for one in family.members),
    }


_CURVES = 6


def _curves(site: Site, families: list[Family]) -> list[list[Any]]:
    """The course of each judgement over the versions of a line, oldest first: scores of two judges are no series."""
    judge = Judge(site.night)
    curves: dict[Judgement, list[tuple[str, float]]] = {}
    for family in reversed(families):
        for judgement, value in judge.numbers(family).items():
            curves.setdefault(judgement, []).append((ordinal(family.original), value))
    several = sorted((one for one in curves.items() if len(one[1]) > 1), key=lambda one: order_of(one[0]))
    return [[_judged_by(site, judgement), points] for judgement, points in several[:_CURVES]]


def _judged_by(site: Site, judgement: Judgement) -> str:
    by, on = (site.link(one)["name"] if one else None for one in (judgement.evaluator, judgement.data))
    return judgement.metric + (f" by {by}" if by else "") + (f" on {on}" if on else "")


def model_card(site: Site, asset: Asset) -> Json:
    """A card: what people say of the model, what it learned from and how it was judged, then every line of it."""
    said = asset.attributes
    described = ends(site, site.graph.upstream(asset.id), "described_by", target=False)
    return {
        "describes": site.links(sorted(one.id for one in described)),
        "encrypted": bool(said.get("encrypted")),
        "purpose": said.get("purpose"),
        "uses": said.get("intended_uses"),
        "risk": said.get("risk_rating"),
        "training_job": _known(site, said.get("training_job")),
        "training_datasets": said.get("training_datasets") or [],
        "evaluations": [
            {
                "name": one.get("name"),
                "job": _known(site, one.get("job")),
                "datasets": one.get("datasets") or [],
                "observation": one.get("observation"),
                "scores": pairs(one.get("metrics")),
            }
            for one in said.get("evaluations") or ()
        ],
        "versions": said.get("versions") or [],
        "lines": list(islice(_lines(said.get("content")), _LINES)),
    }


_LINES = 200


def _known(site: Site, asset_id: object) -> Json | None:
    """A link to what a text names, where the catalog has it."""
    return site.link(asset_id) if isinstance(asset_id, str) and asset_id in site.graph.assets else None


def _lines(value: Any, path: str = "") -> Iterator[list[Any]]:
    """A JSON document as rows of path and value."""
    if isinstance(value, dict):
        for key in sorted(value):
            name = str(key).replace("_", " ")
            yield from _lines(value[key], f"{path} / {name}" if path else name)
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _lines(item, f"{path} {number}" if len(value) > 1 else path)
    elif value not in (None, ""):
        yield [path, value]


def dataset(site: Site, asset: Asset) -> Json:
    """A dataset: its versions in time and who reads it."""
    states = versions(site.graph, asset)
    rows = [
        {
            **version_row(site, version),
            "fingerprint": fingerprint_of(site, version),
            "objects": version.attributes.get("objects"),
            "bytes": version.attributes.get("bytes"),
            "superseded_since": version.attributes.get("superseded_since"),
            "readers": count_users(site.graph, [version]),
        }
        for version in states
    ]
    return {
        "versions": rows,
        "moments": [[ordinal(v), v.created_at] for v in reversed(states) if v.created_at],
        "incident": incident_of(site, asset),
        "changes": data_changes(site, asset),
        "readers": readers_table(site, asset, [asset, *states]).on_page(),
        "drift": drift_of(site, [asset, *states]),
    }


def dataset_version(site: Site, asset: Asset) -> Json:
    """One state of a dataset: what is in it and who read it."""
    whole = parent(site.graph, asset)
    return {
        "dataset": site.link(whole.id) if whole else None,
        "fingerprint": fingerprint_of(site, asset),
        "siblings": siblings(site, asset),
        "readers": readers_table(site, asset, [asset]).on_page(),
        "models": site.links(a.id for a in reaches(site.graph, asset.id).assets if a.kind == "model_package"),
        "drift": drift_of(site, [asset]),
        "incident": incident_of(site, asset),
        "changes": data_changes(site, asset),
    }


def feature_group(site: Site, asset: Asset) -> Json:
    """Features: where their history lies, who writes it, and who learned from it."""
    said = asset.attributes
    writers = ends(site, site.graph.upstream(asset.id), "produced", target=False)
    exports = ends(site, site.graph.downstream(asset.id), "content_of", target=True)
    return {
        "identifier": said.get("record_identifier"),
        "time": said.get("event_time"),
        "count": said.get("features"),
        "online": said.get("online") is True,
        "store": said.get("uri"),
        "writers": site.links(sorted(one.id for one in writers)),
        "exports": site.links(sorted(one.id for one in exports)),
        "models": site.links(a.id for a in reaches(site.graph, asset.id).assets if a.kind == "model_package"),
        "readers": readers_table(site, asset, [asset]).on_page(),
        "incident": incident_of(site, asset),
    }


def plain_data(site: Site, asset: Asset) -> Json:
    """Data of which no more is told than what it has reached: a table, what lies in S3 and is no dataset."""
    return {"incident": incident_of(site, asset)}


def evaluator(site: Site, asset: Asset) -> Json:
    """An evaluator: its versions, and what it judged."""
    several = versions(site.graph, asset)
    return {
        "versions": [
            {
                **version_row(site, version),
                **_code(site, version),
                "judged": count_users(site.graph, [version]),
            }
            for version in several
        ],
        "judged": judged_table(site, asset, (asset, *several)).on_page(),
    }


def _code(site: Site, version: Asset) -> Json:
    """Whether the code of an evaluator version is fixed, and its digest: of a registered one, of what it points at."""
    pinned = is_pinned(site.graph, version)
    states = content(site.graph, version) if pinned else [version]
    digests = (one.attributes.get("code_sha256") for one in states)
    return {"pinned": pinned, "code": next((digest for digest in digests if digest), None)}


def evaluator_version(site: Site, asset: Asset) -> Json:
    """One version of an evaluator: its code and what it judged."""
    whole = parent(site.graph, asset)
    return {
        "evaluator": site.link(whole.id) if whole else None,
        "siblings": siblings(site, asset),
        **_code(site, asset),
        "registered": site.links(one.id for one in known_as(site.graph, asset) if one.id != asset.id),
        "judged": judged_table(site, asset, (asset,)).on_page(),
    }


def endpoint(site: Site, asset: Asset) -> Json:
    """A deployment: what answers here, back to the origins, what is to come, and where a router sends requests."""
    return {
        "answers": answers(site, asset),
        "pending": asset.attributes.get("pending"),
        "between": is_between(asset.kind, asset.status, asset.attributes),
        "targets": [
            {
                "name": target.get("name"),
                "to": [link for one in target.get("destinations") or () if (link := _known(site, one))],
                "preference": target.get("preference"),
                "queued": target.get("asynchronous") is True,
            }
            for target in asset.attributes.get("targets") or ()
        ],
        "since": asset.modified_at,
        "out_of_service": out_of_service(asset),
        "before": [
            {"asset": site.link(gone.id), "gone_since": gone.gone_since, "answers": answers(site, gone)}
            for gone in withdrawn(site.graph, asset)
        ],
        "waiting": waiting(site, asset) if asset.gone_since is None else None,
        "not_known": not_known(site, asset),
        "timeline": timeline(site, asset),
    }


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
        "runs": [run_row(site, run) for run in runs_of(site, asset)],
        "made": site.links(sorted(a.id for a in made)),
        "scores": scores_of(site, asset) if asset.kind == "evaluation_job" else [],
        "children": site.links(part.id for part in parts(site.graph, asset)),
    }


def mlflow_experiment(site: Site, asset: Asset) -> Json:
    """An experiment: its runs in one table."""
    runs = experiment_runs(site, asset)
    best = list(_best(runs, site.settings.rules.metrics))
    return {
        "runs": experiment_table(site, asset).on_page(),
        "best": [
            {"metric": metric, "least": least, "value": value, "run": site.link(run.id)}
            for metric, least, value, run in best
        ],
        **_across(runs[:_DRAWN], best[0][3] if best else None),
    }


_DRAWN = 200
"""The most runs that are drawn, the newest first."""
_AXES = 7

_MOST = re.compile(r"accuracy|auc|f1|precision|recall|score|match|reward|bleu|rouge|\bmap\b|r2", re.IGNORECASE)


def _best(runs: list[Asset], metrics: MetricSettings) -> Iterator[tuple[str, bool, float, Asset]]:
    """Metric, whether the least is best, value and run; of metrics whose name says which end is better."""
    by_metric: dict[str, list[tuple[float, Asset]]] = {}
    for run in runs:
        for key, value in (run.attributes.get("metrics") or {}).items():
            if (number := _number(value)) is not None and run.status in (None, "FINISHED"):
                by_metric.setdefault(key, []).append((number, run))
    for key in sorted(by_metric, key=lambda key: ("val" not in key.lower(), key)):
        least = metrics.prefers_less(key)
        if least == (_MOST.search(key) is not None):
            continue
        pick = min if least else max
        value, run = pick(by_metric[key], key=lambda pair: pair[0])
        yield key, least, value, run


def _across(runs: list[Asset], best: Asset | None) -> Json:
    """Runs as numbers on parallel axes: what varies among them, parameters first."""
    axes: list[tuple[str, list[float | None]]] = []
    for kind, most in (("parameters", _AXES // 2), ("metrics", _AXES)):
        keys = sorted({key for run in runs for key in run.attributes.get(kind) or {}})
        found = [(key, [_number((run.attributes.get(kind) or {}).get(key)) for run in runs]) for key in keys]
        varied = [(key, column) for key, column in found if len({v for v in column if v is not None}) > 1]
        axes += sorted(varied, key=lambda pair: sum(v is None for v in pair[1]))[: most - len(axes)]
    lines = [(run, [column[index] for _, column in axes]) for index, run in enumerate(runs)]
    lines = [line for line in lines if sum(v is not None for v in line[1]) > 1]
    numbers = {run.id: number for number, (run, _) in enumerate(lines)}
    return {
        "axes": [key for key, _ in axes],
        "lines": [[run.name, values] for run, values in lines],
        "line_of_best": numbers.get(best.id) if best is not None else None,
    }


def _number(value: Any) -> float | None:
    """A metric, or a parameter that is written like a number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if isfinite(number) else None


VIEWS: dict[str, Callable[[Site, Asset], Json]] = {
    "model_package": model_package,
    "model_package_group": model_package_group,
    "dataset": dataset,
    "dataset_version": dataset_version,
    "feature_group": feature_group,
    "artifact": plain_data,
    "table": plain_data,
    "evaluator": evaluator,
    "evaluator_version": evaluator_version,
    "model_card": model_card,
    "endpoint": endpoint,
    "inference_component": endpoint,
    "mlflow_experiment": mlflow_experiment,
    "pipeline": pipeline,
    "pipeline_execution": pipeline_execution,
    **dict.fromkeys(JOB_KINDS, job),
}
