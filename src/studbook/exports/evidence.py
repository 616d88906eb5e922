"""`studbook export evidence`: all that is known of one asset, and how, in a ZIP file that can be checked and kept.

    README.txt        what this is, and how to check it
    pedigree.json     as `studbook export pedigree` writes it
    scores.json       each score of its evaluations: who was judged, by what, on which data, and the evidence
    model.cdx.json    as `studbook export cyclonedx` writes it, of a model version
    card              what people wrote of the model, and what the APIs say, to read (Markdown)
    people.jsonl      the card as the catalog keeps it
    records.jsonl     what the APIs answered, redacted: a record a line, in canonical JSON
    manifests/*.tsv   the objects of each dataset version in S3 that was listed, each named by its fingerprint
    SHA256SUMS        for `sha256sum --check`
    night.json        the snapshot that all this is of, and the proofs that it is (see `exports.night`)

Nothing is compressed and no time is noted outside of night.json, so that equal facts give equal bytes on every machine.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping

from studbook.cards import KEYS
from studbook.exports import cyclonedx, pedigree
from studbook.exports.interface import Export
from studbook.model import canonical, digest
from studbook.model.canonical import fields_of
from studbook.model.ids import manifest_lines, parse_s3
from studbook.queries.pedigree import Pedigree
from studbook.queries.scores import rows_of_job

SUMS, NIGHT = "SHA256SUMS", "night.json"

_README = """\
Evidence of one asset of a model lineage catalog, written by Studbook:
{root}

pedigree.json     the asset ("root"), what made it, what judged it, where it runs; each edge says how it is known:
                  evidence is a field of a record (record, operation of the API, path), or the rule of a conclusion
scores.json       each score, with the job, the version that was judged, the evaluator, the data, and the evidence
model.cdx.json    the same as a CycloneDX bill of materials (model versions only)
card.md           what people wrote of the model and what the APIs say, to read
people.jsonl      what people wrote, as the catalog keeps it
records.jsonl     the answers of the APIs that the evidence points into; secrets read [redacted]
manifests/        the objects (key, size, ETag) of each dataset version in S3 that was listed; the digest of a file is
                  its name, and is in the id of the version. Of one that S3 Inventory tells no list is kept: its record
                  has the report's time (Inventory.CreatedAt), and of later times nobody says anything
SHA256SUMS        digests of all these files
night.json        the snapshot that all this is of: its envelope (time, coverage, gaps), the place of each row in the
                  snapshot's tree, of the envelope in the catalog's log, and the log's checkpoint. A pack from a page of
                  the site has none, since nights that know the same share it; 'studbook export evidence' writes it

To check it with what every machine has:

1. That the files are whole:
     sha256sum --check SHA256SUMS
     (cd manifests && for f in *.tsv; do [ "$(sha256sum < $f)" = "${{f%.tsv}}  -" ] || echo $f; done)
2. That they are of this night: these two lines print one digest, and so do the next two
     jq -r .sums night.json; sha256sum SHA256SUMS
     jq -r .envelope.envelope night.json; jq -cjS '.envelope|del(.envelope)' night.json | sha256sum
3. Where a claim stands: take an edge of pedigree.json, and its evidence; the record is
     jq -c 'select(.source + "/" + .kind + "/" + .id == "THE RECORD")|.body' records.jsonl
   and the path leads to the value: members by dots, list items by [i], other keys by ["key"], after | inside of text.
4. That each row is in the snapshot, and the snapshot in the log: hash it as RFC 6962 says, with the path in night.json.
   The page "How to audit" of Studbook's manual has a program of less than a hundred lines for it (node, no package).
5. That it is the chain that you know: compare .envelope.envelope with the digest that you kept of that night; or
   .log.checkpoint with a copy of the checkpoint. A signature below it is checked as c2sp.org/signed-note says.

