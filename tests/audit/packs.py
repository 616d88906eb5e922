"""Packs of a catalog, made as the command line makes them, many of one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

from studbook.exports import evidence, night
from studbook.model import Record
from studbook.people import people_of
from studbook.queries.pedigree import Pedigree, pedigree
from studbook.rules import findings_of
from studbook.store import Catalog


class Packs:
    """The packs of a catalog's newest snapshot."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.envelope = catalog.resolve("latest")
        self.graph = catalog.graph(self.envelope)
        self.findings = findings_of(catalog, self.envelope, self.graph)
        self.cards = people_of(catalog, self.envelope).cards

    @cached_property
    def records(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for record in self.catalog.records(self.envelope):
            found.setdefault(record.id, []).append(record)
        return found

    def of(self, asset_id: str) -> Pedigree:
        def behind(ids: Sequence[str]) -> list[Record]:
            return [record for one in ids for record in self.records.get(one, ())]

        return pedigree(
            self.graph,
            asset_id,
            findings=lambda asset: (one for one in self.findings if one.asset == asset),
            cards=self.cards,
            records=behind,
        )

    def without_night(self, asset_id: str) -> bytes:
        return evidence.write(self.of(asset_id))

    def whole(self, asset_id: str) -> bytes:
        return evidence.write(self.of(asset_id), night=partial(night.write, self.catalog, self.envelope))
