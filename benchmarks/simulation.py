"""Deterministic simulation: nights with faults at any call, kills at any write, clocks that step, two nights at once.

    python -m benchmarks simulation [SEEDS [FIRST [JOBS]]]  a seed that fails is named: simulation 1 SEED plays it again

Each seed is an account of its own in the demo's AWS, over HTTP, and two catalogs: one harvests each day in peace, the
other on three days with faults on the wire, alone, killed (SIGKILL's like: the process ends in the middle of a write),
or two at once, at a time that may lie before that of the night before. Then the faults stop. What must hold one clean
night later: the catalog verifies, nothing is left lying about, nothing is stale, and its records, assets and edges are
those of the catalog that had peace, but for the numbers of the snapshots that saw them first or last.

A seed waits longer (for what is tried again) than it works: JOBS processes, each with an AWS of its own, play several
at once. Scheduling of threads is the machine's, so a seed plays the same world, faults, kills and clocks, and not the
same interleaving. Only SageMaker's registry is in this world.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from studbook.demo.cloud.aws import FakeAws
from studbook.errors import StudbookError
from studbook.harvest.run import harvest
from studbook.sources import SOURCES
from studbook.store import Catalog
from studbook.store.files import TEMPORARY

SEEDS, JOBS = 20, 4
"""Each seed takes some three seconds of processor, and three times as many of waiting."""
REGION = "us-west-2"
BEGAN = datetime(2026, 11, 1, 2, tzinfo=UTC)
KILLED = 137
WARM_UP = 10**9
"""Of the account in which nothing is played."""
FAULTS: tuple[dict[str, Any], ...] = (
    {"code": "ThrottlingException"},
    {"code": "InternalFailure", "status": 500},
    {"code": "AccessDeniedException"},
    {"drop": True},
    {"cut": True},
    {"pages": "empty"},
    {"pages": "repeated"},
    {"body": "<html>Log in</html>"},
)
OPERATIONS = ("*", "List*", "Describe*", "Search", "ListModels", "ListModelPackages", "ListModelPackageGroups")
_NUMBERS = ("first_seen", "stale_since", "gone_since")


class World:
    """An account with a registry that grows, and now and then loses something."""

    def __init__(self, aws: FakeAws, seed: int) -> None:
        self.aws, self.account = aws, f"{100_000_000_000 + seed}"
        for role in ("StudbookReader", "Admin"):
            aws.role(f"arn:aws:iam::{self.account}:role/{role}")
        session = aws.session(f"arn:aws:iam::{self.account}:role/Admin")
        self._sagemaker = session.client("sagemaker", endpoint_url=aws.url, region_name=REGION)
        role = f"arn:aws:iam::{self.account}:role/StudbookReader"
        self.configuration = json.dumps(
            {
                "accounts": [{"id": self.account, "name": "one", "regions": [REGION], "role_arn": role}],
                "redact": {"salt": "0" * 32},
                "patience": {"attempts": 2},
                "sources": {one.name: {"enabled": one.name == "sagemaker", "rate": 2000} for one in SOURCES},
            }
        )

    def grow(self, day: int) -> None:
        """A model, and a group with a version."""
        self._sagemaker.create_model(
            ModelName=f"model-{day}",
            ExecutionRoleArn=f"arn:aws:iam::{self.account}:role/x",
            PrimaryContainer={"Image": "image", "ModelDataUrl": f"s3://weights/{self.account}/{day}.tar.gz"},
        )
        self._sagemaker.create_model_package_group(ModelPackageGroupName=f"group-{day}")
        self._sagemaker.create_model_package(
            ModelPackageGroupName=f"group-{day}",
            InferenceSpecification={
                "Containers": [{"Image": "image", "ModelDataUrl": f"s3://weights/{self.account}/{day}.tar.gz"}],
                "SupportedContentTypes": ["a/b"],
                "SupportedResponseMIMETypes": ["a/b"],
            },
        )

    def lose(self) -> None:
        """Of the first day: what was deleted before anybody saw it nobody can know."""
        self._sagemaker.delete_model(ModelName="model-0")

    def disturb(self, dice: random.Random) -> None:
        """Some faults, each for some calls or until they are healed."""
        for _ in range(dice.randint(1, 3)):
            what: dict[str, Any] = {"times": dice.randint(1, 5)} if dice.random() < 0.7 else {}
            what["operation"] = dice.choice(OPERATIONS)
            self.aws.fault(account=self.account, **what, **dice.choice(FAULTS))


def night(folder: Path, now: datetime, killed_at: int | None = None) -> Callable[[], int]:
    """Begins a harvest in a process of its own; gives what waits for its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if killed_at is not None:
                _die_at(killed_at)
            catalog = Catalog(folder)
            harvest(catalog.settings(), catalog, now=now)
            code = 0
        except StudbookError as error:
            code = error.exit_code
        finally:
            os._exit(code)
    return lambda: os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _die_at(number: int) -> None:
    """Ends this process when it flushes for that time: before a file has its name, or just after."""
    flush, left = os.fsync, [number]

    def fsync(descriptor: Any) -> None:
        left[0] -= 1
        if left[0] <= 0:
            os._exit(KILLED)
        flush(descriptor)

    os.fsync = fsync


