"""Is everything as it was written? Every digest is computed again; nothing is believed.

What this proves: that the catalog is what Studbook wrote, whole and in order. Not that AWS told the truth, and not that
nobody wrote a new chain: keep the latest `envelope` digest elsewhere, and compare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studbook.errors import CatalogError
from studbook.model import Envelope
from studbook.store import chunks
from studbook.store.chunks import ASSETS, EDGES, RECORDS, Part, Row
from studbook.store.objects import Objects
from studbook.store.snapshots import Snapshots, content_digest, file_name


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was written."""

    place: str
    """The file's name, from the catalog folder."""
    message: str


def verify(objects: Objects, snapshots: Snapshots) -> list[Damage]:
    """All damages, envelopes first."""
    readable: list[Envelope] = []
    found = list(_chain(snapshots, readable))
    broken: dict[str, str] = {}
    for name in objects:
        try:
            for _ in objects.lines(name):
                pass
        except CatalogError as error:
            broken[name] = error.message
            found.append(Damage(_object_place(objects, name), error.message))
    checked: set[str] = set(broken)
    for envelope in readable:
        found.extend(_manifest(objects, RECORDS, envelope.parts.records, envelope.number, checked))
        found.extend(_manifest(objects, ASSETS, envelope.parts.assets, envelope.number, checked))
        found.extend(_manifest(objects, EDGES, envelope.parts.edges, envelope.number, checked))
    return found


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


def _manifest(objects: Objects, part: Part[Row], manifest: str, number: int, checked: set[str]) -> Iterator[Damage]:
    if manifest in checked:
        return
    checked.add(manifest)
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
        if chunk.object in checked:
            continue
        checked.add(chunk.object)
        place = _object_place(objects, chunk.object)
        if chunk.object not in objects:
            yield Damage(place, f"a chunk of {part.name} ({chunk.place.kind}) of snapshot {number} is missing")
            continue
        try:
            rows = [part.identify(row) for row in chunks.rows_of(objects, part, chunk)]
        except CatalogError as error:
            yield Damage(place, error.message)
            continue
        if (len(rows), rows[0], rows[-1]) != (chunk.rows, chunk.first, chunk.last):
            yield Damage(place, f"a chunk of {part.name} does not hold the rows that its manifest promises")


def _object_place(objects: Objects, name: str) -> str:
    return str(objects.path(name).relative_to(objects.root.parent))
