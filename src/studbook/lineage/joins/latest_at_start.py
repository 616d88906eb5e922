"""Hub content named without a version means the latest version at that time, never the latest now.

A version whose import failed, or goes on yet, was never there to be meant.
"""

from __future__ import annotations

from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.times import instant
from studbook.model import Evidence, Facts
from studbook.model.facts import LatestAtStart

RULE: Final = Evidence.parse("rule:latest-at-start")
_NEVER_THERE: Final = frozenset(("ImportFailed", "Importing", "PendingImport"))


def join(view: View) -> Facts:
    """Resolves every `LatestAtStart`, where versions of that time are known."""
    facts = Facts()
    for claim in view.all(LatestAtStart):
        if claim.at is None:
            continue
        by_then = [
            version
            for version in view.versions(claim.content)
            if version.status not in _NEVER_THERE
            and version.created_at
            and instant(version.created_at) <= instant(claim.at)
        ]
        last = max((instant(version.created_at) for version in by_then), default=None)
        latest = [version for version in by_then if instant(version.created_at) == last]
        facts.edges.extend(
            inferred(
                version.id,
                claim.reader,
                "input_to",
                (claim.evidence, RULE),
                role=claim.role,
                candidate=len(latest) > 1,
            )
            for version in latest
        )
    return facts
