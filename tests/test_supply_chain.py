"""What is installed with the product: versions that are written down, under licences that ask nothing of its users."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).parents[1]
ALLOWED = re.compile(r"\b(?:MIT|BSD|Apache|PSF|Python Software Foundation|ISC|MPL|Mozilla|Unlicense|0BSD|HPND)", re.I)
COPYLEFT = re.compile(r"\b(?:A?GPL|LGPL|General Public License|EUPL|SSPL)", re.I)


def needed(name: str, seen: dict[str, Distribution]) -> dict[str, Distribution]:
    """A distribution and all that it needs at run time, by name."""
    if canonicalize_name(name) not in seen:
        found = seen[canonicalize_name(name)] = distribution(name)
        for text in found.requires or ():
            one = Requirement(text)
            if one.marker is None or one.marker.evaluate({"extra": ""}):
                needed(one.name, seen)
    return seen


def licence(found: Distribution) -> str:
    """What a distribution says of its licence, in whichever of the places for it."""
    said = found.metadata
    classifiers = [line for line in said.get_all("Classifier") or () if line.startswith("License")]
    return " ".join([said.get("License-Expression") or "", (said.get("License") or "")[:200], *classifiers])


SHIPPED = {name: found for name, found in needed("studbook", {}).items() if name != "studbook"}


def test_every_version_is_written_down():
    """constraints.txt has an exact version of all that the product needs, the one that was tested."""
    pinned = {
        canonicalize_name(line.partition("==")[0]): line.partition("==")[2].strip()
        for line in (TOP / "constraints.txt").read_text().splitlines()
        if "==" in line
    }

    assert {name: found.version for name, found in SHIPPED.items()}.items() <= pinned.items()


def test_no_licence_binds_users():
    """Permissive ones, and file copyleft (MPL) of what is used unmodified; no GPL of any kind."""
    assert len(SHIPPED) > 20
    assert [(name, licence(one)) for name, one in SHIPPED.items() if not ALLOWED.search(licence(one))] == []
    assert [(name, licence(one)) for name, one in SHIPPED.items() if COPYLEFT.search(licence(one))] == []


def test_majors_that_break_are_bounded():
    """What may break with its next major version has an upper bound; four say nothing of majors."""
    named = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["dependencies"]
    unbounded = {
        one.name for one in map(Requirement, named) if not any(part.operator in ("<", "==") for part in one.specifier)
    }

    assert unbounded == {"graphviz", "markupsafe", "rfc8785", "rich"}
