"""The data that pages fetch when a reader asks for more than they show: JSON files beside the pages."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator

from studbook.render.views.change_data import step
from studbook.render.views.compare_data import compare_lists
from studbook.render.views.dossier import approvals_table, dossiers_table
from studbook.render.views.explore import chunks
from studbook.render.views.incident import places
from studbook.render.views.lists import (
    account_table,
    bases_table,
    chain_table,
    change_tables,
    datasets_table,
    edges_table,
    endpoints_table,
    evaluators_table,
    experiment_table,
    experiments_table,
    findings_table,
    groups_table,
    judged_table,
    plain_tables,
    readers_table,
    region_table,
    registered_table,
    runs_table,
)
from studbook.render.views.pages import account_ids, region_names
from studbook.render.views.provenance import versions_of
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
    for table in _long_tables(site):
        yield f"lists/{table.file}.json", table.whole().encode("utf-8", "xmlcharrefreplace")


def _long_tables(site: Site) -> Iterator[Table]:
    """Every table that is too long for its page."""
    several = [
        *plain_tables(site).values(),
        groups_table(site),
        bases_table(site),
        datasets_table(site),
        endpoints_table(site),
        evaluators_table(site),
        experiments_table(site),
        registered_table(site),
        runs_table(site, site.of("mlflow_run"), "runs"),
        dossiers_table(site),
        approvals_table(site),
        chain_table(site),
        *(findings_table(site, rule, waived=waived) for rule in site.rules for waived in (False, True)),
        *change_tables(site).values(),
    ]
    yield from (table for table in several if table.long)
    for account in account_ids(site):
        if (table := account_table(site, account)).long:
            yield table
    for region in region_names(site):
        if (table := region_table(site, region)).long:
            yield table
    for experiment in site.of("mlflow_experiment"):
        if (table := experiment_table(site, experiment)).long:
            yield table
    for asset in site.graph.assets.values():
        for upwards in (True, False):
            edges = site.graph.upstream(asset.id) if upwards else site.graph.downstream(asset.id)
            if len(edges) > LIMIT and (table := edges_table(site, asset, upwards=upwards)).long:
                yield table
    for evaluator in site.of("evaluator", "evaluator_version"):
        versions = versions_of(site, evaluator) if evaluator.kind == "evaluator" else []
        if (table := judged_table(site, evaluator, [evaluator, *versions])).long:
            yield table
    for dataset in site.of("dataset", "dataset_version", "feature_group"):
        versions = versions_of(site, dataset) if dataset.kind == "dataset" else []
        if (table := readers_table(site, dataset, [dataset, *versions])).long:
            yield table


def packed(data: Json) -> bytes:
    """The bytes of a file."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "xmlcharrefreplace")
