"""What was fetched is on disk at once, so that a harvest killed at any time loses only what was in flight.

Each run appends to its own files under `<catalog>/.harvest/<run>/`, one for each partition, a record a line. The next
run reads what earlier ones left behind, offers it for reuse like records of the last snapshot (a record of the same
revision is not described again), and deletes it when its own snapshot is written.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import IO, Final

from studbook.errors import CatalogError
from studbook.model import Partition, Record, canonical

_MEMBERS: Final = tuple(field.name for field in fields(Record))


class Journal:
    """The files of one run, and what earlier runs left."""

    def __init__(self, catalog: Path) -> None:
        self._root = catalog / ".harvest"
        self._earlier = sorted(self._root.glob("*/")) if self._root.is_dir() else []
        self._own = self._root / uuid.uuid4().hex

    def writer(self, partition: Partition) -> Writer:
        """Where a partition's records go."""
        return Writer(self._own / _name(partition))

    def left_over(self, partition: Partition) -> Mapping[tuple[str, str], Record]:
        """Records that earlier runs fetched and never committed, by kind and id. A torn last line is left out."""
        found: dict[tuple[str, str], Record] = {}
        for folder in self._earlier:
            try:
                lines = (folder / _name(partition)).read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                continue
            for line in lines:
                try:
                    record = Record(**json.loads(line))
                except (ValueError, TypeError):
                    continue
                found[record.kind, record.id] = record
        return found

    def finish(self) -> None:
        """Deletes the files that the snapshot has made needless."""
        for folder in (*self._earlier, self._own):
            shutil.rmtree(folder, ignore_errors=True)
        if self._root.is_dir() and not any(self._root.iterdir()):
            self._root.rmdir()


class Writer:
    """Appends records to one file; the file appears with the first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def add(self, record: Record) -> None:
        """One line, handed to the operating system before this returns. Raises CatalogError where it cannot be."""
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("ab")
            self._file.write(canonical({name: getattr(record, name) for name in _MEMBERS}) + b"\n")
            self._file.flush()
        except OSError as error:
            raise CatalogError(f"{self._path}: cannot be written: {error.strerror or error}") from error

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _name(partition: Partition) -> str:
    """A file name that no account, region or source can make unsafe."""
    digest = hashlib.sha256(canonical(list(partition))).hexdigest()[:16]
    return f"{partition.source}-{digest}.jsonl"
