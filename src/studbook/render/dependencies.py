"""Incremental build: what a page has read of a snapshot, so that it is made again only if some of that changed.

The views ask a `TrackedSite`, which answers as a `Site` does and notes each thing asked: an asset's label (what others
show of it), one of its fields or attributes, its edges on one side, its findings. A thing noted is a number, the
checksum of its name: two things of one number can only make a page again that need not be. What is not one asset's
(the list of a kind, all edges, the history) is noted as everything.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property, lru_cache
from itertools import product
from operator import attrgetter
from typing import Any, TypeVar, cast
from zlib import crc32

from studbook.lineage.graph import Graph, LineageReader, differing
from studbook.model import KINDS, Asset, Edge, Finding, Gap, Partition
from studbook.queries.answer import Answer, LazyRows, Night, Unknown, Why
from studbook.queries.namesakes import renamed
from studbook.render.views import Site
from studbook.render.views.site import Json

T = TypeVar("T")
EVERYTHING = 0
_FEW = 2_000
"""Rows of an answer that are made once, for all who tell them."""
_LABEL, _WHOLE = b"\0label", b"\0attributes"
_UPSTREAM, _DOWNSTREAM = "\0up", "\0down"
_IN_LABEL = frozenset(("id", "kind", "name", "account", "region", "stale_since", "gone_since"))
_FIELDS = {
    field.name: f"\0{field.name}".encode()
    for field in fields(Asset)
    if field.name not in _IN_LABEL and field.name != "attributes"
}


class ReadSet:
    """The things noted since `begin`."""

    __slots__ = ("read",)

    def __init__(self) -> None:
        self.read: set[int] = set()

    def begin(self) -> None:
        """Forgets what was noted so far: another page begins."""
        self.read = set()

    def apart(self, find: Callable[[], T]) -> tuple[T, frozenset[int]]:
        """What `find` gives, and what it read: that is noted here, too, also where it fails."""
        outer, self.read = self.read, set()
        try:
            found = find()
            return found, frozenset(self.read)
        finally:
            outer |= self.read
            self.read = outer

    def packed(self) -> bytes:
        """The numbers, four bytes each, in no order; `unpacked` reads them."""
        return array("I", self.read).tobytes()


def unpacked(noted: bytes) -> array[int]:
    """The numbers of what a page read, as `ReadSet.packed` wrote them on this machine."""
    out = array("I")
    out.frombytes(noted)
    return out


def _name(what: str, of: str) -> int:
    return crc32(f"{what}\0{of}".encode("utf-8", "surrogatepass"))


class _Attributes(Mapping[str, Any]):
    """An asset's attributes; each key that is asked for is noted."""

    __slots__ = ("_asset", "_base", "_notes")

    def __init__(self, asset: Asset, base: int, notes: ReadSet) -> None:
        self._asset, self._base, self._notes = asset, base, notes

    def __getitem__(self, key: str) -> Any:
        self._notes.read.add(_attribute(self._base, key))
        return self._asset.attributes[key]

    def get(self, key: str, default: Any = None) -> Any:
        self._notes.read.add(crc32(_attribute_name(key), self._base))
        return self._asset.attributes.get(key, default)

    def __contains__(self, key: object) -> bool:
        self._notes.read.add(_attribute(self._base, str(key)))
        return key in self._asset.attributes

    def __iter__(self) -> Iterator[str]:
        self._notes.read.add(crc32(_WHOLE, self._base))
        return iter(self._asset.attributes)

    def __len__(self) -> int:
        self._notes.read.add(crc32(_WHOLE, self._base))
        return len(self._asset.attributes)


def _attribute(base: int, key: str) -> int:
    return crc32(_attribute_name(key), base)


@lru_cache(1 << 12)
def _attribute_name(key: str) -> bytes:
    return f"\0attributes\0{key}".encode("utf-8", "surrogatepass")


class _TrackedAsset:
    """An asset; each field that is asked for is noted. Its label was noted when it was handed out."""

    __slots__ = ("_asset", "_base", "_notes", "attributes", "unresolved", *_IN_LABEL)

    def __init__(self, asset: Asset, base: int, notes: ReadSet) -> None:
        self._asset, self._base, self._notes = asset, base, notes
        for name in _IN_LABEL:
            setattr(self, name, getattr(asset, name))
        self.unresolved = asset.unresolved
        self.attributes = _Attributes(asset, base, notes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._asset, name)


