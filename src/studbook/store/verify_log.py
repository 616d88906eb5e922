"""Audit of the transparency log: its tiles follow from the envelopes, so that each byte of it is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studbook.errors import CatalogError, ProofError
from studbook.model import Envelope
from studbook.proof import merkle, tiles
from studbook.proof.note import Checkpoint, Note, Verifier, signers
from studbook.store.log import Log, default_origin, entry
from studbook.store.verify import Damage


def verify_log(
    log: Log,
    envelopes: Sequence[Envelope],
    origins: Sequence[str],
    keys: Sequence[Verifier],
    required: Sequence[Verifier] = (),
) -> Iterator[Damage]:
    """What of the log does not follow from these envelopes, which are a whole chain; a log that is behind does.

    `origins` are the names that it may have besides the usual one; `keys` are those that may sign it: without any, any
    may. `required` are keys that must have signed it.
    """
    if not log.root.is_dir():
        return
    entries = [entry(one.number, one.envelope) for one in envelopes]
    size = 0
    if not log.checkpoint_file.exists() and not log.checkpoint_file.is_symlink():
        if any(log.paths()):
            yield Damage("log/checkpoint", "is missing")
    else:
        try:
            note = log.note()
            checkpoint = Checkpoint.of(note) if note else None
        except (CatalogError, ProofError) as error:
            yield Damage("log/checkpoint", error.message.removeprefix(f"{log.checkpoint_file}: "))
            checkpoint = note = None
        if checkpoint is not None and note is not None:
            size = min(checkpoint.size, len(entries))
            yield from _checkpoint(checkpoint, note, entries, origins, keys, required)
    yield from _tiles(log, entries, size)


def _checkpoint(
    checkpoint: Checkpoint,
    note: Note,
    entries: Sequence[bytes],
    origins: Sequence[str],
    keys: Sequence[Verifier],
    required: Sequence[Verifier],
) -> Iterator[Damage]:
    place = "log/checkpoint"
    if checkpoint.size > len(entries):
        missing = f"it tells of {checkpoint.size} snapshots, and {len(entries)} are there: the newest are missing"
        yield Damage(place, missing)
    elif merkle.root(entries[: checkpoint.size]) != checkpoint.root:
        yield Damage(place, f"its first {checkpoint.size} snapshots are not those that are there")
    usual = default_origin(entries[0]) if entries else None
    if checkpoint.origin not in (*origins, usual):
        yield Damage(place, f"it is of the log {checkpoint.origin!r}, and this one is {(*origins, usual)[0]!r}")
    try:
        by, strange = signers(note, {*keys, *required})
    except ProofError as error:
        yield Damage(place, error.message)
        return
    for key in required:
        if key not in by:
            yield Damage(place, f"it is not signed by {key.name}")
    if keys:
        for one in strange:
            yield Damage(place, f"it is signed by {one.name!r}, a key that the configuration does not name")


def _tiles(log: Log, entries: Sequence[bytes], size: int) -> Iterator[Damage]:
    whole = tiles.files(entries)
    there = [path for path in log.paths() if path != log.checkpoint_file.name]
    for path in there:
        place = f"log/{path}"
        full = path if path in whole else tiles.fuller(path, whole)
        if full is None:
            yield Damage(place, "is no part of a log of these snapshots")
            continue
        try:
            data = log.read(path)
        except (CatalogError, OSError):
            yield Damage(place, "is no plain file that can be read")
            continue
        if data != tiles.beginning(path, full, whole[full]):
            yield Damage(place, "does not tell of the snapshots that are there")
    for path in tiles.files(entries[:size]):
        if path not in there and not (".p/" in path and path.split(".p/")[0] in there):
            yield Damage(f"log/{path}", "is missing")
