"""What proofs and evidence packs have in common: a sealed document, an envelope, its entry in the log, an anchor.

A check raises ProofError with what is wrong.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from studbook.errors import ProofError
from studbook.model import Envelope, canonical
from studbook.proof import merkle
from studbook.proof.note import Checkpoint, Note, Verifier, signers
from studbook.store import Catalog
from studbook.store.anchor import Anchor
from studbook.store.log import entry
from studbook.store.proofs import sealed
from studbook.store.snapshots import content_digest, envelope_digest
from studbook.store.verify import Damage

__all__ = ["Against", "Checked", "Damage"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it."""

    summary: str
    """What was checked, in one line."""
    damages: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What could not be checked, or is good to know."""


@dataclass(frozen=True, slots=True)
class Against:
    """What it is held against."""

    anchor: Anchor | None = None
    keys: Sequence[Verifier] = ()
    """Public keys that are known."""
    required: Sequence[Verifier] = ()
    """Those of them that must have signed."""
    catalog: Catalog | None = None
    """Where one is named."""


def document(data: bytes, schema: str, members: set[str]) -> dict[str, Any]:
    """A document that was sealed with its own digest, and has just these members besides `schema` and `digest`."""
    try:
        found = json.loads(data)
        inner = {name: value for name, value in found.items() if name != "digest"}
        same = sealed(inner) == data
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ProofError("is no document that can be read") from None
    if not same:
        raise ProofError("was altered: it is not what its digest says")
    if inner.get("schema") != schema or inner.keys() != members | {"schema"}:
        raise ProofError(f"is no {schema}, or has members that it does not have")
    return inner


def envelope(told: Any) -> Envelope:
    """The envelope, whose digests fit. Raises ProofError where they do not, or it is none."""
    try:
        found = Envelope.model_validate_json(canonical(told))
    except (ValidationError, ValueError):
        raise ProofError("has no envelope that can be read") from None
    if canonical(found.model_dump(mode="json")) != canonical(told) or envelope_digest(found) != found.envelope:
        raise ProofError("its envelope was altered: it is not what its digest says")
    if found.digest != content_digest(found):
        raise ProofError("its envelope does not fit its parts")
    return found


def row(row_: bytes, told: Any, of: Envelope) -> None:
    """That a row is in the tree of its snapshot, by `{"index", "path"}` with hashes in base64."""
    if of.tree is None:
        raise ProofError("its snapshot has no tree")
    if f"sha256:{_root(merkle.leaf_hash(row_), told, of.tree.size).hex()}" != of.tree.root:
        raise ProofError("the path does not lead from it to the root of its snapshot")


def log(told: Any, of: Envelope, against: Against) -> tuple[Checkpoint, list[str]]:
    """The checkpoint of a log that has the envelope, and a line for each signature: whose it is, or that it was not
    checked. Raises ProofError where the log does not have the envelope, or a required key did not sign it."""
    try:
        note = Note.parse(told["checkpoint"].encode())
        checkpoint = Checkpoint.of(note)
        index = told["index"]
    except (KeyError, TypeError, AttributeError):
        raise ProofError("has no entry of the log that can be read") from None
    leaf = merkle.leaf_hash(entry(of.number, of.envelope))
    if index != of.number - 1 or _root(leaf, told, checkpoint.size) != checkpoint.root:
        raise ProofError("its envelope is not in the log that its checkpoint speaks of")
    by, strange = signers(note, against.keys)
    for key in against.required:
        if key not in by:
            raise ProofError(f"its checkpoint is not signed by {key.name}")
    notes = [f"signed by {key.name}" for key in by]
    notes += [f"a signature by {one.name!r} was not checked: name its key with --key" for one in strange]
    return checkpoint, notes or ["the checkpoint is not signed"]


def _root(leaf: bytes, told: Any, size: int) -> bytes:
    try:
        path = [base64.b64decode(node, validate=True) for node in told["path"]]
        return merkle.root_by_inclusion(leaf, told["index"], size, path)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise ProofError("has a path that is none") from None


def anchored(of: Envelope, checkpoint: Checkpoint | None, against: Against) -> list[Damage]:
    """Whether an envelope is in the chain that was anchored, and in the catalog that was named."""
    chain: list[Envelope] | None = None
    if against.catalog is not None:
        damages = against.catalog.verify(against.required)
        if damages:
            return damages
        chain = list(against.catalog.envelopes())
        if all(one.envelope != of.envelope for one in chain):
            return [Damage("envelope", f"{against.catalog.address} has no snapshot with the envelope {of.envelope}")]
    anchor = against.anchor
    if anchor is None:
        return []
    if chain is not None:
        missed = anchor.missed(chain)
        return [Damage("anchor", missed)] if missed else []
    if anchor.digest is not None:
        if of.envelope.startswith(anchor.digest):
            return []
        return [Damage("anchor", f"is of the envelope {of.envelope}, not of the anchor's. {_NAME_THE_CATALOG}")]
    assert anchor.checkpoint is not None
    if checkpoint is None or checkpoint.size != anchor.checkpoint.size:
        return [Damage("anchor", f"the checkpoint is of another night than the anchor. {_NAME_THE_CATALOG}")]
    if checkpoint.root != anchor.checkpoint.root:
        return [Damage("anchor", "another log: its checkpoint of the same size has another root")]
    return []


_NAME_THE_CATALOG = "Whether both are of one chain shows the catalog: name it with --catalog"
