"""`studbook export evidence`: all that is known of one asset, and how, in a ZIP file that can be checked and kept.

    README.txt       what this is
    pedigree.json    as `studbook export pedigree` writes it
    model.cdx.json   as `studbook export cyclonedx` writes it, of a model version
    records.jsonl    what the APIs answered, redacted: a record a line, in canonical JSON
    SHA256SUMS       for `sha256sum --check`

Nothing is compressed and no time is noted, so that equal facts give equal bytes on every machine.
"""

from __future__ import annotations

import hashlib
import io
import zipfile

from studbook.exports import cyclonedx, pedigree
from studbook.exports.interface import Export
from studbook.model import canonical
from studbook.model.canonical import fields_of
from studbook.queries.pedigree import Pedigree

_README = """\
Evidence of one asset of a model lineage catalog, written by Studbook.

pedigree.json   the asset ("root"), what made it, what judged it, where it runs; each edge says how it is known:
                evidence is a field of a record (record, operation of the API, path), or the rule of a conclusion.
model.cdx.json  the same as a CycloneDX bill of materials (model versions only).
records.jsonl   the answers of the APIs that the evidence points into; secrets read [redacted].
SHA256SUMS      digests of the other files: sha256sum --check SHA256SUMS

The digests show that these files belong together and are whole. That they are what the catalog says shows
'studbook export evidence' from the catalog folder, whose bytes are equal, and 'studbook verify' of that folder.
What the APIs themselves said is taken as they said it.
"""


def write(found: Pedigree) -> bytes:
    """The ZIP file."""
    files = {"README.txt": _README.encode(), "pedigree.json": pedigree.write(found)}
    if found.root.kind == cyclonedx.KIND:
        files["model.cdx.json"] = cyclonedx.write(found)
    files["records.jsonl"] = b"".join(canonical(fields_of(record)) + b"\n" for record in found.records)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {**files, "SHA256SUMS": sums.encode()}.items():
            entry = zipfile.ZipInfo(name)  # 1980, whatever the clock says
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return out.getvalue()


EXPORT = Export("evidence", "one asset's pedigree with the API records behind it, as a ZIP file", about=write)
