"""Nights on which CloudTrail shows no write: what is listed, what is not, and what is found all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.harvest.quiet import settled
from studbook.harvest.rewrite import rewrite
from studbook.harvest.run import HarvestResult, NothingRead, harvest, relink
from studbook.model import Coverage, Record
from studbook.settings import Settings
from studbook.store import Catalog

REGION, EMPTY = "us-west-2", "eu-west-1"
BEGAN = datetime(2026, 11, 2, 2, tzinfo=UTC)
_NUMBERS = count(1)
OFF = {name: {"enabled": False} for name in ("lambda", "s3", "mlflow", "fsx")}


def reader(account: str) -> str:
    return f"arn:aws:iam::{account}:role/StudbookReader"


def settings(accounts: Sequence[str], **limits: int) -> Settings:
    return Settings.model_validate(
        {
            "accounts": [
                {"id": one, "regions": [REGION, EMPTY], "role_arn": reader(one), "external_id": EXTERNAL_ID}
                for one in accounts
            ],
            "sources": {
                "sagemaker": {"rate": 100_000},
                "cloudtrail": {"enabled": True, "rate": 2, "limits": limits},
                **OFF,
            },
            "patience": {"attempts": 2},
        }
    )


class Nights:
    """Two accounts with a model each, in one of two regions; two days before the first night."""

    def __init__(self, aws: FakeAws, folder: Path, number: int) -> None:
        self.aws, self.catalog = aws, Catalog(folder)
        self.account, self.other = f"1111{number:08}", f"2222{number:08}"
        aws.clock(BEGAN - timedelta(days=2))
        for account in (self.account, self.other):
            aws.role(reader(account), external_id=EXTERNAL_ID, allow=READER)
            aws.role(f"arn:aws:iam::{account}:role/DataScience")
            self.unseen(account, "CreateModel", ModelName="m", ExecutionRoleArn=f"arn:aws:iam::{account}:role/x")

    def at(self, day: float) -> None:
        self.aws.clock(BEGAN + timedelta(days=day))

    @property
    def settings(self) -> Settings:
        return settings((self.account, self.other))

    def arn(self, name: str) -> str:
        return f"arn:aws:sagemaker:{REGION}:{self.account}:{name}"

    def unseen(self, account: str, operation: str, **request: Any) -> None:
        """A call that no trail has."""
        self.aws.batch(account, REGION, [(operation, request)])

    def sagemaker(self, region: str = REGION) -> Any:
        session = self.aws.session(f"arn:aws:iam::{self.account}:role/DataScience")
        return session.client("sagemaker", region_name=region, endpoint_url=self.aws.url)

    def night(self, day: float, **limits: int) -> HarvestResult:
        self.at(day)
        self.aws.forget_calls()
        return harvest(settings((self.account, self.other), **limits), self.catalog, now=BEGAN + timedelta(days=day))

    def calls(self, region: str = REGION) -> list[str]:
        """What was asked of an account and region, but for the session."""
        made = [one for one in self.aws.calls() if (one.account, one.region) == (self.account, region)]
        return [one.operation for one in made if one.service != "sts" for _ in range(one.count)]

    def gone(self) -> list[str]:
        records = self.catalog.records(self.catalog.resolve("latest"))
        return [record.id for record in records if record.kind == "model" and record.gone_since is not None]

    def row(self, night: HarvestResult, source: str = "sagemaker", region: str = REGION) -> Coverage:
        (found,) = (one for one in night.coverage if one.partition == (self.account, region, source))
        return found


@pytest.fixture
def nights(fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Nights]:
    for name, value in fake_aws.environment().items():
        monkeypatch.setenv(name, value)
    yield Nights(fake_aws, tmp_path, next(_NUMBERS))
    fake_aws.heal()


class TestQuiet:
    def test_a_night_without_a_write(self, nights: Nights) -> None:
        """One call in place of a listing; the same content, nothing stale, and the coverage says why and since when."""
        first = nights.night(0)
        second = nights.night(1)
        third = nights.night(2)

        for night, began in ((second, "2026-11-02T01:00:00Z"), (third, "2026-11-03T01:00:00Z")):
            quiet = nights.row(night)
            assert (quiet.status, quiet.requests, quiet.records, quiet.gaps) == ("quiet", 0, 1, ())
            assert quiet.listed_at == "2026-11-02T02:00:00Z"
            assert quiet.reason == f"CloudTrail shows no write from {began} to {night.envelope.taken_at}"
            assert night.envelope.digest == first.envelope.digest
        # Asked again where the night before used up the two calls that an account has in a second.
        assert set(nights.calls()) == {"LookupEvents"}
        assert nights.row(first).reason is None
        assert Catalog(nights.catalog.root).resolve("latest") == third.envelope

    def test_a_deletion_is_found_by_its_event(self, nights: Nights) -> None:
        """The next night, also where the event came so late that the night after it could not see it."""
        nights.night(0)
        nights.night(1)
        nights.at(0.99)  # before the night that is over
        nights.sagemaker().delete_model(ModelName="m")

        night = nights.night(2)

        here = {one.account: one.status for one in night.coverage if one.partition[1:] == (REGION, "sagemaker")}
        assert here == {nights.account: "complete", nights.other: "quiet"}
        assert nights.gone() == [nights.arn("model/m")]

    def test_what_only_reads_or_opens_studio_is_no_write(self, nights: Nights) -> None:
        """Our own listings are in the trail as well."""
        nights.night(0)
        nights.at(0.5)
        nights.sagemaker().list_models()
        assert nights.row(nights.night(1)).status == "quiet"

    def test_a_deletion_without_an_event_is_found_within_the_rotation(self, nights: Nights) -> None:
        """Each of the four partitions is listed whole in one night of 28, and the deletion is found by its own."""
        nights.night(0)
        nights.unseen(nights.account, "DeleteModel", ModelName="m")

        whole: dict[tuple[str | None, str | None], int] = {}
        for day in range(1, 29):
            night = nights.night(day)
            now = {one.partition[:2]: one.status for one in night.coverage if one.source == "sagemaker"}
            assert set(now.values()) <= {"quiet", "complete"}
            listed = {place for place, status in now.items() if status == "complete"}
            assert not listed & whole.keys()
            whole |= dict.fromkeys(listed, day)
            assert bool(nights.gone()) is ((nights.account, REGION) in whole)

        assert sorted(whole) == [(one, at) for one in (nights.account, nights.other) for at in (EMPTY, REGION)]
        assert nights.gone() == [nights.arn("model/m")]

    def test_nights_that_are_skipped_are_made_up_for(self, nights: Nights) -> None:
        """Every second day, of an even number: each partition has its turn."""
        nights.night(0, rotation=4)
        whole = set()
        for day in (2, 4):
            night = nights.night(day, rotation=4)
            whole |= {one.partition for one in night.coverage if one.source == "sagemaker" and one.status == "complete"}
        assert len(whole) == 4

    def test_a_region_without_anything_is_asked_once_a_week(self, nights: Nights) -> None:
        """Neither its trail nor its listings on the other nights, and what comes there is found on its day."""
        nights.night(0)
        nights.at(0.5)
        nights.sagemaker(region=EMPTY).create_model(ModelName="n", ExecutionRoleArn="arn:aws:iam::1:role/x")
        asked = []
        for day in range(1, 8):
            night = nights.night(day)
            if nights.calls(region=EMPTY):
                asked.append(day)
                break
            told = nights.row(night, "cloudtrail", region=EMPTY)
            assert (told.status, told.listed_at) == ("quiet", "2026-11-02T02:00:00Z")
            assert "once in 7 days" in str(nights.row(night, region=EMPTY).reason)

        assert asked
        assert nights.row(night, region=EMPTY).status == "complete"
        assert nights.row(night, region=EMPTY).records == 1


class TestNeverQuiet:
    def test_a_trail_that_cannot_be_read(self, nights: Nights) -> None:
        """Denied: everything is listed, and the next night asks from the last window that was whole."""
        nights.night(0)
        nights.aws.fault("AccessDeniedException", service="cloudtrail", operation="LookupEvents")
        assert nights.row(nights.night(1)).status == "complete"
        nights.aws.heal()
        night = nights.night(2)
        assert str(nights.row(night).reason).startswith("CloudTrail shows no write from 2026-11-02T01:00:00Z")

    def test_a_gap(self, nights: Nights) -> None:
        """What was not seen whole is asked for until it is."""
        nights.night(0)
        nights.at(0.5)
        nights.sagemaker().create_model(ModelName="n", ExecutionRoleArn="arn:aws:iam::1:role/x")
        nights.aws.fault("AccessDeniedException", service="sagemaker", operation="ListModels")
        assert nights.row(nights.night(1)).status == "partial"
        nights.aws.heal()
        assert nights.row(nights.night(2)).status == "complete"

    def test_what_runs(self, nights: Nights) -> None:
        """A job ends without an event."""
        nights.unseen(
            nights.account,
            "CreateProcessingJob",
            ProcessingJobName="p",
            RoleArn="arn:aws:iam::1:role/x",
            AppSpecification={"ImageUri": "i"},
            ProcessingResources={},
        )
        nights.aws.fill(nights.arn("processing-job/p"), ProcessingJobStatus="InProgress")
        nights.night(0)
        assert nights.row(nights.night(1)).status == "complete"
        nights.aws.fill(nights.arn("processing-job/p"), ProcessingJobStatus="Completed")
        assert nights.row(nights.night(2)).status == "complete"
        assert nights.row(nights.night(3)).status == "quiet"

    def test_another_configuration(self, nights: Nights) -> None:
        """It may ask for what was never listed."""
        nights.night(0)
        assert nights.row(nights.night(1, rotation=27)).status == "complete"

    def test_a_relink_by_another_configuration(self, nights: Nights) -> None:
        """It asks for nothing: the night after it is the first one that does, and the one after that may be quiet."""
        nights.night(0, idle=6)
        linked = relink(nights.settings, nights.catalog)
        assert linked is not None
        assert linked.envelope.number == 2
        assert {row.status for row in nights.night(1).coverage} == {"complete"}
        assert nights.row(nights.night(2)).status == "quiet"

    def test_a_relink_by_the_same_rules(self, nights: Nights) -> None:
        """People's words alone are no reason to list anything."""
        nights.night(0)
        (nights.catalog.root / "waivers.yml").write_text(
            "- {rule: unevaluated, asset: 's3://a/', why: a pilot, who: ana, until: 2027-01-31}\n"
        )
        linked = relink(nights.settings, nights.catalog)
        assert linked is not None
        assert linked.envelope.number == 2
        assert nights.row(nights.night(1)).status == "quiet"

    def test_a_catalog_that_was_written_anew(self, nights: Nights, tmp_path: Path) -> None:
        """It names who took the secrets out, and nothing tells who had asked: the first night of its own asks for all,
        also after a relink. The next one may be quiet."""
        nights.night(0)
        nights.catalog.create("")
        anew = Catalog(tmp_path / "anew")
        rewrite(nights.catalog, nights.settings, anew, lambda envelope: None)
        nights.catalog = anew
        (anew.root / "waivers.yml").write_text(
            "- {rule: unevaluated, asset: 's3://a/', why: a pilot, who: ana, until: 2027-01-31}\n"
        )
        assert relink(nights.settings, anew) is not None
        assert {row.status for row in nights.night(1).coverage} == {"complete"}
        assert nights.row(nights.night(2)).status == "quiet"

    def test_nothing_answers(self, nights: Nights) -> None:
        """A region that is not asked tonight is no answer: nothing was read, and nothing is written."""
        nights.night(0)
        nights.aws.fault("AccessDeniedException")
        with pytest.raises(NothingRead) as caught:
            nights.night(1)
        assert {row.status for row in caught.value.coverage} == {"failed", "quiet"}
        assert nights.catalog.resolve("latest").number == 1

    def test_without_the_source(self, nights: Nights) -> None:
        """Nothing is quiet where nobody asks CloudTrail."""
        off = nights.settings
        trail = off.source("cloudtrail").model_copy(update={"enabled": False})
        off = off.model_copy(update={"sources": {**off.sources, "cloudtrail": trail}})
        for day in (0, 1):
            night = harvest(off, nights.catalog, now=BEGAN + timedelta(days=day))
        assert nights.row(night).status == "complete"

    def test_a_clock_that_goes_back(self, nights: Nights) -> None:
        """A window that begins after its end shows nothing."""
        nights.night(3)
        nights.at(2)
        nights.unseen(nights.account, "DeleteModel", ModelName="m")
        assert nights.row(nights.night(2)).status == "complete"


