"""Crash recovery: what was fetched is on disk at once, so that a harvest killed loses only what was in flight.

Each run has its own folder, `.harvest/<run>/` of the catalog, with a store for each partition, and holds a lock on it
for as long as it lives. The next run offers what dead ones left behind for reuse, like records of the last snapshot (a
record of the same revision is not described again), takes it over partition by partition, so that nights that fail one
after the other do not fill the disk, and deletes it when its own snapshot is written.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import threading
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from studbook.errors import CatalogError
from studbook.harvest.partition_store import PartitionStore
from studbook.model import Partition, canonical
from studbook.redaction.redact import Redactor
from studbook.settings import Redact


class Journal:
    """The stores of one run, and what earlier runs left. To be closed."""

    def __init__(self, folder: Path, rules: Redact | None = None) -> None:
        self._root = folder
        self._rules = rules
        self._locks: list[int] = []
        found = sorted(self._root.glob("*/")) if self._root.is_dir() else []
        self._earlier = [folder for folder in found if self._locked(folder)]
        self._own: Path | None = None
        self._lock = threading.Lock()
        self._stores: dict[Partition, PartitionStore] = {}

    def store(self, partition: Partition) -> PartitionStore:
        """The partition's store of this run. For many threads."""
        with self._lock:
            if partition not in self._stores:
                self._stores[partition] = PartitionStore(self._folder() / _name(partition))
            return self._stores[partition]

    def load_previous(self, partition: Partition, known: Iterable[bytes]) -> None:
        """Lays in what is known of a partition: last night's lines, and what earlier runs never committed."""
        store = self.store(partition)
        store.load_previous(known)
        for folder in self._earlier:
            earlier = folder / _name(partition)
            store.take_up(earlier, Redactor(self._rules).record)
            for file in folder.glob(f"{earlier.name}*"):  # with what SQLite has beside it
                file.unlink(missing_ok=True)

    def finish(self) -> None:
        """Deletes the files that the snapshot has made needless."""
        self._close_stores()
        for folder in (*self._earlier, self._own):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
        if self._root.is_dir() and not any(self._root.iterdir()):
            self._root.rmdir()

    def close(self) -> None:
        """Lets the next run have what is here."""
        self._close_stores()
        for folder in self._earlier:
            with suppress(OSError):  # something is in it still, or it is gone
                folder.rmdir()
        while self._locks:
            os.close(self._locks.pop())

    def _close_stores(self) -> None:
        for store in self._stores.values():
            store.close()

    def _folder(self) -> Path:
        if self._own is None:
            folder = self._root / uuid.uuid4().hex
            try:
                folder.mkdir(parents=True)
            except OSError as error:
                raise CatalogError.unwritable(folder, error) from error
            self._locked(folder)
            self._own = folder
        return self._own

    def _locked(self, folder: Path) -> bool:
        """Whether the folder is ours: a run that lives has a lock on its own."""
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._locks.append(descriptor)
        return True


def _name(partition: Partition) -> str:
    """A file name that no account, region or source can make unsafe."""
    digest = hashlib.sha256(canonical(list(partition))).hexdigest()[:16]
    return f"{partition.source}-{digest}.sqlite"
