"""Estates of `benchmarks/register.py` as organisations have them, as large as asked."""

from __future__ import annotations

from dataclasses import replace

from benchmarks import register
from tests import pedigrees

from studbook.lineage.graph import Graph
from studbook.model import Asset, Coverage, Edge, Gap
from studbook.store import Catalog


def grown(count: int) -> Graph:
    """The register's estate as it is in an organisation: production runs copies, one thing is only named, some lies
    in two accounts under one name."""
    assets, edges = register.lineage(count)
    known = {one.id: one for one in assets}
    found: dict[str, Asset] = dict(known)
    more: list[Edge] = []
    for edge in edges:
        if edge.relation == "packaged_as" and known[edge.target].kind == "model":
            package = known[edge.source]
            group = next(one.source for one in edges if one.target == package.id and one.relation == "has_version")
            there = [one.replace(register.ACCOUNT, register.PRODUCTION) for one in (package.id, group)]
            for one, old in zip(there, (package, known[group]), strict=True):
                found[one] = old.but(id=one, account=register.PRODUCTION, stage="production")
            more.append(replace(edge, source=there[0]))
            more.append(replace(edge, source=there[1], target=there[0], relation="has_version"))
            sure = "inferred" if len(more) % 3 else "referenced"
            more.append(replace(edge, target=there[0], relation="copied_to", certainty=sure))
        else:
            more.append(edge)
    unseen = next(one for one in found.values() if one.kind == "code")
    found[unseen.id] = unseen.but(attributes={**unseen.attributes, "unresolved": True})
    return Graph(found.values(), more)


def commit(catalog: Catalog, graph: Graph, night: int) -> None:
    """A night of which production's functions could not be listed."""
    gap = Gap(operation="lambda:ListFunctions", code="AccessDenied", message="not allowed")
    of = {"region": register.REGION, "records": 1, "requests": 1}
    whole = [
        Coverage(account=one, source="sagemaker", status="complete", **of)
        for one in (register.ACCOUNT, register.PRODUCTION)
    ]
    denied = Coverage(account=register.PRODUCTION, source="lambda", status="partial", gaps=(gap,), **of)
    pedigrees.commit(catalog, graph, coverage=[*whole, denied], night=night)
