"""Every fault in every source, on the wire: what is lost is named and carried over, and all else is as on a good night.

The estate is harvested once and goes on for a day. Each case harvests a copy of that catalog through the command line
while the services fail, and holds the new snapshot against the one that a night without faults gives.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.loaders import create_loader
from tests.harvest.two_accounts import FIRST, MANAGEMENT, REGION, SECRETS, Estate, organisation

from studbook.aws import sessions
from studbook.cli import main
from studbook.demo.cloud.aws import FakeAws
from studbook.demo.cloud.mlflow_server import MlflowServer
from studbook.harvest.run import NoProgress, harvest
from studbook.model import Coverage, Envelope, Partition, Record
from studbook.settings import load_settings
from studbook.sources.bedrock import RESOURCES as BEDROCK
from studbook.sources.sagemaker import RESOURCES
from studbook.store import Catalog

SOURCES = ("sagemaker", "bedrock", "lambda", "s3", "mlflow", "organizations")
LIST = {
    "sagemaker": "ListModels",
    "bedrock": "ListCustomModels",
    "lambda": "ListVersionsByFunction",
    "s3": "ListObjectsV2",
    "mlflow": "runs/search",
    "organizations": "ListAccounts",
}
DESCRIBE = {
    "sagemaker": "DescribeModelPackageGroup",
    "bedrock": "GetCustomModel",
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
    "members missing": Lost({"without": ["ModelArn", "modelArn", "Version", "Key", "run_id", "Id"]}, "Unreadable"),
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


class TestPrice:
    """What the sources' docstrings promise, on an estate in which each of them has something."""

    EVERY_NIGHT = {  # noqa: RUF012
        "organizations": {"ListAccounts": 1, "ListAccountsForParent": 1, "ListOrganizationalUnitsForParent": 1},
        "sagemaker": {
            **{
                one.listing.operation: len(one.listing.variants)
                for one in RESOURCES
                # Schedules are asked for only where there is something to watch.
                if one.listing.parent is None and one.kind != "monitoring_schedule"
            },
            "DescribeMlflowApp": 1,
            "ListTags": 1,  # of the App
            "Search": 1,  # packages
        },
        "bedrock": {one.listing.operation: 1 for one in BEDROCK},
        "cloudtrail": {"LookupEvents": 1},  # one page: less than 50 events
        "lambda": {
            "ListFunctions": 1,
            "GetFunctionConfiguration": 1,
            "ListVersionsByFunction": 1,
            "ListAliases": 1,
            "ListTags": 1,
        },
        "s3": {"GetBucketVersioning": 1, "ListObjectsV2": 1},
        "mlflow": {
            f"{name}/search": 1
            for name in ("experiments", "runs", "logged-models", "registered-models", "model-versions")
        },
    }
    WORK = {  # noqa: RUF012
        "sagemaker": {"DescribeModelPackageGroup": 1, "Search": 2},  # models; the groups' tags
        "bedrock": {
            "GetCustomModel": 1,
            "GetModelCustomizationJob": 1,
            "GetImportedModel": 1,
            "GetModelImportJob": 1,
            "GetEvaluationJob": 1,
        },
    }
    """Of a day, as `Estate.work` has it."""
    RUN = {"mlflow": {"runs/get": 1}}  # noqa: RUF012
    """Of the second day: a run of which nothing tells what model it took."""

    def spent(self, envelope: Envelope) -> dict[str, Counter[str]]:
        """The calls of each source in the first account, Organizations' in none, by operation; AssumeRole aside."""
        spent = {source: Counter() for source in self.EVERY_NIGHT}
        for row in envelope.coverage:
            if row.account == whose(row.source):
                spent[row.source] += Counter(
                    {name.partition(":")[2]: count for name, count in row.calls.items() if name != "sts:AssumeRole"}
                )
        return spent

    def promised(self, *more: dict[str, dict[str, int]]) -> dict[str, Counter[str]]:
        parts = (self.EVERY_NIGHT, *more)
        return {
            source: sum((Counter(part.get(source, {})) for part in parts), Counter()) for source in self.EVERY_NIGHT
        }

    def test_of_a_night_with_news(self, good, first):
        """The first night and the second: every listing, and each new thing once."""
        assert self.spent(Catalog(first).latest()) == self.promised(self.WORK)
        assert self.spent(good.envelope) == self.promised(self.WORK, self.RUN)

    def test_of_a_night_without(self, case, good):
        """The third: the listings, and what no listing tells; AWS met as many calls as the coverage says."""
        shutil.rmtree(case.folder)
        shutil.copytree(good.catalog.root, case.folder)
        case.estate.aws.forget_calls()

        night = case.harvest()

        assert night.code == 0
        assert self.spent(night.envelope) == self.promised()
        said = sum((Counter(row.calls) for row in night.rows.values()), Counter())
        met = sum((Counter({f"{c.service}:{c.operation}": c.count}) for c in case.estate.aws.calls()), Counter())
        assert met == {name: count for name, count in said.items() if not name.startswith("mlflow:")}


