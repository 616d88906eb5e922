"""Writes the files of a site by their addresses: what an earlier build has with the same bytes is one file with it.

Hard links, not copies: a hundred nights cost little more than one and the changes, and nothing is written, and compared
afterwards, that is there already.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TreeWriter:
    """A site's tree that is being made, and the tree of an earlier build to take files from."""

    target: Path
    earlier: Path | None = None
    _folders: set[str] = field(default_factory=set, init=False)
    """Those that are made."""

    def link(self, name: str) -> None:
        """The earlier build's file, under a second name. Raises OSError where that cannot be."""
        self._make(name)
        os.link(f"{self.earlier}/{name}", f"{self.target}/{name}")

    def put(self, name: str, data: bytes) -> None:
        """Write a file, or link the earlier build's where it has the same bytes."""
        place = f"{self.target}/{name}"
        if self.earlier is not None:
            # A link that was made before another failed is the earlier build's own file.
            Path(place).unlink(missing_ok=True)
            try:
                if (self.earlier / name).read_bytes() == data:
                    self.link(name)
                    return
            except OSError:
                pass
        self._make(name)
        with open(place, "wb") as file:  # noqa: PTH123  ten thousand times, and twice as fast
            file.write(data)

    def _make(self, name: str) -> None:
        """The file's folder, once in each process."""
        folder = name.rpartition("/")[0]
        if folder in self._folders:
            return
        try:
            os.mkdir(f"{self.target}/{folder}")  # noqa: PTH102  ten thousand times, and most need no parent made
        except FileExistsError:
            pass
        except FileNotFoundError:
            os.makedirs(f"{self.target}/{folder}", exist_ok=True)  # noqa: PTH103
        self._folders.add(folder)
