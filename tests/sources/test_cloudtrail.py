"""Who registered, approved, deployed and deleted, by real boto3 against the fake AWS; and the nights that follow."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from benchmarks.estate import ACCOUNT, READER_ROLE, REGION

from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.harvest.run import HarvestResult, harvest
from studbook.model import Record
from studbook.model.facts import ByName
from studbook.queries.answer import Night
from studbook.queries.audit_trail import audit_events
from studbook.queries.log import log
from studbook.queries.runs import runs
from studbook.rules import check_snapshot
from studbook.settings import Settings, SourceSettings
from studbook.sources.cloudtrail import SOURCE
from studbook.store import Catalog

ROLE = f"arn:aws:iam::{ACCOUNT}:role/DataScience"
MODEL = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m"
PACKAGE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/bot/1"
OFF = {name: {"enabled": False} for name in ("lambda", "s3", "mlflow")}
SETTINGS = Settings.model_validate(
    {
        "accounts": [{"id": ACCOUNT, "regions": [REGION], "role_arn": READER_ROLE, "external_id": EXTERNAL_ID}],
        "sources": {"sagemaker": {"rate": 100_000}, "cloudtrail": {"enabled": True}, **OFF},
    }
)
BEGAN = datetime(2026, 11, 19, 8, tzinfo=UTC)


class Estate:
    """One account, people in it, and a catalog of its nights."""

    def __init__(self, aws: FakeAws, folder: Path) -> None:
        self.aws, self.catalog = aws, Catalog(folder)
        aws.role(READER_ROLE, external_id=EXTERNAL_ID, allow=READER)
        aws.role(ROLE)
        aws.clock(BEGAN)

    def sagemaker(self, person: str) -> Any:
        session = self.aws.session(ROLE, name=person)
        return session.client("sagemaker", region_name=REGION, endpoint_url=self.aws.url)

    def registered(self, person: str) -> None:
        self.sagemaker(person).create_model_package_group(ModelPackageGroupName="bot")
        self.sagemaker(person).create_model_package(ModelPackageGroupName="bot")

    def approved(self, person: str) -> None:
        self.sagemaker(person).update_model_package(ModelPackageArn=PACKAGE, ModelApprovalStatus="Approved")

    def deployed(self, person: str, name: str) -> str:
        """A new endpoint, that serves a new model; its ARN."""
        sagemaker = self.sagemaker(person)
        sagemaker.create_model(ModelName="m")
        variant = {"VariantName": "all", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
        endpoint: str = sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="c")["EndpointArn"]
        return endpoint

    def night(self, number: int) -> HarvestResult:
        now = BEGAN + timedelta(days=number)
        self.aws.clock(now)
        self.aws.forget_calls()
        return harvest(SETTINGS, self.catalog, now=now)

    def told(self) -> Night:
        envelope = self.catalog.resolve("latest")
        return Night.of(self.catalog, envelope, self.catalog.graph(envelope), SETTINGS)

    def status(self) -> str:
        (row,) = (row for row in self.catalog.resolve("latest").coverage if row.source == "cloudtrail")
        return row.status

    def asked(self) -> int:
        return sum(call.count for call in self.aws.calls() if call.operation == "LookupEvents")

    def found(self) -> list[str]:
        envelope = self.catalog.resolve("latest")
        findings = check_snapshot(self.catalog, envelope, self.catalog.graph(envelope), SETTINGS)
        return [one.message for one in findings if one.rule == "approved-by-author"]


def who_did(night: Night, asset_id: str) -> list[tuple[str, str]]:
    """What the trail tells of an asset, and by whom."""
    several = audit_events(night.lineage, night.asset(asset_id))
    return [(event.what, str(event.actor).rpartition("/")[2]) for event in several]


@pytest.fixture
def estate(tmp_path: Path, empty_aws: FakeAws) -> Estate:
    found = Estate(empty_aws, tmp_path)
    (tmp_path / "studbook.yml").write_text("accounts: []\n")
    return found


class TestNights:
    def test_an_approval_has_its_actor(self, estate: Estate) -> None:
        """Who, when, from where, and the event's id: as an edge that names its record, and in the log."""
        estate.registered("ana")
        estate.approved("ravi")
        estate.night(1)

        night = estate.told()
        by = {event.what: event for event in audit_events(night.lineage, night.asset(PACKAGE))}
        assert by["registration"].actor == f"arn:aws:sts::{ACCOUNT}:assumed-role/DataScience/ana"
        assert by["approval"].actor == f"arn:aws:sts::{ACCOUNT}:assumed-role/DataScience/ravi"
        assert by["approval"].address == "203.0.113.17"
        (row,) = (row for row in log(night, PACKAGE).rows if row.event == "approval")
        assert (row.by, row.at) == (by["approval"].actor, by["approval"].at)
        assert row.note == f"CloudTrail event {by['approval'].event} from 203.0.113.17"
        (edge,) = night.lineage.upstream(PACKAGE, "associated", "approval")
        (evidence,) = edge.evidence
        assert evidence.operation == "cloudtrail:LookupEvents"
        assert night.record_of("trail_event", edge.source) is not None
        assert estate.found() == []

    def test_approved_by_its_author(self, estate: Estate) -> None:
        """With the trail it is a fact."""
        estate.registered("bo")
        estate.approved("bo")
        estate.night(1)

        (message,) = estate.found()
        assert f"was approved by arn:aws:sts::{ACCOUNT}:assumed-role/DataScience/bo, who registered it" in message

    def test_the_next_night_asks_from_the_last_one_on(self, estate: Estate) -> None:
        """What was seen before is not listed again, and is not stale; what is new comes to it."""
        estate.registered("ana")
        for _ in range(60):
            estate.sagemaker("ana").describe_model_package(ModelPackageName=PACKAGE)
        estate.night(1)
        assert estate.asked() > 1
        estate.aws.clock(BEGAN + timedelta(days=1, hours=9))
        estate.approved("ravi")
        estate.night(2)
        assert estate.asked() == 1

        night = estate.told()
        several = audit_events(night.lineage, night.asset(PACKAGE))
        assert [event.what for event in several] == ["registration", "approval"]
        assert [one.stale_since for one in night.lineage.of_kind("action")] == [None, None]

    def test_a_night_without_news_is_the_same_night(self, estate: Estate) -> None:
        """No time of a window is content."""
        estate.registered("ana")
        estate.night(1)
        assert not estate.night(2).changed

    def test_denied_is_a_gap_and_the_window_is_asked_for_again(self, estate: Estate) -> None:
        """Nothing else is lost; what happened in the night that could not be seen comes later."""
        estate.registered("ana")
        estate.night(1)
        estate.aws.fault("AccessDeniedException", service="cloudtrail", operation="LookupEvents")
        estate.aws.clock(BEGAN + timedelta(days=1, hours=9))
        estate.approved("ravi")
        estate.night(2)
        assert estate.status() == "failed"
        (row,) = (row for row in log(estate.told(), PACKAGE).rows if row.event == "approval" and row.is_ == "Approved")
        assert row.note == "no CloudTrail event"
        estate.aws.heal()
        estate.night(3)
        assert estate.status() == "complete"
        several = audit_events(estate.told().lineage, estate.told().asset(PACKAGE))
        assert [event.what for event in several] == ["registration", "approval"]

    def test_where_it_is_off_the_log_says_that_it_is_not_read(self, estate: Estate) -> None:
        """Nobody takes the silence of a source that was not asked for a trail that has nothing."""
        off = SETTINGS.model_copy(update={"sources": SETTINGS.sources | {"cloudtrail": SourceSettings(enabled=False)}})
        estate.registered("ana")
        harvest(off, estate.catalog, now=BEGAN)
        estate.approved("ravi")
        envelope = harvest(off, estate.catalog, now=BEGAN + timedelta(days=1)).envelope
        night = Night.of(estate.catalog, envelope, estate.catalog.graph(envelope), off)
        (row,) = (row for row in log(night, PACKAGE).rows if row.event == "approval" and row.is_ == "Approved")
        assert row.note == "CloudTrail not read"

    def test_an_event_is_no_sign_that_a_thing_is_still_there(self, estate: Estate) -> None:
        """Where SageMaker cannot be asked, what it showed is stale, whatever the trail tells of it."""
        estate.registered("ana")
        estate.night(1)
        estate.aws.clock(BEGAN + timedelta(days=1, hours=9))
        estate.approved("ravi")
        estate.aws.fault("AccessDeniedException", service="sagemaker", operation="List*")
        estate.night(2)
        assert estate.told().asset(PACKAGE).stale_since == 2

    def test_deployments_and_deletions(self, estate: Estate) -> None:
        """An endpoint knows who made it, and a tombstone who deleted it."""
        endpoint = estate.deployed("ana", "Live")
        estate.night(1)
        estate.aws.clock(BEGAN + timedelta(days=1, hours=9))
        estate.sagemaker("bo").delete_endpoint(EndpointName="Live")
        estate.night(2)

        night = estate.told()
        assert who_did(night, endpoint) == [("deployment", "ana"), ("deletion", "bo")]
        events = {row.event: row for row in log(night, endpoint).rows}
        assert str(events["gone"].by).endswith("/bo")

    def test_a_name_that_was_given_again(self, estate: Estate) -> None:
        """What was done to the endpoint that had the name before was not done to the one that has it."""
        endpoint = estate.deployed("ana", "Live")
        estate.aws.clock(BEGAN + timedelta(hours=1))
        estate.sagemaker("bo").delete_endpoint(EndpointName="Live")
        estate.aws.clock(BEGAN + timedelta(hours=2))
        estate.sagemaker("cy").create_endpoint(EndpointName="Live", EndpointConfigName="c")
        estate.night(1)

        night = estate.told()
        assert who_did(night, endpoint) == [("deployment", "cy")]
        earlier = f"{endpoint}@before-2026-11-19T10:00:00Z"
        assert who_did(night, earlier) == [("deployment", "ana"), ("deletion", "bo")]
        assert runs(night, MODEL).unknown == ()

        estate.aws.clock(BEGAN + timedelta(days=1, hours=1))
        estate.sagemaker("dan").delete_endpoint(EndpointName="Live")
        estate.sagemaker("eve").create_endpoint(EndpointName="Live", EndpointConfigName="c")
        estate.aws.fill(endpoint, CreationTime=(BEGAN + timedelta(days=1, hours=1, seconds=4)).timestamp())
        estate.night(2)
        night = estate.told()
        assert night.asset(endpoint).created_at == "2026-11-20T09:00:04Z"
        assert who_did(night, endpoint) == [("deployment", "eve")]
        assert who_did(night, f"{endpoint}@2026-11-19T10:00:00Z") == [("deployment", "cy"), ("deletion", "dan")]

    def test_what_was_deleted_before_the_first_night_hides_nothing(self, estate: Estate) -> None:
        """The trail names an endpoint that no listing shows, and says that it is gone: nothing runs there."""
        endpoint = estate.deployed("ana", "Gone")
        estate.sagemaker("ana").delete_endpoint(EndpointName="Gone")
        estate.night(1)

        night = estate.told()
        assert night.asset(endpoint).unresolved
        answer = runs(night, MODEL)
        assert (answer.rows, answer.unknown) == ((), ())