def states(night: Night) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """What a night's records say. An earlier state bears the number of the night that first saw another, which is one
    later where that of the change saw nothing."""
    return {
        (*key[:2], re.sub(r"@\d+$", "@earlier", key[2])): (record.body, record.stale_since)
        for key, record in night.records.items()
    }


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

        assert states(night) == states(good)


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


class TestCredentials:
    """An account that nobody can get into, or out of which one is thrown in the middle."""

    EVERYTHING = frozenset((source, FIRST) for source in (*SOURCES, "cloudtrail") if source != "organizations")

    @pytest.mark.parametrize(
        "changed",
        [{"external_id": "wrong"}, {"role_arn": f"arn:aws:iam::{FIRST}:role/Nobody"}],
        ids=["wrong external id", "denied AssumeRole"],
    )
    def test_a_refused_role(self, case, good, first, changed):
        """Each partition of that account is a gap of AssumeRole; a role is not asked for with each call."""
        configured = json.loads(case.estate.configuration())["accounts"][0]
        case.estate.aws.forget_calls()

        night = case.harvest(accounts=[{**configured, **changed}])

        holds(night, good, first, self.EVERYTHING)
        asked = [call.count for call in case.estate.aws.calls() if call.operation == "AssumeRole"]
        assert sum(asked) <= 1 + 2 * len(self.EVERYTHING)
        for source, account in self.EVERYTHING:
            gaps = night.row(source, account).gaps
            assert gaps
            assert all(gap.operation == "AssumeRole" for gap in gaps)

    def test_a_session_that_cannot_be_renewed(self, case, good, first):
        """One new session is tried; where that is refused too, the partition ends and the others go on."""
        for source in ("sagemaker", "mlflow"):
            case.fault(source, code="ExpiredTokenException", status=403)

        night = case.harvest()

        holds(night, good, first, {("sagemaker", FIRST), ("mlflow", FIRST)})
        calls = night.row("sagemaker", FIRST).calls
        assert sum(count for name, count in calls.items() if name.startswith("sagemaker:")) <= 2 * 2

    def test_a_session_that_was_revoked(self, case, good):
        """AWS revokes a role's sessions by a policy; a new session is not bound by it, and nobody notices."""
        message = "User: x is not authorized to perform: y with an explicit deny in an identity-based policy"
        for source in ("sagemaker", "bedrock", "lambda", "s3"):
            case.fault(source, LIST[source], code="AccessDeniedException", status=403, message=message, times=1)

        night = case.harvest()

        assert night.code == 0
        assert night.records == good.records

    def test_every_session_ends_in_the_middle(self, case, good):
        """Sessions that end while records are read are renewed, in every thread."""
        settings = load_settings(case.folder / "studbook.yml")

        class Ending(NoProgress):
            ended = False

            def seen(self, partition, kind, records):
                if partition.source == "sagemaker" and not self.ended:
                    self.ended = True
                    case.estate.aws.expire_sessions()

        harvested = harvest(settings, Catalog(case.folder), progress=Ending())

        assert not harvested.partial
        assert harvested.envelope.digest == good.envelope.digest

    def test_a_region_that_is_not_enabled(self, case, good, first):
        """Named by hand it is a gap; in an account that a sweep found it is skipped, and no failure."""
        refused = {"service": "sagemaker", "code": "UnrecognizedClientException", "status": 403}
        case.estate.aws.fault(account=case.estate.second, **refused)
        night = case.harvest()
        assert (night.code, night.row("sagemaker", case.estate.second).status) == (0, "skipped")
        assert {r.stale_since for r in night.of(Partition(case.estate.second, REGION, "sagemaker")).values()} == {2}

        case.estate.aws.fault(account=FIRST, **refused)
        night = case.harvest()
        assert (night.code, night.row("sagemaker", FIRST).status) == (3, "failed")
        assert not [asset for asset in night.assets.values() if asset.gone_since == 3]


