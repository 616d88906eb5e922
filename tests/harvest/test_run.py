"""The harvest as a whole, against a server that checks roles, counts calls and fails on demand."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from tests.harvest.scripted import nothing

from studbook.demo.cloud.aws import FakeAws
from studbook.errors import CatalogError, HarvestError
from studbook.harvest.derive import derive_anew
from studbook.harvest.run import NoProgress, harvest, relink
from studbook.settings import Account, Dataset, Evaluator, Organization, Patience, Settings
from studbook.sources import SOURCES as EVERY_SOURCE
from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Describe, Listing, Resource, always
from studbook.sources.organizations import Organizations
from studbook.sources.s3 import S3
from studbook.store import Catalog

FIRST, SECOND = "222222222222", "333333333333"
REGION = "us-west-2"
MODELS = Resource(
    kind="model",
    listing=Listing(operation="ListModels", items="Models"),
    identify=lambda summary: summary["ModelArn"],
    describe=Describe(operation="DescribeModel", params=lambda summary: {"ModelName": summary["ModelName"]}),
    normalize=nothing,
    final=always,
)
SOURCES = (Declared("sagemaker", (MODELS,)), S3())


def reader(account: str) -> str:
    return f"arn:aws:iam::{account}:role/StudbookReader"


class Estate:
    """Two accounts with models and a dataset each."""

    def __init__(self, aws: FakeAws) -> None:
        self.aws = aws
        for account in (FIRST, SECOND):
            aws.role(reader(account), external_id="studbook-demo")
            aws.role(f"arn:aws:iam::{account}:role/Admin")
            for number in range(2):
                self.make_model(account, f"m{number}")
            s3 = self._client(account, "s3")
            s3.create_bucket(Bucket=f"data-{account}", CreateBucketConfiguration={"LocationConstraint": REGION})
            self.put(account, "chats/a", b"hello")

    def _client(self, account: str, service: str):
        session = self.aws.session(f"arn:aws:iam::{account}:role/Admin")
        return session.client(service, endpoint_url=self.aws.url, region_name=REGION)

    def make_model(self, account: str, name: str) -> None:
        self._client(account, "sagemaker").create_model(
            ModelName=name,
            ExecutionRoleArn=f"arn:aws:iam::{account}:role/x",
            PrimaryContainer={"Image": "image", "Environment": {"HF_TOKEN": "hunter2"}},
        )

    def delete_model(self, account: str, name: str) -> None:
        self._client(account, "sagemaker").delete_model(ModelName=name)

    def put(self, account: str, key: str, body: bytes) -> None:
        self._client(account, "s3").put_object(Bucket=f"data-{account}", Key=key, Body=body)


@pytest.fixture(scope="module")
def estate(fake_aws):
    return Estate(fake_aws)


@pytest.fixture
def aws(estate, monkeypatch):
    for name, value in estate.aws.environment().items():
        monkeypatch.setenv(name, value)
    yield estate.aws
    estate.aws.heal()


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path / "catalog")


def settings(**changed) -> Settings:
    accounts = tuple(
        Account(id=account, regions=(REGION,), role_arn=reader(account), external_id="studbook-demo")
        for account in (FIRST, SECOND)
    )
    datasets = tuple(Dataset(uri=f"s3://data-{account}/chats/", account=account) for account in (FIRST, SECOND))
    rates = {name: {"rate": 1000} for name in ("sagemaker", "s3")}
    patience = Patience(connect_timeout=2, read_timeout=2, attempts=2)
    return Settings(**{"accounts": accounts, "datasets": datasets, "sources": rates, "patience": patience, **changed})


def night(catalog, configured=None, **more):
    return harvest(configured or settings(), catalog, sources=SOURCES, **more)


def models(catalog, harvested, account):
    return {
        record.id.rsplit("/", 1)[-1]: record
        for record in catalog.records(harvested.envelope)
        if record.kind == "model" and record.account == account
    }


def statuses(harvested):
    return {(row.account, row.source): row.status for row in harvested.coverage}


class TestNights:
    def test_the_first(self, aws, catalog):
        """Everything is seen, and the snapshot says when and at what price."""
        harvested = night(catalog, now=datetime(2026, 11, 22, 2, 0, 0, 5, tzinfo=UTC))

        assert set(statuses(harvested).values()) == {"complete"}
        assert harvested.envelope.taken_at == "2026-11-22T02:00:00Z"
        assert [row.calls for row in harvested.coverage if row.account == FIRST] == [
            {"s3:GetBucketVersioning": 1, "s3:ListObjectsV2": 1, "sts:AssumeRole": 1},
            {"sagemaker:DescribeModel": 2, "sagemaker:ListModels": 1},
        ]
        assert not (catalog.root / ".harvest").exists()

    def test_nothing_changed(self, aws, catalog):
        """An unchanged night has the same content, describes nothing, and is chained to the night before."""
        first = night(catalog)
        aws.forget_calls()

        second = night(catalog)

        assert second.envelope.digest == first.envelope.digest
        assert second.envelope.previous == first.envelope.envelope
        assert not second.changed
        assert not [call for call in aws.calls() if call.operation.startswith("Describe")]

    def test_threads_do_not_matter(self, aws, tmp_path, monkeypatch):
        """One worker and many find the same content."""
        digests = set()
        for number in (1, 8):
            monkeypatch.setattr("studbook.harvest.run.WORKERS", number)
            digests.add(night(Catalog(tmp_path / str(number))).envelope.digest)

        assert len(digests) == 1

    def test_a_deletion(self, aws, estate, catalog):
        """What a complete listing lacks stays as a tombstone."""
        estate.make_model(FIRST, "doomed")
        night(catalog)
        estate.delete_model(FIRST, "doomed")

        harvested = night(catalog)

        assert models(catalog, harvested, FIRST)["doomed"].gone_since == 2

    def test_a_changed_dataset(self, aws, estate, catalog):
        """A new state of a dataset joins the earlier one, which is superseded, not gone."""
        estate.put(SECOND, "chats/b", b"1")
        night(catalog)
        estate.put(SECOND, "chats/b", b"2")

        harvested = night(catalog)

        versions = [
            asset
            for asset in catalog.assets(harvested.envelope)
            if asset.kind == "dataset_version" and SECOND in asset.id
        ]
        assert sorted((asset.attributes["current"], asset.gone_since) for asset in versions) == [
            (False, None),
            (True, None),
        ]

    def test_no_secret_is_kept(self, aws, catalog):
        """The models' token is in no record; the coverage says how many values were taken out."""
        harvested = night(catalog)

        assert all("hunter2" not in str(record.body) for record in catalog.records(harvested.envelope))
        assert [row.redacted for row in harvested.coverage if row.source == "sagemaker"] == [2, 2]


