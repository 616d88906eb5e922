"""Signatures below the checkpoint of a catalog's log: whose key, and what is checked before it signs."""

from __future__ import annotations

from pathlib import Path

from studbook.errors import CatalogError, NotFound, UsageError
from studbook.proof.note import COSIGNATURE, ED25519, Note, Signer, Verifier
from studbook.store import Catalog
from studbook.store.anchor import Anchor


def signer_of(catalog: Catalog, key: Path | None, kms: str | None, name: str | None = None) -> Signer:
    """The signer with the key of a file, or with one in AWS KMS; its name is the log's where none is given.

    Raises UsageError unless one of both is given, and as `file_signer` does.
    """
    if (key is None) == (kms is None):
        raise UsageError("whose signature?", "name a key with --key FILE or --kms KEY; --new-key FILE makes one")
    if kms is not None:
        from studbook.aws.kms import signer

        return signer(name or log_origin(catalog), kms)
    assert key is not None
    return file_signer(name or log_origin(catalog), key)


def file_signer(name: str, key: Path) -> Signer:
    """The signer with the key of a file. Raises UsageError where it cannot be read, ProofError where it is no key."""
    try:
        return Signer.of_file(name, key.read_bytes())
    except OSError as error:
        raise UsageError(
            f"{key}: cannot be read: {error.strerror}", "'studbook sign --new-key FILE' makes one"
        ) from None


def log_origin(catalog: Catalog) -> str:
    """The log's name: the configuration's, else that of its checkpoint. Raises NotFound where there is no log yet."""
    origin = catalog.settings().log.origin
    if origin is not None:
        return origin
    checkpoint = catalog.log.checkpoint()
    if checkpoint is None:
        raise NotFound(f"{catalog.address}: there is no log yet", "take a snapshot first, or name the key with --name")
    return checkpoint.origin


def sign_checkpoint(
    catalog: Catalog, signer: Signer, *, anchor: str | None = None, cosigned_at: int | None = None
) -> Verifier:
    """Sign the checkpoint, brought up to the newest snapshot; gives the public key, by which the signature was checked.

    `cosigned_at`, in seconds since 1970, makes it a second party's; `anchor` is what that party saw before. Raises
    CatalogError where the log is not as the snapshots say: that is not signed.
    """
    note = _checked(catalog, anchor)
    signed = signer.signed(note) if cosigned_at is None else signer.cosigned(note, cosigned_at)
    verifier = signer.verifier(ED25519 if cosigned_at is None else COSIGNATURE)
    for signature in signed.signatures:
        if (signature.name, signature.key_id) == (verifier.name, verifier.key_id):
            verifier.check(signed, signature)
    catalog.log.write(catalog.log.checkpoint_file.name, str(signed).encode())
    return verifier


def _checked(catalog: Catalog, anchor: str | None) -> Note:
    """The checkpoint, brought up to the newest snapshot, of a log that is as the snapshots say."""
    settings = catalog.settings().log
    catalog.log.bring_up(catalog.snapshots, settings.origin)
    note = catalog.log.note()
    if note is None:
        raise NotFound(f"{catalog.address}: there is no snapshot to sign", "take one with 'studbook harvest'")
    damages = catalog.verify_log()
    missed = Anchor.parse(anchor, settings.verifiers).missed(list(catalog.envelopes())) if anchor else None
    problem = missed or next((f"{one.place}: {one.message}" for one in damages), None)
    if problem is not None:
        raise CatalogError(
            f"nothing was signed: {problem}", "run 'studbook verify', and restore the folder from a copy"
        )
    return note
