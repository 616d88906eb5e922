"""What is installed with the product: versions that are written down, under licences that ask nothing of its users."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).parents[1]
ALLOWED = re.compile(r"\b(?:MIT|BSD|Apache|PSF|Python Software Foundation|ISC|MPL|Mozilla|Unlicense|0BSD|HPND)", re.I)
COPYLEFT = re.compile(r"\b(?:A?GPL|LGPL|General Public License|EUPL|SSPL)", re.I)


EXTRAS = ("dask", "mcp", "parquet")
"""What users install besides; the demo's and the tests' are not shipped."""


def needed(name: str, seen: dict[str, Distribution], extras: Iterable[str] = ("",)) -> dict[str, Distribution]:
    """A distribution and all that it needs at run time, by name."""
    if canonicalize_name(name) not in seen:
        found = seen[canonicalize_name(name)] = distribution(name)
        for text in found.requires or ():
            one = Requirement(text)
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras):
                needed(one.name, seen, one.extras or ("",))
    return seen


def licence(found: Distribution) -> str:
    """What a distribution says of its licence, in whichever of the places for it."""
    said = found.metadata
    classifiers = [line for line in said.get_all("Classifier") or () if line.startswith("License")]
    return " ".join([said.get("License-Expression") or "", (said.get("License") or "")[:200], *classifiers])


SHIPPED = {name: found for name, found in needed("studbook", {}, ("", *EXTRAS)).items() if name != "studbook"}


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
    """What may break with its next major version has an upper bound; five say nothing of majors."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *(one for extra in EXTRAS for one in project["optional-dependencies"][extra])]
    unbounded = {
        one.name for one in map(Requirement, named) if not any(part.operator in ("<", "==") for part in one.specifier)
    }

    assert unbounded == {"distributed", "graphviz", "markupsafe", "rfc8785", "rich"}


def test_the_versions_are_those_that_both_commands_and_ci_install():
    """Nothing is installed by `make demo` and `make test`, which is all that CI runs, but by the constraints."""
    made = (TOP / "Makefile").read_text()
    installs = [line for line in made.splitlines() if "pip install" in line]

    assert len(installs) == 2
    assert all("--constraint constraints.txt" in line for line in installs)
    assert re.search(r"^demo: \$\(VENV\)/\.demo$", made, re.M)
    assert re.search(r"^test: check$", made, re.M)
    assert re.search(r"^check: \$\(VENV\)/\.dev$", made, re.M)
    assert "make test" in (TOP / ".ci" / "run").read_text()


def test_an_audit_that_reached_nobody_says_so(tmp_path):
    """Whoever reads only the end, or the exit code, does not take it for one that found nothing."""
    (tmp_path / "pip_audit").mkdir()
    (tmp_path / "pip_audit" / "__init__.py").touch()
    (tmp_path / "pip_audit" / "__main__.py").write_text("import requests; requests.get('http://127.0.0.1:9/v1/query')")

    done = subprocess.run(
        [TOP / ".ci" / "audit", sys.executable],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert "NOTHING WAS CHECKED" in done.stderr