FAULTS = {
    "denied list": {"code": "AccessDeniedException", "operation": "ListModels"},
    "throttled for ever": {"code": "ThrottlingException", "operation": "ListModels"},
    "server error": {"code": "InternalFailure", "operation": "ListModels", "status": 500},
    "unknown operation": {"code": "UnknownOperationException", "operation": "ListModels"},
    "hanging": {"operation": "ListModels", "seconds": 3},
    "sessions refused": {"code": "ExpiredTokenException", "operation": "ListModels"},
}


class TestFaults:
    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    def test_one_partition(self, aws, catalog, fault):
        """One partition's failure is a named gap there, stales what was known of it, and touches nothing else."""
        first = night(catalog)
        aws.fault(account=FIRST, **fault)

        harvested = night(catalog)

        assert harvested.partial
        assert {key for key, status in statuses(harvested).items() if status != "complete"} == {(FIRST, "sagemaker")}
        (row,) = [row for row in harvested.coverage if row.gaps]
        assert row.gaps[0].operation == "ListModels"
        found = models(catalog, harvested, FIRST)
        assert found.keys() == models(catalog, first, FIRST).keys()
        assert {(record.stale_since, record.gone_since) for record in found.values()} == {(2, None)}
        others = models(catalog, harvested, SECOND).values()
        assert {(record.stale_since, record.gone_since) for record in others} == {(None, None)}

    def test_the_night_after(self, aws, catalog):
        """Once it can be seen again, all is as it was."""
        first = night(catalog)
        aws.fault(account=FIRST, code="AccessDeniedException", operation="ListModels")
        night(catalog)
        aws.heal()

        assert night(catalog).envelope.digest == first.envelope.digest

    def test_a_refused_role(self, aws, catalog):
        """An account whose role refuses is a gap in each of its partitions; the others are complete."""
        night(catalog)
        wrong = settings(
            accounts=(
                *settings().accounts[1:],
                Account(id=FIRST, regions=(REGION,), role_arn=reader(FIRST), external_id="wrong"),
            )
        )

        harvested = night(catalog, wrong)

        assert statuses(harvested) == {
            (FIRST, "s3"): "failed",
            (FIRST, "sagemaker"): "failed",
            (SECOND, "s3"): "complete",
            (SECOND, "sagemaker"): "complete",
        }
        assert all(record.gone_since is None for record in catalog.records(harvested.envelope))

    def test_a_denied_description(self, aws, estate, catalog):
        """A record that is listed and cannot be read is a gap; what is known of the others stands."""
        night(catalog)
        estate.make_model(FIRST, "secretive")
        aws.fault(account=FIRST, code="AccessDeniedException", operation="DescribeModel")

        harvested = night(catalog)

        assert statuses(harvested)[FIRST, "sagemaker"] == "partial"
        assert {record.stale_since for record in models(catalog, harvested, FIRST).values()} == {None}
        estate.delete_model(FIRST, "secretive")

    def test_a_session_revoked_on_the_way(self, aws, catalog):
        """A session that ends in the middle is renewed, and nobody notices."""
        aws.fault(code="ExpiredTokenException", account=FIRST, operation="DescribeModel", times=1)

        harvested = night(catalog)

        assert not harvested.partial

    def test_an_account_that_is_not_configured_any_more(self, aws, catalog):
        """What nobody looks at any more is stale, not gone, and has no row."""
        night(catalog)
        fewer = settings(accounts=settings().accounts[1:], datasets=())

        harvested = night(catalog, fewer)

        assert set(statuses(harvested)) == {(SECOND, "sagemaker")}
        assert {record.stale_since for record in models(catalog, harvested, FIRST).values()} == {2}

    def test_nothing_at_all(self, aws, catalog):
        """A harvest that could read nothing writes nothing."""
        aws.fault(code="AccessDenied", operation="AssumeRole")

        with pytest.raises(HarvestError):
            night(catalog)

        assert catalog.latest() is None

    def test_nothing_configured(self, catalog):
        """A configuration that names nothing is no empty estate."""
        with pytest.raises(HarvestError):
            harvest(Settings(), catalog)


