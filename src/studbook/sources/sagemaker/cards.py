"""Model cards: what people wrote of a model, by itself or inside of a package.

Calls, per region: ListModelCards; per card that the listing shows to have changed DescribeModelCard, once more for the
whole text where no key of a customer's encrypts it, and ListModelCardVersions; the tags of all come from Search.

DescribeModelCard decrypts a card unless it is asked for MetadataOnly, which is allowed without the key: of the text
that leaves the model, its package and the risk rating, which is all that Studbook says of an encrypted card. The text
of a card is a JSON document; it is believed as far as it names things by ARN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from studbook.model import Facts, Record
from studbook.sources.interface import Describe, Detail, Json, Listing, Resource
from studbook.sources.reading import Reading, document, each, member, some, tags_of, who
from studbook.sources.sagemaker.search import never_whole, search

_OPERATION = "DescribeModelCard"


def normalize(record: Record) -> Facts:
    """A card of its own, and the model or the package that it says it is about."""
    reading = Reading(record, _OPERATION)
    body = record.body
    content = document(body.get("Content"))
    reading.show(
        "model_card",
        body.get("ModelCardName") or record.id,
        status=body.get("ModelCardStatus"),
        attributes={
            **some(
                version=body.get("ModelCardVersion"),
                versions=[
                    some(
                        version=item.get("ModelCardVersion"),
                        status=item.get("ModelCardStatus"),
                        created_at=item.get("CreationTime"),
                    )
                    for _, item in each(body.get("Versions"))
                ],
                created_by=who(body.get("CreatedBy")),
                modified_by=who(body.get("LastModifiedBy")),
            ),
            **said(content, encrypted=encrypted(body)),
        },
    )
    for path in (("model_package_details", "model_package_arn"), ("model_overview", "model_id")):
        about = reading.named(member(content, *path), "model_package", "model")
        if about is not None:
            reading.edge(about, record.id, "described_by", f"Content|{'.'.join(path)}")
    return reading.facts


def encrypted(body: Json) -> bool:
    """Whether a customer's key encrypts the card in this description, so that its text was left unread."""
    return bool(member(body, "SecurityConfig", "KmsKeyId"))


def said(content: Mapping[str, Any], *, encrypted: bool) -> dict[str, Any]:
    """What a card says of its model: the most asked for by name, and all of it."""
    training = member(content, "training_details", "training_job_details")
    uses = member(content, "intended_uses")
    return some(
        encrypted=encrypted or None,
        model=member(content, "model_overview", "model_id") or member(content, "model_overview", "model_name"),
        package=member(content, "model_package_details", "model_package_arn"),
        purpose=member(uses, "purpose_of_model"),
        intended_uses=member(uses, "intended_uses"),
        risk_rating=member(uses, "risk_rating"),
        training_job=member(training, "training_arn"),
        training_datasets=_texts(member(training, "training_datasets")),
        evaluations=[
            some(
                name=item.get("name"),
                job=item.get("evaluation_job_arn"),
                datasets=_texts(item.get("datasets")),
                observation=item.get("evaluation_observation"),
                metrics=_metrics(item),
            )
            for _, item in each(content.get("evaluation_details"))
        ],
        content=dict(content),
    )


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _metrics(evaluation: Json) -> dict[str, object]:
    """Numbers by name, as far as they are single ones; the groups that they stand in are in the content."""
    return {
        str(metric["name"]): metric["value"]
        for _, group in each(evaluation.get("metric_groups"))
        for _, metric in each(group.get("metric_data"))
        if metric.get("name") and isinstance(value := metric.get("value"), int | float) and not isinstance(value, bool)
    }


RESOURCES: Final = (
    Resource(
        kind="model_card",
        listing=Listing(operation="ListModelCards", items="ModelCardSummaries"),
        identify=lambda summary: summary["ModelCardArn"],
        describe=Describe(
            operation=_OPERATION,
            params=lambda summary: {"ModelCardName": summary["ModelCardName"], "IncludedData": "MetadataOnly"},
        ),
        details=(
            Detail(
                operation=_OPERATION,
                params=lambda body: {"ModelCardName": body["ModelCardName"], "IncludedData": "AllData"},
                member="Content",
                part="Content",
                when=lambda body: not encrypted(body),
            ),
            Detail(
                operation="ListModelCardVersions",
                params=lambda body: {"ModelCardName": body["ModelCardName"]},
                member="Versions",
                items="ModelCardVersionSummaryList",
                sort="ModelCardVersion",
            ),
            tags_of("ModelCardArn"),
        ),
        bulk=search("ModelCard", never_whole, order="CreationTime"),
        normalize=normalize,
    ),
)
