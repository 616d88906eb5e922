"""Garbage collection, paused: Python's search for cycles is held back while much is allocated and little dies.

It goes through all that is alive, again and again: a third of the time, where that is millions.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """For work that makes much and nothing that refers to itself: no cycles are looked for meanwhile, in any thread
    of the process. Nests."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def gc_seldom() -> Iterator[None]:
    """For work that keeps most of what it makes: a search for each 100,000 new containers, where Python's own way is
    700. Not for a harvest: its clients are cycles, and would lie about by the hundred."""
    was = gc.get_threshold()
    gc.set_threshold(100_000, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*was)


_frozen = 0


@contextmanager
def gc_frozen() -> Iterator[None]:
    """What is there by now stays until the end, of the outermost where there are several, and is not gone through
    again."""
    global _frozen  # noqa: PLW0603  Python counts what is frozen, and not how often
    gc.freeze()
    _frozen += 1
    try:
        yield
    finally:
        _frozen -= 1
        if not _frozen:
            gc.unfreeze()
