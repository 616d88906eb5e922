"""What a rule is: a name, a level, and one function over a lineage."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from studbook.lineage.graph import Graph
from studbook.model.finding import Level


class Observation(NamedTuple):
    """What a rule saw of one asset."""

    asset: str | None
    """The asset's id; None where the message names what it is about: an account, a waiver."""
    message: str
    """One sentence that names what is wrong."""
    level: Level | None = None
    """Where this one is graver, or less grave, than the rule's own level."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; its module's docstring is its page in the manual, and says how to mend what it finds."""

    id: str
    level: Level
    check: Callable[[Graph], Iterable[Observation]]
    manual: str | None
