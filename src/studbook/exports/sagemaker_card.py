"""`studbook export sagemaker-card`: a model version as the content of a SageMaker model card (schema 0.1.0).

It is what `aws sagemaker create-model-card --content` takes. Texts and lists are cut at the limits of the schema; what
was cut is said in `additional_information.custom_details`. Words of people come from the model's card, everything else
from what was harvested; what nobody knows is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from studbook.errors import UsageError
from studbook.exports.interface import Export
from studbook.model import Asset, canonical
from studbook.model.canonical import is_number
from studbook.queries.pedigree import Pedigree, makers
from studbook.queries.walks import reads_data

LIMIT: Final = 100_000
"""The most characters of a card."""

_RISKS: Final = {"high": "High", "medium": "Medium", "low": "Low"}
_SECTIONS: Final = {
    "intended_uses": ("intended use", "intended uses", "use cases"),
    "purpose_of_model": ("purpose", "purpose of the model"),
    "factors_affecting_model_efficiency": ("limits", "limitations", "out of scope", "technical limitations"),
}
_BREAKS: Final = "\n\r\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"
_ETHICS: Final = ("ethical considerations", "ethics", "risks")
_APPROVALS: Final = ("Approved", "Rejected", "PendingManualApproval")
_STATUSES: Final = ("Pending", "InProgress", "Completed", "Failed", "Deleting")


def write(pedigree: Pedigree) -> bytes:
    """The content, in canonical JSON. Raises UsageError for what is no model version."""
    if pedigree.root.kind != "model_package":
        raise UsageError(
            f"{pedigree.root.id!r} is of the kind {pedigree.root.kind}, and a card is of a model version",
            "name a model_package",
        )
    card = _Card(pedigree).content()
    data = canonical(card)
    while len(data.decode()) > LIMIT and card.get("evaluation_details"):
        card["evaluation_details"].pop()
        card["additional_information"]["custom_details"]["cut"] = "evaluations, at the limit of 100000 characters"
        data = canonical(card)
    return data + b"\n"


class _Card:
    """One card in the making."""

    def __init__(self, pedigree: Pedigree) -> None:
        self.pedigree, self.root = pedigree, pedigree.root
        self.assets = {asset.id: asset for asset in pedigree.assets}
        self.cut: list[str] = []
        self.words = {}
        if pedigree.card is not None:
            self.words = {heading.strip().lower(): text for heading, text in pedigree.card.sections}
        self.facts = pedigree.card.facts if pedigree.card is not None else {}

    def content(self) -> dict[str, Any]:
        jobs = [asset for asset in makers(self.pedigree) if asset.kind == "training_job"]
        sections = {
            "model_overview": self._overview(),
            "model_package_details": self._package(),
            "intended_uses": self._uses(),
            "training_details": self._training(jobs[0]) if len(jobs) == 1 else None,
            "evaluation_details": self._evaluations(),
        }
        details = {"catalog": "studbook", "asset": self.root.id}
        for finding in self.pedigree.findings:
            if finding.asset == self.root.id:
                details[f"finding {finding.rule}"] = finding.message
        if len(jobs) > 1:
            details["training jobs"] = ", ".join(job.id for job in jobs)
        if self.cut:
            details["cut"] = f"at the limits of the card: {', '.join(sorted(set(self.cut)))}"
        ethics = next((self.words[heading] for heading in _ETHICS if heading in self.words), None)
        sections["additional_information"] = self._some(
            ethical_considerations=self._text(ethics, 2048, "ethical_considerations"),
            custom_details={name: text[:1024] for name, text in details.items()},
        )
        return self._some(**sections)

    def _some(self, **members: Any) -> dict[str, Any]:
        return {name: value for name, value in members.items() if value not in (None, {}, [], "")}

    def _text(self, text: Any, most: int, name: str) -> str | None:
        if not isinstance(text, str) or not text:
            return None
        if len(text) > most:
            self.cut.append(name)
        return text[:most]

    def _list(self, several: Sequence[Any], most: int, name: str) -> list[Any]:
        if len(several) > most:
            self.cut.append(name)
        return list(several[:most])

    def _named(self, given: Mapping[str, Any]) -> list[str]:
        """Names that a card can have: none that is empty, or line breaks alone."""
        found = sorted(name for name in given if name.strip(_BREAKS))
        if len(found) < len(given):
            self.cut.append("hyper_parameters")
        return found

    def _into(self, target: str, relation: str, role: str | None = None) -> list[str]:
        edges = self.pedigree.edges
        found = (edge for edge in edges if edge.target == target and edge.relation == relation and not edge.candidate)
        return [edge.source for edge in found if edge.role == role]

    def _group(self) -> Asset | None:
        groups = self._into(self.root.id, "has_version")
        return self.assets.get(groups[0]) if groups else None

    def _version(self) -> int | None:
        version = str(self.root.attributes.get("version", ""))
        return int(version) if version.isdecimal() and version.isascii() else None

    def _overview(self) -> dict[str, Any]:
        group = self._group()
        images = self._into(self.root.id, "packaged_as", "image")
        weights = self._into(self.root.id, "packaged_as")
        return self._some(
            model_id=self._text(self.root.id, 1024, "model_id"),
            model_name=self._text(group.name if group is not None else self.root.name, 1024, "model_name"),
            model_description=self._text(self.facts.get("title"), 1024, "model_description"),
            model_version=self._version(),
            model_creator=self._text(self.root.attributes.get("created_by"), 1024, "model_creator"),
            model_owner=self._text(self.facts.get("owner"), 1024, "model_owner"),
            model_artifact=[uri[:1024] for uri in self._list(weights, 15, "model_artifact")],
            inference_environment=self._some(
                container_image=[uri[:1024] for uri in self._list(images, 15, "inference container_image")]
            ),
        )

    def _package(self) -> dict[str, Any]:
        attributes, group = self.root.attributes, self._group()
        return self._some(
            model_package_arn=self._text(self.root.id, 1024, "model_package_arn"),
            model_package_group_name=self._text(group.name if group is not None else None, 63, "group name"),
            model_package_version=self._version(),
            model_package_description=self._text(attributes.get("description"), 1024, "model_package_description"),
            model_package_status=self.root.status if self.root.status in _STATUSES else None,
            model_approval_status=attributes.get("approval") if attributes.get("approval") in _APPROVALS else None,
            approval_description=self._text(attributes.get("approval_description"), 1024, "approval_description"),
        )

    def _uses(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for member, headings in _SECTIONS.items():
            text = next((self.words[heading] for heading in headings if heading in self.words), None)
            found[member] = self._text(text, 2048, member)
        risk = self.facts.get("risk")
        if risk:
            found["risk_rating"] = _RISKS.get(risk.strip().lower(), "Unknown")
            found["explanations_for_risk_rating"] = self._text(risk, 2048, "explanations_for_risk_rating")
        return self._some(**found)

    def _training(self, job: Asset) -> dict[str, Any]:
        edges = [edge for edge in self.pedigree.edges if edge.target == job.id and edge.relation == "input_to"]
        data = [edge.source for edge in edges if reads_data(edge, self.assets[edge.source]) and not edge.candidate]
        images = self._into(job.id, "input_to", "image")
        parameters = job.attributes.get("hyperparameters")
        given = parameters if isinstance(parameters, dict) else {}
        metrics = job.attributes.get("metrics")
        numbers = metrics if isinstance(metrics, dict) else {}
        return self._some(
            training_job_details=self._some(
                training_arn=self._text(job.id, 1024, "training_arn"),
                training_datasets=[uri[:1024] for uri in self._list(data, 15, "training_datasets")],
                training_environment=self._some(
                    container_image=[uri[:1024] for uri in self._list(images, 15, "training container_image")]
                ),
                training_metrics=[
                    {"name": name[:255], "value": numbers[name]}
                    for name in self._list([one for one in sorted(numbers) if is_number(numbers[one])], 50, "metrics")
                ],
                hyper_parameters=[
                    {"name": name[:255], "value": _plain(given[name])[:255]}
                    for name in self._list(self._named(given), 100, "hyper_parameters")
                ],
            )
        )

    def _evaluations(self) -> list[dict[str, Any]]:
        return [
            self._some(
                name=found.job.name[:63] or "evaluation",
                evaluation_job_arn=self._text(found.job.id, 256, "evaluation_job_arn"),
                datasets=[uri[:1024] for uri in self._list(found.data, 10, "evaluation datasets")],
                metadata={
                    "evaluators": ", ".join(found.evaluators)[:1024],
                    "judged": ", ".join(sorted(self.pedigree.same.intersection(found.models)))[:1024],
                },
                metric_groups=[
                    {
                        "name": "scores",
                        "metric_data": [
                            {"name": name[:63] or "score", "type": "number", "value": value}
                            for name, value in sorted((found.scores or {}).items())
                            if is_number(value)
                        ],
                    }
                ],
            )
            for found in self.pedigree.evaluations
            if self.pedigree.same.intersection(found.models)
        ]


def _plain(value: Any) -> str:
    """A text as it is, all else as JSON: an empty text, too, which a card cannot have."""
    return value if isinstance(value, str) and value.strip(_BREAKS) else canonical(value).decode()


EXPORT = Export("sagemaker-card", "a model version as the content of a SageMaker model card", about=write)
