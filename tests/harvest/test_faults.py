"""Every fault in every source, on the wire: what is lost is named and carried over, and all else is as on a good night.

The estate is harvested once and goes on for a day. Each case harvests a copy of that catalog through the command line
while the services fail, and holds the new snapshot against the one that a night without faults gives.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from estate import FIRST, MANAGEMENT, SECRETS, Estate, organisation

from studbook.cli import main
from studbook.demo.aws import FakeAws
from studbook.demo.mlflow_server import MlflowServer
from studbook.model import Coverage, Partition, Record
from studbook.store import Catalog

SOURCES = ("sagemaker", "lambda", "s3", "mlflow", "organizations")
LIST = {
    "sagemaker": "ListModels",
    "lambda": "ListVersionsByFunction",
    "s3": "ListObjectsV2",
    "mlflow": "runs/search",
    "organizations": "ListAccounts",
}
DESCRIBE = {
    "sagemaker": "DescribeModelPackageGroup",
    "lambda": "GetFunctionConfiguration",
    "s3": "GetBucketVersioning",
    "mlflow": "runs/get",
    "organizations": "ListAccountsForParent",
}


@dataclass(frozen=True, slots=True)
class Lost:
    """A fault of which something is lost: what happens on the wire, and the code of the gap that names it."""

    wire: dict[str, Any]
    code: str
    settings: dict[str, Any] | None = None


LOST = {
    "throttled beyond patience": Lost({"code": "ThrottlingException", "status": 429}, "Throttl|TooMany|SlowDown"),
    "server failure": Lost({"code": "InternalFailure", "status": 500}, "InternalFailure"),
    "unavailable": Lost({"body": "<html>no backend</html>", "status": 503}, "503|Service Unavailable"),
    "connection reset": Lost({"drop": True}, "Connection|Protocol"),
    "half an answer": Lost({"cut": True}, "Connection|Incomplete|Protocol|ResponseStreaming|ChunkedEncoding"),
    "hanging socket": Lost({"seconds": 60}, "Timeout", {"patience": {"attempts": 1, "read_timeout": 5}}),
    "unknown to the service": Lost({"code": "UnknownOperationException", "status": 404}, "UnknownOperation"),
    "a token that repeats": Lost({"pages": "repeated"}, "RepeatedToken"),
    "no answer of this API": Lost({"body": "welcome"}, "NoAnswer|NotJson|500"),
    "a proxy's login page": Lost({"body": "<!doctype html><html><body>Log in</body></html>"}, "NoAnswer|NotJson"),
    "a page that is not found": Lost({"body": "<html>404</html>", "status": 404}, "404"),
    "an empty answer": Lost({"body": ""}, "NoAnswer|NotJson"),
    "members missing": Lost({"without": ["ModelArn", "Version", "Key", "run_id", "Id"]}, "Unreadable"),
}
"""What may go wrong with a listing."""

HARMLESS = {
    "an empty page with a token": {"pages": "empty"},
    "unknown members": {"extra": {"Novelty": "of next year"}},
    "throttled once": {"code": "ThrottlingException", "status": 429, "times": 1},
    "reset once": {"drop": True, "times": 1},
    "an expired session": {"code": "ExpiredTokenException", "status": 403, "times": 1},
}
"""What must not be noticed."""


class Case:
    """A copy of the catalog of the first night, and the second night's harvest."""

    def __init__(self, estate: Estate, catalog: Path, capfd: Any) -> None:
        self.estate = estate
        self.folder = catalog
        self._capfd = capfd

    def fault(self, source: str, operation: str | None = None, **wire: Any) -> None:
        """In the first account; Organizations' are the caller's own."""
        server = self.estate.mlflow if source == "mlflow" else self.estate.aws
        account = MANAGEMENT if source == "organizations" else FIRST
        wanted = {"service": source, **({"operation": operation} if operation else {})}
        server.fault(account=account, **wanted, **wire)

    def harvest(self, **changed: Any) -> Night:
        if changed:
            (self.folder / "studbook.yml").write_text(self.estate.configuration(**changed))
        self._capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(["harvest", "--format", "json", "--catalog", str(self.folder)])
        said = self._capfd.readouterr()
        return Night(self.folder, int(stopped.value.code or 0), said.out + said.err)


