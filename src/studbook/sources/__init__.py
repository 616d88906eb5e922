"""Connectors: everything that Studbook can harvest, by the registry of `model.sources`."""

from __future__ import annotations

import sys
from collections import defaultdict
from importlib import import_module
from typing import Final, NamedTuple, cast

from studbook.lineage.from_id import asset_from_id
from studbook.model import KINDS, Facts, Partition, Record
from studbook.model.attributes import Attribute, Attributes
from studbook.model.sources import REGISTRY, SourceEntry
from studbook.model.storable import noting_losses
from studbook.sources.interface import Source
from studbook.sources.organizations import with_accounts

__all__ = [
    "SOURCES",
    "Source",
    "Unread",
    "declared_attributes",
    "normalize",
    "shown_alone",
    "source",
    "with_accounts",
]


def _imported(entry: SourceEntry) -> Source:
    module, _, name = entry.place.partition(":")
    found = getattr(import_module(f"studbook.sources.{module}"), name)
    return cast(Source, found() if isinstance(found, type) else found)


SOURCES: Final[tuple[Source, ...]] = tuple(_imported(entry) for entry in REGISTRY.values())

_BY_NAME = {found.name: found for found in SOURCES}


def source(name: str) -> Source | None:
    """The source of that name, if this version has it."""
    return _BY_NAME.get(name)


def declared_attributes() -> dict[str, list[Attribute]]:
    """The rows of every asset kind, by name: all that the modules of this package declare."""
    found: defaultdict[str, dict[Attribute, None]] = defaultdict(dict)
    for name in sorted(module for module in sys.modules if module.startswith(f"{__name__}.")):
        for several in vars(sys.modules[name]).values():
            if isinstance(several, Attributes):
                for kind in several.kinds:
                    found[kind].update(dict.fromkeys(several.rows))
    return {kind: sorted(found[kind], key=lambda row: row.name) for kind in KINDS if kind in found}


class Unread(NamedTuple):
    """A record, or a value in one, that its source could not read."""

    partition: Partition
    kind: str
    id: str
    why: str


def shown_alone(record: Record, why: str) -> Facts:
    """What is left of a record that is not read: the asset of its id, marked."""
    asset = asset_from_id(record.id)
    return Facts([asset.but(attributes={"unread": why})] if asset.kind != "artifact" else [])


def normalize(record: Record, unread: list[Unread] | None = None) -> Facts:
    """What a record says, read by its source; a record of a source that is no more says nothing.

    A record that is not as its API describes it costs no other record: it is shown, marked `unread`, and says nothing.
    What could not be read is added to `unread`.
    """
    found = _BY_NAME.get(record.source)
    if found is None:
        return Facts()
    why: list[str] = []
    try:
        with noting_losses() as lost:
            facts = found.normalize(record)
        why += map(str, lost)
        return facts
    except Exception as error:  # noqa: BLE001 - whatever a stranger wrote, it is the record's, and costs no other
        why.append(f"the record cannot be read: {type(error).__name__}: {error}")
        return shown_alone(record, type(error).__name__)
    finally:
        if unread is not None:
            unread += [Unread(record.partition, record.kind, record.id, one) for one in why]
