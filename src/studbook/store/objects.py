"""Content-addressed store: `objects/<2 hex>/<64 hex>`, named by digest, gzipped, written once, never rewritten.

The name is the SHA-256 of the uncompressed bytes, so that it does not depend on the compressor.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from studbook.errors import CatalogError
from studbook.model import digest
from studbook.store.files import write_whole

_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
"""Of gzip (RFC 1952): deflate, no flags, no time, the best compression, a system that nobody names."""
_TRAILER = struct.Struct("<II")
"""The CRC-32 and the size of what was compressed."""
_PIECE = 1 << 16
_NAME = re.compile(r"^[0-9a-f]{64}$")
_MEND = "run 'studbook verify', and restore the folder from a copy"


class Objects:
    """The objects of one catalog; digests are `sha256:<64 hex>`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """Where the object of that digest is, or would be."""
        hexes = name.removeprefix("sha256:")
        return self.root / hexes[:2] / hexes

    def __contains__(self, name: str) -> bool:
        return self.path(name).exists()

    def __iter__(self) -> Iterator[str]:
        """The digests of all objects that are there, sorted."""
        for path in sorted(self.root.glob("??/*")):
            if _NAME.match(path.name) and path.name.startswith(path.parent.name):
                yield f"sha256:{path.name}"

    def write(self, data: bytes) -> str:
        """Keep bytes, if they are not there already; gives their digest."""
        name = digest(data)
        if name not in self:
            write_whole(self.path(name), packed(data))
        return name

    def read(self, name: str) -> bytes:
        """The bytes of that digest, all at once; CatalogError where the object is missing or damaged."""
        try:
            data = gzip.decompress(self._packed_bytes(name))
        except FileNotFoundError:
            raise CatalogError(f"object {name} is missing", _MEND) from None
        except (OSError, EOFError, zlib.error) as error:
            raise CatalogError(f"object {name} cannot be read: {error}", _MEND) from None
        if digest(data) != name:
            raise CatalogError(f"object {name} has other content than its name says", _MEND)
        return data

    def check(self, name: str, longest: int) -> None:
        """Reads an object a piece at a time; CatalogError where it is damaged, or a row longer than so many bytes.

        Stricter than reading: every byte of the file counts, also those that no decompressor looks at.
        """
        row = 0
        hasher, checksum, size = hashlib.sha256(), 0, 0
        packed = self._packed_bytes(name)
        if packed[: len(_HEADER)] != _HEADER or len(packed) < len(_HEADER) + _TRAILER.size + 1:
            raise CatalogError(f"object {name} does not begin as a compressed object", _MEND)
        end = len(packed) - _TRAILER.size
        try:
            for piece in _unpacked(packed[len(_HEADER) : end]):
                hasher.update(piece)
                checksum, size = zlib.crc32(piece, checksum), size + len(piece)
                first, feed, _ = piece.partition(b"\n")
                row += len(first)
                if row > longest:
                    raise CatalogError(f"object {name} has a row of more than {longest:,} bytes", _MEND)
                row = len(piece) - piece.rindex(b"\n") - 1 if feed else row
        except zlib.error as error:
            raise CatalogError(f"object {name} cannot be read: {error}", _MEND) from None
        if f"sha256:{hasher.hexdigest()}" != name:
            raise CatalogError(f"object {name} has other content than its name says", _MEND)
        if packed[end:] != _TRAILER.pack(checksum, size & 0xFFFFFFFF):
            raise CatalogError(f"object {name} does not end as a compressed object", _MEND)

    def _packed_bytes(self, name: str) -> bytes:
        """The file's bytes. What is no file is not opened: a pipe would never end."""
        path = self.path(name)
        if not stat.S_ISREG(path.stat().st_mode):
            raise CatalogError(f"object {name} is no plain file", _MEND)
        return path.read_bytes()

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of that digest, each with its line feed; only the compressed form is held in memory.

        Raises CatalogError where the object is missing and, at the latest after the last line, where it is damaged.
        """
        hasher = hashlib.sha256()
        try:
            # The buffer finds the ends of lines in a third of the time: that is written in C.
            with io.BufferedReader(gzip.GzipFile(fileobj=io.BytesIO(self._packed_bytes(name))), _PIECE) as stream:
                for line in stream:
                    hasher.update(line)
                    yield line
        except FileNotFoundError:
            raise CatalogError(f"object {name} is missing", _MEND) from None
        except (OSError, EOFError, zlib.error) as error:
            raise CatalogError(f"object {name} cannot be read: {error}", _MEND) from None
        if f"sha256:{hasher.hexdigest()}" != name:
            raise CatalogError(f"object {name} has other content than its name says", _MEND)


def _unpacked(deflated: bytes) -> Iterator[bytes]:
    """What was compressed, a piece at a time; zlib.error for anything but one stream that ends with the last bit."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    left = deflated[:-1]
    while left or stream.unconsumed_tail:
        piece = stream.decompress(stream.unconsumed_tail or left, 1 << 20)
        left = b""
        yield piece
        if stream.eof or (not piece and not stream.unconsumed_tail):
            break
    before = stream.copy()
    last = stream.decompress(deflated[-1:])
    if not stream.eof or stream.unused_data or before.eof:
        raise zlib.error("it ends elsewhere than its stream")
    # The bits after the end of a stream are zero as they are written, and nobody else looks at them.
    highest = 1 << deflated[-1].bit_length() >> 1
    other = before.copy()
    with suppress(zlib.error):
        if highest and other.decompress(bytes([deflated[-1] - highest])) == last and other.eof:
            raise CatalogError("bits after the end of a stream are set", _MEND)
    yield last


def packed(data: bytes) -> bytes:
    """The compressed form (gzip, without a time), the same on every machine with the same zlib."""
    stream = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=stream, mtime=0) as packer:
        packer.write(data)
    return stream.getvalue()
