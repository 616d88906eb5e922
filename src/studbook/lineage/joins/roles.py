"""An edge whose role one record tells and another does not is one edge, with the evidence of both.

A job's tag names the pipeline execution that it is part of; which step it was, the execution's record says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from studbook.lineage.joins.interface import View
from studbook.model import Edge, Facts
from studbook.model.edge import EdgeKey
from studbook.model.facts import Roleless

Ends = tuple[str, str, str]
"""Source, target and relation."""


def join(view: View) -> Facts:
    """Resolves every `Roleless`."""
    facts = Facts()
    claims = view.all(Roleless)
    known = with_ends(view.edges, {(claim.source, claim.target, claim.relation) for claim in claims})
    for claim in claims:
        edge = Edge(
            source=claim.source,
            target=claim.target,
            relation=claim.relation,
            certainty=claim.certainty,
            evidence=claim.evidence,
        )
        roles = known.get((claim.source, claim.target, claim.relation)) or [None]
        facts.edges.extend(replace(edge, role=role) for role in roles)
    return facts


def with_ends(keys: Iterable[EdgeKey], wanted: set[Ends]) -> dict[Ends, list[str | None]]:
    """The roles in which ends (source, target, relation) are joined already, in no order; None is that of an edge
    without one."""
    found: defaultdict[Ends, list[str | None]] = defaultdict(list)
    if wanted:
        for key in keys:
            if (key.source, key.target, key.relation) in wanted:
                found[key.source, key.target, key.relation].append(key.role)
    return found
