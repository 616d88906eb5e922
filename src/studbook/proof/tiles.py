"""Tiled transparency log (c2sp.org/tlog-tiles): a log as files that are written once.

tile/0/000.p/4         the hashes of the first four entries; full tiles have 256, and no `.p/<width>`
tile/1/...             the roots of full tiles of the level below
tile/entries/000.p/4   those entries, each with its length in two bytes before it
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from studbook.proof.merkle import head, leaf_hash

WIDTH = 256
"""Hashes, or entries, of a full tile."""
HASH = 32
"""Bytes of a hash."""
_NAME = re.compile(
    r"^tile/(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/(?P<index>(?:x\d{3}/)*\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?$"
)


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Where a tile lies: its level, or `entries`; its index in groups of three digits; its width where not full."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return f"tile/{level}/{'/'.join(reversed(groups))}" + (f".p/{width}" if width < WIDTH else "")


def files(entries: Sequence[bytes]) -> dict[str, bytes]:
    """The tiles of a log of these entries, by path: each full one, and of each level the last where it is not full."""
    out = {path: b"".join(len(one).to_bytes(2) + one for one in some) for path, some in _cut("entries", entries)}
    level, hashes = 0, [leaf_hash(entry) for entry in entries]
    while hashes:
        above = []
        for path, some in _cut(level, hashes):
            out[path] = b"".join(some)
            if len(some) == WIDTH:
                above.append(head(some)[1])
        level, hashes = level + 1, above
    return out


def _cut(level: int | str, items: Sequence[bytes]) -> Iterator[tuple[str, Sequence[bytes]]]:
    for start in range(0, len(items), WIDTH):
        some = items[start : start + WIDTH]
        yield tile_path(level, start // WIDTH, len(some)), some


def fuller(path: str, whole: Mapping[str, bytes]) -> str | None:
    """The path, among those of `files`, of the tile that a partial one of an earlier size is a beginning of, if any.

    Partial tiles stay until the full one is there: whoever holds an earlier checkpoint reads them.
    """
    match = _NAME.match(path)
    if match is None or not match["width"]:
        return None
    base = path.split(".p/", maxsplit=1)[0]
    wider = (
        tile_path(match["level"], _index(match["index"]), width) for width in range(int(match["width"]) + 1, WIDTH)
    )
    return base if base in whole else next((name for name in wider if name in whole), None)


def beginning(path: str, full: str, data: bytes) -> bytes:
    """The bytes of the partial tile at `path`, which is a beginning of the fuller one at `full`; `data` is the
    content of that."""
    if path == full:
        return data
    width = int(path.rpartition("/")[2])
    if path.startswith("tile/entries/"):
        return b"".join(len(one).to_bytes(2) + one for one in entries_of(data)[:width])
    return data[: width * HASH]


def _index(groups: str) -> int:
    return int(groups.replace("/", "").replace("x", ""))


def entries_of(bundle: bytes) -> list[bytes]:
    """The entries of a bundle, in order: each has its length, two bytes big-endian, before it. Raises ValueError
    where it is cut off."""
    out = []
    while bundle:
        length = int.from_bytes(bundle[:2])
        if len(bundle) < 2 + length:
            raise ValueError("a bundle of entries is cut off")
        out.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return out
