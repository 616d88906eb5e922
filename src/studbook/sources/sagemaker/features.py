"""Feature Store: groups of features, and the place in S3 where their history is written.

Calls, per region: ListFeatureGroups, which shows neither features that were added nor other changes: Search reads all
groups every night, 100 a page, with their tags, and where it may not, each is described and asked for its tags. Where
the offline store lies never changes in a group's life.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from studbook.model import Facts, Record
from studbook.model.attributes import at, attributes
from studbook.sources import rows
from studbook.sources.reading import Reading, member, pairs
from studbook.sources.sagemaker.job_parts import writes
from studbook.sources.sagemaker.nouns import named
from studbook.sources.sagemaker.search import always_whole, search

_STORE: Final = ("OfflineStoreConfig", "S3StorageConfig")


def normalize(record: Record) -> Facts:
    """A feature group; its offline store is its content, so that a job which reads there reads the group."""
    reading = Reading(record, "DescribeFeatureGroup")
    body = record.body
    # What the service made of the configured place, which many groups may share.
    uri = member(body, *_STORE, "ResolvedOutputS3Uri")
    reading.show("feature_group", FEATURES)
    catalog = member(body, "OfflineStoreConfig", "DataCatalogConfig") or {}
    path = f"{'.'.join(_STORE)}.ResolvedOutputS3Uri"
    writes(reading, uri, path, "offline_store", between=(None, None))
    database, name = member(catalog, "Database"), member(catalog, "TableName")
    if isinstance(database, str) and isinstance(name, str) and database and name:
        home = f"arn:{reading.aws_partition}:glue:{reading.region}:{reading.account}"
        table = reading.mention(f"{home}:table/{database}/{name}".lower(), "table", name)
        paths = (f"OfflineStoreConfig.DataCatalogConfig.{one}" for one in ("Database", "TableName"))
        reading.edge(reading.id, table, "produced", *paths, role="offline_store")
    reading.reads(uri, path, None, None, relation="content_of", ever=True)
    return reading.facts


_PLACES = tuple(f"{'.'.join(_STORE)}.{place}" for place in ("ResolvedOutputS3Uri", "S3Uri"))


FEATURES: Final = attributes(
    "feature_group",
    "sagemaker:DescribeFeatureGroup",
    rows.name("FeatureGroupName"),
    rows.status("FeatureGroupStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("description", "Description", "What people wrote of it."),
    at("record_identifier", "RecordIdentifierFeatureName", "The feature that identifies a record."),
    at("event_time", "EventTimeFeatureName", "The feature that says when a record was made."),
    at("features", "FeatureDefinitions", "How many features it has.", len),
    at("online", "OnlineStoreConfig.EnableOnlineStore", "Whether it has an online store."),
    at("uri", _PLACES, "Where its offline store lies."),
    at("table", "OfflineStoreConfig.DataCatalogConfig", "The table of its offline store."),
    at("table_format", "OfflineStoreConfig.TableFormat", "The format of that table."),
    at("offline_status", "OfflineStoreStatus.Status", "Whether the offline store works."),
    rows.ROLE,
    rows.FAILURE,
    at("feature_types", "FeatureDefinitions", "The features, and their types.", pairs("FeatureName", "FeatureType")),
    at("kms_key", "OfflineStoreConfig.S3StorageConfig.KmsKeyId", "The KMS key of its offline store."),
    at("online_kms_key", "OnlineStoreConfig.SecurityConfig.KmsKeyId", "The KMS key of its online store."),
)


RESOURCES: Final = (
    replace(
        named("feature_group", "FeatureGroup", "FeatureGroupSummaries", normalize),
        bulk=search(
            "FeatureGroup",
            always_whole,
            order="CreationTime",
            drops=("NextToken", "OnlineStoreTotalSizeBytes", "ThroughputConfig"),
            shows_changes=True,
        ),
        volatile=True,
    ),
)
