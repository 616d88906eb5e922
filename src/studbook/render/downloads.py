"""The files for auditors: what `studbook export` prints, at the site's root and beside the model cards."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from studbook.exports import Subject, csv_tables, cyclonedx, evidence, json_export, pedigree, schema
from studbook.model import Asset
from studbook.queries.pedigree import pedigree as pedigree_of
from studbook.render import answers
from studbook.render.views import Site
from studbook.render.views.dossier import APPROVALS, approvals

KIND = "model_package"
"""The kind of asset that has files beside its page."""


def of_site(site: Site) -> Iterator[tuple[str, Iterable[bytes]]]:
    """The files at the root, by name, piece by piece."""
    subject = Subject(site.envelope, site.graph.assets.values(), site.graph.edges, site.findings)
    yield "export.json", json_export.write(subject)
    yield "export.schema.json", (schema.document(),)
    yield "audit/approvals.csv", (_approvals(site),)
    for name, data in answers.of_site(site).items():
        yield name, (data,)


def _approvals(site: Site) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(APPROVALS)
    writer.writerows([csv_tables.csv_cell(cell) for cell in row] for row in approvals(site))
    return out.getvalue().encode("utf-8", "replace")


def names_of_model(site: Site, version: Asset) -> list[str]:
    """The names of the files beside the card of a model version; with evidence where the version runs somewhere."""
    return ["pedigree.json", "model.cdx.json", *(["evidence.zip"] * (version.id in site.running and not site.external))]


def of_model(site: Site, version: Asset) -> dict[str, bytes]:
    """The files beside the card of a model version, by name."""
    found = pedigree_of(
        site.graph,
        version.id,
        findings=lambda asset_id: site.findings_by_asset.get(asset_id, ()),
        cards=site.cards,
        records=lambda ids: (record for one in ids for record in site.records_behind.get(one, ())),
    )
    if "evidence.zip" not in names_of_model(site, version):
        return {"pedigree.json": pedigree.write(found), "model.cdx.json": cyclonedx.write(found)}
    several = evidence.pack_files(found)
    return {name: several[name] for name in ("pedigree.json", "model.cdx.json")} | {
        "evidence.zip": evidence.pack(several)
    }
