"""Judgement matrix: the versions of a line by what judged them, held against what runs now.

Each cell is the newest score, as `scores` finds it; two of them are compared as `candidates` compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from studbook.model import Asset
from studbook.queries.answer import Night
from studbook.queries.candidates import Judge, Judgement, held_against, order_of
from studbook.queries.scores import Score
from studbook.queries.walks import Family, copied, lines

_COLUMNS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One version's newest score of one judgement."""

    score: Score
    delta: float | None
    """From that of what runs, of which it is surely known that it was found alike."""
    better: bool | None
    """Whether that is a difference for the better; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementMatrix:
    """Versions and judgements; a cell that is missing was not judged, as far as it is known."""

    versions: tuple[Family, ...]
    """Newest first; of many those that run, the one asked of, and the newest."""
    left_out: int
    against: str | None
    """The original of what production runs, else of the newest approved version; None where there is neither."""
    production: bool
    """Whether it is what production runs."""
    cells: Mapping[Judgement, Mapping[str, Cell]]
    """By judgement, then by the original's id."""
    unknown: bool
    """Whether what could not be seen, or was not recorded, may fill a hole."""


def judgement_matrix(night: Night, asset: Asset) -> JudgementMatrix:
    """Of the line that a version is in, or of all lines that a group's versions are in."""
    lineage = night.lineage
    members = [asset.id]
    if asset.kind == "model_package_group":
        members = [edge.target for edge in lineage.downstream(asset.id, "has_version")]
    known = lines(lineage, members) or {one: (copied(lineage, one),) for one in members}
    here = next(held_against(lineage, known), None)
    families = [family for several in known.values() for family in reversed(several)]
    shown = _shown(families, {asset.id} if here is None else {asset.id, here.version.id})
    judge = Judge(night)
    running = next((family for family in shown if here is not None and family.original.id == here.version.id), None)
    cells: dict[Judgement, dict[str, Cell]] = {}
    for family in shown:
        shared = () if running is None or running is family else judge.shared(running, family)
        alike = {one.judgement: one.delta for one in shared}
        for judgement, score in judge.scores(family).items():
            delta = alike.get(judgement)
            better = judge.is_better(judgement.metric, delta)
            cells.setdefault(judgement, {})[family.original.id] = Cell(score=score, delta=delta, better=better)
    return JudgementMatrix(
        versions=tuple(shown),
        left_out=len(families) - len(shown),
        against=running.original.id if running is not None else None,
        production=here is not None and bool(here.places),
        cells={one: cells[one] for one in sorted(cells, key=order_of)},
        unknown=bool(judge.unknown) or any(True for _ in night.unseen()),
    )


def _shown(families: Sequence[Family], wanted: Set[str]) -> list[Family]:
    """In their order: those that are wanted, and of the others the first."""
    first = [family for family in families if family.ids & wanted]
    rest = [family for family in families if family.ids.isdisjoint(wanted)][: max(_COLUMNS - len(first), 0)]
    chosen = {family.original.id for family in (*first, *rest)}
    return [family for family in families if family.original.id in chosen]