'studbook verify THIS.zip --anchor DIGEST' does all of this, and makes bill, card and README anew to compare them.
What the APIs themselves said is taken as they said it.
"""


def pack_files(found: Pedigree) -> dict[str, bytes]:
    """All files but night.json: their bytes by name, in the order of the archive."""
    out = {
        "README.txt": _README.format(root=_one_line(found.root.id)).encode(),
        "pedigree.json": pedigree.write(found),
        "scores.json": _scores(found),
    }
    if found.root.kind == cyclonedx.KIND:
        out["model.cdx.json"] = cyclonedx.write(found)
    out["card.md"] = _card(found)
    out["people.jsonl"] = b"".join(row + b"\n" for row in people_rows(found))
    out["records.jsonl"] = b"".join(canonical(fields_of(record)) + b"\n" for record in found.records)
    out |= dict(sorted(_manifests(found)))
    out[SUMS] = "".join(f"{digest(data).removeprefix('sha256:')}  {name}\n" for name, data in out.items()).encode()
    return out


def rows(found: Pedigree) -> Iterator[tuple[str, bytes]]:
    """The rows of the snapshot that the pack holds, with the part that each is of, as the catalog keeps them."""
    document = json.loads(pedigree.write(found))
    for part in ("assets", "edges", "findings"):
        for row in document[part]:
            yield part, canonical(row)
    for record in found.records:
        yield "records", canonical(fields_of(record))
    for row in people_rows(found):
        yield "people", row


def people_rows(found: Pedigree) -> list[bytes]:
    """The card as the catalog keeps it; none where there is no card."""
    if found.card is None:
        return []
    return [canonical({"content": found.card.text, "kind": "card", "name": f"cards/{found.card.source}"})]


def _scores(found: Pedigree) -> bytes:
    several = [row.to_json() for one in found.evaluations for row in rows_of_job(found.known, one.job)]
    return canonical({"schema": "studbook.scores/1", "root": found.root.id, "rows": several}) + b"\n"


def _card(found: Pedigree) -> bytes:
    root = found.root
    lines = [f"# {_one_line(root.name)}", "", f"`{_one_line(root.id)}`", "", "## What the APIs say", ""]
    known: dict[str, object] = {"kind": root.kind, "account": root.account, "region": root.region, "stage": root.stage}
    known |= {"status": root.status, "created_at": root.created_at, "modified_at": root.modified_at}
    known |= {"runs_at": list(found.runs_at), **dict(sorted(root.attributes.items()))}
    lines += [f"- **{_one_line(name)}**: `{canonical(value).decode()}`" for name, value in known.items() if value]
    if found.card is not None:
        lines += ["", f"## What people wrote (cards/{_one_line(found.card.source)})", ""]
        lines += [f"- **{name}**: {_one_line(found.card.facts[name])}" for name in KEYS if name in found.card.facts]
        for heading, body in found.card.sections:
            lines += ["", f"### {heading}" if heading else "", body]
    return ("\n".join(lines) + "\n").encode()


def _manifests(found: Pedigree) -> Iterator[tuple[str, bytes]]:
    shown = {record.id: record for record in found.records if record.kind == "s3_prefix"}
    for asset in found.assets:
        record, place = shown.get(asset.id), asset.id.rpartition("@sha256:")[2]
        uri = parse_s3(record.body["Uri"]) if record is not None else None
        listed = record is not None and "Contents" in record.body
        if record is not None and listed and uri is not None and asset.kind == "dataset_version":
            yield f"manifests/{place}.tsv", b"".join(manifest_lines(record.body["Contents"], uri.key))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def pack(several: Mapping[str, bytes]) -> bytes:
    """The ZIP file of these files, stored uncompressed, in their order; byte for byte the same on every machine."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in several.items():
            entry = zipfile.ZipInfo(name)  # 1980, whatever the clock says
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return out.getvalue()


Night = Callable[[bytes, Iterable[tuple[str, bytes]]], bytes]
"""From SHA256SUMS and the rows to night.json."""


def write(found: Pedigree, *, night: Night | None = None) -> bytes:
    """The ZIP file; without `night` it is of no snapshot, and equal wherever the same is known of the asset."""
    several = pack_files(found)
    if night is not None:
        several[NIGHT] = night(several[SUMS], rows(found))
    return pack(several)


EXPORT = Export(
    "evidence",
    "one asset's pedigree with the API records behind it, as a ZIP file",
    about=write,
    options=("night",),
)
