"""What a thing is compared with first: what production runs, and its predecessor.

A training job's are those that made its version's, a run's are the runs of those jobs. Where something is one of
several that it could be, or two were made at one time, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from studbook.lineage.graph import LineageReader
from studbook.model import Asset
from studbook.queries.answer import Night
from studbook.queries.candidates import held_against
from studbook.queries.neighbours import parent, sources, targets, versions
from studbook.queries.origins import makers
from studbook.queries.walks import copied, lines

Reason = Literal["production", "approved", "predecessor"]

_WORDS: Final[dict[Reason, str]] = {
    "production": "which production runs",
    "approved": "the newest that is approved",
    "predecessor": "its predecessor",
}
_BEHIND: Final[dict[Reason, str]] = {
    "production": "behind what production runs",
    "approved": "behind the newest that is approved",
    "predecessor": "behind the version before",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """One thing of the same kind."""

    asset: Asset
    reasons: tuple[Reason, ...]

    @property
    def words(self) -> str:
        """What it is, in the terms of its kind."""
        of = _BEHIND if self.asset.kind in ("training_job", "mlflow_run") else _WORDS
        return " and ".join(of[reason] for reason in self.reasons)


def counterparts(night: Night, asset: Asset) -> list[Counterpart]:
    """Of anything that is compared; each once, what runs before the predecessor."""
    found: dict[str, tuple[Asset, list[Reason]]] = {}
    for reason, one in _counterparts(night.lineage, asset):
        if one.id != asset.id:
            found.setdefault(one.id, (one, []))[1].append(reason)
    return [Counterpart(asset=one, reasons=tuple(reasons)) for one, reasons in found.values()]


def _counterparts(lineage: LineageReader, asset: Asset) -> Iterator[tuple[Reason, Asset]]:
    if asset.kind == "mlflow_run":
        job = _only(one for one in sources(lineage, asset, "recorded_in") if one.kind == "training_job")
        for reason, other in _counterparts(lineage, job) if job is not None else ():
            run = _only(one for one in targets(lineage, other, "recorded_in") if one.kind == asset.kind)
            if run is not None:
                yield reason, run
    elif asset.kind == "training_job":
        version = _only_version_made(lineage, asset)
        for reason, other in _counterparts(lineage, version) if version is not None else ():
            if (job := _only(makers(lineage, other))) is not None and job.kind == asset.kind:
                yield reason, job
    else:
        if asset.kind == "model_package":
            family = copied(lineage, asset.id).ids
            for here in held_against(lineage, lines(lineage, [asset.id])):
                if here.version.id not in family:
                    yield "production" if here.places else "approved", here.version
        if (before := version_before(lineage, asset)) is not None:
            yield "predecessor", before


def version_before(lineage: LineageReader, version: Asset) -> Asset | None:
    """The version of the same group, dataset or evaluator that was made last before it."""
    of, at = parent(lineage, version), version.created_at
    if of is None or at is None:
        return None
    dated = [(when, one) for one in versions(lineage, of) if (when := one.created_at) is not None]
    older = [one for when, one in dated if when < at or (when == at and _is_numbered_before(one, version))]
    last = [one for one in older if one.created_at == older[0].created_at]
    numbers = {_number(one): one for one in last}
    known = [number for number in numbers if number is not None]
    if len(last) > 1:
        return numbers[max(known)] if len(known) == len(last) else None
    return _only(last)


def _is_numbered_before(one: Asset, other: Asset) -> bool:
    numbers = (_number(one), _number(other))
    return numbers[0] is not None and numbers[1] is not None and numbers[0] < numbers[1]


def _number(version: Asset) -> int | None:
    number = str(version.attributes.get("version"))
    return int(number) if number.isascii() and number.isdigit() else None


def _only_version_made(lineage: LineageReader, job: Asset) -> Asset | None:
    """The one version of which this is the one maker, where it was registered first."""
    made: dict[str, Asset] = {}
    for end in targets(lineage, job, "produced"):
        packages = [end] if end.kind == "model_package" else targets(lineage, end, "packaged_as")
        made |= {one.id: one for one in packages if one.kind == "model_package"}
    originals = {one.id: one for one in (copied(lineage, version).original for version in made)}
    version = _only(originals.values())
    return version if version is not None and _only(makers(lineage, version)) == job else None


def _only(found: Iterable[Asset]) -> Asset | None:
    several = list(found)
    return several[0] if len(several) == 1 else None