class TestSettled:
    def record(self, **body: Any) -> Record:
        arn = f"arn:aws:sagemaker:{REGION}:111122223333:thing/t"
        return Record(
            source="sagemaker", kind="thing", id=arn, account="111122223333", region=REGION, revision="r", body=body
        )

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({}, True),
            ({"TrainingJobStatus": "Completed", "SecondaryStatusTransitions": [{"Status": "Starting"}]}, True),
            ({"TrainingJobStatus": "Completed", "SecondaryStatus": "Uploading"}, True),
            ({"EndpointStatus": "InService"}, True),
            ({"EndpointStatus": "SystemUpdating"}, False),
            ({"CompilationJobStatus": "COMPLETED"}, True),
            ({"CompilationJobStatus": "INPROGRESS"}, False),
            ({"Status": {"PrimaryStatus": "InProgress"}}, False),
            ({"OfflineStoreStatus": {"Status": "Active"}}, True),
            ({"WarmPoolStatus": {"Status": "Available"}}, False),
            ({"MonitoringScheduleStatus": "Scheduled"}, False),
            ({"NewStatus": "AWordOfTomorrow"}, False),
            ({"DebugRuleEvaluationStatuses": [{"RuleEvaluationStatus": "InProgress"}]}, False),
            ({"TrainingEndTime": "2026-11-02T00:59:59Z"}, True),
            ({"TrainingEndTime": "2026-11-02T01:30:00.123Z"}, False),
        ],
    )
    def test_what_can_change_without_an_event(self, body: dict[str, Any], expected: bool) -> None:
        """By its statuses, and by what it did in the hour before it was listed."""
        assert settled([self.record(**body)], "2026-11-02T02:00:00Z") is expected

    def test_what_another_account_shares(self) -> None:
        """Its events are in the owner's trail."""
        shared = Record(
            source="sagemaker",
            kind="hub",
            id=f"arn:aws:sagemaker:{REGION}:444455556666:hub/h",
            account="111122223333",
            region=REGION,
            revision="r",
            body={},
        )
        assert not settled([shared], "2026-11-02T02:00:00Z")
