"""A named question, as the doors (command line, Python, pages) find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studbook.queries.answer import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a question is called, what it is asked of, and the function that answers it."""

    name: str
    ask: Callable[..., Answer[Any]]
    """`ask(night, root, asked=None, **options)`: `root` is an id (of an account or a place, where `of` says so),
    `asked` the words of the asker. Raises NotFound where there is no such asset, UsageError where it has no such
    answer."""
    of: tuple[str, ...] = ()
    """The kinds of asset that it is asked of, and `account` or `place`; empty: anything."""
    options: tuple[str, ...] = ()
    """The names of the options beside: `from_`, `to`."""
    places: bool = False
    """Whether it takes a place in S3, or a digest, that is no asset."""

    def is_asked_of(self, kind: str) -> bool:
        """Whether an asset of that kind has an answer to it."""
        return not self.of or kind in self.of
