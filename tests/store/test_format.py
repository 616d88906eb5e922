from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from tests.pedigrees import asset, commit, edge, lineage, record

from studbook.lineage.graph import Graph
from studbook.model import Asset, Edge, Envelope, Finding, Reading, Record, WorkingFile
from studbook.packaged import packaged
from studbook.store import Catalog
from studbook.store.chunks import PARTS, Chunk, Place

PLACE = ("account", "region", "source", "kind")
ENDS = ("source", "target", "relation")
README = (packaged("catalog") / "README.md").read_text(encoding="utf-8")


def newest(root: Path) -> dict[str, Any]:
    """The latest envelope."""
    path = max((root / "snapshots").iterdir(), key=lambda path: int(path.name.split("-")[0]))
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def plain_chunks(root: Path) -> dict[str, list[list[dict[str, Any]]]]:
    """A reader of the latest snapshot that knows catalog/README.md, and nothing of Studbook."""

    def lines(name: str) -> list[dict[str, Any]]:
        hexes = name.removeprefix("sha256:")
        data = gzip.decompress((root / "objects" / hexes[:2] / hexes).read_bytes())
        assert hashlib.sha256(data).hexdigest() == hexes
        return [json.loads(line) for line in data.splitlines()]

    return {
        part: [lines(chunk["object"]) for chunk in lines(manifest)] for part, manifest in newest(root)["parts"].items()
    }


class TestReadme:
    def test_is_enough_to_read_a_catalog(self, tmp_path: Path) -> None:
        """gzip, SHA-256 and JSON are all that it takes."""
        graph = lineage("t(training_job) -produced-> bot/1(model_package)")
        commit(Catalog(tmp_path), graph, records=[record("t")])
        found = {part: [row for chunk in several for row in chunk] for part, several in plain_chunks(tmp_path).items()}
        assert {row["id"] for row in found["assets"]} == {"t", "bot/1"}
        assert [(row["source"], row["target"]) for row in found["edges"]] == [("t", "bot/1")]
        assert [row["id"] for row in found["records"]] == ["t"]

    @pytest.mark.parametrize(
        "kind", [Record, Asset, Edge, Finding, WorkingFile, Reading], ids=lambda kind: kind.__name__
    )
    def test_names_every_field_of_a_row(self, kind: type) -> None:
        """What a row has and the page lacks would be a secret of the program."""
        rows = README.split("## The rows")[1].split("##")[0]
        assert all(f'"{name}"' in rows for name in kind.__dataclass_fields__)

    def test_names_every_field_of_envelope_and_manifest(self) -> None:
        """The same for the two other documents."""
        envelope = README.split("## The envelope")[1].split("##")[0]
        assert all(f'"{name}"' in envelope for name in Envelope.model_fields)
        manifest = README.split("## A manifest")[1].split("##")[0]
        assert all(f'"{name}"' in manifest for name in (*Place._fields, *Chunk._fields) if name != "place")

    def test_says_where_chunks_are_cut(self, tmp_path: Path) -> None:
        """The numbers, and the keys as they are written there."""
        for part in PARTS.values():
            assert re.search(rf"\b{part.rows_per_chunk} \({part.name}\b", " ".join(README.split()))
        commit(
            Catalog(tmp_path),
            Graph(
                [asset(f"job-{number:05}", "training_job") for number in range(5000)],
                [edge("job-00001", "job-00002", "input_to", f"{number}" if number else None) for number in range(9000)],
            ),
            records=[record(f"r-{number:04}") for number in range(1200)],
        )
        for part, rows_per_chunk, key_of in (
            ("records", 512, lambda row: [*(in_key(row[name]) for name in PLACE), row["id"]]),
            ("assets", 2048, lambda row: [row["id"]]),
            (
                "edges",
                4096,
                lambda row: [*(row[name] for name in ENDS), str(row["role"] is not None), row["role"] or ""],
            ),
        ):  # fmt: skip
            several = plain_chunks(tmp_path)[part]
            assert len(several) > 1
            cut = [
                zlib.crc32("\0".join(key_of(row)).encode()) % rows_per_chunk == 0 for rows in several for row in rows
            ]
            firsts = [number == 0 for rows in several for number in range(len(rows))]
            assert cut[1:] == firsts[1:]

    def test_is_enough_to_verify_one(self, tmp_path: Path) -> None:
        """The content's digest, the configuration's, the tree, and a finding's id, by what the page says alone."""
        catalog = Catalog(tmp_path)
        catalog.create("accounts: []\nredact: {values: ['tulip-[0-9]+']}\n")
        approved = {"bot/1": {"attributes": {"approval": "Approved"}}}
        commit(catalog, lineage("t(training_job) -produced-> bot/1(model_package)", approved), records=[record("t")])
        envelope, found = newest(tmp_path), plain_chunks(tmp_path)
        rows = {part: [row for chunk in several for row in chunk] for part, several in found.items()}

        content = {name: envelope["parts"][name] for name in ("assets", "edges", "records")}
        assert envelope["digest"] == sha256(plain(content))
        (settings,) = (row["content"] for row in rows["people"] if row["name"] == "studbook.yml")
        assert envelope["config"] == sha256(plain(settings))
        assert settings["redact"]["values"] == [sha256(b"tulip-[0-9]+")]
        order = ("records", "assets", "edges", "findings", "people", "readings")
        leaves = [plain(row) for part in order for row in rows[part]]
        assert envelope["tree"] == {"size": len(leaves), "root": f"sha256:{tree_of(leaves).hex()}"}
        (finding,) = (row for row in rows["findings"] if row["rule"] == "unevaluated")
        assert finding["id"] == sha256(plain(["unevaluated", "bot/1", ""]))[7:23]
        assert [row["record"] for row in rows["readings"]] == ["sagemaker/training_job/t"]


def in_key(text: str | None) -> str:
    return "(False, '')" if text is None else f"(True, '{text}')"


def plain(value: object) -> bytes:
    """Canonical JSON of values without odd numbers and names."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tree_of(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_of(leaves[:half]) + tree_of(leaves[half:])).digest()
