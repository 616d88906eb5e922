"""An endpoint runs a model version that was rejected, or that is gone from the registry.

Somebody took it back after it was deployed, or it was deployed past the registry's word. A version counts as gone when
a complete listing of its account lacks it; where the listing was denied, nothing is said. An error where the account's
stage is production or has no stage, elsewhere a warning.

**Mend it:** deploy a version that is approved. If the version was deleted by mistake, register its weights again.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.model import Asset
from studbook.queries.answer import in_production
from studbook.rules.interface import RUNS, Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for several in seen.running.values():
        for version, endpoint, unit in several:
            if (why := _why(version)) is not None:
                said = f"{RUNS[unit.manner(version.id)]} {seen.handle(version)}, which {why}"
                yield Observation(endpoint.id, said, "error" if in_production(endpoint) else "warning", version.id)


def _why(version: Asset) -> str | None:
    if version.gone_since is not None:
        return f"is gone from the registry since snapshot {version.gone_since}"
    return "was rejected" if version.attributes.get("approval") == "Rejected" else None


RULE = Rule("deployed-but-withdrawn", "error", check, __doc__, mend="deploy a version that is approved")
