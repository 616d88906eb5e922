"""The jobs that made the best candidate of an AutoML search, where no record of their own tells what they wrote.

The search names the steps of its best candidate and that candidate's models, not which step made which model: each that
makes models is a candidate for each. Where a job says itself that it wrote a model, or what it wrote, that is known.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from studbook.lineage.from_id import asset_from_id
from studbook.lineage.joins.interface import View, inferred
from studbook.model import KINDS, Evidence, Facts
from studbook.model.facts import CandidateStep

RULE: Final = Evidence.parse("rule:best-candidate")


def join(view: View) -> Facts:
    """Resolves every `CandidateStep`."""
    facts = Facts()
    claims = view.all(CandidateStep)
    made = [key for key in view.edges if key.relation == "produced"] if claims else []
    tells = {key.source for key in made}
    searches = {asset.id for asset in view.assets.values() if asset.kind == "automl_job"} if claims else set()
    known = {key.target for key in made if key.source not in searches}
    steps: defaultdict[str, dict[str, set[Evidence]]] = defaultdict(lambda: defaultdict(set))
    for claim in claims:
        trains = "model" in KINDS[asset_from_id(claim.job).kind].makes
        if trains and claim.job not in tells and claim.uri not in known:
            steps[claim.uri][claim.job].update(claim.evidence)
    for uri, jobs in steps.items():
        facts.edges.extend(
            inferred(job, uri, "produced", (*lines, RULE), role="model", candidate=len(jobs) > 1)
            for job, lines in jobs.items()
        )
    return facts
