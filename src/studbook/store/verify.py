"""Integrity check: is everything as it was written? Every digest is computed again; nothing is believed.

What this proves: that the catalog is what Studbook wrote, whole and in order. Not that AWS told the truth, and not that
nobody wrote a new chain: keep the latest `envelope` digest elsewhere, and compare.
"""

from __future__ import annotations

import json
import re
import stat
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from studbook.errors import CatalogError
from studbook.model import Envelope, Parts, TreeHead, canonical, digest
from studbook.proof.merkle import leaf_hash
from studbook.store import chunks
from studbook.store.chunks import PARTS, PEOPLE, READINGS, RECORDS, Chunk, Part, Place, SortKey
from studbook.store.files import TEMPORARY
from studbook.store.objects import Objects
from studbook.store.snapshots import Snapshots, content_digest, document, file_name

_LONGEST: Final = 256 * 1024 * 1024
"""Bytes of a row: no answer that is kept is nearly as long, and a longer one would not fit into a small memory."""

_NUMBERS: Final = ("first_seen", "stale_since", "gone_since", "snapshot")
"""Members of rows that are numbers of snapshots."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was written."""

    place: str
    """The file's name, from the catalog folder."""
    message: str


def verify(objects: Objects, snapshots: Snapshots) -> list[Damage]:
    """All damages, envelopes first."""
    return list(_Verification(objects, snapshots).damages())


def unneeded(objects: Objects, snapshots: Snapshots) -> list[str]:
    """Garbage: the paths of objects that no snapshot needs, of a catalog that is whole. Whoever lost a race leaves
    some."""
    needed: set[str] = set()
    for envelope in snapshots:
        for manifest in envelope.parts.manifests.values():
            if manifest not in needed:
                needed.add(manifest)
                needed.update(chunk.object for chunk in chunks.chunks(objects, manifest))
    return [_place(objects, name) for name in objects if name not in needed]


