"""Registry, cards and serving over HTTP: what a reader's role sees of them, and what the next night costs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from benchmarks.estate import ACCOUNT, READER_ROLE, REGION, settings

from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.harvest.run import harvest
from studbook.model import Asset, Record
from studbook.queries.walks import runs
from studbook.store import Catalog

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
DIGEST = f"sha256:{hashlib.sha256(b'registry.example/serve:1').hexdigest()}"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
CONTENT = {
    "model_overview": {"model_id": f"{ARN}:model/bot"},
    "intended_uses": {"risk_rating": "High", "purpose_of_model": "Answers"},
}


class Account:
    """One account with a registry, and a catalog of it."""

    def __init__(self, aws: FakeAws, catalog: Catalog) -> None:
        self.aws = aws
        self.catalog = catalog

    def make(self, operation: str, **request: Any) -> None:
        self.aws.batch(ACCOUNT, REGION, [(operation, request)])

    def night(self) -> dict[str, int]:
        """Harvests, and gives the calls to SageMaker by operation."""
        self.aws.forget_calls()
        harvested = harvest(settings(), self.catalog)
        assert [gap for row in harvested.coverage for gap in row.gaps] == []
        return {call.operation: call.count for call in self.aws.calls() if call.service == "sagemaker"}

    def record(self, kind: str, tail: str) -> Record:
        envelope = self.catalog.resolve("latest")
        found = self.catalog.record_of(envelope)(kind, f"{ARN}:{tail}")
        assert found is not None
        return found

    def assets(self) -> dict[str, Asset]:
        return {
            asset.id.removeprefix(f"{ARN}:"): asset for asset in self.catalog.assets(self.catalog.resolve("latest"))
        }

    def arrows(self) -> set[tuple[str, str, str]]:
        return {
            (edge.source.removeprefix(f"{ARN}:"), edge.relation, edge.target.removeprefix(f"{ARN}:"))
            for edge in self.catalog.edges(self.catalog.resolve("latest"))
        }


@pytest.fixture
def account(tmp_path, empty_aws):
    empty_aws.role(READER_ROLE, external_id=EXTERNAL_ID, allow=READER)
    return Account(empty_aws, Catalog(tmp_path / "catalog"))


class TestPackages:
    def test_trap_listings_hide_versions_or_packages_without_a_group(self, account):
        """Both are found, by one listing; the one without a group brings its tags, and tomorrow costs no more."""
        account.make("CreateModelPackageGroup", ModelPackageGroupName="bot")
        account.make("CreateModelPackage", ModelPackageGroupName="bot")
        tags = [{"Key": "team", "Value": "bots"}]
        account.make("CreateModelPackage", ModelPackageName="lone", Tags=tags)
        account.make("CreateModel", ModelName="served", PrimaryContainer={"ModelPackageName": "lone"})

        first = account.night()
        second = account.night()

        assert account.assets()["model-package/lone"].tags == {"team": "bots"}
        assert ("model-package/lone", "packaged_as", "model/served") in account.arrows()
        assert ("model-package-group/bot", "has_version", "model-package/bot/1") in account.arrows()
        assert first["ListModelPackages"] == second["ListModelPackages"] == 1
        assert "DescribeModelPackage" not in first
        assert "ListTags" not in first

    def test_without_search_the_record_is_the_same(self, account):
        """Tags and card are in the record whichever call brought it."""
        account.make("CreateModelPackage", ModelPackageName="lone", Tags=[{"Key": "team", "Value": "bots"}])
        account.night()
        with_search = account.record("model_package", "model-package/lone")
        account.aws.fault("AccessDeniedException", operation="Search")

        harvest(settings(), Catalog(account.catalog.root.parent / "other"))

        other = Catalog(account.catalog.root.parent / "other")
        record = other.record_of(other.resolve("latest"))("model_package", f"{ARN}:model-package/lone")
        assert record == with_search


class TestCards:
    def card(self, account, **more):
        account.make("CreateModelPackageGroup", ModelPackageGroupName="bot")
        account.make(
            "CreateModelPackage",
            ModelPackageGroupName="bot",
            ModelCard={"ModelCardContent": json.dumps(CONTENT), "ModelCardStatus": "Draft"},
            **more,
        )

    def test_trap_metadata_only_is_not_the_card(self, account):
        """The text of a card that no key encrypts is read whole, though the description leaves it out."""
        self.card(account)

        first, second = account.night(), account.night()

        card = account.assets()["model-package/bot/1#card"]
        assert card.attributes["purpose"] == "Answers"
        assert first["DescribeModelPackage"] == 2
        assert "DescribeModelPackage" not in second

    def test_trap_the_card_may_be_under_a_key(self, account):
        """Without the key the package is read all the same, and nobody asks to decrypt the card."""
        self.card(account, SecurityConfig={"KmsKeyId": KEY})

        first, second = account.night(), account.night()

        card = account.assets()["model-package/bot/1#card"]
        assert card.attributes["encrypted"] is True
        assert "purpose" not in card.attributes
        assert first["DescribeModelPackage"] == 1
        assert "DescribeModelPackage" not in second

    def test_cards_of_their_own(self, account):
        """Each with its versions and tags; read again only when the listing shows a change."""
        for name, more in (("open", {}), ("sealed", {"SecurityConfig": {"KmsKeyId": KEY}})):
            account.make(
                "CreateModelCard", ModelCardName=name, Content=json.dumps(CONTENT), ModelCardStatus="Draft", **more
            )
        account.make("UpdateModelCard", ModelCardName="open", ModelCardStatus="Approved")

        first, second = account.night(), account.night()

        shown = account.assets()["model-card/open"]
        assert (shown.status, shown.attributes["version"], shown.attributes["purpose"]) == ("Approved", 2, "Answers")
        assert [version["status"] for version in shown.attributes["versions"]] == ["Draft", "Approved"]
        assert account.assets()["model-card/sealed"].attributes["encrypted"] is True
        assert {("model/bot", "described_by", f"model-card/{name}") for name in ("open", "sealed")} <= account.arrows()
        assert first["DescribeModelCard"] == 3
        assert "DescribeModelCard" not in second
        assert "ListModelCardVersions" not in second


class TestServing:
    def test_a_router_before_an_endpoint_with_a_shadow(self, account):
        """Who answers at the router, with which image, and who only listens."""
        for name in ("bot", "next"):
            account.make("CreateModel", ModelName=name, PrimaryContainer={"Image": "registry.example/serve:1"})
        variant = {"InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1}
        account.make(
            "CreateEndpointConfig",
            EndpointConfigName="bot",
            ProductionVariants=[{**variant, "VariantName": "all", "ModelName": "bot"}],
            ShadowProductionVariants=[{**variant, "VariantName": "shadow", "ModelName": "next"}],
        )
        account.make("CreateEndpoint", EndpointName="bot", EndpointConfigName="bot")
        destinations = [{"ResourceArn": f"{ARN}:endpoint/bot"}]
        account.make(
            "CreateInferenceRouter",
            InferenceRouterName="front",
            RoutingTargets=[{"Name": "bot", "Destinations": destinations}],
            Tags=[{"Key": "team", "Value": "bots"}],
        )

        first = account.night()
        account.make("DeleteEndpointConfig", EndpointConfigName="bot")
        second = account.night()

        assert account.assets()["inference-router/front"].tags == {"team": "bots"}
        assert first["DescribeInferenceRouter"] == 1
        assert "DescribeInferenceRouter" not in second
        graph = account.catalog.graph(account.catalog.resolve("latest"))
        running = {one.unit.name: one.shadow for one in runs(graph, f"{ARN}:inference-router/front")}
        assert running == {"bot": False, "next": True}
        images = {edge.source for edge in graph.upstream(f"{ARN}:model/bot", "packaged_as")}
        assert images == {"registry.example/serve:1", f"registry.example/serve:1@{DIGEST}"}

    def test_trap_while_it_is_deployed_an_endpoint_is_described(self, account):
        """Search hides the pending deployment, so what is to come is read from the description."""
        account.make("CreateModel", ModelName="bot", PrimaryContainer={"Image": "registry.example/serve:1"})
        variant = {"InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1}
        account.make(
            "CreateEndpointConfig",
            EndpointConfigName="bot",
            ProductionVariants=[{**variant, "VariantName": "all", "ModelName": "bot"}],
        )
        account.make("CreateEndpoint", EndpointName="bot", EndpointConfigName="bot")
        pending = {"EndpointConfigName": "bot-2", "StartTime": 1790060000.0}
        account.aws.fill(f"{ARN}:endpoint/bot", EndpointStatus="Updating", PendingDeploymentSummary=pending)

        calls = account.night()

        shown = account.assets()["endpoint/bot"]
        assert shown.attributes["config"] == "bot"
        assert shown.attributes["pending"]["config"] == "bot-2"
        assert calls["DescribeEndpoint"] == 1


class TestFeatures:
    def test_a_group_and_who_reads_it(self, account):
        """A job that reads below the offline store learned from the group; an unchanged night costs one Search."""
        store = {"S3StorageConfig": {"S3Uri": "s3://store"}}
        account.make(
            "CreateFeatureGroup",
            FeatureGroupName="payments",
            RecordIdentifierFeatureName="card",
            EventTimeFeatureName="at",
            FeatureDefinitions=[{"FeatureName": "card", "FeatureType": "String"}],
            OfflineStoreConfig=store,
            Tags=[{"Key": "team", "Value": "risk"}],
        )

        account.night()
        group = account.assets()["feature-group/payments"]
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{group.attributes['uri']}/year=2026/"}}
        account.make(
            "CreateTrainingJob",
            TrainingJobName="fraud",
            RoleArn=READER_ROLE,
            InputDataConfig=[{"ChannelName": "train", "DataSource": source}],
            OutputDataConfig={"S3OutputPath": "s3://out/"},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
        calls = account.night()

        assert group.tags == {"team": "risk"}
        assert {
            ("feature-group/payments", "input_to", "training-job/fraud"),
            (group.attributes["uri"], "content_of", "feature-group/payments"),
        } <= account.arrows()
        assert "DescribeFeatureGroup" not in calls
