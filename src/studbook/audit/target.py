"""Which of the things that can be verified a file, folder or address is."""

from __future__ import annotations

from pathlib import Path

from studbook.audit import export, pack, proof, site
from studbook.audit.checks import Against, Checked, Damage
from studbook.errors import UsageError
from studbook.store.proofs import SCHEMA


def check(target: str, against: Against) -> Checked:
    """What is wrong with it. Raises UsageError for what is none of them."""
    path = Path(target)
    if target.startswith(("http://", "https://")) or path.is_dir():
        return site.check(target, against)
    try:
        if not path.is_file():
            raise UsageError(f"{target}: is no file, no folder and no address", _HINT)
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{target}: cannot be read: {error.strerror}", _HINT) from None
    if data.startswith(b"PK"):
        return pack.check(data, against)
    if data.startswith(b"\x1f\x8b") or SCHEMA.encode() in data[-200:]:
        return proof.check(data, against)
    if data.startswith((b'{"assets":', b'{"generator":')):
        return export.check(data, against)
    return Checked(target, [Damage(path.name, _UNKNOWN)])


_UNKNOWN = (
    "begins as no evidence pack, proof or JSON export does: it was altered, or is another export, which is held "
    "against what 'studbook export' writes again"
)
_HINT = "name an evidence pack, a proof, a JSON export, or a site; without a name the catalog is verified"
