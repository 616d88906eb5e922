"""Merkle tree of RFC 6962, section 2.1: SHA-256 over 0x00 and a leaf, over 0x01 and two nodes.

Roots and proofs are made from a stream of leaves: what is held grows with the logarithm of their number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from hashlib import sha256


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf, 32 bytes: SHA-256 of 0x00 and the leaf."""
    return sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node, 32 bytes: SHA-256 of 0x01 and the hashes of its two subtrees."""
    return sha256(b"\1" + left + right).digest()


def head(hashes: Iterable[bytes]) -> tuple[int, bytes]:
    """The size and the root of the tree of leaves with these hashes; of none, the hash of the empty string.

    What is held is a stack: of each bit of the size that is set a full subtree's root, the largest first.
    """
    size, stack = 0, list[bytes]()
    for leaf in hashes:
        node, before = leaf, size
        while before & 1:
            node, before = sha256(b"\1" + stack.pop() + node).digest(), before >> 1  # a night has millions: no call
        stack.append(node)
        size += 1
    return size, reduce(lambda right, left: node_hash(left, right), reversed(stack)) if stack else sha256().digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """The root of these leaves, in their order, 32 bytes."""
    return head(map(leaf_hash, leaves))[1]


def inclusion_paths(hashes: Iterable[bytes], size: int, wanted: Collection[int]) -> dict[int, list[bytes]]:
    """The audit paths (2.1.1), lowest node first, of the leaves with these indexes, from the hashes of all leaves.

    Raises ValueError where an index is none of the tree's, or there are fewer leaves than `size`.
    """
    if not all(0 <= index < size for index in wanted):
        raise ValueError(f"the tree has {size} leaves")
    paths: dict[int, list[bytes]] = {index: [] for index in sorted(wanted)}
    if paths:
        _subtree(iter(hashes), 0, size, list(paths), paths)
    return paths


def _subtree(
    hashes: Iterator[bytes], start: int, size: int, wanted: Sequence[int], paths: dict[int, list[bytes]]
) -> bytes:
    if not wanted:
        return head(_next(hashes) for _ in range(size))[1]
    if size == 1:
        return _next(hashes)
    middle = start + _split(size)
    before = [index for index in wanted if index < middle]
    after = [index for index in wanted if index >= middle]
    left = _subtree(hashes, start, middle - start, before, paths)
    right = _subtree(hashes, middle, start + size - middle, after, paths)
    for index in before:
        paths[index].append(right)
    for index in after:
        paths[index].append(left)
    return node_hash(left, right)


def _next(hashes: Iterator[bytes]) -> bytes:
    for node in hashes:
        return node
    raise ValueError("there are fewer leaves than was said")


def _split(size: int) -> int:
    """The largest power of two below a size of two or more."""
    return 1 << (size - 1).bit_length() - 1


def root_by_inclusion(node: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root of the tree in which a leaf's hash has this index, by its audit path (RFC 9162, 2.1.3.2).

    Raises ValueError where the path has another length than a tree of that size gives it.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is none of a tree of {size}")
    last = size - 1
    rest = iter(path)
    while last:
        if index & 1:
            node = node_hash(_next(rest), node)
        elif index < last:
            node = node_hash(node, _next(rest))
        index, last = index >> 1, last >> 1
    if next(rest, None) is not None:
        raise ValueError("the path is too long")
    return node