class TestNormalize:
    def event(self, name: str, **told: Any) -> Record:
        body = {
            "EventId": "e",
            "EventName": name,
            "EventTime": "2026-11-19T09:00:00Z",
            "CloudTrailEvent": json.dumps(told),
        }
        return Record(
            source="cloudtrail",
            kind="trail_event",
            id="cloudtrail:1/r/e",
            account=ACCOUNT,
            region=REGION,
            revision="e",
            body=body,
        )

    def test_an_approval(self) -> None:
        """The edge stands where the event names the version."""
        facts = SOURCE.normalize(self.event("UpdateModelPackage", requestParameters={"modelPackageArn": PACKAGE}))
        (edge,) = facts.edges
        assert (edge.target, edge.relation, edge.role) == (PACKAGE, "associated", "approval")
        assert edge.evidence[0].path == "CloudTrailEvent|requestParameters.modelPackageArn"

    @pytest.mark.parametrize(
        ("name", "told", "path"),
        [
            ("UpdateModelPackage", {"resources": [{"ARN": PACKAGE}]}, "resources[0].ARN"),
            (
                "CreateModelPackage",
                {"responseElements": None, "resources": [{"ARN": PACKAGE, "accountId": ACCOUNT}]},
                "resources[0].ARN",
            ),
            ("DeleteModelPackage", {"requestParameters": {}, "resources": [{"ARN": PACKAGE}]}, "resources[0].ARN"),
        ],
    )
    def test_what_is_named_among_the_resources_alone(self, name: str, told: dict[str, Any], path: str) -> None:
        """Where request and answer were left out, or name nothing."""
        (edge,) = SOURCE.normalize(self.event(name, **told)).edges
        assert (edge.target, edge.evidence[0].path) == (PACKAGE, f"CloudTrailEvent|{path}")

    def test_an_answer_that_was_left_out(self) -> None:
        """The request says by name what was made."""
        told = {"requestParameters": {"endpointName": "Live"}, "responseElements": None}
        (claim,) = SOURCE.normalize(self.event("CreateEndpoint", **told)).claims
        assert isinstance(claim, ByName)
        assert (claim.kind, claim.name, claim.role) == ("endpoint", "Live", "deployment")

    @pytest.mark.parametrize(
        "told",
        [
            {},
            {"resources": [{"ARN": "arn:aws:iam::1:role/x"}]},
            {"requestParameters": None},
            {"requestParameters": {"modelPackageArn": 7}},
        ],
    )
    def test_what_nobody_expects(self, told: dict[str, Any]) -> None:
        """An event that names nothing is an action without an edge."""
        facts = SOURCE.normalize(self.event("UpdateModelPackage", **told))
        assert [asset.kind for asset in facts.assets] == ["action"]
        assert facts.edges == []
