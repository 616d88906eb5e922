"""Model cards: what people wrote of a model, by itself or inside of a package.

Calls, per region: ListModelCards; per card that the listing shows to have changed DescribeModelCard, once more for the
whole text where no key of a customer's encrypts it, and ListModelCardVersions; the tags of all come from Search.

DescribeModelCard decrypts a card unless it is asked for MetadataOnly, which is allowed without the key: of the text
that leaves the model, its package and the risk rating, which is all that Studbook says of an encrypted card. The text
of a card is a JSON document; it is believed as far as it names things by ARN.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Final

from studbook.model import Facts, Record
from studbook.model.attributes import Attribute, at, attributes
from studbook.model.canonical import is_number
from studbook.sources import rows
from studbook.sources.interface import Describe, Detail, Json, Listing, Resource, request
from studbook.sources.reading import Reading, document, each, member, some, tags_of
from studbook.sources.sagemaker.search import never_whole, search

_OPERATION = "DescribeModelCard"


def normalize(record: Record) -> Facts:
    """A card of its own, and the model or the package that it says it is about."""
    reading = Reading(record, _OPERATION)
    body = record.body
    content = document(body.get("Content"), "Content")
    reading.show("model_card", CARD)
    for path in (("model_package_details", "model_package_arn"), ("model_overview", "model_id")):
        about = reading.named(member(content, *path), "model_package", "model")
        if about is not None:
            reading.edge(about, record.id, "described_by", f"Content|{'.'.join(path)}")
    return reading.facts


def encrypted(body: Json) -> bool:
    """Whether a customer's key encrypts the card in this description, so that its text was left unread."""
    return bool(member(body, "SecurityConfig", "KmsKeyId"))


def _versions(several: object) -> list[dict[str, object]]:
    return [
        some(
            version=item.get("ModelCardVersion"),
            status=item.get("ModelCardStatus"),
            created_at=item.get("CreationTime"),
        )
        for _, item in each(several)
    ]


def _evaluations(several: object) -> list[dict[str, object]]:
    return [
        some(
            name=item.get("name"),
            job=item.get("evaluation_job_arn"),
            datasets=_texts(item.get("datasets")),
            observation=item.get("evaluation_observation"),
            metrics=_metrics(item),
        )
        for _, item in each(several)
    ]


def _content(text: object) -> dict[str, object]:
    return dict(document(text))


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _metrics(evaluation: Json) -> dict[str, object]:
    """Numbers by name, as far as they are single ones; the groups that they stand in are in the content."""
    return {
        str(metric["name"]): metric["value"]
        for _, group in each(evaluation.get("metric_groups"))
        for _, metric in each(group.get("metric_data"))
        if metric.get("name") and is_number(metric.get("value"))
    }


def _said(content: str) -> tuple[Attribute, ...]:
    """What the text of a card says of its model: the most asked for by name, and all of it."""
    training = f"{content}|training_details.training_job_details"
    uses, overview = f"{content}|intended_uses", f"{content}|model_overview"
    return (
        at("encrypted", "SecurityConfig.KmsKeyId", "A customer's key encrypts its text, which is unread.", bool),
        at("model", (f"{overview}.model_id", f"{overview}.model_name"), "The model that it says it is about."),
        at("package", f"{content}|model_package_details.model_package_arn", "The model version that it is about."),
        at("purpose", f"{uses}.purpose_of_model", "What the model is for."),
        at("intended_uses", f"{uses}.intended_uses", "What it may be used for."),
        at("risk_rating", f"{uses}.risk_rating", "How risky people rate it."),
        at("training_job", f"{training}.training_arn", "The job that trained the model, as the card says."),
        at("training_datasets", f"{training}.training_datasets", "The data that it was trained on.", _texts),
        at("evaluations", f"{content}|evaluation_details", "How the model was judged, as the card says.", _evaluations),
        at("content", content, "All that it says, as JSON.", _content),
    )


CARD: Final = attributes(
    "model_card",
    f"sagemaker:{_OPERATION}",
    rows.name("ModelCardName"),
    rows.status("ModelCardStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("version", "ModelCardVersion", "Its newest version."),
    at(
        "versions",
        "Versions",
        "Its versions.",
        _versions,
        by="sagemaker:ListModelCardVersions",
    ),
    *rows.CREATED_BY,
    at("kms_key", "SecurityConfig.KmsKeyId", "The KMS key that it is encrypted with."),
    *rows.MODIFIED_BY,
    _said("Content"),
)
INSIDE: Final = attributes(
    "model_card",
    "sagemaker:DescribeModelPackage",
    rows.status("ModelCard.ModelCardStatus"),
    _said("ModelCard.ModelCardContent"),
)


RESOURCES: Final = (
    Resource(
        kind="model_card",
        listing=Listing(operation="ListModelCards", items="ModelCardSummaries"),
        identify=itemgetter("ModelCardArn"),
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
                params=request("ModelCardName"),
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