def _noting(name: str, noted: bytes) -> property:
    value = attrgetter(name)

    def read(self: _TrackedAsset) -> Any:
        self._notes.read.add(crc32(noted, self._base))
        return value(self._asset)

    return property(read)


for _field, _bytes in _FIELDS.items():
    setattr(_TrackedAsset, _field, _noting(_field, _bytes))


class _Assets(Mapping[str, Asset]):
    """The assets of a graph; each that is asked for is noted."""

    def __init__(self, assets: Mapping[str, Asset], notes: ReadSet) -> None:
        self._assets, self._notes = assets, notes
        self._seen: dict[str, tuple[int, Asset | None]] = {}

    def get(self, key: str, default: Any = None) -> Any:
        known = self._seen.get(key)
        if known is None:
            base = crc32(key.encode("utf-8", "surrogatepass"))
            asset = self._assets.get(key)
            seen = cast(Asset, _TrackedAsset(asset, base, self._notes)) if asset is not None else None
            known = self._seen[key] = (crc32(_LABEL, base), seen)
        self._notes.read.add(known[0])
        return known[1] if known[1] is not None else default

    def __getitem__(self, key: str) -> Asset:
        found: Asset | None = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        return self.get(str(key)) is not None

    def __iter__(self) -> Iterator[str]:
        self._notes.read.add(EVERYTHING)
        return iter(self._assets)

    def __len__(self) -> int:
        self._notes.read.add(EVERYTHING)
        return len(self._assets)


class _TrackedGraph(LineageReader):
    """Answers as `Graph` does, and notes what was asked.

    Edges that were asked for are kept with the number of that side: the pages of a batch walk through the same
    neighbours again and again. It has no numbers: what is read is noted object by object.
    """

    def __init__(self, graph: Graph, notes: ReadSet) -> None:
        self._graph, self._notes = graph, notes
        self.assets = _Assets(graph.assets, notes)
        self._sides: tuple[_Side, _Side] = ({}, {})
        self._found: dict[Hashable, tuple[Any, frozenset[int]]] = {}
        self._near: dict[Hashable, tuple[Any, frozenset[int]]] = {}

    def turn(self) -> None:
        """To another asset's page."""
        self._near.clear()

    @property
    def edges(self) -> list[Edge]:
        self._notes.read.add(EVERYTHING)
        return self._graph.edges

    def asset(self, asset_id: str) -> Asset | None:
        found: Asset | None = self.assets.get(asset_id)
        return found

    def of_kind(self, kind: str, *, unsure: bool = False) -> Sequence[Asset]:
        self._notes.read.add(_members(kind, unsure))
        return [asset for one in self._graph.of_kind(kind, unsure=unsure) if (asset := self.asset(one.id)) is not None]

    def upstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        known = self._sides[0].get((asset_id, relation, role))
        if known is None:
            edges = self._graph.upstream(asset_id, relation, role)
            known = self._sides[0][asset_id, relation, role] = (_side(_UPSTREAM, asset_id, relation), edges)
        self._notes.read.add(known[0])
        return known[1]

    def downstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]:
        known = self._sides[1].get((asset_id, relation, role))
        if known is None:
            edges = self._graph.downstream(asset_id, relation, role)
            known = self._sides[1][asset_id, relation, role] = (_side(_DOWNSTREAM, asset_id, relation), edges)
        self._notes.read.add(known[0])
        return known[1]

    def beginning(self, text: str) -> Sequence[str]:
        self._notes.read.add(_bucket(text))
        return self._graph.beginning(text)

    def once(self, key: Hashable, find: Callable[[], T]) -> T:
        """Memoized for a batch of pages; each is noted to have read what it took."""
        return self._once(self._found, key, find)

    def near(self, key: Hashable, find: Callable[[], T]) -> T:
        """Memoized for a page and the files beside it."""
        return self._once(self._near, key, find)

    def _once(self, found: dict[Hashable, tuple[Any, frozenset[int]]], key: Hashable, find: Callable[[], T]) -> T:
        known = found.get(key)
        if known is None:
            known = found[key] = self._notes.apart(find)
        self._notes.read |= known[1]
        value: T = known[0]
        return value


_Side = dict[tuple[str, str | None, str | None], tuple[int, Sequence[Edge]]]
"""What was asked of one side of assets: the number under which it is noted, and the edges."""


def _members(kind: str, unsure: bool) -> int:
    """Which assets there are of a kind, or which of them are not sure."""
    return _name("unsure" if unsure else "kind", kind)


