"""The data that pages fetch when a reader asks for more than they show: JSON files beside the pages."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator

from studbook.queries.neighbours import versions
from studbook.render.views.change_data import step
from studbook.render.views.compare_data import compare_lists
from studbook.render.views.explore import chunks
from studbook.render.views.incident import places
from studbook.render.views.lists import (
    account_table,
    change_tables,
    edges_table,
    experiment_table,
    findings_table,
    judged_table,
    readers_table,
    region_table,
)
from studbook.render.views.pages import TABLES, account_ids, region_names
from studbook.render.views.site import Json, Site
from studbook.render.views.tables import LIMIT, Table


def files(site: Site, but: Container[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Address below the site's root, and content; one at a time, since there may be thousands.

    Those of `explore.unchanged` may be left out: `but` has their addresses.
    """
    for name, data in chunks(site, but):
        yield name, packed(data)
    for name, data in compare_lists(site):
        yield f"compare/{name}", packed(data)
    yield "incident/places.json", packed(places(site))
    yield "changes/step.json", packed(step(site))
    for table in _tables(site):
        if table.long:
            yield f"lists/{table.file}.json", table.whole().encode("utf-8", "xmlcharrefreplace")


def _tables(site: Site) -> Iterator[Table]:
    """Every table of the site that may be too long for its page, one at a time."""
    yield from (table(site) for table in TABLES.values())
    for rule in site.rules:
        yield from (findings_table(site, rule, waived=waived) for waived in (False, True))
    yield from change_tables(site).values()
    yield from (account_table(site, account) for account in account_ids(site))
    yield from (region_table(site, region) for region in region_names(site))
    yield from (experiment_table(site, experiment) for experiment in site.of("mlflow_experiment"))
    for asset in site.graph.assets.values():
        for upwards in (True, False):
            edges = site.graph.upstream(asset.id) if upwards else site.graph.downstream(asset.id)
            if len(edges) > LIMIT:
                yield edges_table(site, asset, upwards=upwards)
    for evaluator in site.of("evaluator", "evaluator_version"):
        several = versions(site.graph, evaluator) if evaluator.kind == "evaluator" else []
        yield judged_table(site, evaluator, [evaluator, *several])
    for dataset in site.of("dataset", "dataset_version", "feature_group"):
        several = versions(site.graph, dataset) if dataset.kind == "dataset" else []
        yield readers_table(site, dataset, [dataset, *several])


def packed(data: Json) -> bytes:
    """JSON in UTF-8, as short as it can be; keys in the order given."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "xmlcharrefreplace")
