"""A published site, at an address or in a folder, held against the catalog: each file is built again, and compared."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import requests

from studbook.audit.checks import Against, Checked, Damage
from studbook.errors import StudbookError, UsageError
from studbook.render import build_site

_LIST = "versions.json"
_MOST = 20
_LONGEST = 256 * 1024 * 1024
Read = Callable[[str], bytes | None]
"""From a file's path within the site to its bytes; None where it is not there."""


def check(target: str, against: Against) -> Checked:
    """What of a site is not what Studbook builds from the catalog. Needs a catalog; takes as long as a build."""
    if against.catalog is None:
        raise UsageError("a site is held against its catalog", "name it with --catalog DIR")
    catalog = against.catalog
    read = _from_address(target) if target.startswith(("http://", "https://")) else _from_folder(Path(target))
    summary = f"the site {target}"
    damages = catalog.verify(against.required)
    if not damages and against.anchor is not None:
        missed = against.anchor.missed(list(catalog.envelopes()))
        damages = [Damage("anchor", missed)] if missed else []
    if damages:
        return Checked(summary, damages)
    try:
        told = json.loads(read(_LIST) or b"")
        numbers = sorted({int(one["version"]) for one in told})
    except (ValueError, KeyError, TypeError):
        return Checked(summary, [Damage(_LIST, "is missing, or does not say which snapshots the site has")])
    known = {one.number: one for one in catalog.envelopes()}
    strange = [number for number in numbers if number not in known]
    if strange or not numbers:
        return Checked(summary, [Damage(_LIST, f"names snapshots that the catalog does not have: {strange}")])
    summary += f", of snapshot{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
    with tempfile.TemporaryDirectory(prefix="studbook-verify-") as folder:
        root = Path(folder) / "site"
        build_site(catalog, catalog.settings(), root, envelopes=[known[number] for number in numbers])
        found = list(_different(root, read))
        if not target.startswith(("http://", "https://")):
            found += _planted(Path(target), root)
    notes = [] if numbers[-1] == max(known) else [f"the newest night, {max(known)}, is not on the site"]
    if len(found) > _MOST:
        found = [*found[:_MOST], Damage("site", f"and {len(found) - _MOST} more")]
    return Checked(summary, found, notes)


def _different(root: Path, read: Read) -> Iterator[Damage]:
    for path in _files(root):
        there = read(path)
        if there is None:
            yield Damage(path, "is missing")
        elif there != (root / path).read_bytes():
            yield Damage(path, "is not what is built from the catalog")


def _planted(target: Path, root: Path) -> Iterator[Damage]:
    built = set(_files(root))
    for path in _files(target):
        if path not in built:
            yield Damage(path, "is no file of the site")


def _files(root: Path) -> list[str]:
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if not path.parts[0].startswith("."))


def _from_folder(folder: Path) -> Read:
    def read(path: str) -> bytes | None:
        file = folder / path
        return file.read_bytes() if file.is_file() else None

    return read


def _from_address(address: str) -> Read:
    session = requests.Session()
    session.trust_env = False  # no login of ~/.netrc

    def read(path: str) -> bytes | None:
        url = f"{address.rstrip('/')}/{quote(path)}"
        try:
            with session.get(url, timeout=60, stream=True, allow_redirects=False) as answer:
                if answer.status_code in (403, 404):
                    return None
                answer.raise_for_status()
                return answer.raw.read(_LONGEST, decode_content=True)
        except requests.RequestException as error:
            raise StudbookError(f"{url}: {error}", "is that the address of a site, and may you read it?") from None

    return read