class _Verification:
    """One pass over a catalog. Objects are shared by parts and snapshots: each is asked once what it must be."""

    def __init__(self, objects: Objects, snapshots: Snapshots) -> None:
        self._objects, self._snapshots = objects, snapshots
        self._envelopes: list[Envelope] = []
        self._damaged: set[str] = set()
        """Places that are named already."""
        self._checked: set[tuple[str, str | Chunk]] = set()
        self._leaves: dict[str, bytes] = {}
        """The hashes of an object's rows, one after the other."""
        self._references: dict[tuple[str, Chunk], int] = {}
        """A sum over what evidence calls the records of a chunk, or those of its readings."""

    def damages(self) -> Iterator[Damage]:
        found = False
        for damage in self._all():
            found = True
            self._damaged.add(damage.place)
            yield damage
        if not found:  # else an asset may be missing because its chunk cannot be read
            yield from self._ends()
            yield from self._whole()

    def _all(self) -> Iterator[Damage]:
        yield from self._strange_names()
        yield from self._chain()
        yield from self._contents()
        for envelope in self._envelopes:
            for name, manifest in envelope.parts.manifests.items():
                yield from self._manifest(PARTS[name], manifest, envelope.number)
            yield from self._configuration(envelope)

    # --- files ---

    def _strange_names(self) -> Iterator[Damage]:
        """What no program wrote there. A pipe would be waited for, and a link leads elsewhere."""
        snapshots, objects = self._snapshots.root, self._objects.root
        for path in sorted((*snapshots.glob("*"), *objects.glob("*"), *objects.glob("*/*"))):
            place, mode = str(path.relative_to(objects.parent)), path.lstat().st_mode
            is_folder = path.parent == objects
            if not stat.S_ISDIR(mode) if is_folder else not stat.S_ISREG(mode):
                yield Damage(place, "is no folder" if is_folder else "is no plain file")
            elif path.name.startswith(TEMPORARY):
                continue  # a writer that was killed left it, or lives
            elif path.parent == snapshots:
                if not self._snapshots.is_name(path.name):
                    yield Damage(place, "is named as no snapshot is")
            elif not re.fullmatch(r"[0-9a-f]{2}" if is_folder else path.parent.name + r"[0-9a-f]{62}", path.name):
                yield Damage(place, "is named as no object is")

    def _chain(self) -> Iterator[Damage]:
        previous: Envelope | None = None
        number = 0
        for path in self._snapshots.paths():
            place = f"snapshots/{path.name}"
            number += 1
            try:
                envelope = self._snapshots.read(path)
            except CatalogError as error:
                yield Damage(place, error.message.removeprefix(f"{path}: "))
                number = int(path.name.split("-")[0])
                previous = None
                continue
            if path.name != file_name(envelope.number, envelope.taken_at):
                yield Damage(place, f"the envelope says that it is number {envelope.number}, of {envelope.taken_at}")
            elif path.read_bytes() != document(envelope):
                yield Damage(place, "says the same in other bytes than it was written in")
            before = None if previous is None else previous.envelope
            if envelope.number != number:
                yield Damage(
                    place, f"snapshot {envelope.number} comes where {number} should be: one is missing or double"
                )
            elif envelope.previous != before and (previous is not None or number == 1):
                yield Damage(
                    place, f"snapshot {envelope.number} does not follow the one before it: the chain is broken"
                )
            if previous is not None and previous.format > envelope.format:
                yield Damage(place, f"snapshot {envelope.number} is of an older format than the one before it")
            if envelope.digest != content_digest(envelope):
                yield Damage(place, "the content's digest is not that of its parts")
            number, previous = envelope.number, envelope
            self._envelopes.append(envelope)

    def _contents(self) -> Iterator[Damage]:
        """Every object's bytes against its name; what is damaged is called by what it is to the snapshots."""
        broken = {}
        for name in self._objects:
            if _place(self._objects, name) not in self._damaged:
                try:
                    self._objects.check(name, _LONGEST)
                except CatalogError as error:
                    broken[name] = error.message
        if broken:
            what = self._meanings()
            for name, message in broken.items():
                yield Damage(_place(self._objects, name), f"{message}: {what.get(name, 'no snapshot needs it')}")

    def _meanings(self) -> dict[str, str]:
        """What each object is, by the first snapshot that needs it, as far as manifests can be read."""
        found: dict[str, str] = {}
        for envelope in self._envelopes:
            for name, manifest in envelope.parts.manifests.items():
                if manifest in found:
                    continue
                found[manifest] = f"it is the manifest of the {name} of snapshot {envelope.number}"
                try:
                    for chunk in chunks.chunks(self._objects, manifest):
                        found.setdefault(chunk.object, f"it is {_chunk_name(PARTS[name], chunk, envelope.number)}")
                except CatalogError:
                    continue
        return found

    # --- parts ---

    def _manifest(self, part: Part[Any], manifest: str, number: int) -> Iterator[Damage]:
        place = _place(self._objects, manifest)
        if (part.name, manifest) in self._checked or place in self._damaged:
            return
        self._checked.add((part.name, manifest))
        if manifest not in self._objects:
            yield Damage(place, f"the manifest of the {part.name} of snapshot {number} is missing")
            return
        try:
            listed = chunks.chunks(self._objects, manifest)
        except CatalogError as error:
            yield Damage(place, error.message)
            return
        if any(one.order > after.order or one == after for one, after in pairwise(listed)):
            yield Damage(place, f"the chunks of the {part.name} of snapshot {number} are not in order")
        for chunk in listed:
            if (part.name, chunk) not in self._checked and _place(self._objects, chunk.object) not in self._damaged:
                self._checked.add((part.name, chunk))
                yield from self._chunk(part, chunk, number)

    def _chunk(self, part: Part[Any], chunk: Chunk, number: int) -> Iterator[Damage]:
        place, said = _place(self._objects, chunk.object), _chunk_name(part, chunk, number)
        if chunk.object not in self._objects:
            yield Damage(place, f"{said} is missing")
            return
        names: list[str] = []
        orders: list[SortKey] = []
        leaves = bytearray()
        references = 0
        try:
            for line in self._objects.lines(chunk.object):
                row = part.row(line)
                names.append(part.identify(row))
                orders.append(part.order(row))
                leaves += leaf_hash(line.rstrip(b"\n"))
                if wrong := _wrong(part, row, line, number):
                    yield Damage(place, f"{said}: {names[-1]!r} {wrong}")
                if part in (RECORDS, READINGS):
                    reference = row.reference if part is RECORDS else row.record
                    references += int.from_bytes(leaf_hash(reference.encode())[:16])
        except CatalogError as error:
            yield Damage(place, f"{said}: {error.message}")
            return
        self._leaves[chunk.object] = bytes(leaves)
        self._references[part.name, chunk] = references
        if not names or (len(names), names[0], names[-1]) != (chunk.rows, chunk.first, chunk.last):
            yield Damage(place, f"{said} does not hold the rows that its manifest promises")
        elif any(order >= after for order, after in pairwise(orders)):
            yield Damage(place, f"{said}: its rows are not in order, or one is there twice")

    def _configuration(self, envelope: Envelope) -> Iterator[Damage]:
        manifest = envelope.parts.people
        if manifest is None or ("config", manifest) in self._checked or self._damaged:
            return
        self._checked.add(("config", manifest))
        for chunk in chunks.chunks(self._objects, manifest):
            if chunk.place.kind == "settings":
                (file,) = chunks.rows_of(self._objects, PEOPLE, chunk)
                if digest(canonical(file.content)) != envelope.config:
                    place = f"snapshots/{file_name(envelope.number, envelope.taken_at)}"
                    yield Damage(place, f"its 'config' is not the digest of its {file.name}")

    # --- whole snapshots, where every part of them is as it was written ---

    def _ends(self) -> Iterator[Damage]:
        """Edges that point at nothing: each end of each edge is an asset of the same snapshot. So are findings."""
        seen: set[tuple[str, str, str | None]] = set()
        for envelope in self._envelopes:
            parts = envelope.parts
            several = (parts.assets, parts.edges, parts.findings)
            if several in seen:
                continue
            seen.add(several)
            assets = {row["id"] for row in self._rows(parts.assets)}
            for row in self._rows(parts.edges):
                for end in (row["source"], row["target"]):
                    if end not in assets:
                        what = f"an edge of snapshot {envelope.number} points at {end!r}, which is no asset"
                        yield Damage(_place(self._objects, parts.edges), what)
            for row in self._rows(parts.findings) if parts.findings is not None else ():
                if row["asset"] is not None and row["asset"] not in assets:
                    what = f"a finding of snapshot {envelope.number} is about {row['asset']!r}, which is no asset"
                    yield Damage(_place(self._objects, parts.findings or ""), what)

    def _rows(self, manifest: str) -> Iterator[dict[str, Any]]:
        for chunk in chunks.chunks(self._objects, manifest):
            yield from map(json.loads, self._objects.lines(chunk.object))

    def _whole(self) -> Iterator[Damage]:
        """Of each snapshot that its readings are those of its records, and that its tree is that of its rows."""
        trees: dict[Parts, TreeHead] = {}
        for envelope in self._envelopes:
            if envelope.tree is None or envelope.parts.readings is None:
                continue
            place = f"snapshots/{file_name(envelope.number, envelope.taken_at)}"
            if envelope.parts not in trees:
                trees[envelope.parts] = TreeHead.of(self._hashes(envelope.parts))
                if self._sums(RECORDS, envelope.parts.records) != self._sums(READINGS, envelope.parts.readings):
                    yield Damage(place, "its readings are not those of its records")
            if envelope.tree != trees[envelope.parts]:
                yield Damage(place, "its tree is not that of its rows")

    def _hashes(self, parts: Parts) -> Iterator[bytes]:
        for manifest in parts.manifests.values():
            for chunk in chunks.chunks(self._objects, manifest):
                leaves = self._leaves[chunk.object]
                for start in range(0, len(leaves), 32):
                    yield leaves[start : start + 32]

    def _sums(self, part: Part[Any], manifest: str) -> dict[Place, int]:
        found: defaultdict[Place, int] = defaultdict(int)
        for chunk in chunks.chunks(self._objects, manifest):
            found[chunk.place] += self._references[part.name, chunk]
        return dict(found)


def _wrong(part: Part[Any], row: Any, line: bytes, number: int) -> str | None:
    """What a row says that it cannot say; it may lack what its format got later."""
    told = json.loads(line)
    if odd := sorted(told.keys() - row.__dataclass_fields__.keys()):
        return f"has a member that no reader knows: {', '.join(odd)}"
    if canonical(told) + b"\n" != line:
        return "is not in canonical JSON"
    later = [name for name in _NUMBERS if name in told and (told[name] or 0) > number]
    return f"names a snapshot that comes later: {', '.join(later)}" if later else None


def _chunk_name(part: Part[Any], chunk: Chunk, number: int) -> str:
    """What a chunk is to those who read its snapshot."""
    if part is PEOPLE:
        return f"{chunk.first} of snapshot {number}"
    rows = f"{chunk.first!r}" if chunk.rows == 1 else f"{chunk.rows} of them from {chunk.first!r} to {chunk.last!r}"
    return f"a chunk of {part.name} ({chunk.place.kind}) of snapshot {number}, {rows}"


def _place(objects: Objects, name: str) -> str:
    return str(objects.path(name).relative_to(objects.root.parent))
