"""Evidence packs hold all that they name, stand on their own, and whatever is altered in one is found."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.audit.packs import Packs
from tests.evidence_reader import astray, bodies, leads
from tests.join_records import RECORDS, SETTINGS
from tests.pedigrees import commit

from studbook.audit import pack
from studbook.audit.checks import Against
from studbook.exports import evidence
from studbook.lineage.graph import Graph
from studbook.lineage.link import LinkContext, link
from studbook.model.canonical import fields_of
from studbook.queries.pedigree import pedigree, record_ids
from studbook.queries.sources_of import sources_of
from studbook.sources import normalize
from studbook.store import Catalog
from studbook.store.anchor import Anchor

ALONE = Against()


@pytest.fixture(scope="module")
def demo(demo_catalog: Path) -> Packs:
    return Packs(Catalog(demo_catalog))


@pytest.fixture(scope="module")
def model(demo: Packs) -> bytes:
    """The pack of the version that the demo's bot answers with in production."""
    [version] = [
        one
        for one in demo.graph.of_kind("model_package")
        if one.id.endswith("444444444444:model-package/support-bot/2")
    ]
    return demo.whole(version.id)


def files(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_pack_of_the_demo_resolves(demo: Packs) -> None:
    """Of every asset: each evidence of each edge, score and attribute leads to a value, by a reader of another hand."""
    edges = scores = attributes = 0
    for asset_id in demo.graph.assets:
        data = demo.without_night(asset_id)
        assert pack.check(data, ALONE).damages == [], asset_id
        found = files(data)
        told = json.loads(found["pedigree.json"])
        kept = bodies(map(json.loads, found["records.jsonl"].splitlines()))
        ids = {one["id"] for one in told["assets"]}
        assert all({one["source"], one["target"]} <= ids for one in told["edges"])
        assert astray((one for edge in told["edges"] for one in edge["evidence"]), kept) == []
        rows = json.loads(found["scores.json"])["rows"]
        assert {row["judged"] for row in rows} <= ids | {None}
        assert all(row["evidence"] for row in rows)
        assert astray((one for row in rows for one in row["evidence"]), kept) == []
        edges, scores = edges + len(told["edges"]), scores + len(rows)
        for one in told["assets"]:
            assert set(one["records"]) <= kept.keys()
            attributes += len(one["attributes"])
    assert (edges > 5000, scores > 100, attributes > 5000) == (True, True, True)


def test_every_declared_attribute_of_a_pack(demo: Packs, model: bytes) -> None:
    """What stands at the named members of the pack's own records is there, for each attribute of each asset in it."""
    found = files(model)
    kept = bodies(map(json.loads, found["records.jsonl"].splitlines()))
    by_id = {(record.kind, record.id): record for several in demo.records.values() for record in several}
    values = 0
    for row in json.loads(found["pedigree.json"])["assets"]:
        asset = demo.graph.assets[row["id"]]
        for one in sources_of(asset, lambda kind, record: by_id.get((kind, record))) if asset.records else ():
            for piece in one.as_data()["evidence"]:
                values += 1
                assert "rule" in piece or leads(kept[piece["record"]], piece["path"])
    assert values > 200


@settings(max_examples=25)
@given(st.lists(st.sampled_from(RECORDS), unique_by=lambda record: (record.kind, record.id), max_size=25), st.data())
def test_every_pack_of_drawn_estates_resolves(records, data) -> None:  # type: ignore[no-untyped-def]
    """Whatever the estate, a pack has what its evidence names, and what is derived of it follows from it alone."""
    found = link(records, normalize, LinkContext.of(SETTINGS))
    graph = Graph(found.assets.values() if isinstance(found.assets, dict) else found.assets, found.edges)
    if not graph.assets:
        return
    root = data.draw(st.sampled_from(sorted(graph.assets)))
    known = pedigree(graph, root)
    wanted = set(record_ids(known.assets, known.edges))
    whole = pedigree(graph, root, records=lambda ids: (one for one in records if one.id in wanted))
    packed = evidence.write(whole)
    assert pack.check(packed, ALONE).damages == []
    kept = bodies(map(fields_of, whole.records))
    assert astray((one.as_data() for edge in whole.edges for one in edge.evidence), kept) == []


def test_a_pack_names_its_night(demo: Packs, model: bytes) -> None:
    """It is of its snapshot, and of no other; a pack without a night says so."""
    checked = pack.check(model, Against(Anchor.parse(demo.envelope.envelope)))
    assert checked.damages == []
    assert any(demo.envelope.envelope in note for note in checked.notes)
    other = next(iter(demo.catalog.envelopes()))
    assert pack.check(model, Against(Anchor.parse(other.envelope))).damages
    assert pack.check(model, Against(Anchor.parse(other.envelope), catalog=demo.catalog)).damages == []
    assert (
        "names no night"
        in pack.check(demo.without_night(demo.envelope and next(iter(demo.graph.assets))), ALONE).notes[0]
    )


def test_every_other_pack_proves_its_rows(demo: Packs) -> None:
    """Of what runs and of what judged it: each row is in the tree of the snapshot."""
    for kind in ("endpoint", "dataset_version", "evaluator_version", "evaluation_job"):
        assert pack.check(demo.whole(demo.graph.of_kind(kind)[0].id), ALONE).damages == []


def test_every_flipped_byte_is_found(model: bytes) -> None:
    """In each file of a pack, at its beginning, its end and anywhere between, and in what lies between the files."""
    draw = random.Random(17)
    spans = {}
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        for one in archive.infolist():
            start = one.header_offset + 30 + len(one.filename)
            spans[one.filename] = (start, start + one.file_size)
            spans[f"before {one.filename}"] = (one.header_offset, start)
        spans["the list"] = (archive.start_dir, len(model))
    for name, (start, end) in spans.items():
        for place in {start, end - 1, *(draw.randrange(start, end) for _ in range(3))} if end > start else ():
            bent = bytearray(model)
            bent[place] ^= 1 << draw.randrange(8)
            damages = pack.check(bytes(bent), ALONE).damages
            assert damages, (name, place)
            if name in files(model):
                assert name in {one.place for one in damages} or damages[0].place == "pack", (name, place, damages)


def resealed(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A pack altered by somebody who makes SHA256SUMS and the digests of night.json anew."""
    from hashlib import sha256

    from studbook.model import digest
    from studbook.store.proofs import sealed

    found = files(data)
    change(found)
    summed = {name: one for name, one in found.items() if name not in (evidence.SUMS, evidence.NIGHT)}
    found[evidence.SUMS] = "".join(f"{sha256(one).hexdigest()}  {name}\n" for name, one in summed.items()).encode()
    night = json.loads(found[evidence.NIGHT])
    del night["digest"]
    found[evidence.NIGHT] = sealed(night | {"sums": digest(found[evidence.SUMS])})
    return evidence.pack(found)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("pedigree.json", b"PendingManualApproval", b"Approved"),
        ("pedigree.json", b'"certainty":"inferred"', b'"certainty":"referenced"'),
        ("records.jsonl", b"2026-11-1", b"2026-10-1"),
        ("people.jsonl", b"limited", b"minimal"),
        ("scores.json", b'"value":0.', b'"value":1.'),
        ("card.md", b"the APIs", b"We"),
        ("README.txt", b"sha256sum --check", b"true --check"),
        ("model.cdx.json", b"studbook", b"stuDbook"),
        ("night.json", b'"requests":', b'"requests":1'),
        ("night.json", b'"taken_at":"2026-11-22', b'"taken_at":"2026-11-21'),
    ],
)
def test_resealed_alterations_are_found(model: bytes, name: str, old: bytes, new: bytes) -> None:
    """Also where all digests are made anew, an altered claim is in no snapshot, or does not follow."""

    def change(found: dict[str, bytes]) -> None:
        assert old in found[name], name
        found[name] = found[name].replace(old, new, 1)

    assert pack.check(resealed(model, lambda found: None), ALONE).damages == []
    assert pack.check(resealed(model, change), ALONE).damages


def test_equal_knowledge_is_equal_bytes_in_all_but_one_file(tmp_path: Path) -> None:
    """Two nights that know the same of an asset differ in the file that names the night."""
    catalog = Catalog(tmp_path)
    found = link(list(RECORDS), normalize, LinkContext.of(SETTINGS))
    graph = Graph(found.assets.values() if isinstance(found.assets, dict) else found.assets, found.edges)
    commit(catalog, graph, records=RECORDS, night=1)
    first = Packs(catalog)
    commit(catalog, graph, records=RECORDS, night=2)
    second = Packs(catalog)
    [root, *_] = graph.of_kind("model_package")
    one, other = files(first.whole(root.id)), files(second.whole(root.id))
    assert {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)} == {"night.json"}


def test_the_five_lines_of_the_readme(demo_catalog: Path, tmp_path: Path) -> None:
    """What the front page shows works as it is written, and its two digests are one."""
    if shutil.which("jq") is None or shutil.which("unzip") is None:
        pytest.skip("jq or unzip is not on this machine")
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    [lines] = re.findall(r"```shell\n(studbook export evidence.*?)```", readme, re.DOTALL)
    assert lines.count("\n") == 5
    script = "set -e\n" + lines.replace("build/demo/catalog", str(demo_catalog))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "STUDBOOK_CATALOG": str(demo_catalog)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    *_, told, summed = done.stdout.splitlines()
    assert told.removeprefix("sha256:") == summed.split()[0]
    assert "all as written" in done.stdout
