"""Transparency log: `log/`, one entry for each envelope, in the layout of c2sp.org/tlog-tiles.

It is written after the envelope, so a run that was killed may leave it behind; the next one brings it up. What it holds
follows from the envelopes, but for the signatures below its checkpoint: whoever has a checkpoint of it can tell whether
the nights that it speaks of are still the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from studbook.errors import CatalogError, ProofError
from studbook.model import canonical
from studbook.proof import merkle, tiles
from studbook.proof.note import Checkpoint, Note
from studbook.store.files import TEMPORARY, sweep, write_whole
from studbook.store.snapshots import Snapshots

_MEND = "run 'studbook verify'"


def entry(number: int, envelope: str) -> bytes:
    """What the log says of a snapshot, by its number and its envelope's digest."""
    return canonical({"envelope": envelope, "number": number})


def default_origin(first: bytes) -> str:
    """The name of a log that the configuration gives none, by its first entry."""
    return f"studbook/{json.loads(first)['envelope'].removeprefix('sha256:')[:16]}"


class Log:
    """The log of one catalog."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.checkpoint_file = root / "checkpoint"

    def note(self) -> Note | None:
        """The checkpoint with its signatures; None where there is no log. CatalogError where it cannot be read."""
        try:
            return Note.parse(self.read(self.checkpoint_file.name))
        except FileNotFoundError:
            return None
        except ProofError as error:
            raise CatalogError(f"{self.checkpoint_file}: {error.message}", _MEND) from None

    def checkpoint(self) -> Checkpoint | None:
        """What the checkpoint says; CatalogError where it says nothing."""
        note = self.note()
        try:
            return None if note is None else Checkpoint.of(note)
        except ProofError as error:
            raise CatalogError(f"{self.checkpoint_file}: {error.message}", _MEND) from None

    def entries(self) -> list[bytes]:
        """The entries that the checkpoint speaks of, oldest first; none where there is no log. Raises CatalogError
        where they cannot be read or are not those."""
        checkpoint = self.checkpoint()
        if checkpoint is None:
            return []
        found: list[bytes] = []
        try:
            for start in range(0, checkpoint.size, tiles.WIDTH):
                width = min(tiles.WIDTH, checkpoint.size - start)
                path = tiles.tile_path("entries", start // tiles.WIDTH, width)
                found += tiles.entries_of(self.read(path))
        except (OSError, ValueError) as error:
            raise CatalogError(f"{self.root}: its entries cannot be read: {error}", _MEND) from None
        if len(found) != checkpoint.size or merkle.root(found) != checkpoint.root:
            raise CatalogError(f"{self.root}: its entries are not those of its checkpoint", _MEND)
        return found

    def bring_up(self, snapshots: Snapshots, origin: str | None) -> None:
        """Append the envelopes that it does not tell of yet; `origin` is its name, where it is not the usual one.

        Tiles first, checkpoint last. Raises CatalogError, and changes nothing, where it tells of other snapshots.
        """
        paths = snapshots.paths()
        if not paths:
            return
        known = self.entries()
        if len(known) > len(paths):
            raise CatalogError(f"{self.root}: tells of {len(known)} snapshots, and {len(paths)} are there", _MEND)
        if known:
            last = snapshots.read(paths[len(known) - 1])
            if known[-1] != entry(last.number, last.envelope):
                raise CatalogError(f"{self.root}: tells of another snapshot {last.number}", _MEND)
        known += [entry(one.number, one.envelope) for one in map(snapshots.read, paths[len(known) :])]
        name = origin or default_origin(known[0])
        checkpoint = Checkpoint(name, len(known), merkle.root(known))
        if checkpoint == self.checkpoint():
            return
        whole = tiles.files(known)
        for path, data in whole.items():
            if not (self.root / path).exists():
                self.write(path, data)
        self.write(self.checkpoint_file.name, checkpoint.text.encode())
        for path in list(self.paths()):
            if path not in whole and (fuller := tiles.fuller(path, whole)) and ".p/" not in fuller:
                self.remove(path)
        sweep((self.root, *(folder for folder in self.root.rglob("*") if folder.is_dir())))

    def paths(self) -> Iterator[str]:
        """All that is in the folder, files and what is none, but for folders and unfinished files."""
        for path in sorted(self.root.rglob("*")):
            if (path.is_symlink() or not path.is_dir()) and not path.name.startswith(TEMPORARY):
                yield path.relative_to(self.root).as_posix()

    def write(self, path: str, data: bytes) -> None:
        """Make or replace a file at a path relative to the log's folder."""
        write_whole(self.root / path, data)

    def remove(self, path: str) -> None:
        """Take a file away; a path as of `write`."""
        (self.root / path).unlink(missing_ok=True)

    def read(self, path: str) -> bytes:
        """A file's bytes; CatalogError for what is no plain file: a pipe would never end."""
        file = self.root / path
        if file.is_symlink() or (file.exists() and not file.is_file()):
            raise CatalogError(f"{file}: is no plain file", _MEND)
        return file.read_bytes()
