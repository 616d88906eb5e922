"""Hash chain of envelopes: `snapshots/<number>-<time>.json`, each written last, never changed, naming the one before.

`digest` is the content's, `envelope` the whole document's, `previous` the `envelope` of the snapshot before.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from studbook.errors import CatalogError, NotFound
from studbook.model import Content, Envelope, Parts, canonical, digest
from studbook.model.snapshot import FORMAT
from studbook.store.files import write_new

_NAME = re.compile(r"^(?P<number>[1-9]\d*)-(?P<time>[0-9TZ.-]+)\.json$")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}(T[0-9:.]+Z)?$")
_BACK = re.compile(r"^latest(?:~(?P<back>\d+))?$")
_HEX = re.compile(r"^(?:sha256:)?(?P<hex>[0-9a-f]{4,64})$")
_FORMATS = {
    "studbook.catalog/1": {*Content.model_fields},
    FORMAT: {*Parts.model_fields, "tree"},
}
"""The parts that an envelope of each format has, and whether it has a tree."""


def envelope_digest(envelope: Envelope) -> str:
    """The SHA-256 of the envelope's canonical JSON without the field `envelope`."""
    return digest(canonical(envelope.model_dump(mode="json", exclude={"envelope"})))


def content_digest(envelope: Envelope) -> str:
    """The SHA-256 of the canonical JSON of the manifests of records, assets and edges."""
    return digest(canonical(envelope.parts.content))


def document(envelope: Envelope) -> bytes:
    """The envelope's file: JSON in UTF-8, indented for reading, with a final line feed."""
    text = json.dumps(envelope.model_dump(mode="json"), ensure_ascii=False, indent=2, sort_keys=True)
    return f"{text}\n".encode()


def file_name(number: int, taken_at: str) -> str:
    """`12-2026-11-22T020000Z.json`: no colons, which some file systems forbid."""
    return f"{number}-{taken_at.replace(':', '')}.json"


class Snapshots:
    """The envelopes of one catalog."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @staticmethod
    def is_name(name: str) -> bool:
        """Whether an envelope's file may be called so."""
        return _NAME.match(name) is not None

    def paths(self) -> list[Path]:
        """The envelopes' files by number, and by name where two claim one number."""
        if not self.root.is_dir():
            return []
        found = [(int(match["number"]), path) for path in self.root.iterdir() if (match := _NAME.match(path.name))]
        return [path for _, path in sorted(found)]

    def __iter__(self) -> Iterator[Envelope]:
        """Oldest first."""
        return map(self.read, self.paths())

    def __reversed__(self) -> Iterator[Envelope]:
        """Newest first."""
        return map(self.read, reversed(self.paths()))

    def of_night(self, taken_at: str) -> Iterator[Envelope]:
        """What the harvest of that time wrote, and every relink of it, newest first; no other is read."""
        ending = file_name(0, taken_at).removeprefix("0")
        return map(self.read, (path for path in reversed(self.paths()) if path.name.endswith(ending)))

    def latest(self) -> Envelope | None:
        """The envelope with the highest number; None where there is none. Raises CatalogError where it cannot be
        read."""
        paths = self.paths()
        return self.read(paths[-1]) if paths else None

    def read(self, path: Path) -> Envelope:
        """The envelope in a file; CatalogError where it cannot be read or is not what it was when it was written."""
        try:
            if not path.is_file():  # a pipe would never end
                raise CatalogError(f"{path}: is no plain file", "run 'studbook verify'")
            document = path.read_bytes()
            named = re.search(rb'"format"\s*:\s*"([^"]*)"', document)
            if named is not None and named[1].decode(errors="replace") not in _FORMATS:
                what = named[1].decode(errors="replace")
                raise CatalogError(f"{path}: has the format {what!r}", "a newer Studbook wrote it: upgrade")
            envelope = Envelope.model_validate_json(document)
        except (OSError, ValidationError) as error:
            raise CatalogError(f"{path}: is no readable envelope: {error}", "run 'studbook verify'") from None
        there = {*envelope.parts.manifests, *(("tree",) if envelope.tree is not None else ())}
        if there != _FORMATS[envelope.format]:
            odd = ", ".join(sorted(there ^ _FORMATS[envelope.format]))
            raise CatalogError(f"{path}: is no envelope of {envelope.format}: {odd}", "run 'studbook verify'")
        if envelope_digest(envelope) != envelope.envelope:
            raise CatalogError(f"{path}: was changed after it was written", "run 'studbook verify'")
        return envelope

    def resolve(self, name: str) -> Envelope:
        """The snapshot that a person means by a number, `latest`, `latest~3`, a date, or a digest's beginning.

        Raises NotFound, with what there is instead.
        """
        paths = self.paths()
        if not paths:
            raise NotFound(
                f"{self.root.parent}: there is no snapshot here",
                "take one with 'studbook harvest', or name another folder with --catalog DIR",
            )
        if match := _BACK.match(name):
            back = int(match["back"] or 0)
            if back < len(paths):
                return self.read(paths[-1 - back])
        elif name.isdigit() and (path := self._numbered(paths, int(name))):
            return self.read(path)
        elif _DATE.match(name):
            # A date alone means its whole day: every time of that day sorts before the next character after 'T'.
            limit = name if "T" in name else name + "U"
            for envelope in reversed(self):
                if envelope.taken_at <= limit:
                    return envelope
            raise NotFound(f"no snapshot is as old as {name}", f"the oldest is of {self.read(paths[0]).taken_at}")
        elif match := _HEX.match(name):
            return self._by_digest(match["hex"])
        first, last = paths[0].name.split("-")[0], paths[-1].name.split("-")[0]
        raise NotFound(
            f"no snapshot answers to {name!r}",
            f"there are {first} to {last}; say a number, latest, latest~1, a date, or a digest's beginning",
        )

    @staticmethod
    def _numbered(paths: list[Path], number: int) -> Path | None:
        return next((path for path in paths if path.name.startswith(f"{number}-")), None)

    def _by_digest(self, beginning: str) -> Envelope:
        found: dict[str, Envelope] = {}
        for envelope in reversed(self):
            for name in (envelope.digest, envelope.envelope):
                if name.startswith(f"sha256:{beginning}"):
                    found.setdefault(name, envelope)
        if not found:
            raise NotFound(f"no snapshot has a digest that begins with {beginning!r}", "see 'studbook log'")
        if len(found) > 1:
            raise NotFound(f"{len(found)} digests begin with {beginning!r}", "give more of it; see 'studbook log'")
        return next(iter(found.values()))

    def write(self, envelope: Envelope) -> None:
        """Write an envelope that follows the latest; CatalogError where another one does already."""
        path = self.root / file_name(envelope.number, envelope.taken_at)
        # No lock file: one that a killed process leaves behind would have to be taken for dead by its age.
        with self._alone():
            last = self.latest()
            follows = (last.number + 1, last.envelope) if last else (1, None)
            if (envelope.number, envelope.previous) != follows or not write_new(path, document(envelope)):
                raise taken(envelope.number)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two snapshots of one number would have two file names, so creating the file does not exclude the other."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.root, os.O_RDONLY)
        except OSError as error:
            raise CatalogError.unwritable(self.root, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def taken(number: int) -> CatalogError:
    """The error of the second of two writers of one number."""
    return CatalogError(
        f"another harvest wrote snapshot {number} in the meantime; nothing of this one was recorded",
        "run the command again: it begins from the other's snapshot",
    )
