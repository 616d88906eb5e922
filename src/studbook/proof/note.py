"""Signed notes (c2sp.org/signed-note) with Ed25519, and witnesses' cosignatures (c2sp.org/tlog-cosignature, v1).

    example.com/models                      the text; of a checkpoint: the log's name, its size, its root
    4
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/models Az3grl...          a signature: the key's name, base64 of the key's id and the signature

The library that signs is loaded where a signature is made or checked: it costs more to load than most commands do.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from studbook.errors import ProofError

ED25519, COSIGNATURE = 1, 4
"""The types of signatures that are known, by their byte."""

_LINE = re.compile(r"^— (?P<name>[^\s+]+) (?P<data>[A-Za-z0-9+/]+={0,2})$")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NAME = re.compile(r"^[^\s+]+$")
_MOST_SIGNATURES = 100


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a note."""

    name: str
    key_id: bytes
    """Four bytes."""
    data: bytes

    @property
    def line(self) -> str:
        """With its line feed."""
        return f"— {self.name} {_base64(self.key_id + self.data)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who signed it."""

    text: str
    """With the line feed of its last line."""
    signatures: tuple[Signature, ...] = ()

    def __str__(self) -> str:
        """The note as it is written; where nobody signed it, the text alone."""
        if not self.signatures:
            return self.text
        return self.text + "\n" + "".join(one.line for one in self.signatures)

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """A note, signed or not; ProofError for what is none, or is not written as this would write it."""
        try:
            whole = data.decode()
        except UnicodeDecodeError:
            raise ProofError("the note is no UTF-8") from None
        if _CONTROL.search(whole) or not whole.endswith("\n"):
            raise ProofError("the note has control characters, or no line feed at its end")
        text, gap, below = whole.rpartition("\n\n")
        if not gap:
            return cls(whole)
        lines = below.removesuffix("\n").split("\n")
        if len(lines) > _MOST_SIGNATURES:
            raise ProofError(f"the note has more than {_MOST_SIGNATURES} signatures")
        note = cls(text + "\n", tuple(map(_signature, lines)))
        if str(note) != whole:
            raise ProofError("the note is not written as notes are")
        return note


def _signature(line: str) -> Signature:
    match = _LINE.match(line)
    try:
        data = base64.b64decode(match["data"], validate=True) if match else b""
    except binascii.Error:
        data = b""
    if match is None or len(data) <= 4:
        raise ProofError(f"a line below the note is no signature: {line[:80]!r}")
    return Signature(match["name"], data[:4], data[4:])


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key by its name, written `<name>+<id in hex>+<base64 of the type and the key>`."""

    name: str
    type: int
    key: bytes
    """32 bytes."""

    @property
    def key_id(self) -> bytes:
        """The key's id, 4 bytes: the beginning of the SHA-256 of its name, a line feed, its type and its bytes."""
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_base64(bytes([self.type]) + self.key)}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """ProofError for what is no key of a type that is known."""
        name, _, rest = text.strip().partition("+")
        _, _, key = rest.partition("+")
        try:
            data = base64.b64decode(key, validate=True)
        except binascii.Error:
            data = b""
        if len(data) == 33 and data[0] in (ED25519, COSIGNATURE) and _NAME.match(name):
            found = cls(name, data[0], data[1:])
            if str(found) == text.strip():
                return found
        raise ProofError(f"{text.strip()[:80]!r} is no key: it is written name+id+base64, as 'studbook sign' prints it")

    def check(self, note: Note, signature: Signature) -> None:
        """ProofError where this key did not sign the text so."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        message = note.text.encode()
        data = signature.data
        if self.type == COSIGNATURE:
            message, data = _cosigned(int.from_bytes(data[:8]), message), data[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(data, message)
        except (InvalidSignature, ValueError):
            raise ProofError(f"the signature of {self.name} does not fit") from None


def _cosigned(time: int, text: bytes) -> bytes:
    return f"cosignature/v1\ntime {time}\n".encode() + text


def signers(note: Note, keys: Iterable[Verifier]) -> tuple[list[Verifier], list[Signature]]:
    """Which of the keys signed the note, and the signatures of others; ProofError where one of a known key is wrong."""
    known = {(key.name, key.key_id): key for key in keys}
    by, strange = [], []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            strange.append(signature)
        else:
            key.check(note, signature)
            by.append(key)
    return by, strange


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, wherever it is: `sign` gives the 64 bytes of an Ed25519 signature of a message."""

    name: str
    public: bytes
    sign: Callable[[bytes], bytes]

    def verifier(self, kind: int = ED25519) -> Verifier:
        """The public key by which others know its signatures of that type."""
        return Verifier(self.name, kind, self.public)

    def signed(self, note: Note) -> Note:
        """The note with this key's signature, in the place of an earlier one of its own."""
        return self._with(note, self.verifier(), self.sign(note.text.encode()))

    def cosigned(self, note: Note, time: int) -> Note:
        """The note with this key's cosignature at that time, in seconds since 1970."""
        data = time.to_bytes(8) + self.sign(_cosigned(time, note.text.encode()))
        return self._with(note, self.verifier(COSIGNATURE), data)

    def _with(self, note: Note, key: Verifier, data: bytes) -> Note:
        others = [one for one in note.signatures if (one.name, one.key_id) != (key.name, key.key_id)]
        return Note(note.text, (*others, Signature(key.name, key.key_id, data)))

    @classmethod
    def of_file(cls, name: str, data: bytes) -> Signer:
        """A key in OpenSSH's form, or in PEM, without a passphrase; ProofError for any other."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        ssh = b"BEGIN OPENSSH PRIVATE KEY" in data
        try:
            if ssh:
                key = serialization.load_ssh_private_key(data, None)
            else:
                key = serialization.load_pem_private_key(data, None)  # type: ignore[assignment]
        except (ValueError, TypeError) as error:
            raise ProofError(f"the key cannot be read: {error}", "one is made by 'studbook sign --new-key'") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ProofError("the key is no Ed25519 key", "one is made by 'studbook sign --new-key'")
        return cls(name, key.public_key().public_bytes_raw(), key.sign)


def new_key() -> tuple[bytes, bytes]:
    """A private key in OpenSSH's form and its public one, in this order, both as the bytes of files: `ssh-keygen -Y
    sign` takes it too."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private, public + b"\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log's checkpoint says (c2sp.org/tlog-checkpoint)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note's text, three lines: origin, size in decimals, root in base64."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"

    @classmethod
    def of(cls, note: Note) -> Checkpoint:
        """ProofError for a note that is no checkpoint. Lines below the three are not known and refused."""
        lines = note.text.split("\n")
        try:
            found = cls(lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True))
        except (IndexError, ValueError):
            found = None
        if found is None or found.text != note.text or not found.origin or len(found.root) != 32:
            raise ProofError("the note is no checkpoint: a log's name, its size and its root, a line each")
        return found


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
