from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from studbook.errors import CatalogError
from studbook.store.objects import Objects


class TestObjects:
    def test_name_is_the_digest_of_the_uncompressed_bytes(self, tmp_path: Path) -> None:
        """gzip and sha256sum are enough to check a catalog."""
        objects = Objects(tmp_path)
        name = objects.write(b"one\ntwo\n")
        hexes = hashlib.sha256(b"one\ntwo\n").hexdigest()
        assert name == f"sha256:{hexes}"
        assert gzip.decompress((tmp_path / hexes[:2] / hexes).read_bytes()) == b"one\ntwo\n"

    def test_the_compressed_bytes_have_no_clock_in_them(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same content is the same file, whenever it is written."""
        first, second = Objects(tmp_path / "a"), Objects(tmp_path / "b")
        path = first.path(first.write(b"same\n"))
        monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
        assert second.path(second.write(b"same\n")).read_bytes() == path.read_bytes()

    def test_what_exists_is_not_written_again(self, tmp_path: Path) -> None:
        """An object is written once: the file stays the one it was."""
        objects = Objects(tmp_path)
        path = objects.path(objects.write(b"same\n"))
        before = path.stat()
        objects.write(b"same\n")
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda path: path.write_bytes(b"no gzip"),
            lambda path: path.write_bytes(path.read_bytes()[:-6]),
            lambda path: path.write_bytes(gzip.compress(b"other\n")),
            lambda path: path.unlink(),
        ],
        ids=["rubbish", "truncated", "other content", "missing"],
    )
    def test_damage_is_an_error_and_never_an_answer(self, tmp_path: Path, spoil) -> None:
        """What does not have the digest that was asked for is not given out as if it had."""
        objects = Objects(tmp_path)
        name = objects.write(b"one\ntwo\n")
        spoil(objects.path(name))
        with pytest.raises(CatalogError, match=name):
            list(objects.lines(name))

    def test_lists_objects_and_no_unfinished_files(self, tmp_path: Path) -> None:
        """What a killed run left behind is no object."""
        objects = Objects(tmp_path)
        name = objects.write(b"x\n")
        (objects.path(name).parent / ".tmp-abc").write_bytes(b"half")
        assert list(objects) == [name]
