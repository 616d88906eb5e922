"""What an export is: a name, and a function from a snapshot, from one asset's pedigree or from an answer to bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from studbook.model import Asset, Edge, Envelope, Finding
from studbook.queries.answer_graph import AnswerGraph


@dataclass(frozen=True, slots=True)
class Subject:
    """What is exported: a snapshot, or what the pedigrees of some assets have of it, with its findings.

    The iterables are in canonical order, and read once.
    """

    envelope: Envelope
    assets: Iterable[Asset]
    edges: Iterable[Edge]
    findings: Iterable[Finding]


@dataclass(frozen=True, slots=True)
class Export:
    """One format, by the one function that it has. The bytes depend on what the function is given, and on nothing else.

    A function also takes `options` by name, where they are asked for.
    """

    name: str
    summary: str
    write: Callable[..., Iterable[bytes]] | None = None
    """A `Subject` as one document."""
    write_lines: Callable[[Subject], Iterable[bytes]] | None = None
    """One JSON object a line."""
    files: Callable[[Subject], Iterable[tuple[str, Iterable[bytes]]]] | None = None
    """A snapshot as the files of a folder, by name, each in pieces; read in their order."""
    whole: bool = False
    """The document says of itself that it is the whole snapshot: it is never written of some assets alone."""
    document: Callable[..., bytes] | None = None
    """What needs no snapshot."""
    about: Callable[..., bytes] | None = None
    """What is said of one asset's `Pedigree`. Raises UsageError for an asset that the format has no words for."""
    about_all: Callable[..., bytes] | None = None
    """What is said of several pedigrees, in the order of their roots' ids, in one document."""
    picture: Callable[[AnswerGraph], bytes] | None = None
    """The answer to a question, drawn."""
    file: str = ""
    """The name of its file among the exports of a night; empty where a night does not write it."""
    kind: str | None = None
    """The kind of asset that has such a document; without assets, all of them are written."""
    options: tuple[str, ...] = ()
    """Of `spec_version`, `of`, `level`; and to a function of pedigrees `envelope`, the snapshot's, and `night`, the
    proofs that rows are of the snapshot."""

    def written(
        self, subject: Subject, *, lines: bool = False, **options: Any
    ) -> Iterable[tuple[str, Iterable[bytes]]]:
        """A snapshot in this format: its files by name, each in pieces; one that is a single file has no name."""
        if self.document is not None:
            return [("", (self.document(**options),))]
        if self.files is not None:
            return self.files(subject)
        write = self.write_lines if lines else self.write
        assert write is not None, f"{self.name} is of no snapshot"
        return [("", write(subject, **options))]
