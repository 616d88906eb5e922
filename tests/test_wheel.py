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

TOP = Path(__file__).parents[1]
Run = Callable[..., subprocess.CompletedProcess[str]]


def done(*words: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made of the source distribution, so that nothing is in it that only a checkout has."""
    folder = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "hatchling", "build")
    done(*build, "-t", "sdist", "-d", folder, cwd=TOP).check_returncode()
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as file:
        file.extractall(folder, filter="data")
    done(*build, "-t", "wheel", "-d", folder, cwd=folder / sdist.name.removesuffix(".tar.gz")).check_returncode()
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a virtual environment that has the wheel; what it needs is taken from this one, for it is large."""
    home = tmp_path_factory.mktemp("home")
    done(sys.executable, "-m", "venv", "--without-pip", home / "venv", cwd=home).check_returncode()
    python = home / "venv" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    done(*pip, cwd=home).check_returncode()
    (site,) = (home / "venv" / "lib").glob("*/site-packages")
    (site / "needed.pth").write_text(sysconfig.get_path("purelib"))
    return home


@pytest.fixture
def run(home: Path, tmp_path: Path) -> Run:
    """Runs a program of that environment in an empty folder, with nothing of ours around it."""
    path = os.pathsep.join([str(home / "venv" / "bin"), "/usr/local/bin", "/usr/bin", "/bin"])
    surroundings = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true"}
    return lambda *words, **more: done(home / "venv" / "bin" / words[0], *words[1:], cwd=tmp_path, env=surroundings)


def without(module: str, words: str) -> tuple[str, ...]:
    """The program where a module cannot be imported."""
    code = f"import sys; sys.modules[{module!r}] = None; from studbook.cli import main; main({words.split()!r})"
    return ("python", "-c", code)


def test_the_wheel_has_what_it_shows_and_no_tests(wheel: Path) -> None:
    """Templates, the manual and the licence are in it; tests and benchmarks are not."""
    names = ZipFile(wheel).namelist()

    assert {"studbook/_data/mkdocs.yml", "studbook/_data/docs/commands.md", "studbook/py.typed"} <= {*names}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names} == {"studbook", f"studbook-{wheel.name.split('-')[1]}.dist-info"}


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


def test_the_demo_says_what_it_needs(run: Run) -> None:
    """The fake AWS's packages are an extra; whoever lacks them is told which."""
    told = run(*without("moto", "demo"))

    assert told.returncode == 4
    assert "pip install 'studbook[demo]'" in told.stderr


def test_another_system_is_refused_kindly(run: Run) -> None:
    """Locks are those of POSIX: elsewhere the first line says so, and what to use."""
    told = run(*without("fcntl", "harvest"))

    assert told.returncode == 2
    assert "WSL" in told.stderr
