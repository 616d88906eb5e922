from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from pathlib import Path

import pytest
from tests.pedigrees import asset, commit, lineage, record

from studbook.lineage.graph import Graph
from studbook.model import Asset, Edge, Envelope, Record
from studbook.packaged import packaged
from studbook.store import Catalog
from studbook.store.chunks import ASSETS, EDGES, RECORDS, Chunk, Place

README = (packaged("catalog") / "README.md").read_text(encoding="utf-8")


def plain_reader(root: Path) -> dict[str, list[dict[str, object]]]:
    """A reader of the latest snapshot that knows catalog/README.md, and nothing of Studbook."""

    def lines(name: str) -> list[dict[str, object]]:
        hexes = name.removeprefix("sha256:")
        data = gzip.decompress((root / "objects" / hexes[:2] / hexes).read_bytes())
        assert hashlib.sha256(data).hexdigest() == hexes
        return [json.loads(line) for line in data.splitlines()]

    newest = max((root / "snapshots").iterdir(), key=lambda path: int(path.name.split("-")[0]))
    envelope = json.loads(newest.read_bytes())
    return {
        part: [row for chunk in lines(manifest) for row in lines(str(chunk["object"]))]
        for part, manifest in envelope["parts"].items()
    }


class TestReadme:
    def test_is_enough_to_read_a_catalog(self, tmp_path: Path) -> None:
        """gzip, SHA-256 and JSON are all that it takes."""
        graph = lineage("t(training_job) -produced-> bot/1(model_package)")
        commit(Catalog(tmp_path), graph, records=[record("t")])
        found = plain_reader(tmp_path)
        assert {row["id"] for row in found["assets"]} == {"t", "bot/1"}
        assert [(row["source"], row["target"]) for row in found["edges"]] == [("t", "bot/1")]
        assert [row["id"] for row in found["records"]] == ["t"]

    @pytest.mark.parametrize("kind", [Record, Asset, Edge], ids=lambda kind: kind.__name__)
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
        """The numbers, and the rule as it is written there."""
        for part in (RECORDS, ASSETS, EDGES):
            assert f"{part.rows_per_chunk} ({part.name})" in " ".join(README.split())
        rows = [asset(f"job-{number:05}", "training_job") for number in range(5000)]
        commit(Catalog(tmp_path), Graph(rows, []))
        found = plain_reader(tmp_path)
        assert len(found["assets"]) == 5000
        cuts = {row.id for row in rows[1:] if zlib.crc32(row.id.encode()) % 2048 == 0}
        catalog = Catalog(tmp_path)
        envelope = catalog.resolve("latest")
        manifest = [json.loads(line) for line in catalog.objects.lines(envelope.parts.assets)]
        assert cuts
        assert {line["first"] for line in manifest} == {"job-00000"} | cuts
