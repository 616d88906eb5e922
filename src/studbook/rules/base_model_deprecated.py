"""What runs in production is based on a base model that its hub calls deprecated or restricted.

Nobody mends it any more, and it may vanish from the hub: the training could not be repeated.

**Mend it:** plan the move to a supported base model; keep a copy of the weights in a hub of your own.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.answer import counted
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for base in seen.lineage.of_kind("base_model_version"):
        status = str(base.attributes.get("support_status") or "")
        versions = seen.behind_production.get(base.id, ())
        if versions and status.lower() in ("deprecated", "restricted"):
            several = counted(len(versions), "model_package")
            yield Observation(base.id, f"is {status.lower()} in its hub, and behind {several} in production")


RULE = Rule("base-model-deprecated", "warning", check, __doc__, mend="plan the move to a supported base model")
