"""What was registered, served or read from MLflow: by the place of a logged model, or by a `models:/` or `runs:/` URI.

A URI that names no server means the model, version or run of that id or name on whichever server has it; several are
candidates. A place is a logged model's where it is equal to it or lies below it: on the server that says so, or on any
where the URI has an authority (`s3://bucket`), so that it is one place for everybody. A registered model that was
deleted and made again gives the numbers of its versions again: what is much younger than what names it is a candidate
at most, and none where a night showed who had the number then.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from studbook.lineage.holders import is_later
from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.weights import place, places_around
from studbook.lineage.times import utc_time
from studbook.model import Asset, Evidence, Facts, Relation
from studbook.model.facts import MlflowPlace, MlflowUri, Reads, Weights

URI: Final = Evidence.parse("rule:mlflow-uri")
PLACE: Final = Evidence.parse("rule:mlflow-place")
_LOGGED: Final = re.compile(r"models:/(m-[^/]+)/?")
_VERSION: Final = re.compile(r"models:/([^/]+)/(\d+)/?")
_RUN: Final = re.compile(r"runs:/([^/]+)(?:/(.+?))?/?")
_CLOCKS: Final = timedelta(days=1)
"""As much as a server's clock is believed to be wrong at most."""
_USERS: Final = ("model_package", "model", "inference_component")


def join(view: View) -> Facts:
    """Resolves `MlflowUri`, the `Weights` of packages and what serves, and `Reads`, against what MLflow keeps."""
    facts = Facts()
    kept = _Kept(view)
    for claim in view.all(MlflowUri):
        named = list(kept.named(claim))
        by_name = _of_then(named, view.assets.get(claim.asset))
        # Of which all came long after, no record shows who had the name then: it may be a clock, or another holder.
        unsure = bool(named) and not by_name
        by_name = by_name or named
        by_place = [] if by_name else kept.around(claim.uri, claim.server)
        if not by_name and not by_place and urlsplit(claim.uri).netloc:
            by_place = kept.around(claim.uri, None)
        found = {asset.id: asset for asset in by_name} | {asset.id: asset for asset, _ in by_place}
        lines = (claim.evidence, URI) if by_name else (claim.evidence, PLACE, *(line for _, line in by_place))
        for asset in found.values():
            several = len(found) > 1 or unsure
            if asset.kind == "mlflow_run" and ":model-package/" in claim.asset:
                facts.edges.append(inferred(claim.asset, asset.id, "recorded_in", lines, candidate=several))
                continue
            relation: Relation = "recorded_in" if asset.kind == "mlflow_run" else "registered_as"
            if asset.kind == "mlflow_logged_model" and ":model-package/" in claim.asset:
                relation = "packaged_as"
            facts.edges.append(inferred(asset.id, claim.asset, relation, lines, candidate=several))
    for weights in view.all(Weights):
        user = view.assets.get(weights.asset)
        if user is None or user.kind not in _USERS or weights.added:
            continue
        models = kept.models_around(weights.uri)
        for asset, line in models:
            proof = (weights.evidence, line, PLACE)
            facts.edges.append(inferred(asset.id, user.id, "packaged_as", proof, candidate=len(models) > 1))
    for reads in view.all(Reads):
        models = kept.models_around(reads.uri) if reads.relation == "input_to" else []
        for asset, line in models:
            if asset.id != reads.reader and not is_later(view.assets, asset.id, reads.at):
                cited = (reads.evidence, *reads.through, line, PLACE)
                several = reads.candidate or len(models) > 1
                edge = inferred(asset.id, reads.reader, "input_to", cited, role=reads.role, candidate=several)
                facts.edges.append(edge)
    return facts


class _Kept:
    """Logged models, versions and runs by their names and places."""

    def __init__(self, view: View) -> None:
        self._tails: defaultdict[str, list[Asset]] = defaultdict(list)
        self._versions: defaultdict[str, list[Asset]] = defaultdict(list)
        self._of_run: defaultdict[str, list[Asset]] = defaultdict(list)
        self._at: defaultdict[str, list[tuple[Asset, Evidence]]] = defaultdict(list)
        for asset in view.assets.values():
            if asset.kind in ("mlflow_logged_model", "mlflow_run"):
                self._tails[asset.id.rpartition("/")[2]].append(asset)
            elif asset.kind == "mlflow_model_version":
                self._versions[asset.name].append(asset)
        for key in view.edges:
            model = view.assets.get(key.target) if key.relation == "produced" else None
            if model is not None and model.kind == "mlflow_logged_model":
                self._of_run[key.source].append(model)
        for claim in view.all(MlflowPlace):
            if (kept := view.assets.get(claim.asset)) is not None:
                self._at[_key(claim.uri)].append((kept, claim.evidence))

    def named(self, claim: MlflowUri) -> Iterator[Asset]:
        """What a `models:/` or `runs:/` URI names; of a run its only model, that of that name, or the run."""
        if found := _LOGGED.fullmatch(claim.uri):
            yield from self._on(self._tails[found[1]], claim.server)
        elif found := _VERSION.fullmatch(claim.uri):
            yield from self._on(self._versions[f"{found[1]} {found[2]}"], claim.server)
        elif found := _RUN.fullmatch(claim.uri):
            for run in self._on(self._tails[found[1]], claim.server):
                models = self._of_run[run.id]
                yield from [model for model in models if len(models) == 1 or model.name == found[2]] or [run]

    def around(self, uri: str, server: str | None) -> list[tuple[Asset, Evidence]]:
        """What lies at a place, or at the innermost folder around it, with its evidence."""
        for where in places_around(_key(uri)):
            here = [(asset, line) for asset, line in self._at.get(where, ()) if self._on([asset], server)]
            if here:
                return here
        return []

    def models_around(self, uri: str) -> list[tuple[Asset, Evidence]]:
        """The logged models among these, on any server."""
        if not self._at:
            return []
        return [(asset, line) for asset, line in self.around(uri, None) if asset.kind != "mlflow_run"]

    def _on(self, assets: Iterable[Asset], server: str | None) -> list[Asset]:
        return [asset for asset in assets if server in (None, asset.attributes.get("server"))]


def _of_then(named: list[Asset], by: Asset | None) -> list[Asset]:
    """Of what has, or had, a name in turn: without the versions that were made so long after what names one was changed
    last that no clock's error explains it, and without those that others had replaced as long before."""
    naming = utc_time(by.modified_at or by.created_at) if by is not None else None
    if naming is None:
        return named
    since: dict[str, timedelta] = {}  # how long before the naming the version was made
    for asset in named:
        if asset.kind == "mlflow_model_version" and (made := utc_time(asset.created_at)) is not None:
            since[asset.id] = naming - made
    replaced = [
        one.id
        for one in named
        for other in named
        if one.id.startswith(f"{other.id}@") and one.id in since and since.get(other.id, -_CLOCKS) > _CLOCKS
    ]
    return [one for one in named if since.get(one.id, _CLOCKS) >= -_CLOCKS and one.id not in replaced]


def _key(uri: str) -> str:
    return place(uri) or uri.rstrip("/")
