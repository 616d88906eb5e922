from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.pedigrees import commit, lineage, record

from studbook.model import canonical, digest
from studbook.store import Catalog
from studbook.store.chunks import Chunk, chunks
from studbook.store.files import held
from studbook.store.snapshots import content_digest, envelope_digest

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


def resealed(catalog: Catalog, **parts: str) -> None:
    """The newest snapshot with other parts, every digest computed again: what somebody who may write can do."""
    path = catalog.snapshots.paths()[-1]
    envelope = catalog.latest()
    assert envelope is not None
    forged = envelope.model_copy(update={"parts": envelope.parts.model_copy(update=parts)})
    forged = forged.model_copy(update={"digest": content_digest(forged)})
    forged = forged.model_copy(update={"envelope": envelope_digest(forged)})
    path.write_text(forged.model_dump_json())


class TestEveryFile:
    @pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
    @pytest.mark.parametrize("where", ["an object", "beside the objects", "an envelope"])
    def test_what_is_no_plain_file(self, catalog: Catalog, kind: str, where: str) -> None:
        """It is named, and nobody waits for it."""
        name = next(iter(catalog.objects))
        path = {
            "an object": catalog.objects.path(name),
            "beside the objects": catalog.objects.path(name).with_name("more"),
            "an envelope": catalog.snapshots.paths()[-1],
        }[where]
        path.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        else:
            path.symlink_to("/dev/zero")

        assert f"{path.relative_to(catalog.root)}: is no plain file" in messages(catalog)

    def test_a_row_that_is_too_long(self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is a damage, found without holding it."""
        monkeypatch.setattr("studbook.store.verify._LONGEST", 10_000_000)
        name = catalog.objects.write(b'{"a":1}\n' + b"x" * 12_000_000)

        assert messages(catalog) == [
            f"{catalog.objects.path(name).relative_to(catalog.root)}: object {name} has a row of more than "
            "10,000,000 bytes"
        ]

    def test_an_empty_object_that_promises_nothing(self, catalog: Catalog) -> None:
        """A chunk without a row is none, though every digest fits."""
        place = {"account": None, "region": None, "source": None, "kind": "model", "month": None}
        row = {**place, "first": "a", "last": "a", "rows": 0, "object": catalog.objects.write(b"")}
        line = Chunk.of(canonical(row)).line
        resealed(catalog, assets=catalog.objects.write(line), edges=catalog.objects.write(b""))

        assert any("does not hold the rows" in line for line in messages(catalog))

    def test_an_edge_to_nothing(self, catalog: Catalog) -> None:
        """Assets taken out of a snapshot whose edges still need them are missed, though every digest fits."""
        resealed(catalog, assets=catalog.objects.write(b""))

        assert any("which is no asset" in line for line in messages(catalog))


class TestCaches:
    def test_nothing_is_believed_that_lies_in_the_catalog(self, catalog: Catalog) -> None:
        """Answers come from the chunks and from the user's own cache: an index put beside them changes nothing."""
        with catalog.index(catalog.resolve("latest")) as index:
            assert index.asset("bot/1") is not None
        assert catalog.index_file is not None
        assert catalog.root not in catalog.index_file.parents
        with closing(sqlite3.connect(catalog.root / "index.sqlite")) as forged, forged:
            forged.execute("CREATE TABLE asset (line BLOB)")

        with catalog.index(catalog.resolve("latest")) as index:
            assert index.asset("bot/1") is not None

    def test_a_cache_folder_that_others_may_write_is_not_used(
        self, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nor a link; the answer comes from memory then."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
        folder = tmp_path / "shared/studbook"
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        assert catalog.index_file is None
        with catalog.index(catalog.resolve("latest")) as index:
            assert index.asset("bot/1") is not None
        folder.rmdir()
        folder.symlink_to(tmp_path)
        assert catalog.index_file is None


class TestLeftOvers:
    def test_what_a_killed_run_left_goes_with_the_next_snapshot(self, catalog: Catalog) -> None:
        """Unfinished files, but for one that a writer holds."""
        name = next(iter(catalog.objects))
        dead, living = (catalog.objects.path(name).with_name(f".tmp-{one}") for one in ("dead", "living"))
        dead.write_bytes(b"x")
        living.write_bytes(b"x")
        with living.open("rb") as stream:
            assert held(stream.fileno())

            commit(catalog, PEDIGREE, records=[record("4")], night=4)

            assert not dead.exists()
            assert living.exists()