def _bucket(text: str) -> int:
    """Which ids there are in an S3 bucket; of another id with an @ behind it, those of earlier holders; of other texts,
    which there are at all."""
    scheme, _, rest = text.partition("://")
    bucket, slash, _ = rest.partition("/")
    if scheme != "s3" and "@" in text:
        return _name("ids", text.partition("@")[0])
    return _name("ids", bucket) if scheme == "s3" and slash else EVERYTHING


def _side(side: str, asset_id: str, relation: str | None) -> int:
    return crc32(f"{asset_id}{side}\0{relation or ''}".encode("utf-8", "surrogatepass"))


class _Noted(Mapping[Any, Any]):
    """A mapping of which each key that is asked for is noted."""

    def __init__(self, what: str, values: Mapping[Any, Any], notes: ReadSet) -> None:
        self._what, self._values, self._notes = what, values, notes

    def __getitem__(self, key: Any) -> Any:
        self._notes.read.add(_name(self._what, repr(key)))
        return self._values[key]

    def __iter__(self) -> Iterator[Any]:
        self._notes.read.add(EVERYTHING)
        return iter(self._values)

    def __len__(self) -> int:
        self._notes.read.add(EVERYTHING)
        return len(self._values)


@dataclass(frozen=True, kw_only=True)
class _TrackedNight(Night):
    """Answers as the night does; what is not one asset's is noted as a whole, and was found once.

    Records need no note: what is read of them is what an edge says that they say.
    """

    _night: Night
    _notes: ReadSet

    @property
    def gaps(self) -> Mapping[Partition, tuple[tuple[Gap, Why], ...]]:
        self._notes.read.add(_name("night", repr("gaps")))
        return self._night.gaps

    @property
    def hidden_content(self) -> Mapping[str, tuple[Unknown, ...]]:
        self._notes.read.add(_name("night", repr("hidden")))
        return self._night.hidden_content

    @property
    def earlier_content(self) -> Mapping[str, float]:
        self._notes.read.add(_name("night", repr("earlier")))
        return self._night.earlier_content


def _watched(name: str) -> property:
    def read(self: TrackedSite) -> Any:
        self.notes.read.add(EVERYTHING)
        return getattr(self._site, name)

    return property(read)


class TrackedSite(Site):
    """Answers as the site does, and notes what was asked."""

    def __init__(self, site: Site, notes: ReadSet) -> None:
        graph = cast(Graph, _TrackedGraph(site.graph, notes))
        given: dict[str, Any] = {
            "_site": site,
            "notes": notes,
            "graph": graph,
            "settings": site.settings,
            "rules": site.rules,
            "external": site.external,
            "cards": _Noted("card", site.cards, notes),
            "findings_by_asset": _Noted("findings", dict(site.findings_by_asset), notes),
            "records": _Noted("record", site.records, notes),
            "running": _Noted("running", site.running, notes),
            "records_behind": _Noted("behind", site.records_behind, notes),
            "partial": _Noted("partial", dict(site.partial), notes),
            "_links": site._links,
            "_answers": {},
            "night": _TrackedNight(
                graph,
                settings=site.settings,
                record_of=site.record_of,
                envelope=site.envelope,
                history=site.past,
                _night=site.night,
                _notes=notes,
            ),
        }
        self.__dict__.update(given)

    _site: Site
    notes: ReadSet
    _answers: dict[tuple[str, str], tuple[Answer[Any], frozenset[int]]]
    """Answers to what was asked of one asset, each with what was read for it."""

    def answer(self, question: str, asset_id: str) -> Answer[Any]:
        """Memoized: a page and the files beside it ask the same, and each is noted to have read what it took."""
        known = self._answers.get((question, asset_id))
        if known is None:
            known = self.notes.apart(lambda: self._asked(question, asset_id))
            if not isinstance(known[0].rows, LazyRows):  # those read when they are looked at
                self._answers[question, asset_id] = known
        self.notes.read |= known[1]
        return known[0]

    def turn(self) -> None:
        """To another asset: what was kept for the page of the one before is let go."""
        self._answers.clear()
        cast(_TrackedGraph, self.graph).turn()

    def _asked(self, question: str, asset_id: str) -> Answer[Any]:
        answer = super().answer(question, asset_id)
        if isinstance(answer.rows, LazyRows) and answer.total <= _FEW:
            answer = replace(answer, rows=tuple(answer.rows))
        if question == "log":
            # What its nights show is all of its own fields, whether it or another page tells it, and the edges that
            # end in it.
            base = crc32(asset_id.encode("utf-8", "surrogatepass"))
            self.notes.read.update(crc32(field, base) for field in (*_FIELDS.values(), _WHOLE))
            self.graph.upstream(asset_id)
        return answer

    def link(self, asset_id: str) -> Json:
        self.graph.assets.get(asset_id)
        return self._site.link(asset_id)

    def place_of(self, asset: Asset) -> str:
        """A part of its label, which was noted when it was handed out."""
        return self._site.place_of(asset)


