"""The package as users get it: the wheel that is made of the source distribution, in an environment of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from tests import small_catalog
from tests.wheels import DEMO, TOP, Done, Installed, built

from studbook.store import Catalog


@pytest.fixture(scope="module")
def demo_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(DEMO, tmp_path_factory.mktemp("demo"))


@pytest.fixture
def run(installed: Installed, tmp_path: Path) -> Callable[..., Done]:
    """Runs a program of the environment with the wheel, in an empty folder."""
    return partial(installed.run, cwd=tmp_path)


def pythons() -> Iterator[str]:
    """Each Python from 3.11 on that is on the path or of pyenv, by its program."""
    folders = [os.environ["PATH"], *map(str, sorted(Path.home().glob(".pyenv/versions/*/bin")))]
    for minor in range(11, 20):
        for program in filter(None, (shutil.which(f"python3.{minor}", path=folder) for folder in folders)):
            if not subprocess.run([program, "-c", "import venv"], capture_output=True, check=False).returncode:
                yield program
                break


@pytest.mark.parametrize("python", [*pythons()], ids=lambda program: Path(program).name)
def test_every_python_of_this_machine_takes_it(python: str, wheel: Path, tmp_path: Path) -> None:
    """It is installed, each module is one to that Python, without a warning, and what needs nothing compiled runs."""
    home = Installed.make(tmp_path, wheel, python=python)
    (site,) = tmp_path.glob("venv/lib/*/site-packages")

    read = home.run("python", "-W", "error", "-m", "compileall", "-qq", site / "studbook", cwd=tmp_path)
    told = home.run("studbook", "help", "start", cwd=tmp_path)

    assert (read.returncode, read.stdout) == (0, "")
    assert told.returncode == 0, told.stderr
    assert told.stdout.lstrip().startswith("Getting started")


def without(module: str, words: str) -> tuple[str, ...]:
    """The program where a module cannot be imported."""
    code = f"import sys; sys.modules[{module!r}] = None; from studbook.cli import main; main({words.split()!r})"
    return ("python", "-c", code)


def test_the_wheel_has_what_it_shows_and_no_tests(wheel: Path) -> None:
    """Templates, the manual and the licence are in it; tests, benchmarks and the fake AWS are not."""
    names = ZipFile(wheel).namelist()

    assert {"studbook/_data/mkdocs.yml", "studbook/_data/docs/commands.md", "studbook/py.typed"} <= {*names}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names} == {"studbook", f"studbook-{wheel.name.split('-')[1]}.dist-info"}
    assert not [name for name in names if name.startswith("studbook/demo/")]


def test_the_demo_is_of_the_same_version_and_touches_nothing_of_the_core(wheel: Path, demo_wheel: Path) -> None:
    """Its wheel has the fake AWS and the estate alone, and is for exactly that Studbook, with the demo's extra."""
    core, demo = ZipFile(wheel), ZipFile(demo_wheel)
    version = wheel.name.split("-")[1]

    assert {*core.namelist()}.isdisjoint(demo.namelist())
    assert {"studbook/demo/cloud/server.py", "studbook/demo/estate/story.py"} <= {*demo.namelist()}
    told = demo.read(f"studbook_demo-{version}.dist-info/METADATA").decode()
    assert f"Requires-Dist: studbook[demo]=={version}\n" in told


def test_a_first_hour(run: Callable[..., Done], tmp_path: Path) -> None:
    """Its version, its manual, a configuration, and the cure where there is no login; all of it from the wheel."""
    assert "_data" in run("python", "-c", "from studbook.packaged import packaged; print(packaged('docs'))").stdout
    assert run("studbook", "--help").returncode == 0
    assert "## " not in run("studbook", "help", "configuration").stdout
    assert run("studbook", "init", "--accounts", "123456789012=dev", "--regions", "us-east-1").returncode == 0
    assert yaml.safe_load((tmp_path / "catalog" / "studbook.yml").read_text())["accounts"][0]["name"] == "dev"

    doctor = run("studbook", "doctor")
    assert doctor.returncode == 3
    assert doctor.stdout.count("mend") == 1
    assert "there are no credentials" in doctor.stdout


def test_the_readme_goes_on_where_there_is_no_catalog_yet(installed: Installed, tmp_path: Path) -> None:
    """Whoever follows it from a checkout, in the shell that asked the demo, does not meet the example's catalog."""
    (block,) = re.findall(
        r"```console\n((?:(?!```).)*\$ studbook init --here.*?)```", (TOP / "README.md").read_text(), re.S
    )
    before = [line.removeprefix("$ ") for line in block.partition("$ studbook init")[0].splitlines()]
    assert "pip install ." in before
    init = "studbook init --accounts 123456789012=dev --regions us-east-1"
    script = "\n".join(["set -e", "pip() { :; }", *before, init])
    shutil.copytree(TOP / "catalog", tmp_path / "checkout" / "catalog")
    path = os.pathsep.join([str(installed.home / "venv" / "bin"), os.environ["PATH"]])
    env = {"PATH": path, "HOME": str(tmp_path), "STUDBOOK_CATALOG": "build/demo/catalog"}

    told = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path / "checkout", env=env, capture_output=True, text=True, check=False
    )

    assert told.returncode == 0, told.stderr
    assert (tmp_path / "lineage" / "catalog" / "studbook.yml").is_file()


def test_a_site(run: Callable[..., Done], tmp_path: Path) -> None:
    """A catalog becomes a site, with the manual in it."""
    small_catalog.catalog(tmp_path / "catalog")

    built = run("studbook", "build")

    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "latest" / "troubleshooting" / "index.html").is_file()


def test_without_the_demo_its_command_says_what_to_install(run: Callable[..., Done], tmp_path: Path) -> None:
    """The fake AWS is no part of the product; nothing is made before that is said."""
    told = run("studbook", "demo")

    assert (told.returncode, told.stdout) == (4, "")
    assert "pip install studbook-demo" in told.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.demo
def test_the_demo_tells_the_same_story_again(wheel: Path, demo_wheel: Path, demo_catalog: Path, tmp_path: Path) -> None:
    """From both wheels, from scratch: every night, the export and the site; each night's content as it was before."""
    both = Installed.make(tmp_path, wheel, demo_wheel)

    told = both.run("studbook", "demo", "--no-serve", "--output", "demo", cwd=tmp_path)

    assert told.returncode == 0, told.stderr
    assert (tmp_path / "demo" / "site" / "latest" / "index.html").is_file()
    assert (tmp_path / "demo" / "export.json").is_file()
    nights = [[*Catalog(at).envelopes()] for at in (tmp_path / "demo" / "catalog", demo_catalog)]
    assert [one.digest for one in nights[0]] == [one.digest for one in nights[1]]
    calls = ", ".join(str(sum(row.requests for row in one.coverage)) for one in nights[0])
    assert f"API calls by night: {calls}\n" in told.stdout


def test_another_system_is_refused_kindly(run: Callable[..., Done]) -> None:
    """Locks are those of POSIX: elsewhere the first line says so, and what to use."""
    told = run(*without("fcntl", "harvest"))

    assert told.returncode == 2
    assert "WSL" in told.stderr
