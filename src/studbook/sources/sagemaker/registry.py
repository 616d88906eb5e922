"""The model registry: groups and the package versions in them.

Calls, per region: ListModelPackageGroups; per group DescribeModelPackageGroup when the listing shows a change (its
tags come from Search); ListModelPackages of both types, for it shows packages without a group unless asked otherwise.
Of packages the listing does not show every change, and they change for as long as they live: Search reads all of them
every night, 100 a page. It lacks ManagedStorageType alone, which only packages of managed groups have, and may show
more of a card than the role could read; such packages are described when Search or the listing shows a change, and a
card that no key of a customer's encrypts is asked for by one more call. What Search is late to show, and the listing
does not show at all, is seen a night later. BatchDescribeModelPackage would not do: it lacks LastModifiedTime, origins
and reports. Versioned packages have no tags of their own; others are asked for theirs where Search does not tell.

DescribeModelPackage decrypts the card unless it is asked for MetadataOnly, which is allowed without the key, and leaves
of the card's text little more than a risk rating: such a text is not the card's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter
from typing import Final

from studbook.model import Facts, Record
from studbook.model.attributes import at, attributes, computed, gathered
from studbook.model.facts import BaseModelName, EarlierVersion, MlflowUri, Weights
from studbook.model.ids import code_id, parse_earlier_version, s3_id, without_credentials
from studbook.model.kinds import JOB_KINDS
from studbook.sources import rows
from studbook.sources.interface import Describe, Detail, Document, Json, Listing, Resource, Seen
from studbook.sources.reading import (
    Reading,
    data_sources,
    document,
    each,
    etags,
    group_arn,
    hub_sources,
    manifest_sources,
    member,
    tags_of,
)
from studbook.sources.sagemaker import cards
from studbook.sources.sagemaker.nouns import named
from studbook.sources.sagemaker.search import never_whole, search

_GROUP, _PACKAGE = "DescribeModelPackageGroup", "DescribeModelPackage"
_REPORTS: Final = {
    "ModelQuality": "quality",
    "ModelDataQuality": "data_quality",
    "Bias": "bias",
    "Explainability": "explainability",
}


def normalize_group(record: Record) -> Facts:
    """A registered model."""
    reading = Reading(record, _GROUP)
    reading.show("model_package_group", GROUP)
    return reading.facts


def normalize_package(record: Record) -> Facts:
    """A model version: what it is made of, where it comes from and what was said of it."""
    if record.gone_since is not None and (earlier := parse_earlier_version(record.id)) is not None:
        return _earlier(record, *earlier)
    reading = Reading(record, _PACKAGE)
    body = record.body
    reading.show("model_package", PACKAGE)
    group = body.get("ModelPackageGroupName")
    if group and (parent := group_arn(record.id)):
        reading.edge(parent, record.id, "has_version", "ModelPackageGroupName")
    for container, path in _containers(body):
        _container(reading, container, path)
    for index, item in each(member(body, "SourceAlgorithmSpecification", "SourceAlgorithms")):
        _weights(reading, item, f"SourceAlgorithmSpecification.SourceAlgorithms[{index}]")
    _origin(reading)
    _reports(reading)
    _card(reading)
    return reading.facts


def _earlier(record: Record, package: str, until: str) -> Facts:
    """What it was before it was given other weights, as `harvest.merge` keeps it: no more than a claim."""
    reading = Reading(record, _PACKAGE, about=package)
    for container, path in _containers(record.body):
        _weights(reading, container, path)
    _origin(reading)
    held = [claim for claim in reading.facts.claims if isinstance(claim, Weights) and not claim.added]
    claim = EarlierVersion(
        package=package,
        until=None if until.isdigit() else until,
        told=PACKAGE.asset("model_package", record, id=package),
        weights=tuple((claim.uri, claim.evidence) for claim in held),
    )
    return Facts(claims=[claim])


def _version_name(body: Json) -> object:
    group, version = body.get("ModelPackageGroupName"), body.get("ModelPackageVersion")
    return f"{group} {version}" if group and version else body.get("ModelPackageName")


def _repository(found: object) -> str | None:
    return without_credentials(found) if isinstance(found, str) else None


def _recipes(body: Json) -> list[object]:
    return [name for container, _ in _containers(body) if (name := member(container, "BaseModel", "RecipeName"))]


def _is_checkpoint(body: Json) -> bool | None:
    return any(container.get("IsCheckpoint") is True for container, _ in _containers(body)) or None


def _containers(body: Json) -> Iterator[tuple[Json, str]]:
    for index, container in each(member(body, "InferenceSpecification", "Containers")):
        yield container, f"InferenceSpecification.Containers[{index}]"
    for number, more in each(body.get("AdditionalInferenceSpecifications")):
        for index, container in each(more.get("Containers")):
            yield container, f"AdditionalInferenceSpecifications[{number}].Containers[{index}]"


def _container(reading: Reading, container: Json, path: str) -> None:
    digest = container.get("ImageDigest")
    paths = [f"{path}.Image", *([f"{path}.ImageDigest"] if digest else [])]
    reading.image(container.get("Image"), *paths, digest=digest, relation="packaged_as")
    reading.environment(container, path)
    _weights(reading, container, path)
    name, version = (member(container, "BaseModel", key) for key in ("HubContentName", "HubContentVersion"))
    if name and reading.account and reading.region:
        members = ("HubContentName", "HubContentVersion") if version else ("HubContentName",)
        evidence = reading.evidence(*(f"{path}.BaseModel.{name}" for name in members))
        reading.claim(
            BaseModelName(
                package=reading.id,
                name=name,
                version=version or None,
                account=reading.account,
                region=reading.region,
                aws_partition=reading.aws_partition,
                evidence=evidence,
            )
        )


def _weights(reading: Reading, holder: Json, path: str) -> None:
    """What a container, or an algorithm, is packaged from: places in S3, manifests, content of a hub."""
    for uri, where, added in data_sources(holder, path):
        reading.weights(uri, where, added=added)
    for uri, where in manifest_sources(holder, path):
        reading.manifest(uri, where)
    for arn, where in hub_sources(holder, path):
        _base(reading, arn, where)


def _base(reading: Reading, arn: object, path: str) -> None:
    source = reading.named(arn, "base_model")
    if source is not None:
        reading.edge(source, reading.id, "base_of", path)


def _origin(reading: Reading) -> None:
    """The package, model or artifact that it was made from, the job that made it, and the code."""
    body = reading.body
    if clone := reading.named(body.get("SourceUri"), "model_package"):
        reading.edge(clone, reading.id, "copied_to", "SourceUri")
    elif model := reading.named(body.get("SourceUri"), "model"):
        reading.edge(model, reading.id, "packaged_as", "SourceUri")
    elif isinstance(uri := body.get("SourceUri"), str) and uri.startswith(("models:/", "runs:/")):
        (evidence,) = reading.evidence("SourceUri")
        reading.claim(MlflowUri(asset=reading.id, uri=uri, evidence=evidence))
    else:
        reading.weights(body.get("SourceUri"), "SourceUri")
    properties = body.get("MetadataProperties") or {}
    job = reading.named(properties.get("GeneratedBy"), *JOB_KINDS, "pipeline_execution")
    if job is not None:
        reading.edge(job, reading.id, "produced", "MetadataProperties.GeneratedBy")
    commit, repository = properties.get("CommitId"), properties.get("Repository")
    if commit and repository:
        code = code_id(repository, commit)
        paths = ("MetadataProperties.CommitId", "MetadataProperties.Repository")
        reading.edge(code, reading.id, "packaged_as", *paths, role="code")


def _reports(reading: Reading) -> None:
    """What was measured, and what later measurements are to be held against."""
    for report, path, role in _report_places(reading.body):
        reading.edge(reading.id, report, "described_by", path, role=role)


def _report_places(body: Json) -> Iterator[tuple[str, str, str]]:
    """Each report's URI, the field that holds it, and its role."""
    for whole, suffix in (("ModelMetrics", ""), ("DriftCheckBaselines", "_baseline")):
        for name, role in _REPORTS.items():
            for part, source in sorted((member(body, whole, name) or {}).items()):
                report = s3_id(member(source, "S3Uri"))
                if report is not None:
                    yield report, f"{whole}.{name}.{part}.S3Uri", role + suffix


