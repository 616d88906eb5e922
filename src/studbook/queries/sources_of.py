"""Provenance of values: where each value of an asset stands, by the rows that read it, and what paths lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from studbook.model import Asset, Evidence, Record
from studbook.model.attributes import FIELDS, LINKED
from studbook.model.evidence import value_at
from studbook.sources import normalize

RecordOf = Callable[[str, str], Record | None]
"""From a kind and an id to the record."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """One value of an asset."""

    name: str
    value: Any
    evidence: tuple[Evidence, ...]

    def as_data(self) -> dict[str, Any]:
        """As JSON: `name`, `value`, and `evidence` as a list of `Evidence.as_data`."""
        return {"name": self.name, "value": self.value, "evidence": [one.as_data() for one in self.evidence]}


def sources_of(asset: Asset, record_of: RecordOf) -> list[Sourced]:
    """Every value that an asset has, with its evidence; that is empty only for what older snapshots do not tell."""
    values = {field: getattr(asset, field) for field in FIELDS} | dict(asset.attributes)
    found: dict[str, set[Evidence]] = {name: set() for name, value in values.items() if value is not None}
    for record in _records(asset.records, record_of):
        facts = normalize(record)
        shown = {one.id: one for one in facts.assets}.get(asset.id)
        rows = facts.rows.get(asset.id)
        if rows is None or shown is None:
            continue
        for row in rows.rows:
            said = getattr(shown, row.name) if row.name in FIELDS else shown.attributes.get(row.name)
            if row.name in found and said == values[row.name]:
                found[row.name].update(row.evidence(record))
    linked = {row.name: Evidence(rule=row.rule) for row in LINKED}
    return [
        Sourced(name, values[name], tuple(sorted(evidence)) or ((linked[name],) if name in linked else ()))
        for name, evidence in sorted(found.items())
    ]


def quoted(evidence: Evidence, record_of: RecordOf) -> Any:
    """The value that evidence leads to; None for a rule, and where its record is not kept."""
    record = next(_records((evidence.record,), record_of), None) if evidence.record else None
    return None if record is None else value_at(record.body, evidence.path)


def _records(references: Sequence[str], record_of: RecordOf) -> Iterator[Record]:
    for reference in references:
        _, kind, record_id = reference.split("/", 2)
        if (record := record_of(kind, record_id)) is not None:
            yield record
