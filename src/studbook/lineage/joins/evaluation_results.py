"""The files that an evaluation wrote where the service writes its results, if the evaluation itself is known.

No record of the files names their evaluation, and a file may be named by several records of which some are left out.
"""

from __future__ import annotations

from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.model import Evidence, Facts
from studbook.model.facts import Results

RULE: Final = Evidence.parse("rule:evaluation-results")


def join(view: View) -> Facts:
    """Resolves every `Results`."""
    facts = Facts()
    for claim in view.all(Results):
        if claim.job in view.assets:
            evidence = (*claim.evidence, RULE)
            facts.edges.append(inferred(claim.job, claim.artifact, "produced", evidence, role="results"))
    return facts
