"""The layout of a log is that of tlog-tiles."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from studbook.proof import merkle, tiles


def test_known_paths() -> None:
    """The specification's examples: index 1234067, and what a log of 70,000 and of 256 entries is made of."""
    assert tiles.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert set(tiles.files([b"x"] * 256)) == {"tile/0/000", "tile/1/000.p/1", "tile/entries/000"}
    of_70_000 = [path for path in tiles.files([b""] * 70_000) if not path.startswith("tile/entries/")]
    assert len([path for path in of_70_000 if path.startswith("tile/0/")]) == 274
    assert {path for path in of_70_000 if ".p/" in path} == {
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    }


@settings(max_examples=20)
@given(st.lists(st.binary(max_size=3), min_size=1, max_size=600), st.data())
def test_entries_and_hashes(entries: list[bytes], data: st.DataObject) -> None:
    """Tiles hold entries, hashes and the roots above; those of an earlier size are beginnings of later ones."""
    whole = tiles.files(entries)
    bundles = [whole[path] for path in sorted(whole) if path.startswith("tile/entries/")]
    assert [one for bundle in bundles for one in tiles.entries_of(bundle)] == entries
    leaves = b"".join(whole[path] for path in sorted(whole) if path.startswith("tile/0/"))
    assert leaves == b"".join(map(merkle.leaf_hash, entries))
    if len(entries) >= tiles.WIDTH:
        above = next(data for path, data in whole.items() if path.startswith("tile/1/"))
        assert above[:32] == merkle.root(entries[: tiles.WIDTH])
    size = data.draw(st.integers(1, len(entries)))
    for path, content in tiles.files(entries[:size]).items():
        full = path if path in whole else tiles.fuller(path, whole)
        assert full is not None
        assert tiles.beginning(path, full, whole[full]) == content
    assert tiles.fuller("tile/0/999.p/5", whole) is None
    assert tiles.fuller("tile/0/000/5", whole) is None