class TestAnOlderBotocore:
    def test_an_operation_that_it_does_not_know(self, case, good, first, tmp_path, monkeypatch):
        """What this botocore cannot ask for is a gap; everything else is complete."""
        real = Path(create_loader().determine_latest_version("sagemaker", "service-2"))
        where = next(Path(botocore.__file__).parent.glob(f"data/sagemaker/{real}/service-2.json*"))
        text = gzip.decompress(where.read_bytes()) if where.suffix == ".gz" else where.read_bytes()
        model = json.loads(text)
        del model["operations"]["ListModels"]
        older = tmp_path / "data" / "sagemaker" / str(real)
        older.mkdir(parents=True)
        (older / "service-2.json").write_text(json.dumps(model))
        monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "data"))
        monkeypatch.setattr(sessions, "_models", lambda: create_loader(f"{tmp_path / 'data'}"))

        night = case.harvest()

        holds(night, good, first, {("sagemaker", FIRST), ("sagemaker", case.estate.second)})
        assert {gap.operation for row in night.rows.values() for gap in row.gaps} == {"ListModels"}


class TestDeletedMeanwhile:
    GONE = {  # noqa: RUF012
        "sagemaker": {"code": "ValidationException", "message": "Requested resource not found."},
        "bedrock": {"code": "ResourceNotFoundException", "status": 404},
        "lambda": {"code": "ResourceNotFoundException", "status": 404},
    }

    @pytest.mark.parametrize("source", GONE)
    def test_between_its_listing_and_its_description(self, case, good, first, source):
        """It is not there any more: no gap, no record of it, and everything else as it was."""
        case.fault(source, DESCRIBE[source], **self.GONE[source])

        night = case.harvest()

        assert (night.code, [row.gaps for row in night.rows.values() if row.gaps]) == (0, [])
        missing = {key for key, record in good.records.items() if night.records.get(key) != record}
        # The function, what it was in the first night, and its two versions.
        assert 0 < len(missing) <= 4
        assert {partition.source for partition, _, _ in missing} == {source}
        unharmed(night)

    def test_a_run(self, case, good):
        """A search shows a whole run but for its model inputs: it is kept as it was listed, with a gap that names it,
        and everything else as it was."""
        # An App's refusals are AWS's; the server's own words are those of one without.
        gone = {"code": "RESOURCE_DOES_NOT_EXIST", "status": 404}
        case.estate.mlflow.fault(account="-", operation=DESCRIBE["mlflow"], **gone)

        night = case.harvest()

        lab = Partition(None, None, "mlflow")
        assert night.code == 3
        gaps = night.rows.pop(lab).gaps
        assert not [row.gaps for row in night.rows.values() if row.gaps]
        assert night.records.keys() == good.records.keys()
        changed = {key for key, record in good.records.items() if night.records[key] != record}
        assert {(partition, kind) for partition, kind, _ in changed} == {(lab, "mlflow_run")}
        assert [(gap.operation, gap.code) for gap in gaps] == [("runs/get", gone["code"])] * len(changed)
        for (*_, run_id), gap in zip(sorted(changed), gaps, strict=True):
            assert run_id in gap.message
        for key in changed:
            listed, fetched = night.records[key].body, good.records[key].body
            assert {**listed, "inputs": None} == {**fetched, "inputs": None}
        unharmed(night)


