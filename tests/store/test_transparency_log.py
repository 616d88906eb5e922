"""The log tells of every envelope, and of nothing else; anchors tell whether it is still the same."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tests.pedigrees import commit, lineage, record

from studbook.errors import UsageError
from studbook.proof.note import Checkpoint, Note
from studbook.store import Catalog
from studbook.store.anchor import Anchor
from studbook.store.log import entry

PEDIGREE = lineage("t(training_job) -produced-> bot/1(model_package)")


def nights(root: Path, count: int, word: str = "") -> Catalog:
    catalog = Catalog(root)
    for night in range(1, count + 1):
        commit(catalog, PEDIGREE, records=[record(f"{night}{word}")], night=night)
    return catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return nights(tmp_path / "catalog", 3)


def damages(catalog: Catalog) -> list[str]:
    return [f"{damage.place}: {damage.message}" for damage in catalog.verify()]


def test_read_by_the_standard(catalog: Catalog) -> None:
    """Entries, hashes, root and name are found by the layout of tlog-tiles alone."""
    log = catalog.root / "log"
    envelopes = [json.loads(path.read_text())["envelope"] for path in sorted((catalog.root / "snapshots").iterdir())]
    said = [json.dumps({"envelope": one, "number": n}, separators=(",", ":")) for n, one in enumerate(envelopes, 1)]
    bundle = b"".join(len(one).to_bytes(2, "big") + one.encode() for one in said)
    assert (log / "tile/entries/000.p/3").read_bytes() == bundle
    a, b, c = (hashlib.sha256(b"\x00" + one.encode()).digest() for one in said)
    assert (log / "tile/0/000.p/3").read_bytes() == a + b + c
    root = hashlib.sha256(b"\x01" + hashlib.sha256(b"\x01" + a + b).digest() + c).digest()
    origin = f"studbook/{envelopes[0].removeprefix('sha256:')[:16]}"
    assert (log / "checkpoint").read_text() == f"{origin}\n3\n{base64.b64encode(root).decode()}\n"


def test_a_log_behind_is_brought_up(catalog: Catalog) -> None:
    """A run that was killed after its envelope leaves a whole catalog, and the next one tells of both nights."""
    before = catalog.root.with_name("before")
    shutil.copytree(catalog.root / "log", before)
    commit(catalog, PEDIGREE, records=[record("4")], night=4)
    shutil.rmtree(catalog.root / "log")
    shutil.copytree(before, catalog.root / "log")
    assert damages(catalog) == []
    commit(catalog, PEDIGREE, records=[record("5")], night=5)
    assert damages(catalog) == []
    assert catalog.log.checkpoint().size == 5  # type: ignore[union-attr]
    shutil.rmtree(catalog.root / "log")
    assert damages(catalog) == []


def test_a_kill_at_any_point(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before any of the files that it writes has its name, the log verifies, and the next run brings it up."""

    class Killed(BaseException):
        pass

    for killed in range(3):
        left = [killed]

        def rename(source: Path, target: Path, left: list[int] = left) -> None:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            source.replace(target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", rename)
            night = len(catalog.snapshots.paths()) + 1
            with pytest.raises(Killed):
                commit(catalog, PEDIGREE, records=[record("3")], night=night)
        assert damages(catalog) == []
        commit(catalog, PEDIGREE, records=[record("3")], night=night + 1)
        assert damages(catalog) == []
        assert catalog.log.checkpoint().size == night + 1  # type: ignore[union-attr]


def test_a_log_ahead_is_damage(catalog: Catalog) -> None:
    """Where the newest snapshot was taken away the log still tells of it, also after the next night."""
    max((catalog.root / "snapshots").iterdir()).unlink()
    assert any("the newest are missing" in line for line in damages(catalog))
    commit(catalog, PEDIGREE, records=[record("other")], night=4)
    assert damages(catalog)[0].startswith("log/checkpoint: its first 3 snapshots are not those that are there")


def test_what_belongs_to_no_log_is_named(catalog: Catalog) -> None:
    """A planted file, a missing one, and one that is no file."""
    log = catalog.root / "log"
    (log / "planted").write_text("x")
    (log / "tile/0/000.p/3").unlink()
    (log / "tile/0/000.p/3").symlink_to("/dev/zero")
    (log / "tile/entries/000.p/3").unlink()
    assert sorted(line.split(": ")[0] for line in damages(catalog)) == [
        "log/planted",
        "log/tile/0/000.p/3",
        "log/tile/entries/000.p/3",
    ]


def test_full_tiles_take_the_place_of_partial_ones(tmp_path: Path) -> None:
    """At 256 nights the tile is whole, and the 255 that it grew from are gone."""
    catalog = nights(tmp_path, 1)
    envelope = catalog.latest()
    assert envelope is not None
    for number in range(2, 258):
        before, envelope = envelope, envelope.model_copy(update={"number": number, "previous": envelope.envelope})
        from studbook.store.snapshots import envelope_digest

        assert before.number == number - 1
        envelope = envelope.model_copy(update={"envelope": envelope_digest(envelope)})
        catalog.snapshots.write(envelope)
        if number in (200, 256, 257):
            catalog.log.bring_up(catalog.snapshots, "example.com/log")
        if number == 200:
            assert list(catalog.log.paths())[1] == "tile/0/000.p/1"
    assert list(catalog.log.paths()) == [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/1",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/1",
    ]


class TestAnchor:
    def test_goes_on(self, catalog: Catalog) -> None:
        """What went on from an anchor holds: the digest of each envelope, the checkpoint of each night."""
        envelopes = list(catalog.envelopes())
        for envelope in envelopes:
            assert Anchor.parse(envelope.envelope).missed(envelopes) is None
        kept = catalog.root.with_name("kept")
        kept.write_bytes((catalog.root / "log/checkpoint").read_bytes())
        commit(catalog, PEDIGREE, records=[record("4")], night=4)
        assert Anchor.parse(str(kept)).missed(list(catalog.envelopes())) is None

    def test_another_chain(self, catalog: Catalog, tmp_path: Path) -> None:
        """A chain that was written anew, or cut, is whole in itself, and is not the one that was anchored."""
        kept = tmp_path / "kept"
        kept.write_bytes((catalog.root / "log/checkpoint").read_bytes())
        newest = catalog.latest()
        assert newest is not None
        for other in (nights(tmp_path / "anew", 4, "anew"), nights(tmp_path / "cut", 2)):
            assert damages(other) == []
            for anchor in (newest.envelope, str(kept)):
                assert Anchor.parse(anchor).missed(list(other.envelopes()))
        assert Anchor.parse(newest.digest).missed(list(catalog.envelopes()))

    def test_no_anchor(self, tmp_path: Path) -> None:
        """What is neither a digest nor a checkpoint is wrong usage."""
        (tmp_path / "note").write_text("words\n")
        for text in ("latest", str(tmp_path / "note"), str(tmp_path)):
            with pytest.raises(UsageError):
                Anchor.parse(text)


def test_entries_are_of_the_contract() -> None:
    """An entry is canonical JSON of an envelope's digest and its number."""
    assert entry(3, "sha256:ab") == b'{"envelope":"sha256:ab","number":3}'
    assert Checkpoint.of(Note("a\n0\n" + base64.b64encode(bytes(32)).decode() + "\n")).size == 0
