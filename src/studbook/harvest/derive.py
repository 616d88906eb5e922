"""Derivation: from the records of a snapshot to its lineage, in one pass over all of them.

There is no incremental linking: it saved seconds a night, cost twelve hundred lines, and every join had to say by which
keys its claims find each other, a second time and by hand. A night on which no record changed links nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from heapq import merge
from itertools import groupby, islice
from typing import Any, TypeVar

from studbook.errors import StudbookError
from studbook.generator import generator
from studbook.lineage.chronicle import chronicle
from studbook.lineage.link import LinkContext, Linked, link
from studbook.model import Asset, Content, Edge, Envelope, Facts, Record
from studbook.packaged import place_in_code
from studbook.settings import Settings
from studbook.sources import Unread, normalize, shown_alone, with_accounts
from studbook.store import Catalog
from studbook.store.chunks import RECORDS, chunks

T = TypeVar("T")
_ODD = 10
"""Records that a night leaves out because they cannot be linked; with more of them it fails."""
Clean = Callable[[str], str]


def derive(
    catalog: Catalog,
    context: LinkContext,
    *,
    records: str,
    config: str,
    previous: Envelope | None,
    clean: Clean | None = None,
) -> tuple[Content, list[Unread] | None]:
    """The content of the snapshot after `previous`, kept in the catalog, and the records that could not be read for it.

    `records` is the manifest of its records, `config` the digest of the settings; where both are those of `previous`,
    and the same Studbook made it, so is the lineage; None then says that the same records could not be read.
    """
    if previous is not None and _same(previous, records, config):
        return Content(**previous.parts.content), None
    return derive_anew(catalog, context, records=records, previous=previous, clean=clean)


def derive_anew(
    catalog: Catalog, context: LinkContext, *, records: str, previous: Envelope | None, clean: Clean | None = None
) -> tuple[Content, list[Unread]]:
    """As `derive`, whatever the snapshot before says; `clean` is what today's rules make of the ids that it has."""
    unread: list[Unread] = []
    number = previous.number + 1 if previous else 1
    before = partial(_assets, catalog, previous, clean)
    linked = _linked(lambda: _records(catalog, records), _with_nights(context, before, number), unread)
    return catalog.keep_lineage(records, chronicle(linked, before(), number), linked.edges), unread


def _with_nights(context: LinkContext, before: Callable[..., Iterable[Asset]], number: int) -> LinkContext:
    """With what the snapshot before says of when assets were first seen."""

    def first_seen(ids: Collection[str]) -> Mapping[str, int]:
        known = {asset.id: asset.first_seen for asset in before(among=ids) if asset.first_seen is not None}
        return {**dict.fromkeys(ids, number), **known}

    return replace(context, first_seen=first_seen)


def _linked(records: Callable[[], Iterable[Record]], context: LinkContext, unread: list[Unread]) -> Linked:
    """The lineage of all records; one that no join can take costs itself and not the night, as one that cannot be read.

    Which one it is, is found by bisection, with some twenty times the work: to leave out a whole join would make
    nothing of all that it concludes.
    """
    odd: dict[str, Unread] = {}

    def read(record: Record) -> Facts:
        if (why := odd.get(record.reference)) is None:
            return normalize(record, unread)
        unread.append(why)
        return shown_alone(record, "not linked")

    def attempt(most: int | None = None) -> Linked | Exception:
        unread.clear()
        try:
            return link(islice(records(), most), read, context)
        except (StudbookError, OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  a bug of ours that one record has met
            return error

    while isinstance(found := attempt(), Exception):
        if len(odd) == _ODD:
            raise found
        whole, less = sum(1 for _ in records()), 0  # so many fail, and so many fewer do not
        while whole - less > 1:
            middle = (whole + less) // 2
            less, whole = (less, middle) if isinstance(attempt(middle), Exception) else (middle, whole)
        record = next(islice(records(), less, None))
        if record.reference in odd:
            raise found
        logging.getLogger(__name__).debug("%s cannot be linked", record.reference, exc_info=found)
        why = f"the record cannot be linked with others: {type(found).__name__} at {place_in_code(found)}"
        odd[record.reference] = Unread(record.partition, record.kind, record.id, why)
    return found


def _assets(
    catalog: Catalog, previous: Envelope | None, clean: Clean | None = None, among: Collection[str] | None = None
) -> Iterable[Asset]:
    """By id, all or those among some ids, none without a snapshot; what a rule that came later calls otherwise is the
    same thing, and was first seen when it was."""
    if previous is None:
        return ()
    if clean is None:
        return catalog.assets(previous) if among is None else catalog.assets_among(previous, among)
    if among is not None:
        return (asset for asset in _assets(catalog, previous, clean) if asset.id in among)
    # Read twice, and not sorted as a whole: the few that are renamed are held in memory, and not a million others.
    renamed = [asset.but(id=new) for asset in catalog.assets(previous) if (new := clean(asset.id)) != asset.id]
    others = (asset for asset in catalog.assets(previous) if clean(asset.id) == asset.id)
    return merge(others, sorted(renamed, key=lambda asset: asset.id), key=lambda asset: asset.id)


def differing(catalog: Catalog, settings: Settings, envelope: Envelope) -> Iterator[str]:
    """Deep verification: the ids of assets, and the ends of edges, that are not what the records of a snapshot say.

    Writes nothing. Only for a snapshot that this Studbook made with these settings: see `same_rules`. What is held is
    what a night holds: both sides come in one order and are compared as they come, by a merge.
    """
    context = LinkContext.of(with_accounts(settings, catalog.records(envelope)))
    before = partial(_assets, catalog, catalog.snapshot_before(envelope))
    context = _with_nights(context, before, envelope.number)
    linked = _linked(lambda: catalog.records(envelope), context, [])
    assets = chronicle(linked, before(), envelope.number)
    yield from (asset.id for asset in _unlike(assets, catalog.assets(envelope), key=lambda asset: asset.id))
    yield from map(_named, _unlike(linked.edges, catalog.edges(envelope), key=lambda edge: edge.key.order))


def _named(edge: Edge) -> str:
    return f"{edge.source} -{edge.relation}{f':{edge.role}' if edge.role else ''}-> {edge.target}"


def _unlike(derived: Iterable[T], kept: Iterable[T], key: Callable[[T], Any]) -> Iterator[T]:
    """One of each key whose row one side lacks or has otherwise; both in the order of the key, which each has once."""
    for _, several in groupby(merge(derived, kept, key=key), key=key):
        first, *others = several
        if others != [first]:
            yield first


def _same(previous: Envelope, records: str, config: str) -> bool:
    of = (previous.parts.records, previous.config, previous.generator)
    return of == (records, config, generator())


def _records(catalog: Catalog, manifest: str) -> Iterator[Record]:
    """In the order of the manifest's chunks: the linker needs none."""
    for chunk in chunks(catalog.objects, manifest):
        for line in catalog.objects.lines(chunk.object):
            yield RECORDS.row(line)
