"""The model card of a version: what people wrote of it, wherever they wrote it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from studbook.cards import Card
from studbook.lineage.graph import LineageReader
from studbook.model import REDACTED, Asset
from studbook.queries.audit_trail import audit_events, last_approval
from studbook.queries.frameworks import FRAMEWORKS, Framework, Point
from studbook.queries.gaps import is_judged, not_recorded
from studbook.queries.origins import makers
from studbook.queries.runs import rows_of_version
from studbook.queries.scores import jobs_of, judged_of
from studbook.queries.walks import copied, evaluation, lines


def card_of(lineage: LineageReader, version: Asset, cards: Mapping[str, Card]) -> Card | None:
    """What the catalog's cards say of a model version: the card of its model, or of the models of its copies.

    The numbers under `versions` are those of the original, which is the same in all accounts. Approver and review are
    of this copy's approval, where the card does not say of which versions they are.
    """
    family = copied(lineage, version.id)
    for one in (version, family.original, *family.members):
        for edge in lineage.upstream(one.id, "has_version"):
            group = lineage.asset(edge.source)
            if group is not None and group.name in cards:
                return said_of(lineage, version, cards[group.name])
    return None


def said_of(lineage: LineageReader, version: Asset, card: Card) -> Card | None:
    """What a card of a version's model says of that version; None where it does not speak of it."""
    original = copied(lineage, version.id).original
    number = original.attributes.get("version", version.attributes.get("version"))
    approved = version.attributes.get("approval") == "Approved"
    return card.of_version(str(number), original.created_at, approved=approved)


def registry_cards(lineage: LineageReader, version: Asset) -> Iterator[Asset]:
    """SageMaker's cards of a version, of its copies, and of the models made of it; each once."""
    seen: set[str] = set()
    for one in (version, *copied(lineage, version.id).members):
        models = (edge.target for edge in lineage.downstream(one.id, "packaged_as"))
        for about in (one.id, *models):
            for edge in lineage.downstream(about, "described_by"):
                card = lineage.asset(edge.target)
                if card is not None and card.kind == "model_card" and card.gone_since is None and card.id not in seen:
                    seen.add(card.id)
                    yield card


def has_card(lineage: LineageReader, version: Asset, cards: Mapping[str, Card]) -> bool:
    """Whether anybody wrote a card that speaks of a version."""
    return card_of(lineage, version, cards) is not None or any(True for _ in registry_cards(lineage, version))


# --- all that was written, as one card ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """What one source says under one heading."""

    field: str
    """A key of `FIELDS`, or for what has none there the dotted name in SageMaker's schema, or a card's own heading."""
    text: str
    source: str
    """`cards/<file>`, or the id of SageMaker's card."""


_Paths = tuple[str, ...]
FIELDS: Final[Mapping[str, tuple[_Paths, _Paths, str]]] = {
    "title": (("model_overview.model_name",), ("title",), ""),
    "description": (
        ("model_overview.model_description", "model_package_details.model_package_description"), (), r"description",
    ),
    "owner": (("model_overview.model_owner",), ("owner",), ""),
    "creator": (("model_overview.model_creator",), (), ""),
    "contact": ((), ("contact",), ""),
    "purpose": (("intended_uses.purpose_of_model", "intended_uses.intended_uses"), (), r"intended use|purpose"),
    "limits": (("intended_uses.factors_affecting_model_efficiency",), (), r"limit|out of scope"),
    "risk": (
        ("intended_uses.risk_rating", "intended_uses.explanations_for_risk_rating"), ("risk",), r"\brisk",
    ),
    "business": (
        ("business_details.business_problem", "business_details.business_stakeholders",
         "business_details.line_of_business"), (), r"business",
    ),
    "training": (("training_details.training_observations",), (), r"training"),
    "data": ((), (), r"\bdata\b|dataset"),
    "evaluation": ((), (), r"evaluation|metric"),
    "ethics": (("additional_information.ethical_considerations",), (), r"ethic|fairness"),
    "caveats": (("additional_information.caveats_and_recommendations",), (), r"caveat|recommendation"),
    "oversight": ((), (), r"oversight|when it fails|human"),
    "monitoring": ((), (), r"monitor|watch"),
    "changes": ((), (), r"planned change|roadmap"),
    "licence": ((), ("license",), r"licen[cs]e"),
    "approver": ((), ("approver",), ""),
    "reviewed": ((), ("reviewed",), ""),
    "reviewer": ((), ("reviewer",), ""),
    "documentation": ((), ("documentation",), ""),
}  # fmt: skip
"""Field to its places in SageMaker's content, in the front matter of a card, and among a card's headings."""
_OTHER_ROLES: Final = ("model_package_details", "model_overview.model_id", "model_overview.model_artifact")
"""What SageMaker's content repeats of the registry."""


