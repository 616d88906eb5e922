"""A proof of one fact stands on its own, is small, and each byte of it counts."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from tests.pedigrees import commit, lineage, record

from studbook.audit import proof
from studbook.audit.checks import Against
from studbook.cli import main
from studbook.model import canonical
from studbook.store import Catalog
from studbook.store.anchor import Anchor
from studbook.store.chunks import ASSETS, EDGES
from studbook.store.proofs import prove, sealed

PEDIGREE = lineage("d(dataset_version) -input_to:train-> t(training_job) -produced-> bot/1(model_package)")
ALONE = Against()


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "catalog")
    for night in (1, 2, 3):
        commit(catalog, PEDIGREE, records=[record(str(night))], night=night)
    return catalog


def run(*args: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(arg) for arg in args])
    return int(end.value.code or 0)


def test_every_fact_of_the_demo_is_proved_in_4_kb(demo_catalog: Path) -> None:
    """Assets and edges of an estate with 27 partitions, each on its own."""
    catalog = Catalog(demo_catalog)
    envelope = catalog.resolve("latest")
    draw = random.Random(17)
    assets, edges = list(catalog.assets(envelope)), list(catalog.edges(envelope))
    largest = max(assets, key=lambda asset: len(ASSETS.line(asset)))
    facts = [("assets", ASSETS.line(one)) for one in (largest, *draw.sample(assets, 8))]
    facts += [
        ("edges", EDGES.line(one)) for one in (*draw.sample(edges, 8), max(edges, key=lambda e: len(EDGES.line(e))))
    ]
    for part, line in facts:
        data = prove(catalog, envelope, part, line.removesuffix(b"\n"))
        assert len(data) <= 4096, line
        assert proof.check(data, ALONE).damages == []


def test_from_the_command_line(catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An asset, an edge by its ends, relation and role; verified without a catalog, and against an anchor."""
    path, at = tmp_path / "proof.gz", ("--catalog", catalog.root)
    for fact in (("bot/1",), ("d", "t", "input_to"), ("d", "t", "input_to", "train")):
        assert run("prove", *fact, "--output", path, *at) == 0
        assert run("verify", path, "--anchor", catalog.resolve("latest").envelope) == 0
        assert run("verify", path, "--anchor", catalog.root / "log" / "checkpoint") == 0
        assert run("verify", path, "--anchor", catalog.resolve("1").envelope) == 1
        assert run("verify", path, "--anchor", catalog.resolve("1").envelope, *at) == 0
    assert json.loads(gzip.decompress(path.read_bytes()))["row"]["role"] == "train"
    assert run("prove", "d", "t", "produced", *at) == 2
    assert run("prove", "d", "t", *at) == 2
    assert run("prove", "nobody", *at) == 2
    path.write_bytes(b"words")
    assert run("verify", path) == 1
    assert "begins as no evidence pack, proof or JSON export does" in capsys.readouterr().out


def test_every_byte_counts(catalog: Catalog) -> None:
    """Whichever byte of the file is another one, the proof is none; nothing may follow it."""
    envelope = catalog.resolve("latest")
    data = prove(catalog, envelope, "assets", ASSETS.line(PEDIGREE.assets["bot/1"]).removesuffix(b"\n"))
    assert proof.check(data, ALONE).damages == []
    for place in range(len(data)):
        assert proof.check(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], ALONE).damages, place
    assert proof.check(data + b"\0", ALONE).damages
    assert proof.check(data + gzip.compress(b""), ALONE).damages
    plain = gzip.decompress(data)
    assert proof.check(plain, ALONE).damages == []
    for place in range(len(plain)):
        assert proof.check(plain[:place] + bytes([plain[place] ^ 1]) + plain[place + 1 :], ALONE).damages, place


def test_resealed_alterations_are_found(catalog: Catalog) -> None:
    """A row, a time or an index that somebody altered, and sealed again, is in no tree and in no log."""
    envelope = catalog.resolve("latest")
    data = prove(catalog, envelope, "assets", ASSETS.line(PEDIGREE.assets["bot/1"]).removesuffix(b"\n"))
    told = json.loads(gzip.decompress(data))
    del told["digest"]
    assert proof.check(sealed(told), ALONE).damages == []
    earlier = {**told["envelope"], "taken_at": "2026-10-01T02:00:00Z"}
    for bad in (
        {"row": {**told["row"], "status": "Approved"}},
        {"tree": {**told["tree"], "index": told["tree"]["index"] + 1}},
        {"tree": {**told["tree"], "path": told["tree"]["path"][:-1]}},
        {"envelope": earlier},
        {"log": {**told["log"], "index": 1}},
        {"log": {**told["log"], "checkpoint": told["log"]["checkpoint"].replace("\n3\n", "\n4\n")}},
        {"log": {}},
        {"tree": None},
        {"row": []},
        {"more": 1},
    ):
        assert proof.check(sealed({**told, **bad}), ALONE).damages, bad
    old = catalog.resolve("1")
    assert proof.check(data, Against(Anchor.parse(old.envelope), catalog=catalog)).damages == []
    assert canonical(told["row"]) == ASSETS.line(PEDIGREE.assets["bot/1"]).removesuffix(b"\n")
