"""The package as users get it: the wheel that is made of the source distribution, in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from tests import small_catalog

from studbook.store import Catalog

TOP = Path(__file__).parents[1]
DEMO = TOP / "src" / "studbook" / "demo"
Run = Callable[..., subprocess.CompletedProcess[str]]


def done(*words: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300)


def built(project: Path, folder: Path) -> Path:
    """A project's wheel, made of its source distribution, so that nothing is in it that only a checkout has."""
    build = (sys.executable, "-m", "hatchling", "build")
    done(*build, "-t", "sdist", "-d", folder, cwd=project).check_returncode()
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as file:
        file.extractall(folder, filter="data")
    done(*build, "-t", "wheel", "-d", folder, cwd=folder / sdist.name.removesuffix(".tar.gz")).check_returncode()
    (made,) = folder.glob("*.whl")
    return made


def environment(home: Path, *wheels: Path, python: str | Path = sys.executable) -> Path:
    """A virtual environment with these wheels; what they need is taken from ours, for it is large."""
    done(python, "-m", "venv", "--without-pip", home / "venv", cwd=home).check_returncode()
    program = home / "venv" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", program, "install", "--quiet", "--no-deps", "--no-index", *wheels)
    done(*pip, cwd=home).check_returncode()
    (site,) = (home / "venv" / "lib").glob("*/site-packages")
    (site / "needed.pth").write_text(sysconfig.get_path("purelib"))
    return home


def runner(home: Path, folder: Path) -> Run:
    """Runs a program of an environment in a folder, with nothing of ours around it."""
    path = os.pathsep.join([str(home / "venv" / "bin"), "/usr/local/bin", "/usr/bin", "/bin"])
    surroundings = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true"}
    return lambda *words: done(home / "venv" / "bin" / words[0], *words[1:], cwd=folder, env=surroundings)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(TOP, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def demo_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(DEMO, tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("home"), wheel)


@pytest.fixture
def run(home: Path, tmp_path: Path) -> Run:
    return runner(home, tmp_path)


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


def test_a_first_hour(run: Run, tmp_path: Path) -> None:
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


def test_a_site(run: Run, tmp_path: Path) -> None:
    """A catalog becomes a site, with the manual in it."""
    small_catalog.catalog(tmp_path / "catalog")

    built = run("studbook", "build")

    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "latest" / "troubleshooting" / "index.html").is_file()


def test_without_the_demo_its_command_says_what_to_install(run: Run, tmp_path: Path) -> None:
    """The fake AWS is no part of the product; nothing is made before that is said."""
    told = run("studbook", "demo")

    assert (told.returncode, told.stdout) == (4, "")
    assert "pip install studbook-demo" in told.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.demo
def test_the_demo_tells_the_same_story_again(wheel: Path, demo_wheel: Path, demo_catalog: Path, tmp_path: Path) -> None:
    """From both wheels, from scratch: every night, the export and the site; each night's content as it was before."""
    run = runner(environment(tmp_path, wheel, demo_wheel), tmp_path)

    told = run("studbook", "demo", "--no-serve", "--output", "demo")

    assert told.returncode == 0, told.stderr
    assert (tmp_path / "demo" / "site" / "latest" / "index.html").is_file()
    assert (tmp_path / "demo" / "export.json").is_file()
    nights = [[one.digest for one in Catalog(at).envelopes()] for at in (tmp_path / "demo" / "catalog", demo_catalog)]
    assert nights[0] == nights[1]


def test_another_system_is_refused_kindly(run: Run) -> None:
    """Locks are those of POSIX: elsewhere the first line says so, and what to use."""
    told = run(*without("fcntl", "harvest"))

    assert told.returncode == 2
    assert "WSL" in told.stderr
