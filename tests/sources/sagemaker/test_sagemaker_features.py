"""Feature groups as records say them, and registered datasets that were exported from them."""

import json

import pytest
from tests.sources.sagemaker.record_facts import HERE, HUB, arrows, proof, said

from studbook.model.facts import ByName, Reads, Writes

GROUP = f"{HERE}feature-group/payments"
STORE = {"S3Uri": "s3://store/", "ResolvedOutputS3Uri": "s3://store/111122223333/sagemaker/payments-1/data"}
EXPORT = f"{HUB}/DataSet/fs-payments/1.0.0"


class TestGroup:
    def test_asset(self):
        """A group says what identifies a record, how many features it has, and where its history is."""
        (asset,) = said(
            "feature_group",
            GROUP,
            FeatureGroupName="payments",
            FeatureGroupStatus="Created",
            RecordIdentifierFeatureName="card",
            EventTimeFeatureName="at",
            FeatureDefinitions=[{"FeatureName": "card"}, {"FeatureName": "at"}],
            OnlineStoreConfig={"EnableOnlineStore": True},
            OfflineStoreConfig={"S3StorageConfig": STORE},
            Tags=[{"Key": "team", "Value": "risk"}],
        ).assets

        assert (asset.kind, asset.name, asset.status, asset.tags) == (
            "feature_group",
            "payments",
            "Created",
            {"team": "risk"},
        )
        assert asset.attributes == {
            "record_identifier": "card",
            "event_time": "at",
            "features": 2,
            "feature_types": {"card": None, "at": None},
            "online": True,
            "uri": STORE["ResolvedOutputS3Uri"],
        }

    def test_offline_store(self):
        """Its content is what the service wrote at the place that it made, whatever the time."""
        facts = said("feature_group", GROUP, OfflineStoreConfig={"S3StorageConfig": STORE})

        evidence = "sagemaker:DescribeFeatureGroup#OfflineStoreConfig.S3StorageConfig.ResolvedOutputS3Uri"
        uri = STORE["ResolvedOutputS3Uri"]
        assert facts.claims == [
            Writes(writer=GROUP, uri=uri, role="offline_store", began=None, ended=None, evidence=evidence),
            Reads(
                reader=GROUP,
                uri=uri,
                relation="content_of",
                ever=True,
                evidence=evidence,
            ),
        ]

    def test_trap_the_configured_place_may_be_that_of_many_groups(self):
        """Until the service made a place of the group's own, nobody read the group by reading there."""
        facts = said("feature_group", GROUP, OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://store/"}})

        assert facts.claims == []
        assert facts.assets[0].attributes["uri"] == "s3://store/"

    def test_online_alone(self):
        """Without an offline store there is nothing in S3."""
        assert said("feature_group", GROUP, OnlineStoreConfig={"EnableOnlineStore": True}).claims == []


class TestExport:
    PATH = "sagemaker:DescribeHubContent#HubContentDocument|ContentMetadata.SourceFeatureGroups"

    def export(self, groups):
        document = {"ContentMetadata": {"SourceFeatureGroups": groups}}
        return said("hub_content", EXPORT, HubContentDocument=json.dumps(document))

    def test_by_arn(self):
        """A dataset that was exported from a group names it."""
        facts = self.export([GROUP])

        assert (GROUP, "content_of", EXPORT, None) in arrows(facts)
        assert proof(facts, GROUP, EXPORT) == ("referenced", (self.PATH,))

    @pytest.mark.parametrize("groups", [["payments"], '["payments"]', "payments", " payments ,"])
    def test_by_name(self, groups):
        """A list, a list in a string, or names between commas."""
        assert self.export(groups).claims == [
            ByName(
                kind="feature_group",
                name="payments",
                account="111122223333",
                region="us-west-2",
                other=EXPORT,
                upstream=True,
                relation="content_of",
                evidence=self.PATH,
            )
        ]

    @pytest.mark.parametrize("groups", [None, 7, {"a": 1}, [7], "no such <b>name</b>", f"{HERE}model/x"])
    def test_what_names_no_group(self, groups):
        """Anything else is left alone."""
        facts = self.export(groups)

        assert facts.claims == []
        assert {relation for _, relation, _, _ in arrows(facts)} == {"has_version"}
