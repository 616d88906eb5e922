"""Hub content: datasets, evaluators and base models, by version.

Calls, per region: ListHubs; per hub and content type ListHubContents; per name ListHubContentVersions; versions, with
their tags, come from Search, 100 a page, each once in its life; what Search misses from DescribeHubContent (with the
version, or the latest one answers) and ListTags. The public hub is not
listed: it holds thousands of models, and what matters of it is named by what was made from it.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import Final

from studbook.model import Asset, Facts, Record
from studbook.model.attributes import Attributes, at, attributes, computed, gathered
from studbook.model.ids import HubContent, parse_arn, parse_hub_content
from studbook.model.kinds import HUB_KINDS
from studbook.model.storable import parse_json
from studbook.sources import rows
from studbook.sources.interface import Describe, Json, Listing, Resource, no_facts
from studbook.sources.reading import (
    PUBLIC_HUB,
    Reading,
    document,
    each,
    is_one_key,
    member,
    tags_of,
)
from studbook.sources.sagemaker.search import always_whole, search

_OPERATION = "DescribeHubContent"
_GROUP_NAME: Final = re.compile(r"[a-zA-Z0-9]([_-]*[a-zA-Z0-9]){0,63}")
_TYPES = ("DataSet", "JsonDoc", "Model", "ModelReference")  # notebooks have no pedigree


def _content_of(arn: str) -> HubContent:
    """Raises ValueError for what is no ARN of hub content, so that the collector notes it."""
    content = parse_hub_content(arn)
    if content is None:
        raise ValueError(f"no ARN of hub content: {arn}")
    return content


def _names(content: HubContent) -> Json:
    """The request members that name hub content, whoever shares the hub."""
    hub = content.arn.beside(f"hub/{content.hub}")
    return {"HubName": hub, "HubContentType": content.type, "HubContentName": content.name}


def _describe(summary: Json) -> Json:
    content = _content_of(summary["HubContentArn"])
    return {**_names(content), "HubContentVersion": summary["HubContentVersion"]}


def _private(hub: Json) -> bool:
    """By its ARN alone, as everything of a hub: no other member can contradict it."""
    arn = parse_arn(hub["HubArn"])
    return arn is None or (arn.name != PUBLIC_HUB and arn.account != "aws")


def normalize(record: Record) -> Facts:
    """A version of a dataset, an evaluator or a base model, and its parent."""
    content = parse_hub_content(record.id)
    if content is None or content.version is None:
        return Facts()
    reading = Reading(record, _OPERATION)
    if content.type == "DataSet":
        _dataset(reading, content)
    elif content.type == "JsonDoc":
        _evaluator(reading, content)
    else:
        _base_model(reading, content)
    return reading.facts


def _show(reading: Reading, content: HubContent, told: Attributes) -> None:
    """The version, and the parent that its listing is of."""
    kind, version = HUB_KINDS[content.type]
    parent = Asset(id=content.parent, kind=kind, name=content.name, account=reading.account, region=reading.region)
    reading.facts.assets.append(parent)
    reading.show(version, told)
    reading.edge(content.parent, reading.id, "has_version", "HubContentName")


def _dataset(reading: Reading, content: HubContent) -> None:
    body = reading.body
    described = document(body.get("HubContentDocument"), "HubContentDocument")
    uri = _place(body)
    _show(reading, content, DATASET)
    for name in _feature_groups(described):
        path = "HubContentDocument|ContentMetadata.SourceFeatureGroups"
        if group := reading.named(name, "feature_group"):
            reading.edge(group, reading.id, "content_of", path)
        elif parse_arn(name) is None:
            reading.by_name("feature_group", name, path, "content_of")
    path = "HubContentDocument|DatasetS3Prefix"
    data_type = "Object" if uri and is_one_key(uri) else "S3Prefix"
    reading.reads(uri, path, None, body.get("CreationTime"), data_type=data_type, relation="content_of")


def _feature_groups(described: Json) -> list[str]:
    """The feature groups that an export was made from, by name or ARN: a list, or a list in a string."""
    named = member(described, "ContentMetadata", "SourceFeatureGroups")
    if isinstance(named, str):
        try:
            named = parse_json(named)
        except ValueError:
            named = named.split(",")
    if not isinstance(named, list):
        return []
    names = (name.strip() for name in named if isinstance(name, str))
    return [name for name in names if parse_arn(name) is not None or _GROUP_NAME.fullmatch(name)]


def _evaluator(reading: Reading, content: HubContent) -> None:
    """A JsonDoc is an evaluator only where its document says so; of any other it matters who names it as one."""
    outer = document(reading.body.get("HubContentDocument"), "HubContentDocument")
    if outer.get("SubType") != "AWS/Evaluator":
        reading.facts.if_named = True
        reading.show("artifact", DOCUMENT)
        parent = Asset(id=content.parent, kind="artifact", name=content.name, account=reading.account,
                       region=reading.region)  # fmt: skip
        reading.facts.assets.append(parent)
        return
    inner = document(outer.get("JsonContent"), "HubContentDocument", "JsonContent")
    reference = inner.get("Reference")
    _show(reading, content, EVALUATOR)
    path, created = "HubContentDocument|JsonContent|Reference", reading.body.get("CreationTime")
    if not reading.function(reference, path, "content_of", None, created):
        reading.reads(reference, path, None, created, data_type="Object", relation="content_of")


def _base_model(reading: Reading, content: HubContent) -> None:
    _show(reading, content, BASE_MODEL)
    other = reading.named(reading.body.get("SageMakerPublicHubContentArn"), "base_model")
    public = parse_hub_content(other)
    if other is not None and public is not None:
        # An unversioned ARN can only be said to be the same as the unversioned reference.
        own = reading.id if public.version else content.parent
        first, second = sorted((own, other))
        reading.edge(first, second, "same_as", "SageMakerPublicHubContentArn")


def _place(body: Json) -> str | None:
    described = document(body.get("HubContentDocument"), "HubContentDocument")
    bucket, prefix = described.get("DatasetS3Bucket"), described.get("DatasetS3Prefix")
    return f"s3://{bucket}/{prefix}" if isinstance(bucket, str) and bucket and isinstance(prefix, str) else None


def _origins(several: object) -> list[str]:
    return [path for _, one in each(several) if isinstance(path := one.get("DependencyOriginPath"), str)]


_TOLD: Final = "HubContentDocument|"
_ABOUT: Final = (
    computed("name", "arn", "The name in its ARN.", lambda record: _content_of(record.id).name),
    rows.status("HubContentStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("version", "HubContentVersion", "Its version in the hub."),
    at("hub", "HubName", "The hub that has it."),
    at("display_name", "HubContentDisplayName", "What the hub shows as its name."),
    at("description", "HubContentDescription", "What people wrote of it."),
    at("keywords", "HubContentSearchKeywords", "The words that it is found by."),
    at("dependencies", "HubContentDependencies", "The places that its files were copied from.", _origins),
    at("support_status", "SupportStatus", "Whether it is supported, deprecated or restricted."),
    rows.FAILURE,
    *rows.CREATED_BY,
    *rows.MODIFIED_BY,
)
DATASET: Final = attributes(
    "dataset_version",
    f"sagemaker:{_OPERATION}",
    _ABOUT,
    gathered("uri", (f"{_TOLD}DatasetS3Bucket", f"{_TOLD}DatasetS3Prefix"), "Where its content lies.", _place),
    at("dataset_type", f"{_TOLD}DatasetType", "What the data is for, as its registrar says."),
    at("specification", f"{_TOLD}SpecificationArn", "The form that the data has."),
    at("content", f"{_TOLD}ContentMetadata", "What else its registrar says of the content."),
)
EVALUATOR: Final = attributes(
    "evaluator_version",
    f"sagemaker:{_OPERATION}",
    _ABOUT,
    at("evaluator_type", f"{_TOLD}JsonContent|EvaluatorType", "How it judges: a reward function or prompt."),
    at("reference", f"{_TOLD}JsonContent|Reference", "The function or the prompt that it is."),
)
DOCUMENT: Final = attributes(
    "artifact",
    f"sagemaker:{_OPERATION}",
    _ABOUT,
    at("document_type", f"{_TOLD}SubType", "What a document of a hub that is no evaluator calls itself."),
)
BASE_MODEL: Final = attributes(
    "base_model_version",
    f"sagemaker:{_OPERATION}",
    _ABOUT,
    computed("content_type", "arn", "What the hub calls it, Model say.", lambda r: _content_of(r.id).type),
    at("url", f"{_TOLD}Url", "A page about it."),
    at("minimum_version", "ReferenceMinVersion", "The oldest version of the public model that it stands for."),
    at("hosting_artifact", f"{_TOLD}HostingArtifactUri", "Where the weights for serving lie."),
)


RESOURCES: Final = (
    Resource(
        kind="hub",
        listing=Listing(operation="ListHubs", items="HubSummaries"),
        identify=itemgetter("HubArn"),
        keep=_private,
        normalize=no_facts,
        transient=True,
    ),
    Resource(
        kind="hub_content_name",
        listing=Listing(
            operation="ListHubContents",
            items="HubContentSummaries",
            variants=tuple({"HubContentType": name} for name in _TYPES),
            parent="hub",
            parent_params=lambda hub: {"HubName": hub.body["HubArn"]},
        ),
        identify=lambda summary: _content_of(summary["HubContentArn"]).parent,
        normalize=no_facts,
        transient=True,
    ),
    Resource(
        kind="hub_content",
        listing=Listing(
            operation="ListHubContentVersions",
            items="HubContentSummaries",
            parent="hub_content_name",
            parent_params=lambda name: _names(_content_of(name.id)),
            parent_of=lambda record: _content_of(record.id).parent,
        ),
        identify=itemgetter("HubContentArn"),
        describe=Describe(operation=_OPERATION, params=_describe),
        details=(tags_of("HubContentArn"),),
        bulk=search("HubContent", always_whole, order="CreationTime", unshared=("OriginalCreationTime",)),
        normalize=normalize,
    ),
)
