"""What a rule is: a name, a level, and one function over what is known of one snapshot."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import Final, NamedTuple, TypeVar

from studbook.cards import Card
from studbook.lineage.graph import Graph
from studbook.model import Asset, Finding
from studbook.model.finding import Level
from studbook.queries.answer import Night, in_production, listed
from studbook.queries.candidates import Judge
from studbook.queries.handles import Handles, InMemory
from studbook.queries.succession import Release, predecessor, releases
from studbook.queries.walks import Deployed, Family, Manner, line, out_of_service, runs
from studbook.queries.walks.reach import origins_of
from studbook.rules.waivers import Waiver
from studbook.settings import RuleSettings, Settings

P = TypeVar("P", bound=RuleSettings)

RUNS: Final[Mapping[Manner, str]] = {
    "": "runs",
    "candidate": "may run",
    "no share": "runs without a share of the requests",
    "shadow": "runs in shadow",
}
"""What is said of how an endpoint runs a version."""

_NAMED: Final = 5


class Observation(NamedTuple):
    """What a rule saw of one asset."""

    asset: str | None
    """The asset's id; None for what is about none."""
    said: str
    """What is wrong: the rest of a sentence that begins with the asset's handle; of no asset, the whole of it."""
    level: Level | None = None
    """Where this one is graver, or less grave, than the rule's own level."""
    subject: str = ""
    """What within the asset it is about: an id, never words that change. Two observations of one asset need two."""
    mend: str | None = None
    """What to do, where it is not what the rule says."""


class Running(NamedTuple):
    """One model version at one live endpoint."""

    version: Asset
    endpoint: Asset
    unit: Deployed
    """What the endpoint runs, and how surely it is the version."""


@dataclass(frozen=True)
class Inspection:
    """One snapshot as rules see it: the night's answers, what people wrote, and how the rules are set.

    What several rules ask is found at the first question, once.
    """

    night: Night
    """Its lineage, coverage, settings and records: what questions are asked of."""
    today: datetime.date
    """The day of the snapshot."""
    cards: Mapping[str, Card] = field(default_factory=dict)
    """What people wrote of models, by the model group's name."""
    waivers: Sequence[Waiver] = ()
    given: Mapping[type[RuleSettings], RuleSettings] = field(default_factory=dict)
    """How rules are set, by the class of their parameters."""
    found: list[Finding] = field(default_factory=list)
    """What the rules before this one found."""

    @property
    def lineage(self) -> Graph:
        """All assets and edges."""
        assert isinstance(self.night.lineage, Graph)
        return self.night.lineage

    @property
    def settings(self) -> Settings:
        """The configuration."""
        return self.night.settings or Settings()

    def parameters(self, kind: type[P]) -> P:
        """How the rule is set that names this class."""
        given = self.given.get(kind)
        return given if isinstance(given, kind) else kind()

    def live(self, *kinds: str) -> Iterator[Asset]:
        """The assets of these kinds that a listing shows and that are not gone; kind after kind, by id."""
        for kind in kinds:
            for asset in self.lineage.of_kind(kind):
                if asset.gone_since is None and not asset.unresolved:
                    yield asset

    def handle(self, asset: Asset | str) -> str:
        """What people call an asset, or that of an id: the shortest text that means no other."""
        found = self.lineage.asset(asset) if isinstance(asset, str) else asset
        return self._handles.of(found) if found is not None else str(asset)

    def handles(self, assets: Iterable[Asset | str]) -> str:
        """Several in a sentence: `a, b and c`, the first five of them."""
        names = [self.handle(asset) for asset in assets]
        left = len(names) - _NAMED
        return listed([*names[:_NAMED], f"{left} more"] if left > 1 else names)

    @cached_property
    def _handles(self) -> Handles:
        return Handles(InMemory(self.lineage), self.settings)

    @cached_property
    def serving(self) -> Sequence[tuple[Asset, Sequence[Deployed]]]:
        """The live endpoints that take requests, by id, with what answers there; what a router sends on is told
        behind it."""
        return [
            (endpoint, runs(self.lineage, endpoint.id))
            for endpoint in self.lineage.of_kind("endpoint")
            if endpoint.gone_since is None and not endpoint.attributes.get("router") and not out_of_service(endpoint)
        ]

    @cached_property
    def running(self) -> Mapping[str, Sequence[Running]]:
        """What `serving` says, by the id of each version."""
        found: defaultdict[str, list[Running]] = defaultdict(list)
        for endpoint, units in self.serving:
            for unit in units:
                for version in unit.versions:
                    found[version.id].append(Running(version, endpoint, unit))
        return found

    @cached_property
    def in_production(self) -> Mapping[str, Sequence[Running]]:
        """What `running` says of endpoints in production and of those without a stage; not what runs in shadow, has
        no share of the requests, or is a guess."""
        found = {
            version: [one for one in several if in_production(one.endpoint) and not one.unit.manner(version)]
            for version, several in self.running.items()
        }
        return {version: several for version, several in found.items() if several}

    @cached_property
    def releases(self) -> Sequence[tuple[Release, Family | None]]:
        """The versions that people rely on, each with the one that it replaced."""
        running, line_of = self.in_production.keys(), cache(partial(line, self.lineage))
        released = releases(self.lineage, running, line_of)
        return [(one, predecessor(self.lineage, one, running, line_of)) for one in released]

    @cached_property
    def judge(self) -> Judge:
        """The scores of versions, each version's read once."""
        return Judge(self.night)

    @cached_property
    def behind_production(self) -> Mapping[str, Sequence[str]]:
        """Whatever made the versions that run in production, by its id, with the ids of these versions."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for version in sorted(self.in_production):
            for asset_id in origins_of(self.lineage, version).influence:
                found[asset_id].append(version)
        return found


def days_from(day: datetime.date, days: int) -> datetime.date:
    """So many days later, before where negative; no day is before the calendar's first or after its last."""
    number = min(max(day.toordinal() + days, datetime.date.min.toordinal()), datetime.date.max.toordinal())
    return datetime.date.fromordinal(number)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; its module's docstring is its page in the manual, and says how to mend what it finds."""

    id: str
    level: Level
    check: Callable[[Inspection], Iterable[Observation]]
    manual: str | None
    mend: str = ""
    """What to do, as the end of the finding's sentence."""
    parameters: type[RuleSettings] = RuleSettings
    """How it can be set in studbook.yml: `enabled`, `level`, and fields of its own."""
    enabled: bool = True
    """Whether it is on where the configuration does not say."""
    turns: Callable[[Inspection], Iterable[datetime.date]] = lambda seen: ()
    """The days from which on it says something else of a night that is like the one before, by what people wrote."""
