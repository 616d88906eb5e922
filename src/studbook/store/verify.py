"""Is everything as it was written? Every digest is computed again; nothing is believed.

What this proves: that the catalog is what Studbook wrote, whole and in order. Not that AWS told the truth, and not that
nobody wrote a new chain: keep the latest `envelope` digest elsewhere, and compare.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from studbook.errors import CatalogError
from studbook.model import Envelope
from studbook.store import chunks
from studbook.store.chunks import PARTS, Chunk, Order, Part, Row
from studbook.store.objects import Objects
from studbook.store.snapshots import Snapshots, content_digest, file_name


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was written."""

    place: str
    """The file's name, from the catalog folder."""
    message: str


class _Seen(NamedTuple):
    """What needs no second look: an object may be shared by parts, which ask different things of it."""

    checked: set[tuple[str, str | Chunk]]
    damaged: set[str]


def verify(objects: Objects, snapshots: Snapshots) -> list[Damage]:
    """All damages, envelopes first."""
    readable: list[Envelope] = []
    strange = list(_no_files(objects, snapshots))
    found = [*strange, *_chain(snapshots, readable)]
    named = {damage.place for damage in strange}
    seen = _Seen(set(), set())
    for name in objects:
        place = _object_place(objects, name)
        if place in named:
            seen.damaged.add(name)
            continue
        try:
            objects.check(name, _LONGEST)
        except CatalogError as error:
            seen.damaged.add(name)
            found.append(Damage(place, error.message))
    for envelope in readable:
        for name, manifest in envelope.parts.manifests.items():
            found.extend(_manifest(objects, PARTS[name], manifest, envelope.number, seen))
    if not found:  # else an asset may be missing because its chunk cannot be read
        found.extend(_ends(objects, readable))
    return found


_LONGEST: Final = 256 * 1024 * 1024
"""Bytes of a row: no answer that is kept is nearly as long, and a longer one would not fit into a small memory."""


def _no_files(objects: Objects, snapshots: Snapshots) -> Iterator[Damage]:
    """What is no plain file where only those are: a pipe would be waited for, a link leads elsewhere."""
    for path in sorted((*snapshots.root.glob("*"), *objects.root.glob("*"), *objects.root.glob("*/*"))):
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) and not (stat.S_ISDIR(mode) and path.parent == objects.root):
            yield Damage(str(path.relative_to(objects.root.parent)), "is no plain file")


def _ends(objects: Objects, readable: Iterable[Envelope]) -> Iterator[Damage]:
    """Edges that point at nothing: each end of each edge is an asset of the same snapshot."""
    seen: set[tuple[str, str]] = set()
    for envelope in readable:
        both = (envelope.parts.assets, envelope.parts.edges)
        if both in seen:
            continue
        seen.add(both)
        assets = {json.loads(line)["id"] for line in _lines(objects, both[0])}
        for line in _lines(objects, both[1]):
            edge = json.loads(line)
            for end in (edge["source"], edge["target"]):
                if end not in assets:
                    place = _object_place(objects, both[1])
                    yield Damage(place, f"an edge of snapshot {envelope.number} points at {end!r}, which is no asset")


def _lines(objects: Objects, manifest: str) -> Iterator[bytes]:
    for chunk in chunks.chunks(objects, manifest):
        yield from objects.lines(chunk.object)


def _chain(snapshots: Snapshots, readable: list[Envelope]) -> Iterator[Damage]:
    previous: str | None = None
    number = 0
    for path in snapshots.paths():
        place = f"snapshots/{path.name}"
        number += 1
        try:
            envelope = snapshots.read(path)
        except CatalogError as error:
            yield Damage(place, error.message)
            number = int(path.name.split("-")[0])
            previous = None
            continue
        if path.name != file_name(envelope.number, envelope.taken_at):
            yield Damage(place, f"the envelope says that it is number {envelope.number}, of {envelope.taken_at}")
        if envelope.number != number:
            yield Damage(place, f"snapshot {envelope.number} comes where {number} should be: one is missing or double")
        elif envelope.previous != previous and (previous is not None or number == 1):
            yield Damage(place, f"snapshot {envelope.number} does not follow the one before it: the chain is broken")
        if envelope.digest != content_digest(envelope):
            yield Damage(place, "the content's digest is not that of its parts")
        number, previous = envelope.number, envelope.envelope
        readable.append(envelope)


def _manifest(
    objects: Objects,
    part: Part[Row],
    manifest: str,
    number: int,
    seen: _Seen,
) -> Iterator[Damage]:
    if (part.name, manifest) in seen.checked or manifest in seen.damaged:
        return
    seen.checked.add((part.name, manifest))
    place = _object_place(objects, manifest)
    if manifest not in objects:
        yield Damage(place, f"the manifest of the {part.name} of snapshot {number} is missing")
        return
    try:
        listed = chunks.chunks(objects, manifest)
    except CatalogError as error:
        yield Damage(place, error.message)
        return
    for chunk in listed:
        if (part.name, chunk) in seen.checked or chunk.object in seen.damaged:
            continue
        seen.checked.add((part.name, chunk))
        place = _object_place(objects, chunk.object)
        if chunk.object not in objects:
            yield Damage(place, f"a chunk of {part.name} ({chunk.place.kind}) of snapshot {number} is missing")
            continue
        names: list[str] = []
        orders: list[Order] = []
        try:
            for row in chunks.rows_of(objects, part, chunk):
                names.append(part.identify(row))
                orders.append(part.order(row))
        except CatalogError as error:
            yield Damage(place, error.message)
            continue
        if not names or (len(names), names[0], names[-1]) != (chunk.rows, chunk.first, chunk.last):
            yield Damage(place, f"a chunk of {part.name} does not hold the rows that its manifest promises")
        elif any(order >= after for order, after in pairwise(orders)):
            yield Damage(place, f"the rows of a chunk of {part.name} are not in order, or one is there twice")


def _object_place(objects: Objects, name: str) -> str:
    return str(objects.path(name).relative_to(objects.root.parent))
