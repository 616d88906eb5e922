"""Which call brought a record, and on which night."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from studbook.model.canonical import quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Where a record, as it stands, came from; it keeps this for as long as nothing else is read of it."""

    record: Annotated[str, Field(description="The record: source/kind/id.")]
    operation: Annotated[
        str | None,
        Field(description="service:Operation, as the coverage counts it; null where nobody knows: before format 2."),
    ] = None
    snapshot: Annotated[int | None, Field(description="The snapshot that it was read for; null as above.")] = None


def reading_json(reading: Reading) -> bytes:
    """The canonical JSON of a reading, as `edge_json`: each record of each night has one."""
    operation, snapshot = reading.operation, reading.snapshot
    return (
        f'{{"operation":{"null" if operation is None else quoted(operation)},"record":{quoted(reading.record)},'
        f'"snapshot":{"null" if snapshot is None else snapshot}}}'
    ).encode()
