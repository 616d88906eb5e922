"""Bill of materials of what Studbook needs at run time, as installed here: CycloneDX 1.6 in JSON.

    python .ci/sbom.py > studbook.cdx.json      also `make sbom`

The extras that users install are in it; what the demo and the tests need is not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ("dask", "mcp", "parquet")
"""What users install besides; the demo's and the tests' are not shipped."""


def requirements(found: Distribution, extras: Iterable[str]) -> Iterator[Requirement]:
    """What a distribution needs here, with those extras."""
    for text in found.requires or ():
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras):
            yield one


def needed(name: str, seen: dict[str, Distribution], extras: Iterable[str] = ("",)) -> dict[str, Distribution]:
    """A distribution and all that it needs at run time, by name."""
    if canonicalize_name(name) not in seen:
        found = seen[canonicalize_name(name)] = distribution(name)
        for one in requirements(found, extras):
            needed(one.name, seen, one.extras or ("",))
    return seen


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
    found = dict(sorted(needed("studbook", {}, ("", *EXTRAS)).items()))
    made = {name: component(name, one) for name, one in found.items()}
    root = made.pop("studbook")
    links = []
    for name, one in found.items():
        extras = ("", *EXTRAS) if name == "studbook" else ("",)
        names = {canonicalize_name(each.name) for each in requirements(one, extras)} & made.keys()
        ref = (made.get(name) or root)["bom-ref"]
        links.append({"ref": ref, "dependsOn": sorted(made[other]["bom-ref"] for other in names)})
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": list(made.values()),
        "dependencies": links,
    }


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=2)
    sys.stdout.write("\n")
