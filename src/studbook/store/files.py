"""Atomic write: a file is whole or not there; written under another name, flushed to the disk, then renamed."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from studbook.errors import CatalogError

TEMPORARY = ".tmp-"
"""How the names of unfinished files begin; a crash may leave some, nothing reads them, and `sweep` removes them."""


@contextmanager
def replacing(path: Path, *, exclusive: bool = False) -> Iterator[BinaryIO]:
    """A stream whose content becomes the file where the block ends well; a reader meets all of it or none.

    Raises CatalogError where the place cannot be written, FileExistsError where `exclusive` and the file is there.
    """
    temporary: Path | None = None
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            _flush_folder(path.parent.parent)
        descriptor, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            held(stream.fileno())
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            temporary.chmod(0o644)
            if exclusive:
                # A link fails where the name is taken, in one step; a rename would replace the other's file.
                os.link(temporary, path)
            else:
                temporary.rename(path)
        _flush_folder(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise CatalogError.unwritable(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def held(descriptor: int) -> bool:
    """Advisory lock: whether an open file is now this process's own, until it is closed; a dead one holds none."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another's, or a file system without locks
        return False
    return True


def sweep(folders: Iterable[Path]) -> None:
    """Removes what writers that were killed left in these folders; a writer that lives holds what it writes."""
    for folder in folders:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(TEMPORARY) and entry.is_file(follow_symlinks=False):
                    descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW)
                    try:
                        if held(descriptor):
                            Path(entry.path).unlink(missing_ok=True)
                    finally:
                        os.close(descriptor)


def write_whole(path: Path, data: bytes) -> None:
    """Atomic write: make or replace a file. Raises CatalogError where the place cannot be written."""
    write_pieces(path, (data,))


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Atomic write of a file whose content is made piece by piece; raises CatalogError, and whatever making the
    pieces does: then the file is as it was."""
    with replacing(path) as stream:
        stream.writelines(pieces)


def write_new(path: Path, data: bytes) -> bool:
    """Exclusive create, atomically: make a file that must not exist yet; False if it does. Raises CatalogError."""
    try:
        with replacing(path, exclusive=True) as stream:
            stream.write(data)
    except FileExistsError:
        return False
    return True


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
