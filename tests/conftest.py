"""What many tests share: the demo's servers, its estate, and the catalog and the site that come of it.

The catalog and the site are made once, whatever the number of xdist workers; take them for reading, and `demo_copy` for
writing.
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests import wheels

from studbook.demo.cloud.aws import FakeAws
from studbook.demo.cloud.mlflow_server import MlflowServer
from studbook.demo.estate.world import World

_LONG = (
    "browser/test_pages.py",
    "harvest/test_faults.py",
    "test_wheel.py",
    "cli/test_five_nights.py",
    "cli/test_nightly.py",
    "browser/",
    "harvest/test_cluster.py",
    "render/test_estates.py",
    "test_extending.py",
    "test_publish.py",
)
"""Files of half a minute to some minutes; each belongs to one worker."""

os.environ["COLUMNS"] = "100"  # a terminal's width, whoever runs the tests
_CACHE = tempfile.mkdtemp(prefix="studbook-cache-")
os.environ["XDG_CACHE_HOME"] = _CACHE  # the tests leave nothing in the user's own

# What thousands of tests import lives to the end, and was gone through again and again; what dies in cycles is some MB.
gc.set_threshold(100_000, 20, 20)

# No test fails on a clock. All else is as it was: on CI hypothesis takes the same examples each time.
settings.register_profile(
    "studbook",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("studbook")


def pytest_unconfigure() -> None:
    """The cache folder goes with the process that made it, each of xdist's workers too; not with one that it forked."""
    shutil.rmtree(_CACHE, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest processing time first: files that take long begin early, so that no worker waits for another's last."""
    top = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(top).as_posix()
        return next((nth for nth, long in enumerate(_LONG) if path.startswith(long)), len(_LONG))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Garbage collection leaves alone what was collected: each of the product's own goes through all that is alive."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def _one_aws() -> Iterator[FakeAws]:
    """One process for all tests that want an empty AWS: to start it takes a second of CPU, to empty it none."""
    with FakeAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def fake_aws(_one_aws: FakeAws) -> FakeAws:
    """An AWS that is empty before the first test of a file."""
    _one_aws.reset()
    return _one_aws


@pytest.fixture
def empty_aws(_one_aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """An empty AWS for one test, with its caller's login in the environment. Not beside `fake_aws`: it is the same."""
    _one_aws.reset()
    for name, value in _one_aws.environment().items():
        monkeypatch.setenv(name, value)
    return _one_aws


@pytest.fixture(scope="session")
def demo_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """AWS and MLflow after the fourth night, with the denied region open again."""
    from studbook.demo.estate.story import NIGHTS

    with FakeAws() as aws, MlflowServer(tmp_path_factory.mktemp("mlflow")) as mlflow:
        world = World(aws, mlflow)
        for night in NIGHTS:
            night.play(world)
        aws.heal()
        yield world


@pytest.fixture(scope="session")
def demo_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's catalog of four nights, for reading."""
    from studbook.cli.demo import estate, play
    from studbook.store import Catalog

    def make(folder: Path) -> None:
        with estate(folder / "servers") as (aws, mlflow):
            play(Catalog(folder / "catalog"), aws, mlflow, lambda line: None)

    return _once(tmp_path_factory, "demo-catalog", make) / "catalog"


@pytest.fixture(scope="session")
def demo_site(tmp_path_factory: pytest.TempPathFactory, demo_catalog: Path) -> Path:
    """The demo's site with every night in it, for reading."""
    from studbook.cli import main

    def make(folder: Path) -> None:
        with pytest.raises(SystemExit) as end:
            main(["build", "--all", "--catalog", str(demo_catalog), "--output", str(folder / "site")])
        assert end.value.code == 0

    return _once(tmp_path_factory, "demo-site", make) / "site"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that users get."""
    (made,) = _once(tmp_path_factory, "wheel", lambda folder: wheels.built(wheels.TOP, folder)).glob("*.whl")
    return made


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> wheels.Installed:
    """The wheel in an environment of its own."""
    return wheels.Installed(_once(tmp_path_factory, "home", lambda folder: wheels.Installed.make(folder, wheel)))


@pytest.fixture(scope="session")
def strange_site(tmp_path_factory: pytest.TempPathFactory, demo_catalog: Path) -> Path:
    """The site of the demo's estate as somebody tells it who means harm, for reading."""
    from tests import hostile_texts

    return _once(tmp_path_factory, "strange-site", lambda folder: hostile_texts.site(demo_catalog, folder)) / "site"


@pytest.fixture
def demo_copy(demo_catalog: Path, tmp_path: Path) -> Callable[[], Path]:
    """Gives a copy of the demo's catalog, to write in."""

    def copy() -> Path:
        target: Path = shutil.copytree(demo_catalog, tmp_path / "catalog")
        return target

    return copy


def _once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name, made by the first worker that asks for it."""
    base = factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = shared / name
    with _locked(shared / f"{name}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "done").touch()
    return folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
