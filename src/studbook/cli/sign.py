"""`studbook sign`: a signature below the checkpoint of the catalog's log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.options import catalog_option
from studbook.cli.terminal import echo, say

if TYPE_CHECKING:
    from studbook.store import Catalog


@click.command(
    epilog="""\b
Examples:
  studbook sign --new-key studbook.key      make a key, to be kept from the catalog's writers
  studbook sign --key studbook.key          sign log/checkpoint, after each night
  studbook sign --kms alias/studbook        the same, with a key that never leaves AWS KMS
  studbook sign --cosign --key witness.key --name audit.example.com/studbook --anchor checkpoint

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
    """Sign the checkpoint of the catalog's log.

    Others then know whose it is. The log is checked before: what does not follow from the snapshots is not signed.
    """
    from studbook.errors import UsageError
    from studbook.proof.note import COSIGNATURE, ED25519, Signer
    from studbook.signing import log_origin, sign_checkpoint, signer_of

    if cosign and name is None:
        raise UsageError(
            "a second party signs under its own name", "give it with --name, as audit.example.com/studbook"
        )
    if new_key is not None:
        _make(new_key)
        signer = Signer.of_file(name or log_origin(catalog), new_key.read_bytes())
        echo(str(signer.verifier(COSIGNATURE if cosign else ED25519)))
        say(f"{new_key}: a new key; name its public one, above, in studbook.yml (log: keys) and wherever you verify")
        return
    signer = signer_of(catalog, key, kms, name)
    verifier = sign_checkpoint(catalog, signer, anchor=anchor, cosigned_at=int(time.time()) if cosign else None)
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
