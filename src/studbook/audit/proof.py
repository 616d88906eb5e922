"""A proof, as `studbook prove` writes it, checked on its own."""

from __future__ import annotations

import zlib
from typing import Final

from studbook.audit import checks
from studbook.audit.checks import Against, Checked, Damage
from studbook.errors import ProofError
from studbook.model import canonical
from studbook.store.proofs import SCHEMA

_HEADERS: Final = (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff",)
"""How a gzip file begins that has no name and no time."""
_LONGEST = 256 * 1024 * 1024


def check(data: bytes, against: Against) -> Checked:
    """What is wrong with a proof, gzipped or plain; of what is none, that it cannot be read."""
    notes: list[str] = []
    summary, damages = "a proof", []
    try:
        plain = unpacked(data) if data.startswith(b"\x1f\x8b") else data
        found = checks.document(plain, SCHEMA, {"part", "row", "tree", "envelope", "log"})
        of = checks.envelope(found["envelope"])
        name = found["row"].get("id") or f"{found['row'].get('source')} -> {found['row'].get('target')}"
        summary = f"a proof: {found['part']} of snapshot {of.number}, {of.taken_at}: {name}"
        checks.row(canonical(found["row"]), found["tree"], of)
        checkpoint = None
        if found["log"] is None:
            notes.append("the log was behind and had no entry of this snapshot yet")
        else:
            checkpoint, notes = checks.log(found["log"], of, against)
        damages = checks.anchored(of, checkpoint, against)
        notes.append(f"the envelope is {of.envelope}")
    except ProofError as error:
        damages = [Damage("proof", error.message)]
    except AttributeError:
        damages = [Damage("proof", "its row is none")]
    return Checked(summary, damages, notes)


def unpacked(data: bytes) -> bytes:
    """What was gzipped as Studbook does it, 256 MiB at most. Raises ProofError for what is longer, and for anything
    before, behind or between."""
    stream = zlib.decompressobj(31)
    try:
        plain = stream.decompress(data, _LONGEST)
    except zlib.error as error:
        raise ProofError(f"cannot be unpacked: {error}") from None
    if not stream.eof or stream.unused_data or not data.startswith(_HEADERS):
        raise ProofError("is not gzipped as it was: its header was altered, or something follows it")
    return plain
