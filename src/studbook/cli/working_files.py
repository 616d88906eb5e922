"""What people changed since the newest snapshot, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studbook.model import Envelope
    from studbook.store import Catalog


def changed_lines(catalog: Catalog, envelope: Envelope | None) -> list[str]:
    """A line for each working file that the newest snapshot has otherwise; none where `envelope` is another one."""
    from studbook.people import changed_files
    from studbook.redaction.redact import Redactor

    if envelope is None or envelope != catalog.latest():
        return []
    names = changed_files(catalog, envelope, lambda settings: Redactor(settings.redact))
    return [f"{name}: changed since snapshot {envelope.number}, in no snapshot yet" for name in names]
