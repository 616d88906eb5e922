"""`studbook sign`: a signature below the checkpoint of the catalog's log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option
from studbook.cli.terminal import echo, say

if TYPE_CHECKING:
    from studbook.proof.note import Note, Signer
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook sign --new-key studbook.key                 make a key; keep it where the catalog's writers cannot read it
  studbook sign --key studbook.key                     sign log/checkpoint, after each night
  studbook sign --kms alias/studbook                   the same, with an Ed25519 key that never leaves AWS KMS
  studbook sign --cosign --key witness.key --name audit.example.com/studbook --anchor last-checkpoint

A cosignature is a second party's: it says that, at that time, the log went on from the checkpoint that this party saw
before (--anchor). Name the public keys in studbook.yml (log: keys), and 'studbook verify' checks all signatures.
"""
)
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), envvar="STUDBOOK_SIGN_KEY", show_envvar=True,
              help="An Ed25519 private key, in OpenSSH's form or PEM, without a passphrase.")  # fmt: skip
@click.option("--kms", metavar="KEY", help="The id, ARN or alias of a key in AWS KMS (ECC_NIST_EDWARDS25519).")
@click.option(
    "--new-key", type=click.Path(dir_okay=False, path_type=Path), help="Make a key in this file, and FILE.pub."
)
@click.option("--name", help="The key's name in signatures; the log's name where it is not given.")
@click.option("--cosign", is_flag=True, help="Sign as a second party, with the time (needs --name).")
@click.option(
    "--anchor", metavar="CHECKPOINT", help="With --cosign: the checkpoint, or envelope's digest, seen before."
)
@catalog_option
def sign(  # noqa: PLR0917 - options
    key: Path | None,
    kms: str | None,
    new_key: Path | None,
    name: str | None,
    cosign: bool,
    anchor: str | None,
    catalog: Catalog,
) -> None:
    """Sign the checkpoint of the catalog's log, so that others know whose it is.

    The log is checked before: what does not follow from the snapshots is not signed.
    """
    from studbook.errors import UsageError
    from studbook.proof.note import COSIGNATURE, ED25519, Signer

    if cosign and name is None:
        raise UsageError(
            "a second party signs under its own name", "give it with --name, as audit.example.com/studbook"
        )
    if new_key is not None:
        _make(new_key)
        signer = Signer.of_file(name or _origin(catalog), new_key.read_bytes())
        echo(str(signer.verifier(COSIGNATURE if cosign else ED25519)))
        say(f"{new_key}: a new key; name its public one, above, in studbook.yml (log: keys) and wherever you verify")
        return
    checkpoint_signer = _signer(catalog, key, kms, name)
    note = _checked(catalog, anchor)
    signed = checkpoint_signer.cosigned(note, int(time.time())) if cosign else checkpoint_signer.signed(note)
    verifier = checkpoint_signer.verifier(COSIGNATURE if cosign else ED25519)
    for signature in signed.signatures:
        if (signature.name, signature.key_id) == (verifier.name, verifier.key_id):
            verifier.check(signed, signature)
    catalog.log.write(catalog.log.checkpoint_file.name, str(signed).encode())
    echo(str(verifier))
    if str(verifier) not in catalog.settings().log.keys:
        say("the key is not in studbook.yml (log: keys): until it is, 'studbook verify' does not check its signatures")


def _make(path: Path) -> None:
    import os

    from studbook.errors import UsageError
    from studbook.proof.note import new_key

    private, public = new_key()
    beside = path.with_name(path.name + ".pub")
    for file, data, mode in ((path, private, 0o600), (beside, public, 0o644)):
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            raise UsageError(f"{file}: is there already, and a key is not overwritten", "name another file") from None
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)


def _origin(catalog: Catalog) -> str:
    from studbook.errors import NotFound

    origin = catalog.settings().log.origin
    if origin is not None:
        return origin
    checkpoint = catalog.log.checkpoint()
    if checkpoint is None:
        raise NotFound(f"{catalog.address}: there is no log yet", "take a snapshot first, or name the key with --name")
    return checkpoint.origin


def _signer(catalog: Catalog, key: Path | None, kms: str | None, name: str | None) -> Signer:
    from studbook.errors import UsageError
    from studbook.proof.note import Signer

    if (key is None) == (kms is None):
        raise UsageError("whose signature?", "name a key with --key FILE or --kms KEY; --new-key FILE makes one")
    if kms is not None:
        from studbook.aws.kms import signer

        return signer(name or _origin(catalog), kms)
    assert key is not None
    try:
        data = key.read_bytes()
    except OSError as error:
        raise UsageError(f"{key}: cannot be read: {error.strerror}", "--new-key FILE makes one") from None
    return Signer.of_file(name or _origin(catalog), data)


def _checked(catalog: Catalog, anchor: str | None) -> Note:
    """The checkpoint, brought up to the newest snapshot, of a log that is as the snapshots say."""
    from studbook.errors import CatalogError, NotFound
    from studbook.store.anchor import Anchor

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
