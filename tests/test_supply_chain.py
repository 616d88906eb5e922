"""What is installed with the product: versions that are written down, under licences that ask nothing of its users."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).parents[1]
ALLOWED = re.compile(r"\b(?:MIT|BSD|Apache|PSF|Python Software Foundation|ISC|MPL|Mozilla|Unlicense|0BSD|HPND)", re.I)
COPYLEFT = re.compile(r"\b(?:A?GPL|LGPL|General Public License|EUPL|SSPL)", re.I)


spec = importlib.util.spec_from_file_location("sbom", TOP / ".ci" / "sbom.py")
assert spec is not None
assert spec.loader is not None
sbom = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sbom)
EXTRAS, licence = sbom.EXTRAS, sbom.licence
SHIPPED = {name: found for name, found in sbom.needed()[0].items() if name != "studbook"}


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


def test_our_own_bill_of_materials():
    """CycloneDX by the standard's validator, with all that is shipped in its version, the same each time."""
    made = subprocess.run([sys.executable, TOP / ".ci" / "sbom.py"], capture_output=True, text=True, check=True).stdout
    bill = json.loads(made)

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made) is None
    assert {one["name"]: one["version"] for one in bill["components"]} == {n: d.version for n, d in SHIPPED.items()}
    assert bill == sbom.bill()
    root = next(one for one in bill["dependencies"] if one["ref"] == bill["metadata"]["component"]["bom-ref"])
    assert any(ref.startswith("pkg:pypi/boto3@") for ref in root["dependsOn"])
    (token,) = (one for one in bill["dependencies"] if one["ref"].startswith("pkg:pypi/pyjwt@"))  # mcp: pyjwt[crypto]
    assert any(ref.startswith("pkg:pypi/cryptography@") for ref in token["dependsOn"])


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
    (install,) = [line for line in made.splitlines() if "pip install" in line]

    assert re.fullmatch(r"INSTALL = .* --constraint constraints\.txt", install)
    assert re.findall(r"\$\(INSTALL\)(.*)$", made, re.M) == [
        " --editable '.[demo]'",
        " --no-deps",
        " --editable '.[dev]'",
    ]
    assert "grep -v '^#' constraints.txt | xargs -n 80 -P 3 $(INSTALL) --no-deps" in made
    assert re.search(r"^demo: demo-programs \$\(VENV\)/\.demo$", made, re.M)
    assert re.search(r"^test: test-programs \$\(VENV\)/\.dev$\n.* lint$\n.* suite types$", made, re.M)
    assert re.search(r"^suite: \$\(VENV\)/\.dev$\n.*/pytest ", made, re.M)
    assert re.search(r"^check: \$\(VENV\)/\.dev$", made, re.M)
    assert "make test" in (TOP / ".ci" / "run").read_text()


@pytest.mark.parametrize(
    ("target", "packages"), [("demo", ["graphviz"]), ("test", ["graphviz", "git", "chromium"])], ids=["demo", "test"]
)
def test_what_pip_cannot_bring_is_asked_for_first_and_at_once(tmp_path, target, packages):
    """Where nothing but Python, make and a shell is, and no apt-get: one message, before anything is installed."""
    (tmp_path / "bin").mkdir()
    for program in ("bash", "env", "id", "make", "sh"):
        (tmp_path / "bin" / program).symlink_to(shutil.which(program))
    bare = tmp_path / "bin" / "bare-python"
    bare.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    (tmp_path / "ensurepip.py").write_text("raise ImportError('as Debian has it without python3-venv')")

    done = subprocess.run(
        ["make", target, f"VENV={tmp_path / 'venv'}", "PYTHON=bare-python"],
        cwd=TOP,
        env={"PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )

    every = " ".join([*packages, f"python3.{sys.version_info[1]}-venv"])
    assert done.returncode == 2
    assert f"error: this needs {every}, and may not install it here\n" in done.stderr
    assert done.stderr.count("error:") == 1
    assert not (tmp_path / "venv").exists()


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
