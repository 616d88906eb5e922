"""A job that reads the place a registered dataset version or a feature group points at, without naming it.

Several versions may point at one place; each is a candidate, and time alone never picks one. A manifest there names
other objects, so reading it is not reading the dataset.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.weights import place, places_around
from studbook.model import Evidence, Facts
from studbook.model.facts import MANIFESTS, Reads

RULE: Final = Evidence.parse("rule:registered-location")


class Registered:
    """The places that registered dataset versions and feature groups point at."""

    def __init__(self, view: View) -> None:
        self._at: defaultdict[str, dict[str, Reads]] = defaultdict(dict)
        for reads in view.all(Reads):
            if reads.relation == "content_of" and (where := place(reads.uri)) is not None:
                self._at[where][reads.reader] = reads

    def read_by(self, reads: Reads) -> dict[str, Reads]:
        """The versions that point at what is read, or at the innermost folder around it, by id."""
        if not self._at or reads.relation != "input_to" or reads.data_type in MANIFESTS:
            return {}
        return next((found for where in places_around(place(reads.uri) or "") if (found := self._at.get(where))), {})


def join(view: View) -> Facts:
    """Relates `Reads` of jobs to the `Reads` by which registered versions point at their content."""
    facts = Facts()
    registered = view.once(Registered)
    for reads in view.all(Reads):
        versions = registered.read_by(reads)
        facts.edges.extend(
            inferred(
                version,
                reads.reader,
                "input_to",
                (reads.evidence, *reads.through, content.evidence, RULE),
                role=reads.role,
                candidate=reads.candidate or len(versions) > 1,
            )
            for version, content in versions.items()
        )
    return facts
