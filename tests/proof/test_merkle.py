"""Merkle trees are RFC 6962's: its vectors, and by another program that reads the definition as it is written."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studbook.proof import merkle

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The leaves by which Certificate Transparency's programs are tested, and the roots of the first 0, 1, ... of them."""
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree_head(leaves: list[bytes]) -> bytes:
    """MTH as the RFC defines it, by recursion."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + tree_head(leaves[:split]) + tree_head(leaves[split:])).digest()


def hashes(leaves: list[bytes]) -> list[bytes]:
    return [merkle.leaf_hash(leaf) for leaf in leaves]


def hexes(nodes: list[bytes]) -> list[str]:
    return [node.hex() for node in nodes]


@pytest.mark.parametrize("size", range(9))
def test_known_roots(size: int) -> None:
    """The roots of the known leaves are the known ones."""
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ],
)
def test_known_paths(index: int, size: int, path: list[str]) -> None:
    """The audit paths of the known leaves are the known ones."""
    assert hexes(merkle.inclusion_paths(hashes(LEAVES[:size]), size, [index])[index]) == path


SOME = st.lists(st.binary(max_size=3), min_size=1, max_size=70)


@given(SOME)
def test_roots(leaves: list[bytes]) -> None:
    """The streamed root is the RFC's recursive one."""
    assert merkle.root(iter(leaves)) == tree_head(leaves)


@given(SOME, st.data())
def test_inclusion(leaves: list[bytes], data: st.DataObject) -> None:
    """Each path leads from its leaf to the root, with no other leaf, index, size or path of another length."""
    size = len(leaves)
    wanted = data.draw(st.sets(st.integers(0, size - 1), min_size=1))
    paths = merkle.inclusion_paths(iter(hashes(leaves)), size, wanted)
    assert paths.keys() == wanted
    for index, path in paths.items():
        node = merkle.leaf_hash(leaves[index])
        assert merkle.root_by_inclusion(node, index, size, path) == tree_head(leaves)
        assert merkle.root_by_inclusion(merkle.leaf_hash(b"else"), index, size, path) != tree_head(leaves)
        for bad in (*([path[:-1]] if path else ()), [*path, node]):
            with pytest.raises(ValueError):
                merkle.root_by_inclusion(node, index, size, bad)
        for place in range(len(path)):
            bent = [*path[:place], sha256(path[place]).digest(), *path[place + 1 :]]
            assert merkle.root_by_inclusion(node, index, size, bent) != tree_head(leaves)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: merkle.inclusion_paths([], 0, [0]),
        lambda: merkle.inclusion_paths(hashes(LEAVES), 9, [0]),
        lambda: merkle.root_by_inclusion(b"", 3, 3, []),
    ],
)
def test_no_proof(wrong) -> None:  # type: ignore[no-untyped-def]
    """What no tree has, has no proof."""
    with pytest.raises(ValueError):
        wrong()
