"""`studbook show`: a snapshot, or one of its assets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option, snapshot_option, text_or_json
from studbook.cli.terminal import echo_folded, echo_lines, write, write_json

if TYPE_CHECKING:
    from studbook.model import Asset, Envelope
    from studbook.store import Catalog
    from studbook.store.index import Index


@click.command(
    epilog="""\b
Examples:
  studbook show latest                          what a snapshot covers, what it could not see
  studbook show support-bot-prod                what is known of an asset, and what it touches
  studbook show support-bot-prod --evidence     which field of which record says so, of each value
  studbook show support-bot/4 --card            all that people wrote of it, and what is missing
  studbook show card-payments@2026-11-20 --objects > manifest.tsv
  studbook show card-payments@2026-11-20 --objects | sha256sum     the digest in its id
"""
)
@click.argument("name", default="latest")
@click.option("--objects", is_flag=True, help="Of a dataset version: its object manifest (key, size, etag).")
@click.option("--evidence", is_flag=True, help="Show of every value and edge where it stands, and what stands there.")
@click.option("--card", is_flag=True, help="Of a model version: all that people wrote of it, and what frameworks miss.")
@catalog_option
@snapshot_option
@text_or_json
def show(  # noqa: PLR0917 - options
    name: str, objects: bool, evidence: bool, card: bool, catalog: Catalog, snapshot: str, output_format: str
) -> None:
    """Show a snapshot or an asset. NAME is a snapshot's name, or an asset's id, name, or the end of its id."""
    from studbook.api import open as open_catalog
    from studbook.cli import details
    from studbook.errors import NotFound

    named: Envelope | None = None
    if not objects and not card:
        try:
            named = catalog.resolve(name)
        except NotFound:
            named = None
    if named is not None:
        if output_format == "json":
            write_json(named.model_dump(mode="json") | {"counts": catalog.counts(named)})
        else:
            echo_lines(details.snapshot_text(named, catalog.counts(named)))
        return
    with open_catalog(catalog, snapshot) as lineage:
        asset = lineage.asset(name)
        if objects:
            _print_objects(catalog, lineage.snapshot, lineage.index, asset, output_format)
        elif card:
            from studbook.cli.model_card import card_json, card_text
            from studbook.people import people_of

            cards = people_of(catalog, lineage.snapshot).cards
            if output_format == "json":
                write_json(card_json(lineage.night, asset, cards))
            else:
                echo_folded(card_text(lineage.night, asset, cards, lineage.handle))
        elif evidence:
            record_of = catalog.record_of(lineage.snapshot)
            if output_format == "json":
                write_json(details.evidence_json(lineage.index, asset, record_of))
            else:
                echo_folded(details.evidence_text(lineage, asset, record_of))
        elif output_format == "json":
            write_json(details.asset_json(lineage.index, asset))
        else:
            echo_folded(details.asset_text(lineage, asset))


def _print_objects(catalog: Catalog, envelope: Envelope, index: Index, asset: Asset, output_format: str) -> None:
    from studbook.errors import NotFound
    from studbook.model.ids import manifest_lines, parse_s3

    ids = [asset.id, *(edge.source for edge in index.upstream(asset.id, "content_of"))]
    record_of = catalog.record_of(envelope)
    record = next((found for one in ids if (found := record_of("s3_prefix", one)) is not None), None)
    if record is None:
        raise NotFound(f"no object manifest is kept of {asset.id!r}", "it is kept of the versions of S3 datasets")
    if "Contents" not in record.body:
        hint = f"its objects are those that {record.body['Inventory']['Manifest']} lists"
        raise NotFound(f"of {asset.id!r} S3's inventory tells, and no object manifest is kept", hint)
    uri = parse_s3(record.body["Uri"])
    assert uri is not None
    lines = manifest_lines(record.body["Contents"], uri.key)
    if output_format == "json":
        rows = (line.decode().rstrip("\n").split("\t") for line in lines)
        write_json([{"key": key, "size": int(size), "etag": etag} for key, size, etag in rows])
        return
    for line in lines:
        write(line)