def documents_of_package(record: Record) -> Iterator[Document]:
    """The metrics reports of a package, baselines included; and approved weights, of which it keeps the ETag."""
    for report, path, _ in _report_places(record.body):
        yield Document(role="report", uri=report, evidence=f"sagemaker:{_PACKAGE}#{path}")
    kept = etags(record.body) if record.body.get("ModelApprovalStatus") == "Approved" else {}
    for container, path in _containers(record.body) if kept else ():
        for uri, where, _ in data_sources(container, path):
            if uri in kept and not uri.endswith("/"):
                yield Document(role="weights", uri=uri, evidence=f"sagemaker:{_PACKAGE}#{where}")


def _card(reading: Reading) -> None:
    """The card inside of the package, where it says anything, or may say what a key keeps."""
    card = reading.body.get("ModelCard") or {}
    content = document(card.get("ModelCardContent"), "ModelCard", "ModelCardContent")
    sealed = cards.encrypted(reading.body)
    if not card or not (content or sealed):
        return
    card_id = f"{reading.id}#card"
    reading.show("model_card", cards.INSIDE, asset_id=card_id, name=f"{reading.facts.assets[0].name} card")
    path = "ModelCard.ModelCardStatus" if sealed else "ModelCard.ModelCardContent"
    reading.edge(reading.id, card_id, "described_by", path)


