"""Feature Store: groups of features, and the place in S3 where their history is written.

Calls, per region: ListFeatureGroups, which shows neither features that were added nor other changes: Search reads all
groups every night, 100 a page, with their tags, and where it may not, each is described and asked for its tags. Where
the offline store lies never changes in a group's life.
"""

from __future__ import annotations

from typing import Final

from studbook.model import Facts, Record
from studbook.sources.interface import Describe, Listing, Resource
from studbook.sources.reading import Reading, member, some, tags_of
from studbook.sources.sagemaker.search import always_whole, search

_STORE: Final = ("OfflineStoreConfig", "S3StorageConfig")


def normalize(record: Record) -> Facts:
    """A feature group; its offline store is its content, so that a job which reads there reads the group."""
    reading = Reading(record, "DescribeFeatureGroup")
    body = record.body
    # What the service made of the configured place, which many groups may share.
    uri = member(body, *_STORE, "ResolvedOutputS3Uri")
    features = body.get("FeatureDefinitions") or ()
    reading.show(
        "feature_group",
        body.get("FeatureGroupName") or record.id,
        status=body.get("FeatureGroupStatus"),
        attributes=some(
            description=body.get("Description"),
            record_identifier=body.get("RecordIdentifierFeatureName"),
            event_time=body.get("EventTimeFeatureName"),
            features=len(features) if isinstance(features, list) else None,
            online=member(body, "OnlineStoreConfig", "EnableOnlineStore"),
            uri=uri or member(body, *_STORE, "S3Uri"),
            table=member(body, "OfflineStoreConfig", "DataCatalogConfig"),
            table_format=member(body, "OfflineStoreConfig", "TableFormat"),
            offline_status=member(body, "OfflineStoreStatus", "Status"),
            role=body.get("RoleArn"),
            failure=body.get("FailureReason"),
        ),
    )
    path = f"{'.'.join(_STORE)}.ResolvedOutputS3Uri"
    reading.reads(uri, path, None, None, relation="content_of", ever=True)
    return reading.facts


RESOURCES: Final = (
    Resource(
        kind="feature_group",
        listing=Listing(operation="ListFeatureGroups", items="FeatureGroupSummaries"),
        identify=lambda summary: summary["FeatureGroupArn"],
        describe=Describe(
            operation="DescribeFeatureGroup",
            params=lambda summary: {"FeatureGroupName": summary["FeatureGroupName"]},
        ),
        details=(tags_of("FeatureGroupArn"),),
        bulk=search(
            "FeatureGroup",
            always_whole,
            order="CreationTime",
            drops=("NextToken", "OnlineStoreTotalSizeBytes", "ThroughputConfig"),
            shows_changes=True,
        ),
        volatile=True,
        normalize=normalize,
    ),
)
