"""The catalog folder as one thing: snapshots to read, and one way to add another."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from studbook.caches import own_folder
from studbook.errors import CatalogError, SettingsError
from studbook.generator import generator
from studbook.lineage.graph import Graph
from studbook.model import (
    Asset,
    Content,
    Continues,
    Coverage,
    Edge,
    Envelope,
    Finding,
    Partition,
    Parts,
    Reading,
    Record,
    TreeHead,
    WorkingFile,
    canonical,
    digest,
)
from studbook.packaged import packaged
from studbook.proof.merkle import leaf_hash
from studbook.redaction.past_rules import TodaysRules, same_redaction
from studbook.settings import LogSettings, Settings, load_settings
from studbook.store import chunks
from studbook.store.chunks import (
    ASSETS,
    EDGES,
    FINDINGS,
    PEOPLE,
    READINGS,
    RECORDS,
    Chunk,
    KeptRecords,
    Part,
    Place,
    ReadingOf,
    Row,
    SharedRows,
    place_of_asset,
    place_of_file,
    place_of_finding,
    unknown_reading,
)
from studbook.store.files import sweep
from studbook.store.log import Log
from studbook.store.objects import Objects
from studbook.store.past import RulesOf, SnapshotHistory, redacted_today
from studbook.store.snapshots import Snapshots, envelope_digest, taken

if TYPE_CHECKING:
    from studbook.proof.note import Verifier
    from studbook.store.index import Index
    from studbook.store.verify import Damage


_LOG = logging.getLogger(__name__)
SETTINGS_FILE = "studbook.yml"
"""The name of the configuration, from the catalog folder."""
_ID = b',"id":"'
_KEPT_CHUNKS = 16
"""Of records, by who asks for one after the other."""


class Catalog:
    """A catalog folder; its README.md describes the format, and nothing but this class knows where a file lies."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.address = str(root)
        """How people name it: the folder, or where in S3 it is."""
        self.settings_file = root / SETTINGS_FILE
        self.waivers_file = root / "waivers.yml"
        self.cards_folder = root / "cards"
        self.working_folder = root / ".harvest"
        self.objects = Objects(root / "objects")
        self.snapshots = Snapshots(root / "snapshots")
        self.log = Log(root / "log")

    def create(self, settings: str, cards: Path | None = None) -> None:
        """A new folder with that configuration, cards if there are any, no waiver, and the format's description.

        Atomic write: where the configuration cannot be meant (SettingsError), none is there.
        """
        self.cards_folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".tmp-", suffix=".yml", dir=self.root)
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(settings)
            draft.chmod(0o644)
            load_settings(draft)
            draft.replace(self.settings_file)
        finally:
            draft.unlink(missing_ok=True)
        if cards is not None:
            shutil.copytree(cards, self.cards_folder, dirs_exist_ok=True)
        for missing in (self.root / "README.md", self.waivers_file):
            if not missing.exists():
                shutil.copyfile(packaged("catalog") / missing.name, missing)
        ignored = self.root / ".gitignore"
        if not ignored.exists():
            ignored.write_text(f"{self.working_folder.name}/\n", encoding="utf-8")

    def settings(self) -> Settings:
        """The configuration; SettingsError where there is none, or it cannot be meant."""
        return load_settings(self.settings_file)

    # --- reading --------------------------------------------------------------------------------------------------

    def envelopes(self) -> Iterator[Envelope]:
        """All snapshots, oldest first. Raises CatalogError where one cannot be read or is not what it was when it
        was written."""
        return iter(self.snapshots)

    def latest(self) -> Envelope | None:
        """The newest snapshot, if there is one."""
        return self.snapshots.latest()

    def snapshot_before(self, envelope: Envelope) -> Envelope | None:
        """The one that it was chained to."""
        return self.resolve(str(envelope.number - 1)) if envelope.number > 1 else None

    def resolve(self, name: str) -> Envelope:
        """The snapshot of that name; NotFound where there is none."""
        return self.snapshots.resolve(name)

    def records(self, envelope: Envelope, partition: Partition | None = None) -> Iterator[Record]:
        """By account, region, source, kind and id; of one partition, where it is given."""
        several = chunks.chunks(self.objects, envelope.parts.records)
        if partition is not None:
            several = [chunk for chunk in several if chunk.place[:3] == partition]
        return self._merged(RECORDS, several)

    def record_lines(self, envelope: Envelope) -> dict[Partition, Iterable[bytes]]:
        """The records as they are stored, by partition; read from the disk each time they are gone through."""
        several = self._by_partition(envelope.parts.records)
        return {partition: _PartitionLines(self.objects, found) for partition, found in several.items()}

    def records_of(self, envelope: Envelope, kind: str) -> Iterator[Record]:
        """The records of one kind, whatever their partition, in canonical order."""
        several = [chunk for chunk in chunks.chunks(self.objects, envelope.parts.records) if chunk.place.kind == kind]
        return self._merged(RECORDS, several)

    def assets(self, envelope: Envelope, shared: SharedRows | None = None) -> Iterator[Asset]:
        """The assets of a snapshot by id; those that snapshots with the same `shared` have in common are read once."""
        return self._merged(ASSETS, chunks.chunks(self.objects, envelope.parts.assets), shared)

    def assets_among(self, envelope: Envelope, ids: Collection[str]) -> Iterator[Asset]:
        """Those of the assets of a snapshot that have one of these ids, by id; what can hold none is not read."""
        wanted = sorted(ids)
        several = (
            chunk
            for chunk in chunks.chunks(self.objects, envelope.parts.assets)
            if (at := bisect_left(wanted, chunk.first)) < len(wanted) and wanted[at] <= chunk.last
        )
        return (asset for asset in self._merged(ASSETS, several) if asset.id in ids)

    def edges(self, envelope: Envelope, shared: SharedRows | None = None) -> Iterator[Edge]:
        """The edges of a snapshot by source, target, relation and role; `shared` as above."""
        return self._merged(EDGES, chunks.chunks(self.objects, envelope.parts.edges), shared)

    def findings(self, envelope: Envelope) -> list[Finding] | None:
        """What the rules said that night, by id; None of a snapshot of format 1, which does not say."""
        return self._all(FINDINGS, envelope.parts.findings)

    def people(self, envelope: Envelope) -> list[WorkingFile] | None:
        """The working files as they were that night, by name; None as above."""
        return self._all(PEOPLE, envelope.parts.people)

    def readings(self, envelope: Envelope) -> Callable[[Partition], dict[str, Reading]]:
        """From a partition to how its records were read, by what evidence calls each; empty as above."""
        several = self._by_partition(envelope.parts.readings) if envelope.parts.readings is not None else {}

        def readings(partition: Partition) -> dict[str, Reading]:
            found = several.get(partition, ())
            return {row.record: row for chunk in found for row in chunks.rows_of(self.objects, READINGS, chunk)}

        return readings

    def _by_partition(self, manifest: str) -> dict[Partition, list[Chunk]]:
        """The chunks of records or readings; a manifest is read once, for there are thousands of partitions."""
        several: defaultdict[Partition, list[Chunk]] = defaultdict(list)
        for chunk in chunks.chunks(self.objects, manifest):
            account, region, source = chunk.place[:3]
            several[Partition(account, region, source or "")].append(chunk)
        return several

    def _all(self, part: Part[Row], manifest: str | None) -> list[Row] | None:
        return None if manifest is None else list(self._merged(part, chunks.chunks(self.objects, manifest)))

    def _merged(self, part: Part[Row], several: Iterable[Chunk], shared: SharedRows | None = None) -> Iterator[Row]:
        rows_of = partial(shared.rows_of, part) if shared is not None else partial(chunks.rows_of, self.objects, part)
        return chunks.merged(part, several, rows_of)

    def record_of(self, envelope: Envelope) -> Callable[[str, str], Record | None]:
        """From a kind and an id to the record, read from the one or few chunks that can hold it.

        The chunks read last are kept: who asks for many records asks in the order of `place_of_asset`.
        """
        of_kind: defaultdict[str, list[Chunk]] = defaultdict(list)

        read = lru_cache(_KEPT_CHUNKS)(self.objects.read)

        def record(kind: str, record_id: str) -> Record | None:
            if not of_kind:
                for chunk in chunks.chunks(self.objects, envelope.parts.records):
                    of_kind[chunk.place.kind].append(chunk)
            for chunk in of_kind[kind]:
                if chunk.first <= record_id <= chunk.last and (line := _line_of(read(chunk.object), record_id)):
                    return RECORDS.row(line)
            return None

        return record

    def past(self, envelope: Envelope, lineage: Graph | None = None) -> SnapshotHistory:
        """The snapshots up to one; `lineage` is its whole lineage, where that is at hand."""
        number = envelope.number
        return SnapshotHistory(
            self.objects, lambda: [one for one in self.envelopes() if one.number <= number], self.rules_of(), lineage
        )

    def counts(self, envelope: Envelope) -> dict[str, int]:
        """The number of rows of a snapshot, by the name of the part: records, assets, edges and those that its
        format has."""
        return {
            name: sum(chunk.rows for chunk in chunks.chunks(self.objects, manifest))
            for name, manifest in envelope.parts.manifests.items()
        }

    def kinds(self, envelope: Envelope) -> Counter[str]:
        """How many assets of each kind a snapshot has; reads the manifest alone."""
        counts: Counter[str] = Counter()
        for chunk in chunks.chunks(self.objects, envelope.parts.assets):
            counts[chunk.place.kind] += chunk.rows
        return counts

    def changed(self, old: Envelope, new: Envelope) -> list[tuple[Asset | None, Asset | None]]:
        """The assets that came, went or changed, before and after, by id; reads only the chunks that differ."""
        before, after = (
            {chunk.object: chunk for chunk in chunks.chunks(self.objects, envelope.parts.assets)}
            for envelope in (old, new)
        )
        was, now = (
            {
                row.id: row
                for name, chunk in mine.items()
                if name not in other
                for row in chunks.rows_of(self.objects, ASSETS, chunk)
            }
            for mine, other in ((before, after), (after, before))
        )
        if (rules := self.rules_of()(old)) is not None:
            told = [rules.asset(one, now.get(one.id) or now.get(rules.identifier(one.id))) for one in was.values()]
            was = {one.id: one for one in told}
        pairs = ((was.get(asset_id), now.get(asset_id)) for asset_id in sorted(was.keys() | now.keys()))
        return [(before, after) for before, after in pairs if before != after]

    def rules_of(self) -> RulesOf:
        """What takes out of a night what must not be told today; asked for the configuration once, when it is needed.

        Without one the rules of the program alone. Raises SettingsError where it cannot be meant.
        """
        known: dict[tuple[str, str], TodaysRules | None] = {}

        @cache
        def today() -> tuple[Settings, TodaysRules]:
            settings = self.settings() if self.settings_file.exists() else Settings()
            return settings, TodaysRules(settings.redact)

        def rules(envelope: Envelope) -> TodaysRules | None:
            written_by = (envelope.config, envelope.generator)
            if written_by not in known:
                settings, todays = today()
                known[written_by] = None if same_redaction(envelope, self.people, settings) else todays
            return known[written_by]

        return rules

    def older(self, old: Envelope, was: Graph, new: Envelope, now: Graph) -> Graph:
        """The lineage of an older night as it may be told today, next to that of a newer one."""
        rules = self.rules_of()(old)
        return was if rules is None else redacted_today(was, now, rules)

    def compared(self, old: Envelope, new: Envelope) -> tuple[Graph, Graph]:
        """The lineages of two nights, older first, by today's rules of redaction: both as they may be told, for a
        diff."""
        shared, rules_of = SharedRows(self.objects), self.rules_of()
        was, now = self.graph(old, shared), self.graph(new, shared)
        if (rules := rules_of(new)) is not None:
            now = redacted_today(now, Graph((), ()), rules)
        return (was if (rules := rules_of(old)) is None else redacted_today(was, now, rules)), now

    def graph(self, envelope: Envelope, shared: SharedRows | None = None) -> Graph:
        """The whole lineage in memory; equal assets and edges of graphs with the same `shared` are the same objects."""
        return Graph(self.assets(envelope, shared), self.edges(envelope, shared), ordered=True)

    @property
    def index_file(self) -> Path | None:
        """The index, in the user's own cache folder: it is believed, so nobody else may write it; None without one."""
        folder = own_folder("catalogs", hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:16])
        return None if folder is None else folder / "index.sqlite"

    def index(self, envelope: Envelope) -> Index:
        """The lineage on disk, for an answer without reading all of it; brought up to date first, if need be."""
        from studbook.store.index import Index

        return Index(self.index_file, self.objects, envelope)

    def verify(self, signers: Sequence[Verifier] = ()) -> list[Damage]:
        """What is not as it was written; empty where all is. `signers` are keys that must have signed the log."""
        from studbook.store.verify import verify

        damages = verify(self.objects, self.snapshots)
        if any(damage.place.startswith("snapshots") for damage in damages):
            return damages  # the log follows from the chain, which is broken
        return [*damages, *self.verify_log(signers)]

    def unneeded(self) -> list[str]:
        """Garbage: the files of objects that no snapshot needs, relative to the folder; of a catalog that is whole."""
        from studbook.store.verify import unneeded

        return unneeded(self.objects, self.snapshots)

    def verify_log(self, signers: Sequence[Verifier] = ()) -> list[Damage]:
        """What of the log does not follow from the snapshots; of a catalog whose chain is whole. `signers` must have
        signed it."""
        from studbook.store.verify_log import verify_log

        settings = self._log_settings()
        origins = [settings.origin] if settings.origin else []
        return list(verify_log(self.log, list(self.envelopes()), origins, settings.verifiers, signers))

    def _log_settings(self) -> LogSettings:
        """As configured; the usual ones where the configuration cannot be read, which others will say."""
        try:
            return self.settings().log
        except SettingsError:
            return LogSettings()

    # --- writing --------------------------------------------------------------------------------------------------

    def require_next(self, number: int | None) -> Envelope | None:
        """The latest snapshot, if there is one; CatalogError where the next is not to have that number."""
        last = self.latest()
        if number is not None and number != (last.number + 1 if last else 1):
            raise taken(number)
        return last

    def draft(
        self,
        content: Content,
        *,
        number: int | None,
        coverage: Iterable[Coverage],
        taken_at: str,
        config: str,
        continues: Continues | None = None,
    ) -> Envelope:
        """The next snapshot with its content alone, which can be read as one; `add` makes it one.

        Raises CatalogError where the content was made for another `number`: another's snapshot would be undone by it.
        """
        last = self.require_next(number)
        return Envelope(
            number=last.number + 1 if last else 1,
            taken_at=taken_at,
            generator=generator(),
            config=config,
            coverage=tuple(sorted(coverage, key=lambda row: row.partition.order)),
            parts=Parts(**content.content),
            digest=digest(canonical(content.content)),
            previous=last.envelope if last else None,
            continues=continues,
            envelope="sha256:" + "0" * 64,
        )

    def add(
        self,
        draft: Envelope,
        *,
        findings: str,
        people: str,
        readings: str,
        only_if_changed: bool = False,
        origin: str | None = None,
    ) -> Envelope:
        """Add a snapshot of which everything is kept already; gives its envelope, written last.

        With `only_if_changed`, equal parts add nothing and the latest envelope is given. `origin` is the log's name, if
        it has one. A log that cannot be brought up costs no night: it is left as it is, with a warning.
        """
        last = self.require_next(draft.number)
        parts = Parts(**draft.parts.content, findings=findings, people=people, readings=readings)
        same = last is not None and last.parts == parts
        if only_if_changed and last is not None and same:
            return last
        tree = last.tree if last is not None and same else self.tree(parts)
        envelope = draft.model_copy(update={"parts": parts, "tree": tree})
        envelope = envelope.model_copy(update={"envelope": envelope_digest(envelope)})
        self.snapshots.write(envelope)
        try:
            self.log.bring_up(self.snapshots, origin)
        except CatalogError as error:
            _LOG.warning("the log has no entry for snapshot %s: %s", envelope.number, error.message)
        sweep((self.root, self.snapshots.root, *self.objects.root.glob("??")))
        return envelope

    def tree(self, parts: Parts) -> TreeHead:
        """The Merkle tree over the rows of all parts.

        The subtrees of chunks are not kept: a chunk has any number of rows, so that none of them is a node of the tree.
        """
        return TreeHead.of(map(leaf_hash, chunks.leaves(self.objects, parts)))

    def keep_records(self, lines: Iterable[bytes], reading_of: ReadingOf = unknown_reading) -> KeptRecords:
        """Keep the records of a snapshot that is to be, as canonical lines, and how each was read."""
        return chunks.write_records(self.objects, lines, reading_of)

    def keep_findings(self, findings: Iterable[Finding]) -> str:
        """Keep what the rules say of it; gives the digest of the manifest."""
        return chunks.write_part(self.objects, FINDINGS, findings, place_of_finding)

    def keep_people(self, files: Iterable[WorkingFile]) -> str:
        """Keep the working files as they are that night; gives the digest of the manifest."""
        return chunks.write_part(self.objects, PEOPLE, files, place_of_file)

    def keep_lineage(self, records: str, assets: Iterable[Asset], edges: Iterable[Edge]) -> Content:
        """Keep the lineage of records that are kept.

        Raises CatalogError where two assets have one id, or an edge has an end that is none.
        """
        places: dict[str, Place] = {}
        same: dict[Place, Place] = {}

        def place(asset: Asset) -> Place:
            found = place_of_asset(asset)
            found = same.setdefault(found, found)
            if places.setdefault(asset.id, found) != found:
                raise CatalogError(f"two different assets are {asset.id!r}: this is a bug in Studbook")
            return found

        def place_of_edge(edge: Edge) -> Place:
            if edge.source not in places or edge.target not in places:
                missing = edge.target if edge.source in places else edge.source
                raise CatalogError(f"an edge points at {missing!r}, which is no asset: this is a bug in Studbook")
            return places[edge.target]

        return Content(
            records=records,
            assets=chunks.write_part(self.objects, ASSETS, assets, place),
            edges=chunks.write_part(self.objects, EDGES, edges, place_of_edge),
        )


@dataclass(frozen=True, slots=True)
class _PartitionLines(Iterable[bytes]):
    """The lines of several chunks, one chunk after the other."""

    objects: Objects
    several: list[Chunk]

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.several:
            yield from self.objects.lines(chunk.object)


def _line_of(rows: bytes, record_id: str) -> bytes | None:
    """Binary search: the line of a record in a chunk, whose lines are in the order of their ids.

    Raises CatalogError where they are no lines of records.
    """
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        try:
            start, end = rows.rfind(b"\n", low, middle) + 1 or low, rows.index(b"\n", middle)
            # Behind the last such member are only texts, in which a quotation mark is escaped.
            at = rows.rindex(_ID, start, end) + len(_ID)
            found = rows[at : rows.index(b'","kind":', at)].decode()
            if "\\" in found:
                found = json.loads(f'"{found}"')
        except ValueError:
            raise CatalogError("a line of records cannot be read", "run 'studbook verify'") from None
        if found == record_id:
            return rows[start:end]
        low, high = (end + 1, high) if found < record_id else (low, start)
    return None
