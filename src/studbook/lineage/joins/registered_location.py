"""A job that reads the place a registered dataset version points at, without naming the version.

Several versions may point at one place; each is a candidate, and time alone never picks one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from studbook.lineage.joins.interface import View
from studbook.model import Edge, Facts
from studbook.model.facts import Reads
from studbook.model.ids import parse_s3

RULE: Final = "rule:registered-location"


def join(view: View) -> Facts:
    """Relates `Reads` of jobs to the `Reads` by which registered versions point at their content."""
    facts = Facts()
    registered: defaultdict[str, list[Reads]] = defaultdict(list)
    for reads in view.all(Reads):
        if reads.relation == "content_of" and (uri := parse_s3(reads.uri)) is not None:
            registered[str(uri).rstrip("/")].append(reads)
    if not registered:
        return facts
    for reads in view.all(Reads):
        if reads.relation != "input_to":
            continue
        here = next((found for place in _around(reads.uri) if (found := registered.get(place))), [])
        versions = {content.reader: content for content in here}
        facts.edges.extend(
            Edge(
                source=version,
                target=reads.reader,
                relation="input_to",
                role=reads.role,
                certainty="inferred",
                candidate=len(versions) > 1,
                evidence=tuple(sorted((reads.evidence, content.evidence, RULE))),
            )
            for version, content in versions.items()
        )
    return facts


def _around(text: str) -> Iterator[str]:
    """The URI and every folder around it, innermost first, without final slashes."""
    uri = parse_s3(text)
    if uri is None:
        return
    place = str(uri).rstrip("/")
    while len(place) > len(f"s3://{uri.bucket}"):
        yield place
        place = place.rpartition("/")[0]
