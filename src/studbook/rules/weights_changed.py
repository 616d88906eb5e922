"""The weights of a version are other bytes than when it was registered.

A package keeps the ETag that an object had when it was registered; S3 shows another one today. Whatever was judged and
approved is not what lies there now. An error where the version runs in production or is approved, elsewhere a warning.
Today's ETag is known where `datasets:` or `documents:` of `studbook.yml` let Studbook read the place; where they do
not, or the package keeps no ETag, nothing is said.

**Mend it:** find out who wrote the object (CloudTrail's data events, S3's versions), restore it or register what lies
there as a new version; write weights where nothing is written again.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.weights import changed_weights
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for version in seen.live("model_package"):
        grave = version.id in seen.in_production or version.attributes.get("approval") == "Approved"
        for change in changed_weights(seen.night, version):
            when = f" on {change.at}" if change.at else ""
            said = f"was registered with other bytes than lie at {change.uri}, which was written again{when}"
            yield Observation(version.id, said, "error" if grave else None, change.uri)


RULE = Rule("weights-changed", "warning", check, __doc__, mend="restore them, or register a new version")
