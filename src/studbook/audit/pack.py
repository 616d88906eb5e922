"""An evidence pack, checked on its own: each byte, each row, each claim; what is derived is made again."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from studbook import __version__
from studbook.audit import checks
from studbook.audit.checks import Against, Checked, Damage
from studbook.cards import parse_card
from studbook.errors import ProofError, StudbookError
from studbook.exports import evidence, night
from studbook.lineage.graph import Graph
from studbook.model import Finding, canonical, digest
from studbook.model.evidence import value_at
from studbook.queries.model_card import said_of
from studbook.queries.pedigree import Pedigree, pedigree
from studbook.store.chunks import ASSETS, EDGES, FINDINGS, RECORDS

_ALWAYS: Final = (
    "README.txt",
    "pedigree.json",
    "scores.json",
    "card.md",
    "people.jsonl",
    "records.jsonl",
    evidence.SUMS,
)
_SOMETIMES: Final = re.compile(r"model\.cdx\.json|night\.json|manifests/[0-9a-f]{64}\.tsv")
_DERIVED: Final = ("README.txt", "scores.json", "card.md", "model.cdx.json")
"""What follows from the other files, and from the program's version."""


def check(data: bytes, against: Against) -> Checked:
    """What is wrong with a pack, the bytes of a ZIP file; of what is none, that it cannot be read."""
    notes: list[str] = []
    damages: list[Damage] = []
    summary = "an evidence pack"
    try:
        files = _files(data)
        damages += _sums(files)
        if not damages:
            found = _pedigree(files)
            summary = f"an evidence pack of {found.root.id}: {len(found.edges)} edges, {len(found.records)} records"
            made_by = __version__
            if evidence.NIGHT in files:
                told = checks.document(files[evidence.NIGHT], night.SCHEMA, _NIGHT)
                made_by = told["generator"].get("version")
                damages += _night(told, files, found, against, notes)
            else:
                notes.append("it names no night: 'studbook export evidence' writes one that does")
            damages += _derived(files, found, made_by, notes)
            damages += [Damage("pedigree.json", problem) for problem in _astray(found)]
    except ProofError as error:
        damages.append(Damage("pack", error.message))
    except (StudbookError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        damages.append(Damage("pack", f"is not as packs are written: {error}"))
    return Checked(summary, damages, notes)


_NIGHT = {"generator", "sums", "envelope", "log", "nodes", "rows", "readings"}


def _files(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if any(one.compress_type != zipfile.ZIP_STORED or one.flag_bits & 1 for one in entries):
                raise ProofError("its files are not stored as they are")
            files = {one.filename: archive.read(one) for one in entries}
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise ProofError(f"is no ZIP file that can be read: {error}") from None
    strange = [name for name in files if name not in _ALWAYS and not _SOMETIMES.fullmatch(name)]
    missing = [name for name in _ALWAYS if name not in files]
    if strange or missing:
        raise ProofError(", ".join([*(f"has {one!r}" for one in strange), *(f"lacks {one}" for one in missing)]))
    if evidence.pack(files) != data:
        raise ProofError("was altered between its files: names, times or order are not those of a pack")
    return files


def _sums(files: Mapping[str, bytes]) -> Iterator[Damage]:
    told = dict(line.split("  ", 1)[::-1] for line in files[evidence.SUMS].decode().splitlines())
    summed = [name for name in files if name not in (evidence.SUMS, evidence.NIGHT)]
    for name in summed:
        if told.get(name) != digest(files[name]).removeprefix("sha256:"):
            yield Damage(name, "is not what SHA256SUMS says")
    written = "".join(f"{told.get(name)}  {name}\n" for name in summed)
    if written.encode() != files[evidence.SUMS]:
        yield Damage(evidence.SUMS, "is not as it is written, or names files that are not there")


def _pedigree(files: Mapping[str, bytes]) -> Pedigree:
    """What the pack holds, with what follows from it derived again."""
    told = json.loads(files["pedigree.json"])
    assets = [ASSETS.adapter.validate_python(row) for row in told["assets"]]
    edges = [EDGES.adapter.validate_python(row) for row in told["edges"]]
    about: defaultdict[str | None, list[Finding]] = defaultdict(list)
    for row in told["findings"]:
        finding = FINDINGS.adapter.validate_python(row)
        about[finding.asset].append(finding)
    records = [RECORDS.row(line) for line in files["records.jsonl"].splitlines()]
    found = pedigree(
        Graph(assets, edges), told["root"], findings=lambda asset: about[asset], records=lambda ids: records
    )
    cards = [json.loads(line) for line in files["people.jsonl"].splitlines()]
    for card in cards:
        name = card["name"].removeprefix("cards/")
        whole = parse_card(card["content"], name.removesuffix(".md"), name)
        found = replace(found, card=said_of(found.known, found.root, whole))
    return found


def _night(
    told: Mapping[str, Any], files: Mapping[str, bytes], found: Pedigree, against: Against, notes: list[str]
) -> Iterator[Damage]:
    """Whether the pack is of its night: SHA256SUMS, each row, the envelope, the log."""
    if told["sums"] != digest(files[evidence.SUMS]):
        yield Damage(evidence.NIGHT, "is of other files: SHA256SUMS is not what it says")
    of = checks.envelope(told["envelope"])
    notes.append(f"of snapshot {of.number}, {of.taken_at}, with the envelope {of.envelope}")
    if told["rows"] is None:
        notes.append("its rows are not proved: an older Studbook wrote the snapshot, which has no tree")
    else:
        known = {*evidence.rows(found), *(("readings", canonical(row)) for row in told["readings"])}
        for part, row in sorted(known):
            proof = told["rows"].get(night.leaf_name(row))
            try:
                if proof is None or proof["part"] != part:
                    raise ProofError("the night has no proof of it")
                path = [told["nodes"][number] for number in proof["path"]]
                checks.row(row, {"index": proof["index"], "path": path}, of)
            except (ProofError, LookupError, TypeError) as error:
                yield Damage(part, f"{row[:120].decode(errors='replace')}...: {error}")
        if len(told["rows"]) != len(known):
            yield Damage(evidence.NIGHT, "has proofs of rows that are not in the pack")
    checkpoint = None
    if told["log"] is None:
        notes.append("the log was behind and had no entry of this snapshot yet")
    else:
        checkpoint, more = checks.log(told["log"], of, against)
        notes += more
    yield from checks.anchored(of, checkpoint, against)


def _derived(files: Mapping[str, bytes], found: Pedigree, made_by: str | None, notes: list[str]) -> Iterator[Damage]:
    again = evidence.pack_files(found)
    if made_by != __version__:
        notes.append(f"studbook {made_by} made it, this is {__version__}: bill, card and README are not made again")
        again = {name: data for name, data in again.items() if name not in (*_DERIVED, evidence.SUMS)}
    for name, data in again.items():
        if files.get(name) != data:
            yield Damage(name, "does not follow from the other files")
    for name in files.keys() - again.keys() - {evidence.NIGHT, evidence.SUMS, *_DERIVED}:
        yield Damage(name, "does not follow from the other files")


def _astray(found: Pedigree) -> Iterator[str]:
    """Evidence that leads to no value at the record that it names, and ends of edges that are not there."""
    bodies = {record.reference: record.body for record in found.records}
    ids = {asset.id for asset in found.assets}
    for edge in found.edges:
        ends = f"{edge.source} -> {edge.target}"
        if not {edge.source, edge.target} <= ids:
            yield f"{ends}: an end is not there"
        for one in edge.evidence:
            if one.record and value_at(bodies.get(one.record), one.path) is None:
                yield f"{ends}: {one.path} of {one.record} leads to no value"