def told(catalog: Catalog) -> dict[str, list[str]]:
    """All that the newest snapshot says, without the numbers of nights."""
    latest = catalog.resolve("latest")
    return {
        "records": sorted(_row(asdict(one)) for one in catalog.records(latest)),
        "assets": sorted(_row(asdict(one)) for one in catalog.assets(latest)),
        "edges": sorted(_row(asdict(one)) for one in catalog.edges(latest)),
    }


def _row(row: dict[str, Any]) -> str:
    return json.dumps(
        row | {name: row[name] is not None for name in _NUMBERS if name in row}, sort_keys=True, default=str
    )


def play(aws: FakeAws, seed: int, folder: Path) -> Counter[str]:
    """One seed; gives what came of its nights. Raises AssertionError where something does not hold."""
    dice, world = random.Random(seed), World(aws, seed)
    peace, trouble = Catalog(folder / "peace"), Catalog(folder / "trouble")
    for catalog in (peace, trouble):
        catalog.create(world.configuration)
    came: Counter[str] = Counter()
    world.grow(0)
    for catalog in (peace, trouble):
        assert night(catalog.root, BEGAN)() == 0
    for day in (1, 2, 3):
        world.grow(day)
        if day == 2:
            world.lose()
        at = BEGAN + timedelta(days=day)
        assert night(peace.root, at)() == 0
        world.disturb(dice)
        how = dice.choice(("alone", "killed", "two"))
        stepped = at + timedelta(hours=dice.randint(-60, 60))
        begun = [night(trouble.root, stepped, dice.randint(1, 30) if how == "killed" else None)]
        begun += [night(trouble.root, stepped)] if how == "two" else []
        for wait in begun:
            code = wait()
            assert code in (0, 4, KILLED), f"day {day}, {how}: exit {code}"
            came[f"{how} {code}"] += 1
        aws.heal()
        assert trouble.verify() == [], f"day {day}, {how}"
    for catalog in (peace, trouble):
        assert night(catalog.root, BEGAN + timedelta(days=9))() == 0
        assert catalog.verify() == []
    ours, theirs = told(trouble), told(peace)
    for part, rows in ours.items():
        assert rows == theirs[part], f"{part}: {sorted({*rows} ^ {*theirs[part]})[:2]}"
    assert not any(row.gaps for row in trouble.resolve("latest").coverage)
    assert [path for path in trouble.root.rglob(f"{TEMPORARY}*") if ".harvest" not in path.parts] == []
    return came


def played(seeds: Sequence[int]) -> tuple[Counter[str], list[int]]:
    """Plays these seeds before an AWS of their own: how many nights came out how, and the seeds that failed."""
    came, failed = Counter[str](), list[int]()
    with FakeAws() as aws, tempfile.TemporaryDirectory() as folder:
        os.environ.update(aws.environment())
        # What a night loads it loads here, once: the children of each seed begin with it.
        catalog, world = Catalog(Path(folder)), World(aws, WARM_UP)
        catalog.create(world.configuration)
        harvest(catalog.settings(), catalog, now=BEGAN)
        for seed in seeds:
            with tempfile.TemporaryDirectory() as inner:
                try:
                    came.update(play(aws, seed, Path(inner)))
                except AssertionError as error:
                    failed.append(seed)
                    aws.heal()
                    print(f"seed {seed}: {str(error)[:2000]}", file=sys.stderr)
    return came, failed


def main(arguments: list[str]) -> None:
    """Plays seeds; exits with 1 and the seeds that failed, if any did."""
    number, first, jobs = (int(one) for one in [*arguments, *(SEEDS, 0, JOBS)[len(arguments) :]])
    began = time.monotonic()
    shares = [share for job in range(jobs) if (share := range(first + job, first + number, jobs))]
    with ProcessPoolExecutor(len(shares)) as pool:
        results = list(pool.map(played, shares))
    came = sum((found for found, _ in results), Counter[str]())
    failed = sorted(seed for _, several in results for seed in several)
    print(f"{number} seeds in {time.monotonic() - began:.0f} s; nights by exit code: {dict(sorted(came.items()))}")
    if failed:
        raise SystemExit(f"failed, and played again by 'simulation 1 SEED': {failed}")
