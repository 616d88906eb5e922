"""S3 Inventory in place of listing, over the wire: what S3 delivers of a bucket, and what comes of broken reports."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from studbook.api import Lineage
from studbook.api import open as open_catalog
from studbook.cli import main
from studbook.demo.cloud.aws import FakeAws
from studbook.demo.cloud.inventory import deliver
from studbook.harvest.doctor import examine
from studbook.harvest.run import HarvestResult, harvest
from studbook.model import Asset, Coverage, Record
from studbook.model.coverage import SKIPPED
from studbook.settings import Settings
from studbook.store import Catalog

ACCOUNT, BUCKET, REPORTS = "111111111111", "inventoried", "inventory-reports"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
PLACE = f"s3://{REPORTS}/all/{BUCKET}/nightly/"
KEYS = ("chats/b", "chats/a", "chats/", "chats/%41+1 ä.txt", "chats/v1/x", "chats/v1/y", "chats/v10/z", "beside/a")
FIELDS = ["Size", "LastModifiedDate", "ETag"]


class World(NamedTuple):
    """The bucket, and a catalog of its datasets."""

    aws: FakeAws
    s3: Any
    catalog: Path

    def configure(
        self, *, fields: list[str] = FIELDS, versions: str = "All", of: str = "CSV", prefix: str = ""
    ) -> None:
        to = {"Bucket": f"arn:aws:s3:::{REPORTS}", "Format": of, "Prefix": "all"}
        configuration: dict[str, Any] = {
            "Id": "nightly",
            "IsEnabled": True,
            "IncludedObjectVersions": versions,
            "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": to},
            "OptionalFields": fields,
        }
        configuration |= {"Filter": {"Prefix": prefix}} if prefix else {}
        self.s3.put_bucket_inventory_configuration(Bucket=BUCKET, Id="nightly", InventoryConfiguration=configuration)

    def deliver(self, day: int = 0) -> None:
        assert deliver(self.s3, BUCKET, "nightly", NOW + timedelta(days=day)) == PLACE

    def night(self, day: int = 0, **dataset: Any) -> HarvestResult:
        said = {"inventory": PLACE, **dataset}
        return harvest(settings(**said), Catalog(self.catalog), now=NOW + timedelta(days=day, hours=1))

    def calls(self) -> dict[str, int]:
        """Of S3, without those for the dataset that is listed."""
        beside = ("GetBucketVersioning", "ListObjectVersions")
        return {
            one.operation: one.count for one in self.aws.calls() if one.service == "s3" and one.operation not in beside
        }

    def assets(self) -> list[Asset]:
        catalog = Catalog(self.catalog)
        latest = catalog.latest()
        assert latest is not None
        return [one for one in catalog.assets(latest) if f"{BUCKET}/beside/" not in one.id]

    def states(self) -> list[Record]:
        catalog = Catalog(self.catalog)
        latest = catalog.latest()
        assert latest is not None
        return [one for one in catalog.records(latest) if one.body.get("DatasetName") == "chats"]


def settings(**dataset: Any) -> Settings:
    dataset = {name: value for name, value in dataset.items() if value is not None}
    return Settings.model_validate(
        {
            "accounts": [{"id": ACCOUNT, "regions": ["us-west-2"], "role_arn": ROLE}],
            "datasets": [
                {"uri": f"s3://{BUCKET}/chats/", "name": "chats", "account": ACCOUNT, **dataset},
                {"uri": f"s3://{BUCKET}/beside/", "name": "beside", "account": ACCOUNT},
            ],
            "sources": {name: {"enabled": False} for name in ("sagemaker", "lambda", "fsx", "mlflow")},
        }
    )


def gaps(night: HarvestResult) -> list[tuple[str, str]]:
    return [(gap.code, gap.message) for gap in row(night).gaps if gap.code != SKIPPED]


def row(night: HarvestResult) -> Coverage:
    return next(one for one in night.coverage if one.source == "s3")


@pytest.fixture
def world(fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    for name, value in fake_aws.environment().items():
        monkeypatch.setenv(name, value)
    fake_aws.heal()
    fake_aws.clock(NOW - timedelta(days=3))
    fake_aws.role(ROLE)
    s3 = fake_aws.session(ROLE).client("s3", endpoint_url=fake_aws.url)
    for name in (BUCKET, REPORTS):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for key in KEYS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"" if key.endswith("/") else b"old")
    fake_aws.clock(NOW - timedelta(days=2))
    for key in ("chats/b", "chats/gone"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"newer")
    s3.delete_object(Bucket=BUCKET, Key="chats/gone")
    yield World(fake_aws, s3, tmp_path)
    for name in (BUCKET, REPORTS):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                s3.delete_object(Bucket=name, Key=one["Key"], VersionId=one["VersionId"])
        s3.delete_bucket(Bucket=name)


class TestStates:
    @pytest.mark.parametrize("by", ["fingerprint", "subprefixes"])
    @pytest.mark.parametrize("of", ["CSV", "Parquet"])
    @pytest.mark.parametrize("versions", ["All", "Current"])
    def test_the_same_as_by_listing(self, world: World, of: str, versions: str, by: str) -> None:
        """Ids, numbers and times are those that a listing of the same objects gives; the keys are not kept."""
        world.configure(of=of, versions=versions)
        world.deliver()
        assert row(world.night(versions=by)).status == "complete"
        counted = world.states()

        listed = replace_catalog(world)
        listed.night(versions=by, inventory=None)

        for ours, theirs in zip(counted, listed.states(), strict=True):
            contents = theirs.body["Contents"]
            assert ours.id == theirs.id
            assert ours.body["Objects"] == len(contents)
            assert ours.body["Bytes"] == sum(one["Size"] for one in contents)
            assert ours.body["Newest"] == max(one["LastModified"] for one in contents)
            assert ours.body["Oldest"] == min(one["LastModified"] for one in contents)
            assert "Contents" not in ours.body

    def test_it_is_as_of_its_date(self, world: World) -> None:
        """The asset says until when it is known, the coverage by which report; no edge says more than inferred."""
        world.configure()
        world.deliver()
        world.s3.put_object(Bucket=BUCKET, Key="chats/since", Body=b"x")

        night = world.night()

        (said,) = [gap.message for gap in row(night).gaps]
        assert f"as of 2026-11-20T02:00:00Z, by {PLACE}2026-11-20T02-00Z/manifest.json" in said
        (state,) = [one for one in world.assets() if one.kind == "dataset_version"]
        assert (state.attributes["seen_at"], state.attributes["objects"]) == ("2026-11-20T02:00:00Z", 7)
        catalog = Catalog(world.catalog)
        latest = catalog.latest()
        assert latest is not None
        (edge,) = [one for one in catalog.edges(latest) if one.target == state.id]
        assert (edge.relation, edge.certainty) == ("has_version", "inferred")

    def test_a_report_is_read_once(self, world: World) -> None:
        """A night without a newer report asks for its manifest alone, and says the same; a newer one is read."""
        world.configure()
        world.deliver()
        world.night()
        (before,) = world.states()
        world.aws.forget_calls()
        world.night(1)
        assert world.calls() == {"GetBucketInventoryConfiguration": 1, "ListObjectsV2": 1, "GetObject": 2}
        assert world.states() == [before]

        world.deliver(2)
        world.night(2)

        (now,) = world.states()
        assert (now.id, now.body["Inventory"]["CreatedAt"]) == (before.id, "2026-11-22T02:00:00Z")

    def test_nothing_is_there(self, world: World) -> None:
        """An inventory that shows nothing under a prefix says that it is empty: the dataset, and no version of it."""
        world.configure()
        world.deliver()
        world.night(uri=f"s3://{BUCKET}/nowhere/")
        (state,) = world.states()
        assert (state.body["Objects"], state.body["Newest"]) == (0, None)
        assert [one.kind for one in world.assets()] == ["dataset"]


def replace_catalog(world: World) -> World:
    return world._replace(catalog=world.catalog / "another")


def spoiled(world: World, key: str, change: Callable[[bytes], bytes | None]) -> None:
    raw = world.s3.get_object(Bucket=REPORTS, Key=key)["Body"].read()
    if (other := change(raw)) is None:
        world.s3.delete_object(Bucket=REPORTS, Key=key)
    else:
        world.s3.put_object(Bucket=REPORTS, Key=key, Body=other)


FOLDER = f"all/{BUCKET}/nightly"
TORN = {
    "checksum": (f"{FOLDER}/2026-11-21T02-00Z/manifest.checksum", lambda raw: b"0" * 32),
    "manifest": (f"{FOLDER}/2026-11-21T02-00Z/manifest.json", lambda raw: raw[:-9]),
    "file gone": (f"{FOLDER}/data/20261121-1.csv.gz", lambda raw: None),
    "file cut": (f"{FOLDER}/data/20261121-1.csv.gz", lambda raw: raw[:-1]),
    "file changed": (f"{FOLDER}/data/20261121-1.csv.gz", lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])),
}


class TestTorn:
    @pytest.mark.parametrize("how", TORN)
    def test_the_newest_whole_report_is_taken(self, world: World, how: str) -> None:
        """Where a checksum does not fit, or a file is missing, the report before it tells, and that is a gap."""
        world.configure()
        world.deliver()
        world.s3.put_object(Bucket=BUCKET, Key="chats/since", Body=b"x")
        world.deliver(1)
        spoiled(world, *TORN[how])

        night = world.night(1)

        (state,) = world.states()
        assert state.body["Inventory"]["CreatedAt"] == "2026-11-20T02:00:00Z"
        ((code, _),) = gaps(night)
        assert code in ("InventoryTorn", "NoSuchKey", "InvalidRange")
        assert any("as of 2026-11-20T02:00:00Z" in gap.message for gap in row(night).gaps)

    def test_one_that_is_being_delivered(self, world: World) -> None:
        """A folder without its manifest is no failure: the report before it tells, and that is said."""
        world.configure()
        world.deliver()
        world.deliver(1)
        spoiled(world, f"{FOLDER}/2026-11-21T02-00Z/manifest.checksum", lambda raw: None)
        night = world.night(1)
        assert (row(night).status, gaps(night)) == ("complete", [])
        assert any("2026-11-21T02-00Z" in gap.message for gap in row(night).gaps)

    def test_never_an_older_one_than_was_read(self, world: World) -> None:
        """What an older report shows again was gone: where the one that was read is torn, nothing is said anew."""
        world.configure()
        world.deliver()
        world.s3.put_object(Bucket=BUCKET, Key="chats/since", Body=b"x")
        world.deliver(1)
        world.night(1)
        (before,) = world.states()
        spoiled(world, *TORN["checksum"])

        night = world.night(2)

        assert {code for code, _ in gaps(night)} == {"InventoryTorn", "InventoryOlder"}
        (state,) = world.states()
        assert (state.id, state.stale_since) == (before.id, 2)


class TestRefused:
    @pytest.mark.parametrize("lacking", FIELDS)
    def test_a_column_that_is_needed(self, world: World, lacking: str) -> None:
        """Without size, ETag or time there is no state, and the message says what to add."""
        world.configure(fields=[name for name in FIELDS if name != lacking])
        world.deliver()
        ((code, message),) = gaps(world.night())
        assert (code, f"lacks {lacking}; add" in message, world.states()) == ("InventoryColumns", True, [])

    @pytest.mark.parametrize(
        ("change", "code", "words"),
        [
            ({"fileFormat": "ORC"}, "InventoryFormat", "CSV or Parquet"),
            ({"sourceBucket": "another"}, "OtherBucket", "name the one of the dataset's bucket"),
            ({"fileSchema": "Bucket, Key, VersionId, Size, LastModifiedDate, ETag"}, "InventoryColumns", "IsLatest"),
        ],
    )
    def test_what_is_not_understood(self, world: World, change: dict[str, str], code: str, words: str) -> None:
        """Another format, another bucket, versions without the column that says which one counts: never a guess."""
        world.configure()
        world.deliver()
        dated = f"{FOLDER}/2026-11-20T02-00Z"
        raw = world.s3.get_object(Bucket=REPORTS, Key=f"{dated}/manifest.json")["Body"].read()
        other = json.dumps({**json.loads(raw), **change}).encode()
        world.s3.put_object(Bucket=REPORTS, Key=f"{dated}/manifest.json", Body=other)
        world.s3.put_object(
            Bucket=REPORTS, Key=f"{dated}/manifest.checksum", Body=hashlib.md5(other).hexdigest().encode()
        )
        ((got, message),) = gaps(world.night())
        assert (got, words in message, world.states()) == (code, True, [])

    def test_a_filter_that_leaves_it_out(self, world: World) -> None:
        """An inventory of another prefix says nothing of a dataset beside it: not that it is empty."""
        world.configure(prefix="chats/v1/")
        world.deliver()
        ((code, message),) = gaps(world.night())
        assert (code, f"covers s3://{BUCKET}/chats/v1/ alone" in message) == ("NotCovered", True)
        assert world.states() == []

    @pytest.mark.parametrize(
        ("then", "uri", "by", "beside"),
        [
            ("chats/", "beside2/", "fingerprint", "beside2/a"),  # nothing of it is in the report
            ("chats/", "beside2/", "subprefixes", "beside2/v1/"),
            ("chats/v1/", "chats/", "fingerprint", "chats/"),  # a part of it is
            ("chats/v1", "chats/", "subprefixes", "chats/"),
            ("", "beside2/", "fingerprint", "beside2/a"),  # the report is older than the dataset
            ("chats/%", "", "fingerprint", "beside/a"),  # the whole bucket, of which one object was in the report
        ],
    )
    def test_a_filter_that_was_another_at_the_report(
        self, world: World, then: str, uri: str, by: str, beside: str
    ) -> None:
        """What a report leaves out of a dataset, although it is there, is not said to be gone: a gap names it and the
        report, what was known stays, stale, and the next report by the wider filter tells."""
        world.configure(prefix=then)
        if then:
            self.put(world)
        world.deliver()
        if not then:
            self.put(world)
        world.configure()
        dataset = {"uri": f"s3://{BUCKET}/{uri}", "versions": by}
        world.night(**dataset, inventory=None)
        before = {one.id for one in world.states() if one.gone_since is None}
        assert before

        night = world.night(1, **dataset)

        ((code, message),) = gaps(night)
        assert (code, f"s3://{BUCKET}/{beside} is not in {PLACE}2026-11-20T02-00Z" in message) == ("NotInReport", True)
        now = world.states()
        assert {one.id for one in now} == before
        assert {(one.gone_since, one.stale_since) for one in now} == {(None, 2)}
        world.deliver(2)
        assert row(world.night(2, **dataset)).status == "complete"
        assert {one.id for one in world.states() if one.gone_since is None} == before

    def put(self, world: World) -> None:
        for key in ("beside2/a", "beside2/v1/b"):
            world.s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")

    def test_a_filter_that_shows_one_folder(self, world: World) -> None:
        """A dataset whose objects all lie in one folder of it is told: S3 says that nothing else is there, or nothing
        as old as the report."""
        world.s3.put_object(Bucket=BUCKET, Key="one/folder/a", Body=b"x")
        world.configure(prefix="one/folder/")
        world.deliver()
        world.configure()
        world.aws.clock(NOW + timedelta(hours=2))
        world.s3.put_object(Bucket=BUCKET, Key="one/since", Body=b"x")
        world.aws.forget_calls()

        night = world.night(uri=f"s3://{BUCKET}/one/")

        assert (row(night).status, [one.body["Objects"] for one in world.states()]) == ("complete", [1])
        assert world.calls()["ListObjectsV2"] == 2

    def test_who_may_not_ask_what_else_there_is(self, world: World) -> None:
        """Where nobody may list what a report does not show, it is not known: a gap with the action to allow."""
        world.configure()
        world.deliver()
        world.aws.fault(service="s3", operation="ListObjectsV2", seconds=0, times=1)  # where the reports lie
        world.aws.fault("AccessDenied", service="s3", operation="ListObjectsV2", account=ACCOUNT)

        night = world.night(uri=f"s3://{BUCKET}/nowhere/")

        ((code, message),) = gaps(night)
        assert (code, f"needs s3:ListBucket on s3://{BUCKET}" in message, world.states()) == ("AccessDenied", True, [])

    def test_an_empty_dataset_is_looked_at_every_night(self, world: World) -> None:
        """Something that came since is no empty dataset, though the report is the same."""
        world.configure()
        world.deliver()
        dataset = {"uri": f"s3://{BUCKET}/later/"}
        assert row(world.night(**dataset)).status == "complete"
        world.s3.put_object(Bucket=BUCKET, Key="later/a", Body=b"x")

        assert [code for code, _ in gaps(world.night(1, **dataset))] == ["NotInReport"]
        (state,) = world.states()
        assert (state.body["Objects"], state.stale_since) == (0, 2)

    def test_a_report_older_than_a_listing(self, world: World) -> None:
        """A dataset that was listed until now is not told as it was before that."""
        world.configure()
        world.deliver()
        world.aws.clock(NOW + timedelta(hours=2))
        world.s3.put_object(Bucket=BUCKET, Key="chats/since", Body=b"x")
        world.night(inventory=None)
        (before,) = world.states()

        assert [code for code, _ in gaps(world.night(1))] == ["InventoryOlder"]
        assert [(one.id, one.gone_since) for one in world.states()] == [(before.id, None)]

    def test_none_was_delivered(self, world: World) -> None:
        """A gap that says how long the first one takes; and doctor says so before a night does."""
        world.configure()
        ((code, message),) = gaps(world.night())
        assert (code, "48 hours" in message) == ("NoInventory", True)
        problems = [one for check in examine(settings(inventory=PLACE)).checks for one in check.problems]
        assert [one.code for one in problems] == ["NoInventory"]

    def test_doctor_reads_no_files(self, world: World) -> None:
        """It looks at the configuration and the newest manifest."""
        world.configure()
        world.deliver()
        world.aws.forget_calls()
        assert examine(settings(inventory=PLACE)).well
        assert world.calls() == {"GetBucketInventoryConfiguration": 1, "ListObjectsV2": 1, "GetObject": 2}


class TestNotThere:
    """A bucket, an inventory or a report that is not there or not to be read: a gap with its cure, and the night goes
    on with what is listed; what was known stays, stale."""

    def gap(self, world: World, night: HarvestResult) -> tuple[str, str, str]:
        assert row(night).status == "partial"
        catalog = Catalog(world.catalog)
        latest = catalog.resolve("latest")
        listed = [one for one in catalog.records(latest) if one.body.get("DatasetName") == "beside"]
        assert [(one.stale_since, len(one.body["Contents"])) for one in listed] == [(None, 1)]
        (gap,) = [gap for gap in row(night).gaps if gap.code != SKIPPED]
        return gap.operation, gap.code, gap.message

    @pytest.mark.parametrize(
        ("dataset", "operation", "cure"),
        [
            ({"uri": "s3://nobody-has-this/chats/"}, "GetBucketInventoryConfiguration", "'uri' names"),
            ({"inventory": "s3://nobody-has-this/all/inventoried/nightly/"}, "ListObjectsV2", "'inventory' names"),
        ],
    )
    def test_a_bucket(self, world: World, dataset: dict[str, str], operation: str, cure: str) -> None:
        """Of the dataset, or of the reports: which one, and which line of the configuration to mend."""
        world.configure()
        world.deliver()
        asked, code, message = self.gap(world, world.night(**dataset))
        assert (asked, code) == (operation, "NoSuchBucket")
        assert f"{cure} s3://nobody-has-this" in message
        assert world.states() == []

    def test_an_inventory(self, world: World) -> None:
        """No configuration of that id: how the place is spelt."""
        world.configure()
        place = PLACE.replace("nightly", "weekly")
        asked, code, message = self.gap(world, world.night(inventory=place))
        assert (asked, code) == ("GetBucketInventoryConfiguration", "NoSuchInventory")
        assert f"s3://{BUCKET} has no inventory 'weekly'" in message

    def test_a_manifest(self, world: World) -> None:
        """One whose checksum alone lies there is no report; where it is the only one, the gap says what to look for."""
        world.configure()
        world.deliver()
        spoiled(world, f"{FOLDER}/2026-11-20T02-00Z/manifest.json", lambda raw: None)
        night = world.night()
        asked, code, message = self.gap(world, night)
        assert (asked, code, "is it the folder with the dates?" in message) == ("GetObject", "NoInventory", True)
        assert any("2026-11-20T02-00Z" in gap.message and "no manifest" in gap.message for gap in row(night).gaps)

    @pytest.mark.parametrize(
        ("operation", "action"),
        [
            ("GetBucketInventoryConfiguration", f"s3:GetInventoryConfiguration on s3://{BUCKET}"),
            ("ListObjectsV2", f"s3:ListBucket on s3://{REPORTS}"),
            ("GetObject", f"s3:GetObject below {PLACE}"),
        ],
    )
    def test_denied(self, world: World, operation: str, action: str) -> None:
        """Which action on what; and the state of the night before is carried over, of which nobody says it is gone."""
        world.configure()
        world.deliver()
        world.night()
        (before,) = world.states()
        world.aws.fault("AccessDenied", service="s3", operation=operation, account=ACCOUNT)

        night = world.night(1)

        asked, code, message = self.gap(world, night)
        assert (asked, code, action in message, "studbook iam" in message) == (operation, "AccessDenied", True, True)
        (now,) = world.states()
        assert (now.id, now.stale_since, now.gone_since) == (before.id, 2, None)


class TestQuestions:
    """What is said of a dataset that S3 Inventory tells: its date, and nothing of single objects."""

    REGION = "eu-north-1"
    JOB = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/of-the-inventory"

    @pytest.fixture
    def told(self, world: World) -> Iterator[Lineage]:
        """A night with a job that read the dataset a day after its last object came, and a day before the report."""
        world.configure()
        world.aws.clock(NOW - timedelta(days=1))
        sagemaker = world.aws.session(ROLE).client("sagemaker", endpoint_url=world.aws.url, region_name=self.REGION)
        with suppress(sagemaker.exceptions.ClientError):  # the fake is shared, and this job stays
            sagemaker.create_training_job(
                TrainingJobName="of-the-inventory",
                RoleArn=ROLE,
                AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
                InputDataConfig=[
                    {
                        "ChannelName": "train",
                        "DataSource": {
                            "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/chats/"},
                        },
                    }
                ],
                OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out/"},
                ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                StoppingCondition={"MaxRuntimeInSeconds": 60},
            )
        began = (NOW - timedelta(days=1)).isoformat()
        world.aws.fill(self.JOB, TrainingJobStatus="Completed", TrainingStartTime=began, TrainingEndTime=began)
        world.deliver()
        made = settings(inventory=PLACE)
        account = made.accounts[0].model_copy(update={"regions": (self.REGION,)})
        watched = {**made.sources, "sagemaker": made.source("sagemaker").model_copy(update={"enabled": True})}
        harvest(
            made.model_copy(update={"accounts": (account,), "sources": watched}),
            Catalog(world.catalog),
            now=NOW + timedelta(hours=1),
        )
        with open_catalog(world.catalog) as lineage:
            yield lineage

    @pytest.mark.parametrize("key", ["b", "no-such-object"])
    def test_an_incident_with_one_object(self, told: Lineage, key: str) -> None:
        """Whether the object was there nobody knows: the job is hit possibly, neither for certain nor cleared."""
        rows = {row.asset: row for row in told.incident(f"s3://{BUCKET}/chats/{key}").rows}
        assert rows[self.JOB].status == "possible"
        assert rows[self.JOB].because.endswith("by S3 Inventory as of 2026-11-20T02:00:00Z, whose objects are not kept")

    def test_reproduce(self, told: Lineage, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        """The state is named with the date of the report; of later times nothing is told, and no object is pinned."""
        with pytest.raises(SystemExit):
            main(["reproduce", self.JOB, "--catalog", str(world.catalog), "--format", "json"])
        said = json.loads(capsys.readouterr().out)
        (state,) = [one["value"] for one in said["pins"] if one["part"] == "data (train)"]
        assert [one["message"] for one in said["reasons"] if one["part"] == "data (train)"] == [
            f"{state} is as of 2026-11-20T02:00:00Z, by S3's inventory: whether it has changed is not told",
            f"that it read {state} is inferred from S3's inventory",
        ]
        assert (said["verdict"], said["manifests"]) == ("close", [])

    def test_evidence(self, told: Lineage, world: World, tmp_path: Path) -> None:
        """The pack has the record with the report's date, no list of objects, and says why there is none."""
        with pytest.raises(SystemExit):
            main(["export", "evidence", self.JOB, "--catalog", str(world.catalog), "--output", str(tmp_path / "e.zip")])
        with zipfile.ZipFile(tmp_path / "e.zip") as pack:
            names = pack.namelist()
            readme, records = pack.read("README.txt").decode(), pack.read("records.jsonl").splitlines()
        (state,) = [one for one in map(json.loads, records) if one["kind"] == "s3_prefix"]
        assert state["body"]["Inventory"]["CreatedAt"] == "2026-11-20T02:00:00Z"
        assert "Contents" not in state["body"]
        assert not [name for name in names if name.startswith("manifests/")]
        assert "S3 Inventory" in readme
        with pytest.raises(SystemExit) as end:
            main(["verify", str(tmp_path / "e.zip")])
        assert end.value.code == 0
