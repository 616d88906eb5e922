"""Nights in a row, as users have them: in a folder, in a branch that CI commits to, in a bucket; and two at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.harvest.estate import FIRST, REGION
from tests.s3_buckets import empty_bucket

from studbook.errors import StudbookError
from studbook.exports.schema import document
from studbook.harvest.run import harvest
from studbook.nightly import Order, Report, run
from studbook.sources import SOURCES
from studbook.store import Catalog, open_catalog

BUCKET = "five-nights"
SETTINGS = json.dumps(
    {
        "accounts": [
            {
                "id": FIRST,
                "name": "first",
                "regions": [REGION],
                "role_arn": f"arn:aws:iam::{FIRST}:role/StudbookReader",
            }
        ],
        "redact": {"salt": "0" * 32},
        "site": {"pictures": "off"},
        "sources": {one.name: {"enabled": one.name == "sagemaker", "rate": 2000} for one in SOURCES},
    }
)


@pytest.fixture
def sagemaker(fake_aws: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """SageMaker of the account that is harvested, and a bucket for a catalog."""
    empty_bucket(fake_aws, monkeypatch, BUCKET)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for role in ("StudbookReader", "Admin"):
        fake_aws.role(f"arn:aws:iam::{FIRST}:role/{role}")
    session = fake_aws.session(f"arn:aws:iam::{FIRST}:role/Admin")
    return session.client("sagemaker", endpoint_url=fake_aws.url, region_name=REGION)


def git(*words: str, at: Path) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@y")
    subprocess.run(["git", *who, *words], cwd=at, check=True, capture_output=True)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A repository whose branch has a configuration, and no snapshot yet."""
    git("init", "--quiet", "--bare", "--initial-branch=studbook", "remote", at=tmp_path)
    git("clone", "--quiet", "remote", "first", at=tmp_path)
    Catalog(tmp_path / "first" / "catalog").create(SETTINGS)
    commit(tmp_path / "first")
    return tmp_path / "remote"


def commit(clone: Path) -> None:
    git("add", "--all", "--", "catalog", at=clone)
    git("commit", "--quiet", "-m", "Snapshot", at=clone)
    git("push", "--quiet", "origin", "HEAD:studbook", at=clone)


def night(catalog: Catalog, site: Path) -> Report:
    """A night whose report is as its published schema says."""
    report = run(catalog, Order(site))
    jsonschema.validate(json.loads(json.dumps(report.to_json())), json.loads(document(of="report")))
    return report


def days(sagemaker: Any) -> Iterator[str]:
    """What happens before each of five nights, and what is told of it."""
    for day in (1, 2, 3):
        sagemaker.create_model_package_group(ModelPackageGroupName=f"group-{day}")
        yield "1 model group is new"
    yield "Nothing changed."
    sagemaker.delete_model_package_group(ModelPackageGroupName="group-1")
    yield "1 model group is gone"


def test_five_nights(sagemaker: Any, remote: Path, tmp_path: Path) -> None:
    """Equal content in a folder, a branch and a bucket, night by night; every report is valid, and true."""
    folder, bucket = Catalog(tmp_path / "catalog"), open_catalog(f"s3://{BUCKET}/five")
    folder.create(SETTINGS)
    bucket.create(SETTINGS)
    for number, changed in enumerate(days(sagemaker), start=1):
        clone = tmp_path / f"clone-{number}"  # CI has a machine of its own each night
        git("clone", "--quiet", str(remote), str(clone), at=tmp_path)
        report = night(folder, tmp_path / "site")
        others = [harvest(one.settings(), one).envelope for one in (Catalog(clone / "catalog"), bucket)]
        commit(clone)

        assert report.exit == 0
        assert number == 1 or report.changes[0].startswith(changed)
        assert {(one.number, one.digest) for one in (report.snapshot, *others)} == {(number, report.snapshot.digest)}
    for catalog in (folder, Catalog(clone / "catalog"), open_catalog(f"s3://{BUCKET}/five")):
        assert catalog.verify() == []


def test_two_at_once(sagemaker: Any, tmp_path: Path) -> None:
    """Of two at the same time each is whole or says that the other was first; the night after is whole."""
    place = f"s3://{BUCKET}/two"
    open_catalog(place).create(SETTINGS)

    def other(_: int) -> int | None:
        with suppress(StudbookError):
            catalog = open_catalog(place)
            return harvest(catalog.settings(), catalog).envelope.number
        return None

    with ThreadPoolExecutor(2) as pool:
        written = sorted(number for number in pool.map(other, range(2)) if number is not None)

    assert written in ([1], [1, 2])
    report = night(open_catalog(place), tmp_path / "site")
    assert (report.exit, report.snapshot.number) == (0, len(written) + 1)
    assert open_catalog(place).verify() == []