class Night:
    """What a harvest left, whichever way it ended."""

    def __init__(self, folder: Path, code: int, said: str) -> None:
        self.code = code
        self.said = said
        self.catalog = Catalog(folder)
        envelope = self.catalog.latest()
        assert envelope is not None
        self.envelope = envelope
        self.records = {(r.partition, r.kind, r.id): r for r in self.catalog.records(envelope)}
        self.assets = {asset.id: asset for asset in self.catalog.assets(envelope)}
        self.rows = {Partition(row.account, row.region, row.source): row for row in envelope.coverage}

    def row(self, source: str, account: str | None) -> Coverage:
        (found,) = [row for row in self.rows.values() if (row.source, row.account) == (source, account)]
        return found

    def of(self, partition: Partition) -> dict[Any, Record]:
        return {key: record for key, record in self.records.items() if key[0] == partition}


@pytest.fixture(scope="module")
def estate(tmp_path_factory) -> Iterator[Estate]:
    with FakeAws() as aws, MlflowServer(tmp_path_factory.mktemp("mlflow")) as mlflow:
        made = Estate(aws, mlflow, *organisation(aws))
        made.found()
        yield made


@pytest.fixture(scope="module")
def first(estate, tmp_path_factory) -> Path:
    """The catalog of the first night; a day has passed since."""
    folder = tmp_path_factory.mktemp("first") / "catalog"
    folder.mkdir()
    (folder / "studbook.yml").write_text(estate.configuration())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in estate.environment().items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as stopped:
            main(["harvest", "--catalog", str(folder)])
    assert stopped.value.code == 0
    estate.evolve()
    return folder


@pytest.fixture
def case(estate, first, tmp_path, monkeypatch, capfd) -> Iterator[Case]:
    for name, value in estate.environment().items():
        monkeypatch.setenv(name, value)
    yield Case(estate, Path(shutil.copytree(first, tmp_path / "catalog")), capfd)
    estate.aws.heal()
    estate.mlflow.heal()


