"""Build identification: the program's version, and a digest of its redaction rules, as a snapshot names what wrote it.

A form of a secret that is new must reach what was kept before it, whether or not anybody thought of a new version.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from studbook import __version__

RULES: Final = ("redact.py", "secret_forms.py", "secret_keys.py")
"""The modules of `redaction` that say what a secret is: their text is digested, so that no rule is forgotten."""


@cache
def generator() -> str:
    """`studbook <version>+<eight hex digits of the rules' digest>`."""
    return f"studbook {__version__}+{rules_digest(files('studbook') / 'redaction')[:8]}"


def rules_digest(folder: Traversable) -> str:
    """SHA-256 of the modules of redaction in a folder, as hex."""
    digest = hashlib.sha256()
    for name in RULES:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()
