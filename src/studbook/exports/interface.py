"""What an export is: a name, and a function from a snapshot, or from one asset's pedigree, to bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from studbook.model import Asset, Edge, Envelope, Finding
from studbook.queries.pedigree import Pedigree


@dataclass(frozen=True, slots=True)
class Subject:
    """What is exported: one snapshot with its findings. The iterables are in canonical order, and read once."""

    envelope: Envelope
    assets: Iterable[Asset]
    edges: Iterable[Edge]
    findings: Iterable[Finding]


@dataclass(frozen=True, slots=True)
class Export:
    """One format. The bytes depend on the subject alone."""

    name: str
    summary: str
    write: Callable[[Subject], Iterator[bytes]] | None = None
    """The whole document; None where the export is not of a whole snapshot."""
    write_lines: Callable[[Subject], Iterator[bytes]] | None = None
    """One JSON object a line; None where the format has no such form."""
    document: Callable[[], bytes] | None = None
    """What needs no snapshot."""
    about: Callable[[Pedigree], bytes] | None = None
    """What is said of one asset. Raises UsageError for an asset that the format has no words for."""
