"""A copy of a model version is not what it was copied from.

A version was registered again in another group, account or region, and says so, or holds the same weights; and it
serves with another image, is based on another base model, or keeps another ETag of the same object. Weights that were
copied to another place are not compared: S3's ETag of one content may differ with encryption and upload. What only one
of the two records says nothing.

**Mend it:** register the copy from its source again, or as a version of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.copies import unlike
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for copy in seen.live("model_package"):
        for source, what in unlike(seen.lineage, copy):
            said = f"is a copy of {seen.handle(source)}, and has another {what}"
            yield Observation(copy.id, said, subject=f"{source.id} {what}")


RULE = Rule("copy-differs", "warning", check, __doc__, mend="copy it again, or register it as a version of its own")
