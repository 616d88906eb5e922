"""Signed notes and cosignatures are C2SP's, and ssh-keygen takes the keys."""

from __future__ import annotations

import base64
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from studbook.errors import ProofError
from studbook.proof.note import COSIGNATURE, Checkpoint, Note, Signer, Verifier, new_key, signers

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""The key of the example in the documentation of golang.org/x/mod/sumdb/note, and the note that it signed."""
SAID = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
SEED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = Signer("example.com/log", SEED.public_key().public_bytes_raw(), SEED.sign)
CHECKPOINT = Checkpoint("example.com/log", 4, bytes(range(32)))


def test_known_note() -> None:
    """The example of the program that signed notes come from is read, written and checked as it is there."""
    note = Note.parse(SAID)
    key = Verifier.parse(PETER)
    assert (str(note).encode(), str(key)) == (SAID, PETER)
    assert signers(note, [key]) == ([key], [])
    assert signers(note, [SIGNER.verifier()])[1] == list(note.signatures)


def test_cosignature() -> None:
    """What a witness signs is what the specification writes out, and its time is before the signature."""
    note = SIGNER.cosigned(Note(CHECKPOINT.text), 1679315147)
    [signature] = note.signatures
    assert int.from_bytes(signature.data[:8]) == 1679315147
    message = b"cosignature/v1\ntime 1679315147\n" + CHECKPOINT.text.encode()
    SEED.public_key().verify(signature.data[8:], message)
    assert signers(note, [SIGNER.verifier(COSIGNATURE)])[0] == [SIGNER.verifier(COSIGNATURE)]


@given(st.data())
def test_every_byte_counts(data: st.DataObject) -> None:
    """A checkpoint signed and cosigned is refused, or has another signer, whichever byte of it is another one."""
    keys = [SIGNER.verifier(), SIGNER.verifier(COSIGNATURE)]
    whole = str(SIGNER.cosigned(SIGNER.signed(Note(CHECKPOINT.text)), 7)).encode()
    place = data.draw(st.integers(0, len(whole) - 1))
    bent = bytearray(whole)
    bent[place] ^= data.draw(st.integers(1, 255))
    assert signers(Note.parse(whole), keys) == (keys, [])
    with suppress(ProofError):
        assert signers(Note.parse(bytes(bent)), keys) != (keys, [])


@pytest.mark.parametrize(
    "text",
    [b"", b"no end", b"a\tb\n", b"\xff\n", b"text\n\nno signature\n", "text\n\n— name YWI=\n".encode()],
)
def test_no_notes(text: bytes) -> None:
    """What is no note is told in a sentence."""
    with pytest.raises(ProofError):
        Note.parse(text)


@pytest.mark.parametrize("text", ["", "a\n4\nx\n", "a\n04\n" + base64.b64encode(bytes(32)).decode() + "\n"])
def test_no_checkpoints(text: str) -> None:
    """A checkpoint is three lines, a number without zeroes before it, and 32 bytes."""
    with pytest.raises(ProofError):
        Checkpoint.of(Note(text))


def test_ssh(tmp_path: Path) -> None:
    """A key that Studbook makes signs files with ssh-keygen, too."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not on this machine")
    private, public = new_key()
    key = tmp_path / "key"
    key.write_bytes(private)
    key.chmod(0o600)
    (tmp_path / "signers").write_bytes(b"me " + public)
    said = tmp_path / "said"
    said.write_bytes(SAID)
    run = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", "file", str(said)]
    subprocess.run(run, check=True, capture_output=True)
    check = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "signers"), "-I", "me", "-n", "file"]
    check += ["-s", f"{said}.sig"]
    assert subprocess.run(check, input=SAID, check=False, capture_output=True).returncode == 0
    assert Signer.of_file("x", private).public in base64.b64decode(public.split()[1])
