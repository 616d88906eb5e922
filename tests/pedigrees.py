"""Lineages drawn in text, so that a test shows what it is about.

    chats(dataset_version) -input_to:train-> t1(training_job) -produced-> bot/1(model_package)
    t1 -recorded_in-> run(mlflow_run)

A node is an id, with its kind where it first appears. An arrow is a relation, with `:role`, then `~` where the edge is
inferred and `?` where it is a candidate. Arrows point downstream.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

from studbook.harvest.snapshot import WorkingFolder
from studbook.lineage.graph import Graph
from studbook.model import Asset, Coverage, Edge, Record
from studbook.rules import check
from studbook.store import Catalog
from studbook.store.chunks import RECORDS

_NODE = re.compile(r"(?P<id>[^\s(]+)(?:\((?P<kind>\w+)\))?")
_ARROW = re.compile(r"-(?P<relation>\w+)(?::(?P<role>[\w.-]+))?(?P<inferred>~?)(?P<candidate>\??)->")

ACCOUNT, REGION = "111111111111", "us-west-2"
NO_CONFIG = "sha256:" + "0" * 64


def asset(asset_id: str, kind: str, **fields: Any) -> Asset:
    """An asset of a usual account, named like its id."""
    usual = {
        "name": asset_id,
        "account": ACCOUNT,
        "region": REGION,
        "created_at": "2026-11-02T10:00:00Z",
        "first_seen": 1,
    }
    return Asset(**(usual | {"id": asset_id, "kind": kind} | fields))


def edge(source: str, target: str, relation: str, role: str | None = None, **fields: Any) -> Edge:
    """An edge with some evidence."""
    usual = {"certainty": "referenced", "evidence": ("sagemaker:DescribeThing#Field",)}
    return Edge(**(usual | {"source": source, "target": target, "relation": relation, "role": role} | fields))


def lineage(text: str, facts: Mapping[str, Mapping[str, Any]] | None = None) -> Graph:
    """The graph that is drawn; `facts` are fields of its assets by id."""
    kinds: dict[str, str] = {}
    edges: list[Edge] = []
    for line in text.strip().splitlines():
        words = line.split()
        nodes = []
        for word in words[::2]:
            match = _NODE.fullmatch(word)
            assert match, f"no node: {word}"
            if match["kind"]:
                kinds[match["id"]] = match["kind"]
            nodes.append(match["id"])
        for number, word in enumerate(words[1::2]):
            match = _ARROW.fullmatch(word)
            assert match, f"no arrow: {word}"
            certainty = "inferred" if match["inferred"] else "referenced"
            evidence = ("rule:test",) if match["inferred"] else ("sagemaker:DescribeThing#Field",)
            edges.append(
                edge(
                    nodes[number],
                    nodes[number + 1],
                    match["relation"],
                    match["role"],
                    certainty=certainty,
                    candidate=bool(match["candidate"]),
                    evidence=evidence,
                )
            )
    facts = facts or {}
    assert facts.keys() <= kinds.keys(), "facts of what is not drawn"
    return Graph((asset(name, kind, **facts.get(name, {})) for name, kind in kinds.items()), edges)


def record(record_id: str, **fields: Any) -> Record:
    """A record of a usual partition."""
    usual = {"source": "sagemaker", "kind": "training_job", "account": ACCOUNT, "region": REGION, "revision": "1"}
    return Record(**(usual | {"id": record_id, "body": {"CreationTime": "2026-11-02T10:00:00Z"}} | fields))


def commit(catalog: Any, graph: Graph, *, records: Iterable[Record] = (), night: int = 1, **options: Any) -> Any:
    """Add the graph as the snapshot of the night of that day in November, in the steps of a harvest."""
    usual: dict[str, Any] = {
        "assets": graph.assets.values(),
        "edges": graph.edges,
        "findings": (),
        "people": (),
        "number": None,
        "coverage": [
            Coverage(account=ACCOUNT, region=REGION, source="sagemaker", status="complete", records=1, requests=night)
        ],
        "taken_at": f"2026-11-{night:02}T02:00:00Z",
        "config": NO_CONFIG,
    }
    day = datetime.date.fromisoformat(options.get("taken_at", usual["taken_at"])[:10])
    told = usual | beside(catalog, graph, day) | options
    kept = catalog.keep_records(map(RECORDS.line, records))
    content = catalog.keep_lineage(kept.records, told.pop("assets"), told.pop("edges"))
    draft = catalog.draft(content, **{name: told.pop(name) for name in ("number", "coverage", "taken_at", "config")})
    findings, people = catalog.keep_findings(told.pop("findings")), catalog.keep_people(told.pop("people"))
    return catalog.add(draft, findings=findings, people=people, readings=kept.readings, **told)


def beside(catalog: Catalog, graph: Graph, day: datetime.date) -> dict[str, Any]:
    """What the rules say of a night, and the working files, as a harvest keeps them."""
    if not catalog.settings_file.exists():
        return {}
    settings = catalog.settings()
    folder = WorkingFolder.read(catalog, settings)
    return {
        "findings": check(graph, settings, today=day, waivers=folder.waivers, cards=folder.cards, rules=folder.rules),
        "people": folder.files,
        "config": settings.digest,
    }


PEDIGREE = lineage("""
    chats(dataset) -has_version-> chats/1(dataset_version) -input_to:train-> t(training_job)
    t -produced-> bot/1(model_package) -packaged_as-> m(model)
""")
"""One night of a small lineage."""
GROWN = lineage("""
    chats(dataset) -has_version-> chats/1(dataset_version) -input_to:train-> t(training_job)
    t -produced-> bot/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config)
""")
"""The next one: the model is deployed."""