@pytest.fixture(scope="module")
def good(estate, first, tmp_path_factory) -> Night:
    """The second night without faults."""
    folder = Path(shutil.copytree(first, tmp_path_factory.mktemp("good") / "catalog"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in estate.environment().items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as stopped:
            main(["harvest", "--catalog", str(folder)])
    assert stopped.value.code == 0
    return Night(folder, 0, "")


def whose(source: str) -> str | None:
    """The account whose partition a fault in a source is in."""
    return None if source == "organizations" else FIRST


def holds(night: Night, good: Night, first: Path, hurt: Collection[tuple[str, str | None]]) -> None:
    """The invariants; `hurt` are the (source, account) that failed."""
    before = Catalog(first)
    known = list(before.records(before.latest()))
    for partition, row in night.rows.items():
        if (row.source, row.account) in hurt:
            assert row.status in ("partial", "failed"), partition
            assert [gap for gap in row.gaps if gap.code != "Skipped"], partition
        else:
            assert row.status == "complete", (partition, row.gaps)
            assert night.of(partition) == good.of(partition)
    assert night.rows.keys() == good.rows.keys()
    for record in known:
        now = night.records[record.partition, record.kind, record.id]
        expected = good.records[record.partition, record.kind, record.id]
        assert now == expected or (now.stale_since == 2 and now.gone_since is None and now.body == record.body)
    assert {a for a, asset in night.assets.items() if asset.gone_since} <= {
        a for a, asset in good.assets.items() if asset.gone_since
    }
    assert night.code == (3 if hurt else 0)
    unharmed(night)


def unharmed(night: Night) -> None:
    """The catalog verifies, nothing is left lying about, and no secret was said or kept."""
    with pytest.raises(SystemExit) as stopped:
        main(["verify", "--catalog", str(night.catalog.root)])
    assert not stopped.value.code
    assert not (night.catalog.root / ".harvest").exists()
    kept = [json.dumps(record.body) for record in night.records.values()]
    kept += [json.dumps([asset.attributes, asset.tags]) for asset in night.assets.values()]
    kept += [path.read_text() for path in (night.catalog.root / "snapshots").iterdir()]
    assert not [secret for secret in SECRETS for text in (*kept, night.said) if secret in text]


def stale(night: Night, source: str) -> set[str]:
    """The kinds of records that a source carried over."""
    return {record.kind for record in night.records.values() if record.source == source and record.stale_since == 2}


class TestOneSource:
    @pytest.mark.parametrize("source", SOURCES)
    def test_a_denied_listing(self, case, good, first, source):
        """The gap has the operation and AWS's words, redacted; of that listing all is carried over."""
        message = f"User is not authorized (token {SECRETS[0]})"
        case.fault(source, LIST[source], code="AccessDeniedException", status=403, message=message)

        night = case.harvest()

        holds(night, good, first, {(source, whose(source))})
        (gap,) = night.row(source, whose(source)).gaps
        assert (gap.operation, gap.code[:12]) == (LIST[source], "AccessDenied")
        assert "not authorized" in gap.message
        assert stale(night, source)

    @pytest.mark.parametrize("source", SOURCES)
    def test_a_denied_description(self, case, good, first, source):
        """What could be listed and not described is a gap, and never gone."""
        case.fault(source, DESCRIBE[source], code="AccessDeniedException", status=403)

        night = case.harvest()

        holds(night, good, first, {(source, whose(source))})
        assert {gap.operation for gap in night.row(source, whose(source)).gaps} == {DESCRIBE[source]}

    @pytest.mark.parametrize("source", SOURCES)
    def test_the_night_after(self, case, good, source):
        """Once it can be seen again, everything is as if it had always been: nothing was forgotten or kept half."""
        case.fault(source, DESCRIBE[source], code="AccessDeniedException", status=403)
        case.harvest()
        case.estate.aws.heal()
        case.estate.mlflow.heal()

        night = case.harvest()

        assert {key: (r.body, r.stale_since) for key, r in night.records.items()} == {
            key: (r.body, r.stale_since) for key, r in good.records.items()
        }


class TestEverySourceAtOnce:
    """The same fault in all sources of one account and in Organizations: the other account is as on a good night."""

    HURT = frozenset((source, whose(source)) for source in SOURCES)

    @pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
    def test_a_listing_that_is_lost(self, case, good, first, fault):
        """Each source names the gap in its own partition and carries over what the listing would have shown."""
        for source in SOURCES:
            case.fault(source, LIST[source], **fault.wire)

        night = case.harvest(**(fault.settings or {}))

        holds(night, good, first, self.HURT)
        for source in SOURCES:
            codes = {gap.operation: gap.code for gap in night.row(source, whose(source)).gaps}
            assert LIST[source] in codes, (source, codes)
            assert re.search(fault.code, codes[LIST[source]]), (source, codes)
            assert stale(night, source)

    @pytest.mark.parametrize("wire", HARMLESS.values(), ids=HARMLESS)
    def test_what_is_not_noticed(self, case, good, first, wire):
        """What a second try, a new session or a careful reading mends leaves no trace."""
        for source in SOURCES:
            case.fault(source, LIST[source], **wire)

        night = case.harvest()

        assert (night.code, [row.gaps for row in night.rows.values() if row.gaps]) == (0, [])
        assert night.records.keys() == good.records.keys()
        assert not [record for record in night.records.values() if record.stale_since]
        unharmed(night)
