"""Bill of materials of what Studbook needs at run time, as installed here: CycloneDX 1.6 in JSON.

    python .ci/sbom.py > studbook.cdx.json      also `make sbom`

The extras that users install are in it; what the demo and the tests need is not.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from importlib.metadata import Distribution, distribution
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ("dask", "mcp", "parquet")
"""What users install besides; the demo's and the tests' are not shipped."""


def needed() -> tuple[dict[str, Distribution], dict[str, set[str]]]:
    """Studbook and all that it needs at run time, by name; and what each of them needs, with the extras asked of it."""
    found: dict[str, Distribution] = {}
    links: defaultdict[str, set[str]] = defaultdict(set)
    ahead, done = [("studbook", extra) for extra in ("", *EXTRAS)], set[tuple[str, str]]()
    while ahead:
        name, extra = at = ahead.pop()
        if at in done:
            continue
        done.add(at)
        found[name] = distribution(name)
        for one in map(Requirement, found[name].requires or ()):
            if one.marker is None or one.marker.evaluate({"extra": extra}):
                links[name].add(canonicalize_name(one.name))
                ahead += [(canonicalize_name(one.name), inner) for inner in ("", *one.extras)]
    return dict(sorted(found.items())), links


def licence(found: Distribution) -> str:
    """What a distribution says of its licence, in whichever of the places for it."""
    said = found.metadata
    classifiers = [line for line in said.get_all("Classifier") or () if line.startswith("License")]
    return " ".join([said.get("License-Expression") or "", (said.get("License") or "")[:200], *classifiers])


def component(name: str, found: Distribution) -> dict[str, Any]:
    """A distribution as a component; a licence that is no SPDX expression is told by its name."""
    said = found.metadata.get("License-Expression")
    told = {"expression": said} if said else {"license": {"name": " ".join(licence(found).split()) or "not told"}}
    kind = "application" if name == "studbook" else "library"
    purl = f"pkg:pypi/{name}@{found.version}"
    return {"type": kind, "bom-ref": purl, "name": name, "version": found.version, "purl": purl, "licenses": [told]}


def bill() -> dict[str, Any]:
    """The document; the same for the same versions."""
    found, links = needed()
    made = {name: component(name, one) for name, one in found.items()}
    refs = {name: one["bom-ref"] for name, one in made.items()}
    root = made.pop("studbook")
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": list(made.values()),
        "dependencies": [
            {"ref": refs[name], "dependsOn": sorted(refs[other] for other in links[name])} for name in refs
        ],
    }


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=2)
    sys.stdout.write("\n")
