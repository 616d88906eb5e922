from __future__ import annotations

import gzip
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.pedigrees import commit, lineage, record

from studbook.model import canonical, digest
from studbook.store import Catalog
from studbook.store.chunks import Chunk, chunks
from studbook.store.files import held
from studbook.store.snapshots import content_digest, document, envelope_digest

PEDIGREE = lineage(
    "t(training_job) -produced-> bot/1(model_package)", {"bot/1": {"attributes": {"approval": "Approved"}}}
)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path)
    catalog.create("accounts: []\n")
    (catalog.cards_folder / "bot.md").write_text("---\nowner: ana\n---\n## Use\nChats.\n")
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
        kept = (catalog.objects.root, catalog.snapshots.root, catalog.log.root)
        for path in sorted(p for folder in kept for p in folder.rglob("*") if p.is_file()):
            whole = path.read_bytes()
            for place in (0, 3, len(whole) // 2, len(whole) - 2):
                path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
                found = messages(catalog)
                assert any(str(path.relative_to(catalog.root)) in line for line in found), (path, place)
            path.write_bytes(whole)
        assert messages(catalog) == []

    @given(st.data())
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_every_bit_of_every_object_counts(self, catalog: Catalog, data: st.DataObject) -> None:
        """Those at its ends as well, of which a decompressor reads some and ignores others; and what is added."""
        name = data.draw(st.sampled_from(sorted(catalog.objects)))
        path = catalog.objects.path(name)
        whole = path.read_bytes()
        near = st.integers(0, 9) | st.integers(len(whole) - 10, len(whole) - 1)
        place, bit = data.draw(near), data.draw(st.integers(0, 7))
        more = data.draw(st.sampled_from([b"", b"\0", whole]))
        flipped = whole[:place] + bytes([whole[place] ^ (0 if more else 1 << bit)]) + whole[place + 1 :] + more
        path.write_bytes(flipped)
        try:
            assert any(path.name in line for line in messages(catalog))
        finally:
            path.write_bytes(whole)

    @pytest.mark.parametrize(
        ("part", "said"),
        [
            ("people", "cards/bot.md of snapshot 1"),
            ("findings", "a chunk of findings (unevaluated) of snapshot 1"),
            ("records", "a chunk of records (training_job) of snapshot 1, '1'"),
            ("readings", "a chunk of readings (training_job) of snapshot 1, 'sagemaker/training_job/1'"),
        ],
    )
    def test_what_was_altered_is_called_by_what_it_is(self, catalog: Catalog, part: str, said: str) -> None:
        """A card, the findings of a rule, a record: by the first snapshot that has it so."""
        first = catalog.resolve("1")
        (chunk, *_) = chunks(catalog.objects, first.parts.manifests[part])
        path = catalog.objects.path(chunk.object)
        path.write_bytes(gzip.compress(b"{}\n", mtime=0))

        (line,) = messages(catalog)
        assert line.startswith(f"{path.relative_to(catalog.root)}: ")
        assert said in line

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
        path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")
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
    path.write_bytes(document(forged))


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
            "10,000,000 bytes: no snapshot needs it"
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

    def test_rows_that_were_taken_out(self, catalog: Catalog) -> None:
        """A finding less, with every digest computed again but the tree's; and a record without its reading."""
        resealed(catalog, findings=catalog.objects.write(b""))
        assert any("its tree is not that of its rows" in line for line in messages(catalog))

        resealed(catalog, readings=catalog.objects.write(b""))
        assert any("its readings are not those of its records" in line for line in messages(catalog))

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ({"first_seen": 9}, "names a snapshot that comes later: first_seen"),
            ({"verified": True}, "has a member that no reader knows: verified"),
        ],
    )
    def test_a_row_that_nobody_writes(self, catalog: Catalog, row: dict[str, object], said: str) -> None:
        """It is named, though every digest fits."""
        newest = catalog.resolve("latest")
        (chunk, *others) = chunks(catalog.objects, newest.parts.assets)
        line = json.loads(next(catalog.objects.lines(chunk.object)))
        forged = chunk._replace(object=catalog.objects.write(canonical(line | row) + b"\n"))
        resealed(catalog, assets=catalog.objects.write(b"".join(one.line for one in (forged, *others))))

        assert any(said in message and line["id"] in message for message in messages(catalog))

    @pytest.mark.parametrize(
        "name", ["snapshots/99-planted.json", "snapshots/notes.txt", "objects/zz/planted", "objects/ab/" + "c" * 64]
    )
    def test_what_fits_nothing(self, catalog: Catalog, name: str) -> None:
        """A file that no program of ours wrote there."""
        path = catalog.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")

        assert any(line.startswith(name.removesuffix("/planted")) for line in messages(catalog))

    def test_what_no_snapshot_needs(self, catalog: Catalog) -> None:
        """It is named, and no damage: whoever lost a race leaves some."""
        name = catalog.objects.write(b"{}\n")

        assert messages(catalog) == []
        assert catalog.unneeded() == [str(catalog.objects.path(name).relative_to(catalog.root))]


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