# Whatever else a site has is not one asset's; `settings`, `rules` and `external` are the same for every page.
for _other in [field.name for field in fields(Site)] + [
    name for name, value in vars(Site).items() if isinstance(value, cached_property)
]:
    if _other not in (
        "graph",
        "settings",
        "rules",
        "external",
        "cards",
        "records",
        "running",
        "records_behind",
        "findings_by_asset",
        "partial",
        "_links",
        "_deployments",
        "night",
    ):
        setattr(TrackedSite, _other, _watched(_other))


def said(site: Site) -> dict[str, str]:
    """What pages read that is not in the lineage: by its number, as text, a digest of it."""
    findings: Mapping[str | None, Sequence[Finding]] = site.findings_by_asset
    # How many requests a partition took is another number every night, and on no asset's page.
    gaps = {key: [(c.source, c.status, asdict(c)["gaps"]) for c in several] for key, several in site.partial.items()}
    cards = {key: card.as_data() for key, card in site.cards.items()}
    several: dict[str, Mapping[Any, Any]] = {
        "findings": findings,
        "partial": gaps,
        "card": cards,
        "record": site.records,
        "running": site.running,
        "behind": site.records_behind,
        "night": {
            "gaps": [
                [*map(str, key), [(why, asdict(gap)) for gap, why in value]] for key, value in site.night.gaps.items()
            ],
            "hidden": {key: [one.to_json() for one in value] for key, value in site.night.hidden_content.items()},
            "earlier": site.night.earlier_content,
        },
    }
    return {
        str(_name(what, repr(key))): _digest(value) for what, values in several.items() for key, value in values.items()
    }


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=asdict)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def changed(old: Graph, new: Graph) -> set[int]:
    """The numbers of all that is not the same in two lineages; everything is among them if anything is."""
    out: set[int] = set()
    if old is new:
        return out
    for asset_id in old.assets.keys() | new.assets.keys():
        before, after = old.assets.get(asset_id), new.assets.get(asset_id)
        if before is None or after is None:
            out.add(_bucket(asset_id))
        if before is not after and before != after:
            out.update(_differences(crc32(asset_id.encode("utf-8", "surrogatepass")), before, after))
    out.update(crc32(_LABEL, crc32(one.encode("utf-8", "surrogatepass"))) for one in renamed(old.assets, new.assets))
    for edge in _one_sided(old, new):
        for relation in (None, edge.relation):
            out.add(_side(_UPSTREAM, edge.target, relation))
            out.add(_side(_DOWNSTREAM, edge.source, relation))
    for kind, unsure in product(KINDS, (False, True)):
        was, now = ([asset.id for asset in graph.of_kind(kind, unsure=unsure)] for graph in (old, new))
        if was != now:
            out.add(_members(kind, unsure))
    if out:
        out.add(EVERYTHING)
    return out


def _differences(base: int, before: Asset | None, after: Asset | None) -> Iterator[int]:
    if before is None or after is None or _label(before) != _label(after):
        yield crc32(_LABEL, base)
    if before is None or after is None:
        return
    for name, noted in _FIELDS.items():
        if getattr(before, name) != getattr(after, name):
            yield crc32(noted, base)
    if before.attributes != after.attributes:
        yield crc32(_WHOLE, base)
        for key in before.attributes.keys() | after.attributes.keys():
            if before.attributes.get(key) != after.attributes.get(key):
                yield _attribute(base, key)


def _label(asset: Asset) -> tuple[Any, ...]:
    """What a page may show of another asset without asking for a field of it."""
    named = tuple(getattr(asset, name) for name in sorted(_IN_LABEL))
    return (*named, asset.attributes.get("version"), asset.unresolved)


def _one_sided(old: Graph, new: Graph) -> Iterator[Edge]:
    """The edges that only one of two lineages has, or that are not the same in both."""
    before, after = differing(old, new)
    for key, edge in after.items():
        if before.pop(key, None) != edge:
            yield edge
    yield from before.values()
