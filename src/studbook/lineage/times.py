"""ISO 8601 times of records and of people: as texts that sort, and as times to reckon with."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(time: object) -> str:
    """A time that sorts: without the Z, so that a fraction comes after its whole second; "" where it is unknown, or no
    text: attributes are what strangers wrote."""
    return time.rstrip("Z") if isinstance(time, str) else ""


def utc_time(text: object) -> datetime | None:
    """A date or time of ISO 8601 in UTC, which one without a zone is in; None for what is none."""
    try:
        time = datetime.fromisoformat(text)  # type: ignore[arg-type]
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):  # the last of a time whose day in UTC no calendar has
        return None
