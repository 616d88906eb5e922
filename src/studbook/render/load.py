"""From a catalog folder to what the views need: the lineage, the findings, the changes, the cards."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any

from studbook.exports.edition import Edition
from studbook.lineage.graph import Graph
from studbook.model import Envelope, Record
from studbook.people import People
from studbook.queries.diff import WholeNight, diff
from studbook.queries.pedigree import pedigree, record_ids
from studbook.queries.runs import rows_at
from studbook.render.views import Site
from studbook.render.views.change_data import changes_data
from studbook.rules import Rule, configured_rules, findings_of
from studbook.settings import RuleSettings, Settings
from studbook.store import Catalog
from studbook.store.chunks import SharedRows


class Lineages:
    """The lineages of a catalog's snapshots, each read once; snapshots of one content have one."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._known: dict[tuple[str, str], Graph] = {}
        self._shared = SharedRows(catalog.objects)

    def of(self, envelope: Envelope) -> Graph:
        """The whole lineage of a snapshot."""
        content = (envelope.parts.assets, envelope.parts.edges)
        if content not in self._known:
            self._known[content] = self.catalog.graph(envelope, self._shared)
        return self._known[content]


def load_site(lineages: Lineages, envelope: Envelope, people: People) -> Site:
    """Read a snapshot with what the rules and people say of it, and compare it with the one before.

    Raises CatalogError where the catalog cannot be read, SettingsError for a rule's setting that is wrong.
    """
    catalog = lineages.catalog
    history = [other for other in catalog.envelopes() if other.number <= envelope.number]
    graph = lineages.of(envelope)
    running = _running(graph)
    rules = {rule.id: _rule(rule, given) for rule, given in configured_rules(people.settings, catalog.root)}
    return Site(
        graph=graph,
        envelope=envelope,
        settings=people.settings,
        findings=findings_of(catalog, envelope, graph),
        cards=people.cards,
        changes=_changes(lineages, people.settings, history, graph) if len(history) > 1 else None,
        history=history,
        records=Records(catalog, envelope),
        record_of=catalog.record_of(envelope),
        past=catalog.past(envelope, graph),
        running=running,
        records_behind=_records_behind(catalog, envelope, graph, running),
        rules=catalog.mask.masked(rules) if isinstance(catalog, Edition) else rules,
        external=isinstance(catalog, Edition),
    )


class Records(Mapping[tuple[str, str], Record]):
    """The records from which a training could be repeated, by kind and id; read at the first question, kept packed."""

    KINDS = ("training_job", "s3_prefix")

    def __init__(self, catalog: Catalog, envelope: Envelope) -> None:
        self._catalog, self._envelope = catalog, envelope

    @cached_property
    def _packed(self) -> dict[tuple[str, str], bytes]:
        return {
            (kind, record.id): zlib.compress(json.dumps(asdict(record), sort_keys=True).encode(), 1)
            for kind in self.KINDS
            for record in self._catalog.records_of(self._envelope, kind)
        }

    def __getitem__(self, key: tuple[str, str]) -> Record:
        return Record(**json.loads(zlib.decompress(self._packed[key])))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


def _running(graph: Graph) -> dict[str, list[str]]:
    out: defaultdict[str, list[str]] = defaultdict(list)
    for endpoint in graph.of_kind("endpoint"):
        if endpoint.gone_since is None:
            for version in sorted({row.version for row in rows_at(graph, endpoint) if row.version is not None}):
                out[version].append(endpoint.id)
    return dict(out)


def _records_behind(
    catalog: Catalog, envelope: Envelope, graph: Graph, versions: Iterable[str]
) -> dict[str, list[Record]]:
    """The records of all that belongs to these model versions, by id."""
    found = [pedigree(graph, version) for version in versions]
    wanted = {one for each in found for one in record_ids(each.assets, each.edges)}
    out: defaultdict[str, list[Record]] = defaultdict(list)
    if wanted:
        for record in catalog.records(envelope):
            if record.id in wanted:
                out[record.id].append(record)
    return dict(out)


def _rule(rule: Rule, given: RuleSettings) -> dict[str, Any]:
    """What a rule says of itself, and how it is set: each parameter with its value and what it means."""
    fields = type(given).model_fields
    values = given.model_dump(mode="json") | {
        "level": given.level or rule.level,
        "enabled": rule.enabled if given.enabled is None else given.enabled,
    }
    return {
        "id": rule.id,
        "level": values["level"],
        "enabled": values["enabled"],
        "manual": (rule.manual or "").strip(),
        "parameters": [[name, values[name], fields[name].description] for name in fields],
    }


def _changes(lineages: Lineages, settings: Settings, history: list[Envelope], new: Graph) -> dict[str, Any]:
    before, now = history[-2], history[-1]
    old = lineages.catalog.older(before, lineages.of(before), now, new)
    changes = diff(WholeNight.of(lineages.catalog, before, old), WholeNight.of(lineages.catalog, now, new))
    return changes_data(changes, old, new, before.number, settings)
