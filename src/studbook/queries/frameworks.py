"""What frameworks ask to be documented of a model, as dated data with its source: no regulation is told in prose.

A point names the facts that are evidence of it, by the keys of `card_evidence`. Whether what is there suffices, and
whether a framework applies, is for people to say: here evidence is present or missing, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a framework asks for."""

    id: str
    words: str
    needs: tuple[str, ...]
    """The facts that are evidence of it; all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """One framework, as of a day."""

    name: str
    edition: str
    since: str
    """The day from which this edition holds, or of its publication: YYYY-MM-DD, or as much of it as is known."""
    source: str
    read: str
    """What these points were written from: the text itself, or what others write of it."""
    points: tuple[Point, ...]


FRAMEWORKS: Final = (
    Framework(
        name="EU AI Act, Annex IV",
        edition="Regulation (EU) 2024/1689",
        since="2024-08-01",
        source="https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
        read="the text",
        points=(
            Point("1(a)", "name, version, provider and intended purpose", ("identity", "owner", "purpose")),
            Point("1(c)", "versions of relevant software", ("image",)),
            Point("1(d)", "the forms in which it is put into service", ("deployment",)),
            Point("2(a)", "how it was developed, and what pre-trained was used", ("training", "base_model", "code")),
            Point("2(b)", "design choices and what it is optimised for", ("hyperparameters",)),
            Point("2(c)", "the computing resources used", ("compute",)),
            Point("2(d)", "data requirements: training data, its provenance and selection", ("data", "data_described")),
            Point("2(e)", "human oversight measures", ("oversight",)),
            Point("2(f)", "pre-determined changes", ("changes",)),
            Point("2(g)", "validation and testing, with dated reports and metrics", ("evaluation", "evaluation_dated")),
            Point("2(h)", "cybersecurity measures", ("weights_digest",)),
            Point("3", "capabilities, limits and foreseeable unintended outcomes", ("limits",)),
            Point("4", "why these performance metrics are appropriate", ("metrics_explained",)),
            Point("5", "the risk management system", ("risk",)),
            Point("6", "changes through its life", ("predecessor",)),
            Point("9", "post-market monitoring", ("monitoring",)),
        ),
    ),
    Framework(
        name="NIST AI RMF",
        edition="AI 100-1, version 1.0",
        since="2023-01-26",
        source="https://doi.org/10.6028/NIST.AI.100-1",
        read="a public list of its subcategories",
        points=(
            Point("GOVERN 1.6", "an inventory of AI systems", ("identity", "owner")),
            Point("GOVERN 6.1", "risks of third parties", ("base_model", "licence")),
            Point("MAP 1.1", "intended purpose and context of use", ("purpose",)),
            Point("MAP 2.2", "limits of knowledge, and how output is overseen by people", ("limits", "oversight")),
            Point("MAP 2.3", "data: collection, selection, provenance", ("data", "data_described")),
            Point("MEASURE 2.1", "test sets, metrics and tools are documented", ("evaluation", "evaluation_data")),
            Point("MEASURE 2.3", "performance is measured", ("evaluation", "evaluation_dated")),
            Point("MEASURE 2.8", "accountability and transparency", ("approval", "approval_actor")),
            Point("MANAGE 4.1", "monitoring after deployment", ("monitoring",)),
        ),
    ),
    Framework(
        name="ISO/IEC 42001, Annex A",
        edition="ISO/IEC 42001:2023",
        since="2023-12-18",
        source="https://www.iso.org/standard/81230.html",
        read="a public list of its controls; the text is paid for",
        points=(
            Point("A.4.2", "resources are documented", ("identity", "owner")),
            Point("A.4.3", "data resources", ("data",)),
            Point("A.6.2.2", "requirements and purpose", ("purpose",)),
            Point("A.6.2.4", "verification and validation", ("evaluation", "evaluation_dated")),
            Point("A.6.2.5", "deployment", ("deployment", "approval")),
            Point("A.6.2.6", "operation and monitoring", ("monitoring",)),
            Point("A.6.2.7", "technical documentation", ("training", "limits")),
            Point("A.7.5", "data provenance", ("data", "data_described")),
            Point("A.10.3", "suppliers", ("base_model", "licence")),
        ),
    ),
    Framework(
        name="SR 26-2, model risk management",
        edition="Federal Reserve SR 26-2, OCC Bulletin 2026-13; in the place of SR 11-7",
        since="2026-04-17",
        source="https://www.federalreserve.gov/supervisionreg/srletters/srletters.htm",
        read="what others write of it, who also write that generative and agentic AI are out of its scope",
        points=(
            Point("inventory", "an inventory of models with owner and use", ("identity", "owner", "purpose")),
            Point(
                "development", "data, method and assumptions of development", ("training", "data", "hyperparameters")
            ),
            Point("limits", "limitations and assumptions", ("limits",)),
            Point("validation", "evaluation, and approval by somebody named", ("evaluation", "approval_actor")),
            Point("outcomes", "ongoing monitoring and outcomes", ("monitoring",)),
            Point("vendor", "models of others", ("base_model",)),
            Point("changes", "changes from version to version", ("predecessor",)),
        ),
    ),
)