def written(lineage: LineageReader, version: Asset, cards: Mapping[str, Card]) -> tuple[Words, ...]:
    """What people wrote of a version, wherever they wrote it: each thing with its source, nothing left out.

    People's words come first. What no field means is told after the fields: a section of a card under its heading, and
    whatever a schema has for SageMaker's cards, or for the card inside of a package, under its dotted name.
    """
    found: list[Words] = []
    card = card_of(lineage, version, cards)
    if card is not None:
        source = f"cards/{card.source}"
        for field, (_, facts, _) in FIELDS.items():
            found += [Words(field, card.facts[fact], source) for fact in facts if fact in card.facts]
        for heading, text in card.sections:
            fields = [
                field for field, (_, _, named) in FIELDS.items() if named and re.search(named, heading, re.IGNORECASE)
            ]
            found += [Words(field, text, source) for field in fields or [heading or "card"] if text]
    places = {path: field for field, (paths, _, _) in FIELDS.items() for path in paths}
    for one in registry_cards(lineage, version):
        content = one.attributes.get("content")
        for path, text in _leaves(content, "") if isinstance(content, Mapping) else ():
            if path.startswith("evaluation_details[") and path.endswith(".evaluation_observation"):
                found.append(Words("evaluation", text, one.id))
            elif not path.startswith(_OTHER_ROLES):
                found.append(Words(places.get(path, path), text, one.id))
    order = list(FIELDS)
    known = [one for one in found if one.field in FIELDS]
    return (*sorted(known, key=lambda one: order.index(one.field)), *(one for one in found if one.field not in FIELDS))


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Every text and number of a document, by its dotted path."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    elif value not in (None, "", REDACTED):
        yield path, str(value)


# --- evidence ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether a framework's point has evidence."""

    framework: Framework
    point: Point
    lacking: tuple[str, ...]
    """The facts that are missing; none where evidence is present."""


def card_evidence(lineage: LineageReader, version: Asset, said: Iterable[Words]) -> Mapping[str, str]:
    """The facts that are evidence for frameworks, and what shows each; what is not known is not among them.

    `said` is what was `written` of the version.
    """
    words: dict[str, str] = {}
    for one in said:
        words.setdefault(one.field, one.source)
    found = {"identity": version.id} | {fact: words[field] for fact, field in _FROM_WORDS.items() if field in words}
    for part in (_shown_by_training, _shown_by_judging, _shown_by_deployment, _shown_by_registry):
        for fact, source in part(lineage, version):
            found.setdefault(fact, source)
    if "approval" in found and "approval_actor" not in found and "approver" in words:
        found["approval_actor"] = words["approver"]
    return found


Shows = Iterator[tuple[str, str]]
"""Facts, each with what shows it; of several for one fact the first counts."""


def _shown_by_training(lineage: LineageReader, version: Asset) -> Shows:
    jobs = makers(lineage, version)
    for job in jobs:
        yield "training", job.id
        for fact, names in _FROM_JOBS.items():
            if any(job.attributes.get(name) for name in names):
                yield fact, job.id
        inputs = {edge.role: edge.source for edge in lineage.upstream(job.id, "input_to")}
        yield from ((role, inputs[role]) for role in ("code", "base_model", "image") if role in inputs)
    for edge in lineage.upstream(version.id, "packaged_as"):
        if edge.role in ("image", "code"):
            yield edge.role, edge.source
    for edge in lineage.upstream(version.id, "base_of"):
        yield "base_model", edge.source
    if jobs and "data" not in {row.what for row in not_recorded(lineage, version)}:
        yield "data", jobs[0].id


def _shown_by_judging(lineage: LineageReader, version: Asset) -> Shows:
    judged = jobs_of(lineage, judged_of(lineage, [copied(lineage, version.id)]))
    if is_judged(lineage, version):
        yield "evaluation", judged[0].id if judged else version.id
    for job in judged:
        if job.attributes.get("ended_at"):
            yield "evaluation_dated", job.id
        if evaluation(lineage, job).data:
            yield "evaluation_data", job.id


def _shown_by_deployment(lineage: LineageReader, version: Asset) -> Shows:
    if version.attributes.get("etags"):
        yield "weights_digest", version.id
    if places := [row.endpoint for row in rows_of_version(lineage, version) if not row.candidate]:
        yield "deployment", places[0]
        for edge in (edge for place in places for edge in lineage.downstream(place, "input_to", "monitored")):
            yield "monitoring", edge.target


def _shown_by_registry(lineage: LineageReader, version: Asset) -> Shows:
    if version.attributes.get("approval") == "Approved":
        yield "approval", version.id
        if (event := last_approval(audit_events(lineage, version), "Approved")) is not None and event.actor:
            yield "approval_actor", event.words
    if len(next(iter(lines(lineage, [version.id]).values()), ())) > 1:
        yield "predecessor", version.id


_FROM_WORDS: Final = {
    "owner": "owner", "purpose": "purpose", "limits": "limits", "risk": "risk", "oversight": "oversight",
    "monitoring": "monitoring", "changes": "changes", "licence": "licence", "data_described": "data",
    "metrics_explained": "evaluation",
}  # fmt: skip
"""Fact to the field of the card that is evidence of it."""
_FROM_JOBS: Final = {
    "hyperparameters": ("hyperparameters",),
    "compute": ("instance_type", "instance_groups", "billable_seconds", "billable_tokens"),
}


def shown(present: Collection[str]) -> tuple[Shown, ...]:
    """Every point of every framework, in their order, with what is missing of it; `present` are the facts shown."""
    return tuple(
        Shown(framework, point, tuple(need for need in point.needs if need not in present))
        for framework in FRAMEWORKS
        for point in framework.points
    )


def by_framework(present: Collection[str]) -> Iterator[tuple[Framework, list[Shown]]]:
    """As `shown`, framework by framework, in their order."""
    for _, group in groupby(shown(present), key=lambda one: one.framework.name):
        several = list(group)
        yield several[0].framework, several