class TestMlflowServer:
    """A server of the configuration, without AWS in front of it."""

    @pytest.mark.parametrize(
        ("wire", "code"),
        [
            ({"body": "<html>Log in</html>", "status": 401}, "401"),
            ({"body": "<html>Log in</html>", "status": 302}, "302"),
            ({"code": "PERMISSION_DENIED", "status": 403}, "PERMISSION_DENIED"),
        ],
        ids=["wants a login", "sends to a login page", "denies"],
    )
    def test_a_login(self, case, good, first, wire, code):
        """A server that does not let us in is a gap; the Apps behind AWS are complete."""
        case.estate.mlflow.fault(account="-", **wire)

        night = case.harvest()

        holds(night, good, first, {("mlflow", None)})
        assert [gap.code for gap in night.row("mlflow", None).gaps] == [code]

    def test_down(self, case, good, first):
        """So is one that is not there."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]

        night = case.harvest(mlflow=[{"name": "lab", "tracking_uri": f"http://127.0.0.1:{port}"}])

        holds(night, good, first, {("mlflow", None)})
        assert stale(night, "mlflow")

    def test_slow(self, case, good, first):
        """One that answers late is waited for."""
        case.estate.mlflow.fault(account="-", seconds=0.2)

        holds(case.harvest(), good, first, set())

    def test_older(self, case, good, first):
        """Before MLflow 3 there were no logged models: that is no gap, and what was known of them is not gone."""
        case.estate.mlflow.fault(account="-", operation="logged-models/*", body="<html>Not Found</html>", status=404)

        night = case.harvest()

        assert night.code == 0
        assert {r.stale_since for r in night.of(Partition(None, None, "mlflow")).values() if "logged" in r.kind} == {2}
        assert not [record for record in night.records.values() if record.gone_since == 2 and record.source == "mlflow"]


class TestKilled:
    def test_at_any_moment(self, case, good):
        """SIGKILL leaves a catalog that verifies; what was described before is not described again, and the night after
        knows all that a good night knows."""
        command = [sys.executable, "-m", "studbook", "harvest", "--catalog", str(case.folder)]
        case.estate.aws.fault("AccessDeniedException", operation="Search")
        numbers = random.Random(case.folder.name)
        for _ in range(4):
            case.estate.aws.forget_calls()
            moment = numbers.randrange(1, 70)
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
                while running.poll() is None and sum(call.count for call in case.estate.aws.calls()) < moment:
                    time.sleep(0.005)
                running.kill()
            with pytest.raises(SystemExit) as stopped:
                main(["verify", "--catalog", str(case.folder)])
            assert not stopped.value.code
        case.estate.aws.heal()

        night = case.harvest()

        assert night.code == 0
        assert {key: record.body for key, record in night.records.items()} == {
            key: record.body for key, record in good.records.items()
        }
        unharmed(night)

    def test_by_hand(self, case):
        """Ctrl-C ends with 130, a line and no stack trace, and waits for no call that hangs; the catalog is as it was,
        and what was read by then is not read again."""
        case.estate.aws.forget_calls()
        case.estate.aws.fault("AccessDeniedException", operation="Search")
        case.estate.aws.fault(operation="ListModels", seconds=50)
        command = [sys.executable, "-m", "studbook", "harvest", "--catalog", str(case.folder)]
        # A shell lets what it starts in the background ignore Ctrl-C, and every child of that as well.
        signal.signal(signal.SIGINT, signal.default_int_handler)

        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
            made = -1
            # Until all but those that hang have their answers: what is on its way when it stops is read by nobody.
            while made != (now := self._made(case)) or not self._made(case, "ListModels"):
                assert running.poll() is None
                made = now
                time.sleep(1)
            running.send_signal(signal.SIGINT)
            said, _ = running.communicate(timeout=25)

        assert running.returncode == 130, said
        assert said.splitlines()[-1] == "stopped"
        assert "Traceback" not in said
        assert Catalog(case.folder).latest().number == 1
        before = self._groups(case)
        assert sum(before.values()) > 0
        case.estate.aws.heal()
        case.estate.aws.forget_calls()
        assert case.harvest().code == 0
        assert not before.keys() & self._groups(case).keys()

    def _made(self, case, *operations: str) -> int:
        """How many calls were made: of these operations, or of all."""
        calls = case.estate.aws.calls()
        return sum(call.count for call in calls if not operations or call.operation in operations)

    def _groups(self, case) -> dict[str, int]:
        """How many groups of packages, which never change, were described in each account."""
        name = "DescribeModelPackageGroup"
        return {call.account: call.count for call in case.estate.aws.calls() if call.operation == name}
