"""The pages of pipelines and their executions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studbook.model import Asset
from studbook.queries.neighbours import parts
from studbook.render.views.provenance import ends
from studbook.render.views.site import Json, Site


def pipeline(site: Site, asset: Asset) -> Json:
    """A pipeline: every time it ran, its steps and its parameters."""
    executions = parts(site.graph, asset)
    return {
        "executions": [
            {
                "asset": site.link(execution.id),
                "status": execution.status,
                "created_at": execution.created_at,
                "version": execution.attributes.get("version"),
                "jobs": len(parts(site.graph, execution)),
                "made": _made(site, execution),
            }
            for execution in executions
        ],
        "steps": _mappings(asset.attributes.get("steps")),
        "inputs": [
            [str(item.get("name") or ""), item.get("default", item.get("type"))]
            for item in _mappings(asset.attributes.get("inputs"))
        ],
    }


def pipeline_execution(site: Site, asset: Asset) -> Json:
    """One run: its steps in order, with what they ran and made."""
    attributes = asset.attributes
    parents = ends(site, site.graph.downstream(asset.id), "part_of", target=True)
    source = (attributes.get("selective") or {}).get("source")
    return {
        "pipeline": site.link(parents[0].id) if parents else None,
        "pipeline_name": attributes.get("pipeline"),
        "version": attributes.get("version"),
        "started_by": attributes.get("created_by"),
        "failure": attributes.get("failure"),
        "source": site.link(source) if source else None,
        "made": _made(site, asset),
        "steps": [_step(site, step) for step in _mappings(attributes.get("steps"))],
    }


def _step(site: Site, step: Mapping[str, Any]) -> Json:
    reused = step.get("cached_from") or step.get("reused_from")
    told = ("name", "type", "status", "started_at", "ended_at", "outcome", "attempts", "iteration", "failure")
    return {
        **{name: step.get(name) for name in told},
        "asset": site.link(step["asset"]) if step.get("asset") else None,
        "reused": site.link(reused) if reused else None,
    }


def _made(site: Site, execution: Asset) -> list[Json]:
    return site.links(sorted(a.id for a in ends(site, site.graph.downstream(execution.id), "produced", target=True)))


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
