"""Audit trail: who did what to an asset, as CloudTrail has it: registrations, approvals, deployments, deletions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from studbook.lineage.graph import LineageReader
from studbook.model import Asset
from studbook.model.ids import holder_of, is_audit_event

NO_TRAIL: Final = "no CloudTrail event"
"""What is said of a change of which no event tells."""
NOT_READ: Final = "CloudTrail not read"
"""What is said where the configuration has CloudTrail off, so that nobody asked for events."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """A management event of AWS CloudTrail: what somebody did to an asset, when, and from where."""

    what: str
    """registration, approval, deployment or deletion."""
    at: str
    actor: str | None
    address: str | None
    event: str
    """Its id in CloudTrail."""
    approval: str | None
    """The approval that it gave or took."""

    @property
    def words(self) -> str:
        """Where it is told, in a line."""
        return f"CloudTrail event {self.event}" + (f" from {self.address}" if self.address else "")


def audit_events(lineage: LineageReader, asset: Asset) -> list[AuditEvent]:
    """What CloudTrail tells of an asset, oldest first."""
    found = []
    for edge in lineage.upstream(asset.id, "associated"):
        event = lineage.asset(edge.source)
        if event is not None and is_audit_event(event.id):
            told = event.attributes
            actor, address, approval = (_text(told.get(name)) for name in ("actor", "address", "approval"))
            found.append(
                AuditEvent(edge.role or "", event.created_at or "", actor, address, str(told.get("event_id")), approval)
            )
    return sorted(found, key=lambda event: (event.at, event.event))


def is_deleted(lineage: LineageReader, asset: Asset) -> bool:
    """Whether an asset that no listing shows is known to be gone: the last that CloudTrail tells of it is its deletion,
    or another one has its name."""
    if holder_of(asset.id) is not None:
        return True
    several = [event.what for event in audit_events(lineage, asset)]
    return several[-1:] == ["deletion"]


def last_approval(several: Iterable[AuditEvent], approval: str) -> AuditEvent | None:
    """The last event that gave an approval: by an update, or at registration."""
    fitting = [event for event in several if event.what in ("approval", "registration") and event.approval == approval]
    return fitting[-1] if fitting else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
