"""What can go wrong, as a person meets it.

    StudbookError            4  failed, and the catalog is as it was before
    ├── UsageError           2  wrong usage or configuration
    │   └── SettingsError    2  studbook.yml is wrong; names file, line and mend
    ├── CatalogError         4  the catalog folder cannot be read or written
    │   └── NotFound         2  no snapshot or asset of that name
    ├── ProofError           2  a key, a note or a proof is not what it should be
    ├── HarvestError         4  nothing could be harvested
    └── BuildError           4  the site could not be built; in a night, after its snapshot, 5

Every error is a sentence for a reader and, where there is one, a way out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final, Self

UNWRITABLE: Final = "is there room, and may you write there?"


LATER_FAILED: Final = 5
"""The exit code where a snapshot is written, and what comes after it failed, or a part of it."""


def meant(word: str, known: Iterable[str], otherwise: str) -> str:
    """The hint for a word that nobody knows: the known one that is nearest to it, else `otherwise`."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), 1)
    return f"did you mean '{near[0]}'?" if near else otherwise


class StudbookError(Exception):
    """A message for a person, with a hint that names the way out."""

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(StudbookError):
    """The command line asks for something that does not exist."""

    exit_code = 2


class SettingsError(UsageError):
    """studbook.yml says something that cannot be meant."""


class CatalogError(StudbookError):
    """The catalog folder cannot be read or written."""

    @classmethod
    def unwritable(cls, place: Path, error: Exception) -> Self:
        """For what the operating system, or SQLite, says of a full disk and of a folder that is another user's."""
        return cls(f"{place}: cannot be written: {getattr(error, 'strerror', None) or error}", UNWRITABLE)


class NotFound(CatalogError):  # noqa: N818 - reads as what happened
    """No snapshot or asset answers to that name."""

    exit_code = 2

    @classmethod
    def asset(cls, asset_id: str) -> Self:
        """No asset has that id."""
        return cls(f"no asset has the id {asset_id!r}", "find it with 'studbook show NAME'")


class ProofError(StudbookError):
    """A key, a signed note or a proof is not what it should be."""

    exit_code = 2


class HarvestError(StudbookError):
    """No partition could be read, so nothing was written."""


class BuildError(StudbookError):
    """The site could not be built."""


class PublishError(StudbookError):
    """The site could not be published; what was written by then is whole."""