class TestInterrupted:
    class Interrupt(NoProgress):
        """Somebody presses Ctrl-C when the third record is there."""

        def __init__(self) -> None:
            self._records = 0

        def seen(self, partition, kind, records):
            self._records += 1
            if self._records == 3:
                raise KeyboardInterrupt

    def test_is_clean_and_loses_nothing(self, aws, catalog, monkeypatch):
        """An interrupted harvest leaves no snapshot, and what it fetched is not fetched again."""
        monkeypatch.setattr("studbook.harvest.run.WORKERS", 1)
        with pytest.raises(KeyboardInterrupt):
            night(catalog, progress=self.Interrupt())
        assert catalog.latest() is None
        aws.forget_calls()

        night(catalog)

        described = sum(call.count for call in aws.calls() if call.operation == "DescribeModel")
        assert described <= 2
        assert not (catalog.root / ".harvest").exists()


class TestOlderSnapshots:
    def test_a_damaged_one_costs_no_night(self, aws, catalog):
        """A night begins from the latest; what is wrong with an older one is for `verify` to say."""
        night(catalog)
        night(catalog)
        catalog.snapshots.paths()[0].write_bytes(b"{}")

        assert night(catalog).envelope.number == 3


class TestRelink:
    def test_after_nights_with_changes_tells_the_same(self, aws, estate, catalog):
        """A new model, a dataset that drifted: what the nights linked is what the records say."""
        night(catalog)
        estate.make_model(FIRST, "later")
        night(catalog)
        estate.put(SECOND, "chats/b", b"more")
        latest = night(catalog)
        relinked = relink(settings(), catalog)
        assert relinked is not None
        assert not relinked.changed
        assert relinked.envelope.number == latest.envelope.number == 3

    def test_a_night_without_changes_links_nothing(self, aws, catalog, monkeypatch):
        """The lineage of the night before is taken as it is."""
        night(catalog)
        monkeypatch.setattr("studbook.harvest.derive.derive_anew", None)

        assert not night(catalog).changed

    def test_needs_no_aws(self, aws, catalog, monkeypatch):
        """The lineage is derived from the stored records alone; the same lineage is not written twice."""
        night(catalog)
        for name in os.environ:
            if name.startswith("AWS_"):
                monkeypatch.delenv(name)

        relinked = relink(settings(), catalog)

        assert relinked is not None
        assert not relinked.changed
        assert len(list(catalog.envelopes())) == 1

    def test_writes_what_changed(self, aws, catalog):
        """Another stage for an account is another lineage, with the time and coverage of the harvest it is from."""
        harvested = night(catalog)
        accounts = tuple(account.model_copy(update={"stage": "production"}) for account in settings().accounts)
        datasets = tuple(dataset.model_copy(update={"name": "chats"}) for dataset in settings().datasets)

        relinked = relink(settings(accounts=accounts, datasets=datasets), catalog)

        assert relinked is not None
        assert relinked.changed
        assert relinked.envelope.coverage == harvested.envelope.coverage
        assert relinked.envelope.parts.records == harvested.envelope.parts.records

    def test_a_night_that_ends_meanwhile_is_not_undone(self, aws, estate, catalog, monkeypatch):
        """What was linked are the records before it: they do not become the snapshot after it."""
        night(catalog)

        def after_a_night(*args, **options):
            estate.make_model(FIRST, "meanwhile")
            night(catalog)
            return derive_anew(*args, **options)

        monkeypatch.setattr("studbook.harvest.run.derive_anew", after_a_night)
        accounts = tuple(account.model_copy(update={"stage": "production"}) for account in settings().accounts)
        with pytest.raises(CatalogError, match="another harvest wrote snapshot 2 in the meantime"):
            relink(settings(accounts=accounts), catalog)

        assert [one.number for one in catalog.envelopes()] == [1, 2]
        assert "meanwhile" in {asset.name for asset in catalog.assets(catalog.latest())}

    def test_an_empty_catalog(self, catalog):
        """Where there is no snapshot there is nothing to derive."""
        assert relink(settings(), catalog) is None


