"""A source that is nothing but its declarations: every regional service whose resources are listed and described."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from studbook.aws.errors import UNREADABLE
from studbook.model import Facts, Partition, Record
from studbook.model.facts import Claim
from studbook.settings import Settings
from studbook.sources.interface import Grant, Resource, Visit, everywhere

C = TypeVar("C", bound=Claim)


@dataclass(frozen=True, slots=True)
class Declared:
    """`name` is the source's, botocore's and IAM's name of the service; `resources` are in the order of collection.

    Listings and descriptions are mostly granted on no resource; `granted` says where that is otherwise.
    """

    name: str
    resources: tuple[Resource, ...]
    wave: int = 1
    follows: tuple[str, ...] = ()
    granted: tuple[Grant, ...] = ()

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What the actions are granted on: those of `granted`, then one statement for the rest."""
        return (*self.granted, Grant(re.sub(r"[^A-Za-z0-9]", "", self.name.title())))

    @property
    def actions(self) -> tuple[str, ...]:
        """The IAM actions, `<service>:<Operation>`, sorted: these services' actions are called as their operations."""
        return self.actions_of(None)

    def actions_of(self, settings: Settings | None) -> tuple[str, ...]:
        """As `actions`, without what a configuration leaves out."""
        wanted = self.resources if settings is None else self._wanted(settings)
        return tuple(sorted({f"{self.name}:{name}" for resource in wanted for name in resource.operations}))

    def plan(self, settings: Settings, records: Iterable[Record]) -> Mapping[Partition, Sequence[str]]:
        """Every region of every account, without targets."""
        return everywhere(self.name, settings)

    def collect(self, visit: Visit) -> None:
        for resource in self._wanted(visit.settings):
            visit.resource(resource)
        for part in visit.settings.source(self.name).leave_out:
            visit.skip(part, "the configuration leaves it out")

    def scope(self, record: Record) -> str | None:
        """The parent that it was listed under, where its declaration can tell."""
        resource = self._of(record.kind)
        if resource is None or resource.listing.parent_of is None:
            return None
        return resource.listing.parent_of(record)

    def normalize(self, record: Record) -> Facts:
        """By kind; a kind that is not declared any more says nothing."""
        resource = self._of(record.kind)
        return resource.normalize(record) if resource else Facts()

    def claims(self, record: Record, type: type[C]) -> Iterator[C]:
        """What a record of this source claims of one type; nothing where its body is in no form that anyone expects."""
        if record.source != self.name:
            return
        try:
            claims = self.normalize(record).claims
        except UNREADABLE:
            return
        yield from (claim for claim in claims if isinstance(claim, type))

    def _wanted(self, settings: Settings) -> tuple[Resource, ...]:
        left_out = settings.source(self.name).leave_out
        return tuple(resource for resource in self.resources if resource.part not in left_out)

    def _of(self, kind: str) -> Resource | None:
        return next((resource for resource in self.resources if resource.kind == kind), None)