_SPECIFICATIONS = ("InferenceSpecification", "AdditionalInferenceSpecifications")
GROUP: Final = attributes(
    "model_package_group",
    f"sagemaker:{_GROUP}",
    rows.name("ModelPackageGroupName"),
    rows.status("ModelPackageGroupStatus"),
    rows.CREATED,
    at("description", "ModelPackageGroupDescription", "What people wrote of it."),
    at("managed_storage", "ManagedConfiguration.ManagedStorageType", "How SageMaker keeps its weights."),
    *rows.CREATED_BY,
)


def _report_digests(body: Json) -> dict[str, str]:
    """By the path of the report."""
    return {
        f"{whole}.{name}.{part}": digest
        for whole in ("ModelMetrics", "DriftCheckBaselines")
        for name, reports in (body.get(whole) or {}).items()
        for part in (reports if isinstance(reports, dict) else ())
        if isinstance(digest := member(reports, part, "ContentDigest"), str)
    }


PACKAGE: Final = attributes(
    "model_package",
    f"sagemaker:{_PACKAGE}",
    gathered(
        "name",
        ("ModelPackageGroupName", "ModelPackageVersion", "ModelPackageName"),
        "The group and the number in it; of a package in no group its name.",
        _version_name,
    ),
    rows.status("ModelPackageStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("version", "ModelPackageVersion", "Its number in its group."),
    at("description", "ModelPackageDescription", "What people wrote of it."),
    at("registration_type", "ModelPackageRegistrationType", "Whether it was registered, or only logged."),
    at("approval", "ModelApprovalStatus", "Whether it may be deployed: Approved, Rejected or PendingManualApproval."),
    at("approval_description", "ApprovalDescription", "What was written with the approval."),
    at("life_cycle", "ModelLifeCycle", "The stage of its life cycle, its status there, and what was written with it."),
    at("domain", "Domain", "What field of machine learning it is of."),
    at("task", "Task", "What it does, as its registrar says."),
    at("metadata", "CustomerMetadataProperties", "Names and values that its registrar gave it."),
    at("generated_by", "MetadataProperties.GeneratedBy", "What made it, as its registrar says."),
    at("commit", "MetadataProperties.CommitId", "The commit of the code that made it."),
    at("repository", "MetadataProperties.Repository", "The repository of that commit.", _repository),
    at("project", "MetadataProperties.ProjectId", "The project that it belongs to."),
    at("source_uri", "SourceUri", "What it was made from: a package, a model, or a place in S3."),
    gathered("recipes", _SPECIFICATIONS, "The recipes by which its base models were tuned.", _recipes),
    gathered("is_checkpoint", _SPECIFICATIONS, "It is a checkpoint of a training, and no result.", _is_checkpoint),
    at("managed_storage", "ManagedStorageType", "How SageMaker keeps its weights."),
    *rows.CREATED_BY,
    *rows.MODIFIED_BY,
    at("validation", "ModelPackageStatusDetails.ValidationStatuses", "How its validation went."),
    gathered(
        "etags",
        ("InferenceSpecification", "AdditionalInferenceSpecifications", "SourceAlgorithmSpecification"),
        "The ETags of its weights and their manifests, when it was registered.",
        etags,
    ),
    gathered(
        "report_digests",
        ("ModelMetrics", "DriftCheckBaselines"),
        "The digests of its reports, when it was registered.",
        _report_digests,
    ),
    computed(
        "weights_since",
        "earlier-weights",
        "Since when at the latest it has its weights, where an earlier night showed others.",
    ),
    at("source_algorithms", "SourceAlgorithmSpecification.SourceAlgorithms", "The algorithms that it was made of."),
    at("sample_payload", "SamplePayloadUrl", "Where a request to try it with lies."),
    at("validation_profiles", "ValidationSpecification.ValidationProfiles", "The batch jobs that it was tried with."),
    at("kms_key", "SecurityConfig.KmsKeyId", "The KMS key that it is encrypted with."),
)


def _open_card(body: Json) -> bool:
    """Whether there is a card, and no key to ask for its text."""
    return bool(body.get("ModelCard")) and not cards.encrypted(body)


def _single(body: Json) -> bool:
    """Whether a package is no version of a model: such a package has tags of its own."""
    return group_arn(body["ModelPackageArn"]) is None


def _shown_whole(body: Json, seen: Seen) -> bool:
    """Whether Search shows all of a package: no card, and no managed storage, which its group would have, too."""
    if body.get("ModelCard"):
        return False
    group = seen.found("model_package_group", group_arn(body["ModelPackageArn"]) or "")
    return _single(body) or (group is not None and not group.body.get("ManagedConfiguration"))


RESOURCES: Final = (
    replace(
        named("model_package_group", "ModelPackageGroup", "ModelPackageGroupSummaryList", normalize_group),
        bulk=search("ModelPackageGroup", never_whole, order="CreationTime", unshared=("ManagedConfiguration",)),
    ),
    Resource(
        kind="model_package",
        listing=Listing(
            operation="ListModelPackages",
            items="ModelPackageSummaryList",
            params={"ModelPackageType": "Both"},
        ),
        identify=itemgetter("ModelPackageArn"),
        describe=Describe(
            operation=_PACKAGE,
            params=lambda summary: {"ModelPackageName": summary["ModelPackageArn"], "IncludedData": "MetadataOnly"},
        ),
        documents=documents_of_package,
        details=(
            Detail(
                operation=_PACKAGE,
                params=lambda body: {"ModelPackageName": body["ModelPackageArn"], "IncludedData": "AllData"},
                member="ModelCard",
                part="ModelCard",
                when=_open_card,
            ),
            replace(tags_of("ModelPackageArn"), when=lambda body: _single(body) and "Tags" not in body),
        ),
        bulk=search(
            "ModelPackage",
            _shown_whole,
            listed_order=False,
            tags=_single,
            apart=("ManagedStorageType", "ModelCard"),
            shows_changes=True,
        ),
        volatile=True,
        normalize=normalize_package,
    ),
)
