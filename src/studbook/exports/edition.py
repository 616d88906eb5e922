"""An edition for outsiders: a catalog as they may read it, under pseudonyms, without what the APIs answered.

Pseudonymization happens between the store and whoever tells a snapshot, so that pages, pictures, answers, search and
exports are the ordinary ones, made of other rows. What is masked is gathered from all nights: a name that one night
gave away is masked in each. Digests of snapshots are those of the catalog: they tie an edition to its night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from studbook.exports.pseudonyms import Pseudonyms
from studbook.lineage.graph import Graph
from studbook.model import Asset, Edge, Envelope, Finding, Partition, Record
from studbook.people import People, people_of
from studbook.rules import findings_of
from studbook.settings import Settings
from studbook.store import Catalog, chunks
from studbook.store.chunks import ASSETS, EDGES, FINDINGS, Part, SharedRows
from studbook.store.past import EdgeEnds, NightState, RulesOf, SnapshotHistory

if TYPE_CHECKING:
    from studbook.proof.note import Verifier
    from studbook.store.verify import Damage


class Edition(Catalog):
    """A catalog to read from; it has no records, and its settings name nobody."""

    def __init__(self, catalog: Catalog, secret: str) -> None:
        """`secret` is what the pseudonyms are keyed by. Raises UsageError for one that could be guessed."""
        vars(self).update(vars(catalog))
        self._inside = catalog
        self.mask = Pseudonyms(secret, _all_texts(catalog))

    @property
    def label(self) -> str:
        """What tells its sites from those for insiders, and from those of another secret."""
        return label_of(self.mask)

    def settings(self) -> Settings:
        return self.without_names(self._inside.settings())

    def envelopes(self) -> Iterator[Envelope]:
        return map(self.mask.masked, self._inside.envelopes())

    def latest(self) -> Envelope | None:
        return self.mask.masked(self._inside.latest())

    def resolve(self, name: str) -> Envelope:
        return self.mask.masked(self._inside.resolve(name))

    def assets(self, envelope: Envelope, shared: SharedRows | None = None) -> Iterator[Asset]:
        """By the new ids, so that order tells nothing of the old ones."""
        return iter(sorted(map(self.mask.asset, self._inside.assets(envelope, shared)), key=lambda one: one.id))

    def originals(self, envelope: Envelope) -> Iterator[Asset]:
        """The assets as they are in the catalog, by id; for no outsider."""
        return self._inside.assets(envelope)

    def edges(self, envelope: Envelope, shared: SharedRows | None = None) -> Iterator[Edge]:
        return iter(self.mask.edges(self._inside.edges(envelope, shared)))

    def findings(self, envelope: Envelope) -> list[Finding]:
        return self.mask.masked(findings_of(self._inside, self._inside.resolve(str(envelope.number))))

    def records(self, envelope: Envelope, partition: Partition | None = None) -> Iterator[Record]:
        return iter(())

    def records_of(self, envelope: Envelope, kind: str) -> Iterator[Record]:
        return iter(())

    def record_of(self, envelope: Envelope) -> Callable[[str, str], Record | None]:
        return lambda kind, record_id: None

    def rules_of(self) -> RulesOf:
        """By the envelopes as they are: those of an edition have another digest of the configuration."""
        inside = self._inside.rules_of()
        return lambda envelope: inside(self._inside.resolve(str(envelope.number)))

    def older(self, old: Envelope, was: Graph, new: Envelope, now: Graph) -> Graph:
        """Redacted before it is masked: a mask hides which id a rule has changed."""
        if self.rules_of()(old) is None:
            return was
        before, after = (self._inside.resolve(str(one.number)) for one in (old, new))
        found = self._inside.older(before, self._inside.graph(before), after, self._inside.graph(after))
        return self._masked(found)

    def compared(self, old: Envelope, new: Envelope) -> tuple[Graph, Graph]:
        was, now = self._inside.compared(*(self._inside.resolve(str(one.number)) for one in (old, new)))
        return self._masked(was), self._masked(now)

    def _masked(self, graph: Graph) -> Graph:
        return Graph(map(self.mask.asset, graph.assets.values()), self.mask.edges(graph.edges))

    def past(self, envelope: Envelope, lineage: Graph | None = None) -> SnapshotHistory:
        """Of the originals, and so without the lineage at hand, which is masked."""
        return _MaskedHistory(self, envelope)

    def verify(self, signers: Sequence[Verifier] = ()) -> list[Damage]:
        return self._inside.verify(signers)

    def told(self, people: People) -> People:
        """What people wrote, as outsiders may read it."""
        return People(self.without_names(people.settings), self.mask.masked(people.cards))

    def without_names(self, settings: Settings) -> Settings:
        """What questions and pages need of the configuration; the site's address stays inside, too."""
        accounts = tuple(
            one.model_copy(update={"id": self.mask.text(one.id), "name": None, "role_arn": None, "external_id": None})
            for one in settings.accounts
        )
        title = self.mask.text(settings.site.title)
        return Settings(sources=settings.sources, rules=settings.rules).model_copy(
            update={"accounts": accounts, "site": settings.site.model_copy(update={"title": title, "url": None})}
        )


def label_of(mask: Pseudonyms) -> str:
    """The label of the edition that a secret makes."""
    return f"external-{mask.keyed('edition')[:16]}"


class _MaskedHistory(SnapshotHistory):
    """The nights of an edition: an asset lies where its original does."""

    def __init__(self, edition: Edition, envelope: Envelope) -> None:
        number = envelope.number
        super().__init__(
            edition.objects, lambda: [one for one in edition.envelopes() if one.number <= number], edition.rules_of()
        )
        self._mask = edition.mask
        self._read_originals = partial(edition.originals, envelope)
        self._masked: dict[int, tuple[EdgeEnds, EdgeEnds]] = {}

    @cached_property
    def _originals(self) -> Mapping[str, Asset]:
        return {self._mask.text(asset.id): asset for asset in self._read_originals()}

    def history(self, asset: Asset) -> Iterator[NightState]:
        for envelope, found, ending in super().history(self._originals[asset.id]):
            yield envelope, self._mask.masked(found), self._mask.edges(ending)

    def _read_into(self, kinds: Any) -> Iterator[tuple[Envelope, EdgeEnds]]:
        for envelope, ends in super()._read_into(kinds):
            if id(ends) not in self._masked:  # nights that share their edges share them here
                self._masked[id(ends)] = (ends, EdgeEnds(self._mask.edges(ends.edges)))
            yield envelope, self._masked[id(ends)][1]


def _all_texts(catalog: Catalog) -> Iterator[Any]:
    """All that is told of any night, each chunk of rows once; what is no chunk's, night by night."""
    seen: set[str] = set()

    def rows(part: Part[Any], manifest: str) -> Iterable[Any]:
        for chunk in chunks.chunks(catalog.objects, manifest):
            if chunk.object not in seen:
                seen.add(chunk.object)
                yield from chunks.rows_of(catalog.objects, part, chunk)

    for envelope in catalog.envelopes():
        parts = envelope.parts
        people = people_of(catalog, envelope)
        kept = rows(FINDINGS, parts.findings) if parts.findings else findings_of(catalog, envelope)
        yield from chain(rows(ASSETS, parts.assets), rows(EDGES, parts.edges), kept, people.cards.values())
        yield from (envelope, people.settings)
    if catalog.settings_file.exists():
        yield catalog.settings()