class TestPolicy:
    def test_nothing_outside_what_sources_declare(self, aws, catalog):
        """Every call of a harvest with all sources is covered by an IAM action that a source declares."""
        declared = {action for source in EVERY_SOURCE for action in source.actions}
        aws.forget_calls()

        harvest(settings(evaluators=(Evaluator(function="*"), Evaluator(tag={"a": "b"}))), catalog)

        names = {"ListObjectsV2": "ListBucket", "ListObjectVersions": "ListBucketVersions"}
        called = {f"{call.service}:{names.get(call.operation, call.operation)}" for call in aws.calls()}
        assert {"s3:ListBucket", "lambda:ListFunctions", "sagemaker:ListHubs"} < called
        assert called - declared == {"sts:AssumeRole"}


class TestOrganization:
    def test_a_region_that_is_not_enabled(self, aws, catalog):
        """In an account that a sweep found, a region that refuses good credentials is skipped, not failed."""
        swept = settings().accounts[0]
        aws.fault(account=FIRST, service="sagemaker", code="UnrecognizedClientException")
        by_sweep = Swept(swept)

        harvested = harvest(
            settings(accounts=settings().accounts[1:], organization=by_sweep.organization),
            catalog,
            sources=(by_sweep, *SOURCES),
        )

        assert statuses(harvested)[FIRST, "sagemaker"] == "skipped"
        assert not harvested.partial


class Swept(Organizations):
    """An organisation of one account, told without the API."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.organization = Organization(
            role_name="StudbookReader", external_id=account.external_id, regions=account.regions
        )

    def collect(self, visit) -> None:
        body = {"Id": self._account.id, "Arn": "arn:aws:organizations::1:account/o/1", "State": "ACTIVE", "Units": []}
        visit.record("organization_account", body["Arn"], body, operation="ListAccounts")
        visit.listed("organization_account")
