from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.pedigrees import commit, lineage, record

from studbook.model import canonical, digest
from studbook.store import Catalog
from studbook.store.chunks import chunks

PEDIGREE = lineage("t(training_job) -produced-> bot/1(model_package)")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path)
    for night in (1, 2, 3):
        commit(catalog, PEDIGREE, records=[record(str(night))], night=night)
    return catalog


def messages(catalog: Catalog) -> list[str]:
    return [f"{damage.place}: {damage.message}" for damage in catalog.verify()]


class TestVerify:
    def test_finds_nothing_in_what_was_written(self, catalog: Catalog) -> None:
        """A catalog that nobody touched is whole."""
        assert messages(catalog) == []

    def test_every_flipped_byte_of_every_file_is_found(self, catalog: Catalog) -> None:
        """Whichever file is touched, in its beginning, middle or end, the damage is seen and the file is named."""
        for path in sorted(p for p in catalog.root.rglob("*") if p.is_file()):
            whole = path.read_bytes()
            for place in (0, len(whole) // 2, len(whole) - 2):
                path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
                found = messages(catalog)
                assert any(str(path.relative_to(catalog.root)) in line for line in found), (path, place)
            path.write_bytes(whole)
        assert messages(catalog) == []

    def test_every_missing_object_is_found(self, catalog: Catalog) -> None:
        """A manifest or chunk that a snapshot needs and that is not there is a damage, with the snapshot's number."""
        for name in list(catalog.objects):
            path = catalog.objects.path(name)
            whole = path.read_bytes()
            path.unlink()
            (line, *_) = messages(catalog)
            assert path.name in line
            assert "of snapshot " in line
            path.write_bytes(whole)

    def test_a_missing_envelope_is_found(self, catalog: Catalog) -> None:
        """A night that was taken out leaves a hole in the numbers."""
        catalog.snapshots.paths()[1].unlink()
        (line,) = messages(catalog)
        assert "one is missing or double" in line

    def test_the_first_envelope_missing_is_found(self, catalog: Catalog) -> None:
        """The chain must begin at 1."""
        catalog.snapshots.paths()[0].unlink()
        assert any("where 1 should be" in line for line in messages(catalog))

    def test_two_envelopes_of_one_number_are_found(self, catalog: Catalog) -> None:
        """As a merge of two git branches would leave them."""
        path = catalog.snapshots.paths()[1]
        (path.parent / path.name.replace("T02", "T03")).write_bytes(path.read_bytes())
        assert any("missing or double" in line for line in messages(catalog))

    def test_an_envelope_that_was_edited_and_digested_again_breaks_the_chain(self, catalog: Catalog) -> None:
        """Whoever edits a night must rewrite all after it."""
        path = catalog.snapshots.paths()[1]
        document = json.loads(path.read_bytes())
        del document["envelope"]
        document["coverage"][0]["requests"] = 0
        document["envelope"] = digest(canonical(document))
        path.write_text(json.dumps(document))
        (line,) = messages(catalog)
        assert "3-2026-11-03" in line
        assert "the chain is broken" in line

    def test_an_object_under_another_name_is_found(self, catalog: Catalog) -> None:
        """Two objects swapped are two damages."""
        one, other, *_ = (catalog.objects.path(name) for name in catalog.objects)
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)
        assert sum("other content than its name says" in line for line in messages(catalog)) == 2

    def test_a_manifest_that_promises_other_rows_is_found(self, catalog: Catalog) -> None:
        """A chunk must hold what its manifest says: a wrong range would hide rows from every lookup."""
        envelope = catalog.latest()
        assert envelope is not None
        (chunk, *_) = chunks(catalog.objects, envelope.parts.records)
        forged = catalog.objects.write(chunk._replace(last="zzz").line)
        path = catalog.snapshots.paths()[2]
        document = json.loads(path.read_bytes())
        del document["envelope"]
        document["parts"]["records"] = forged
        document["digest"] = digest(canonical(document["parts"]))
        document["envelope"] = digest(canonical(document))
        path.write_text(json.dumps(document))
        assert any("does not hold the rows" in line for line in messages(catalog))
