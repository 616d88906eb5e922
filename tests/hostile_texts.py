"""The demo's estate, told by somebody who means harm: every text in it that AWS, MLflow or a person could write."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import yaml
from tests.pedigrees import commit

from studbook.model import Asset, Edge, Evidence
from studbook.render import build_site
from studbook.settings import load_settings
from studbook.store import Catalog

RUN = "studbookRanThis"
"""What every payload calls; nothing on any page may have run it."""

PAYLOAD = (
    f"\"'><img src=x onerror={RUN}(1)><script>{RUN}(2)</script></title></textarea></script><svg onload={RUN}(3)>"
    f"]]>-->[click](javascript:{RUN}(4)) `a|b` {{{{ 7777*7 }}}}{{% include 'x' %}}\u202e&lt;&amp;#x3c;"
)
"""Text that a careless page would run, render or break on; rendered as a template it holds 54439."""

_BY_ADDRESS = ("artifact", "container_image", "code", "mlflow_run")
"""Kinds whose ids strangers choose freely; an ARN's characters AWS checks."""


_NAMED_FREELY = ("hyperparameters", "parameters", "metrics", "metadata", "environment", "curves", "model_aliases")
"""Attributes whose keys strangers choose."""


def poisoned(value: Any, night: int, *, keys: bool = False) -> Any:
    """The same with the payload behind every text, and behind every key that strangers choose."""
    if isinstance(value, str):
        return f"{value}{PAYLOAD}{night}"
    if isinstance(value, dict):
        return {
            f"{key}{PAYLOAD}" if keys else key: poisoned(inner, night, keys=keys or key in _NAMED_FREELY)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [poisoned(inner, night, keys=keys) for inner in value]
    return value


def _id(asset: Asset) -> str:
    return asset.id + PAYLOAD if asset.kind in _BY_ADDRESS else asset.id


def _asset(asset: Asset, night: int) -> Asset:
    return asset.but(
        id=_id(asset),
        name=asset.name + PAYLOAD,
        status=asset.status and poisoned(asset.status, night),
        stage=asset.stage and asset.stage + PAYLOAD,
        attributes=poisoned(asset.attributes, night),
        tags={key + PAYLOAD: poisoned(text, night) for key, text in {"team": "x", **asset.tags}.items()},
        first_seen=1,
        gone_since=None,
        stale_since=None,
    )


def _edge(edge: Edge, ids: dict[str, str]) -> Edge:
    return dataclasses.replace(
        edge,
        source=ids.get(edge.source, edge.source),
        target=ids.get(edge.target, edge.target),
        role=edge.role and edge.role + PAYLOAD,
        evidence=tuple(Evidence(*(part and part + PAYLOAD for part in one)) for one in edge.evidence),
    )


def site(demo: Path, folder: Path) -> Path:
    """The site of two nights of that estate, made from the demo's last."""
    told = Catalog(demo)
    last = told.resolve("latest")
    graph = told.graph(last)
    ids = {asset.id: _id(asset) for asset in graph.assets.values()}
    catalog = folder / "catalog"
    (catalog / "cards").mkdir(parents=True)
    configuration = yaml.safe_load((demo / "studbook.yml").read_text(encoding="utf-8"))
    for account in configuration["accounts"]:
        account["name"] += PAYLOAD
    (catalog / "studbook.yml").write_text(yaml.safe_dump(configuration, allow_unicode=True), encoding="utf-8")
    for card in (demo / "cards").glob("*.md"):
        front, words = card.read_text(encoding="utf-8").split("\n---\n", 1)
        facts = poisoned(yaml.safe_load(front), 0)
        header = yaml.safe_dump({key: str(text) for key, text in facts.items()}, allow_unicode=True)
        (catalog / "cards" / card.name).write_text(
            f"---\n{header}---\n{words}\n## {PAYLOAD}\n{PAYLOAD}\n", encoding="utf-8"
        )
    made = Catalog(catalog)
    settings = load_settings(catalog / "studbook.yml")
    for night in (1, 2):
        commit(
            made,
            graph,
            records=told.records(last),
            assets=[_asset(asset, night) for asset in graph.assets.values()],
            edges=[_edge(edge, ids) for edge in graph.edges],
            coverage=[
                dataclasses.replace(
                    one,
                    gaps=tuple(
                        dataclasses.replace(gap, code=gap.code + PAYLOAD, message=poisoned(gap.message, night))
                        for gap in one.gaps
                    ),
                )
                for one in last.coverage
            ],
            night=20 + night,
        )
    output = folder / "site"
    build_site(made, settings, output, envelopes=list(made.envelopes()))
    return output
