"""Nights in a row, from the wheel: in a folder, in a branch that CI commits to, in a bucket; killed; two at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.harvest.two_accounts import FIRST, REGION
from tests.s3_buckets import empty_bucket
from tests.wheels import Installed

from studbook.exports.schema import document
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
def sagemaker(fake_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """SageMaker of the account that is harvested, and a bucket for a catalog."""
    empty_bucket(fake_aws, monkeypatch, BUCKET)
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


@pytest.fixture
def studbook(installed: Installed, fake_aws: Any, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the installed program as CI would: with the caller's login and a cache, and nothing of ours around it."""
    around = {**fake_aws.environment(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    yield lambda *words, cwd: installed.start("studbook", *words, cwd=cwd, **around)
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith((".tmp-", ".building-"))]


def told(night: subprocess.Popen[str]) -> dict[str, Any]:
    """The report of a night, which is as its published schema says, and ends as the program does."""
    out, error = night.communicate(timeout=600)
    assert out, error
    report: dict[str, Any] = json.loads(out)
    jsonschema.validate(report, json.loads(document(of="report")))
    assert report["exit"] == night.returncode
    return report


def killed(night: subprocess.Popen[str], step: str) -> None:
    """Ends a night, as a machine that goes away does, when it comes to a step."""
    assert night.stderr is not None
    with night:
        for line in night.stderr:
            if line.startswith(step):
                night.kill()


def days(sagemaker: Any) -> Iterator[str]:
    """What happens before each of five nights, and what is told of it."""
    for day in (1, 2, 3):
        sagemaker.create_model_package_group(ModelPackageGroupName=f"group-{day}")
        yield "1 model group is new"
    yield "Nothing changed."
    sagemaker.delete_model_package_group(ModelPackageGroupName="group-1")
    yield "1 model group is gone"


def test_five_nights(
    sagemaker: Any, remote: Path, studbook: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    """Equal content in a folder, a branch and a bucket, night by night, two of which a machine did not live through."""
    Catalog(tmp_path / "catalog").create(SETTINGS)
    open_catalog(f"s3://{BUCKET}/five").create(SETTINGS)
    command = ("nightly", "--format", "json", "--catalog")
    for number, changed in enumerate(days(sagemaker), start=1):
        clone = tmp_path / f"clone-{number}"  # CI has a machine of its own each night
        git("clone", "--quiet", str(remote), str(clone), at=tmp_path)
        if number in (2, 5):
            killed(studbook(*command, "catalog", cwd=tmp_path), "harvest" if number == 2 else "build")
        places = (("catalog", tmp_path), ("catalog", clone), (f"s3://{BUCKET}/five", clone))
        reports = [told(night) for night in [studbook(*command, at, cwd=cwd) for at, cwd in places]]
        commit(clone)

        assert [report["exit"] for report in reports] == [0, 0, 0]
        assert len({report["snapshot"]["digest"] for report in reports}) == 1
        assert [report["snapshot"]["number"] for report in reports] == [number + (number == 5), number, number]
        for report in reports[number == 5 :]:  # what the killed night wrote was new then, and is not now
            assert number == 1 or report["changes"][0].startswith(changed)
    for catalog in (Catalog(tmp_path / "catalog"), Catalog(clone / "catalog"), open_catalog(f"s3://{BUCKET}/five")):
        assert catalog.verify() == []


def test_two_at_once(sagemaker: Any, studbook: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    """Of two at the same time each is whole or says that the other was first; the night after is whole."""
    place = f"s3://{BUCKET}/two"
    open_catalog(place).create(SETTINGS)
    command = ("nightly", "--format", "json", "--catalog", place, "--output")

    both = [told(night) for night in [studbook(*command, site, cwd=tmp_path) for site in ("one", "other")]]
    after = told(studbook(*command, "one", cwd=tmp_path))

    assert sorted(report["exit"] for report in both) in ([0, 0], [0, 4])
    written = sorted(report["snapshot"]["number"] for report in both if report["snapshot"])
    assert written == [*range(1, len(written) + 1)]
    assert (after["exit"], after["snapshot"]["number"]) == (0, len(written) + 1)
    assert open_catalog(place).verify() == []
