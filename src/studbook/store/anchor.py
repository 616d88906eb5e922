"""Anchor: what somebody keeps of a catalog where nobody who can write to it reaches, to hold it against later.

It is the digest of an envelope, or a checkpoint of the log. Both speak of everything up to their night.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studbook.errors import ProofError, UsageError
from studbook.model import Envelope
from studbook.proof import merkle
from studbook.proof.note import Checkpoint, Note, Verifier, signers
from studbook.store.log import entry

_DIGEST = re.compile(r"^(?:sha256:)?(?P<hex>[0-9a-f]{16,64})$")


@dataclass(frozen=True, slots=True)
class Anchor:
    """One of the two."""

    digest: str | None = None
    """`sha256:` and at least the first 16 hex digits."""
    checkpoint: Checkpoint | None = None

    @classmethod
    def parse(cls, text: str, keys: Sequence[Verifier] = ()) -> Anchor:
        """From a digest, or a file with a checkpoint; what `keys` signed there must be signed so.

        Raises UsageError for what is neither.
        """
        if match := _DIGEST.match(text):
            return cls(digest=f"sha256:{match['hex']}")
        try:
            note = Note.parse(Path(text).read_bytes())
            signers(note, keys)
            return cls(checkpoint=Checkpoint.of(note))
        except OSError as error:
            raise UsageError(
                f"{text!r} is no digest, and no file that can be read: {error.strerror}",
                "an anchor is an envelope's digest (see 'studbook show latest'), or a copy of log/checkpoint",
            ) from None
        except ProofError as error:
            raise UsageError(f"{text}: {error.message}", "an anchor is a copy of log/checkpoint") from None

    def missed(self, envelopes: Sequence[Envelope]) -> str | None:
        """Why a whole chain is not the one that was anchored; None where it is, or goes on from it."""
        if self.digest is not None:
            if any(one.envelope.startswith(self.digest) for one in envelopes):
                return None
            if any(one.digest.startswith(self.digest) for one in envelopes):
                return f"{self.digest} is the digest of a content, which any night can have: anchor the envelope's"
            return f"no snapshot has the envelope {self.digest}: it was taken away, or written anew"
        assert self.checkpoint is not None
        size = self.checkpoint.size
        if size > len(envelopes):
            return f"the anchor tells of {size} snapshots, and {len(envelopes)} are there: the newest are missing"
        if merkle.root(entry(one.number, one.envelope) for one in envelopes[:size]) != self.checkpoint.root:
            return f"the first {size} snapshots are not those that the anchor tells of: the chain was written anew"
        return None
