"""Orchestration: a harvest is wave after wave of partitions, each on its own; then a merge, a lineage, a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Final, Protocol

from studbook.aws.errors import Trouble, login_cure, meaning_of, network_cure
from studbook.aws.sessions import Sessions
from studbook.aws.times import timestamp
from studbook.errors import HarvestError, UsageError
from studbook.harvest.calls import VisitContext
from studbook.harvest.coverage import with_unread
from studbook.harvest.derive import derive, derive_anew
from studbook.harvest.exclude import IncludedRecords
from studbook.harvest.journal import Journal
from studbook.harvest.kept_records import RedactedLines
from studbook.harvest.merge import carried_over
from studbook.harvest.partition import VisitOrder, VisitResult, lost, visit, with_calls
from studbook.harvest.partition_store import PartitionStore
from studbook.harvest.plan import Task, plan, waves
from studbook.harvest.quiet import QuietPartitions, asked_alike, settled
from studbook.harvest.readings import readings_of
from studbook.harvest.snapshot import WorkingFolder, add_snapshot
from studbook.lineage.link import LinkContext
from studbook.model import Coverage, Envelope, Gap, Partition, Record
from studbook.model.coverage import SKIPPED
from studbook.redaction.past_rules import same_rules
from studbook.redaction.redact import Redactor
from studbook.settings import Settings
from studbook.sources import SOURCES, Source, with_accounts
from studbook.sources.cloudtrail import CloudTrail
from studbook.sources.mlflow import Mlflow
from studbook.sources.organizations import Organizations, not_visited
from studbook.store import Catalog
from studbook.store.chunks import RECORDS
from studbook.threads import Threads, left_behind

WORKERS = 16


class Progress(Protocol):
    """Progress reports of a harvest. Called from many threads."""

    def planned(self, partitions: Sequence[Partition]) -> None:
        """These will be visited now."""

    def seen(self, partition: Partition, kind: str, records: int) -> None:
        """A partition has so many records by now."""

    def finished(self, coverage: Coverage) -> None:
        """A partition was visited."""


class RemoteVisits(Protocol):
    """Visits partitions in other processes."""

    def __call__(self, orders: Iterable[VisitOrder]) -> Iterator[tuple[Partition, VisitResult | Trouble]]:
        """Every order's outcome, in any order; a Trouble where nobody could visit the partition."""
        ...


def remote_visits(address: str | None) -> AbstractContextManager[RemoteVisits | None]:
    """The workers of a Dask cluster, None for this machine's own threads.

    Raises UsageError without the extra `dask`, and on entry where no cluster of this Studbook answers.
    """
    if address is None:
        return nullcontext()
    try:
        from studbook.harvest.cluster import Cluster
    except ModuleNotFoundError as error:
        raise UsageError(f"--dask needs the package {error.name}", "pip install 'studbook[dask]'") from error
    return Cluster(address)


class NoProgress:
    """Null object: a progress that nobody looks at."""

    def planned(self, partitions: Sequence[Partition]) -> None: ...

    def seen(self, partition: Partition, kind: str, records: int) -> None: ...

    def finished(self, coverage: Coverage) -> None: ...


@dataclass(frozen=True, slots=True)
class HarvestResult:
    """What a harvest came to."""

    envelope: Envelope
    previous: Envelope | None

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """The rows of the snapshot's envelope."""
        return self.envelope.coverage

    @property
    def partial(self) -> bool:
        """Whether something that should have been seen was not."""
        return any(row.status in ("partial", "failed") for row in self.coverage)

    @property
    def changed(self) -> bool:
        """Whether the content is another than before."""
        return self.previous is None or self.previous.digest != self.envelope.digest

    @property
    def annotations_changed(self) -> bool:
        """Whether people wrote, or the rules say, something else of the same content."""
        before = self.previous.parts if self.previous is not None and not self.changed else self.envelope.parts
        return (before.people, before.findings) != (self.envelope.parts.people, self.envelope.parts.findings)


class NothingRead(HarvestError):  # noqa: N818 - reads as what happened
    """No partition could be read; the coverage says of each why."""

    def __init__(self, message: str, hint: str, coverage: Sequence[Coverage]) -> None:
        super().__init__(message, hint)
        self.coverage = tuple(coverage)


@dataclass(frozen=True, slots=True)
class StoredRecords(Iterable[Record]):
    """Records on disk, read one by one each time they are gone through."""

    read: Callable[[], Iterator[Record]]

    def __iter__(self) -> Iterator[Record]:
        return self.read()


def harvest(
    settings: Settings,
    catalog: Catalog,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
    sources: Sequence[Source] = SOURCES,
    elsewhere: RemoteVisits | None = None,
) -> HarvestResult:
    """Read everything that the configuration names, and write a snapshot of it: on threads, or `elsewhere`.

    Raises SettingsError for waivers, or settings of rules, that cannot be meant; NothingRead, and writes nothing,
    where no partition could be read; CatalogError where the catalog cannot be written. A KeyboardInterrupt leaves the
    catalog as it was; what was fetched by then is used by the next harvest.
    """
    taken_at = timestamp((now or datetime.now(UTC)).replace(microsecond=0))
    # Now, before hours of reading: what people edit meanwhile is for the next night, and a mistake costs nothing yet.
    folder, redactor = WorkingFolder.read(catalog, settings), Redactor(settings.redact)
    with closing(
        _Run(settings, catalog, taken_at, progress=progress or NoProgress(), sources=sources, elsewhere=elsewhere)
    ) as run:
        previous, number = run.previous, run.number
        coverage = run.visit_all()
        _require_success(coverage)
        catalog.require_next(number)
        records = IncludedRecords(StoredRecords(run.records), settings)
        as_stored = not settings.exclude.tags and not run.cleaned
        lines = run.lines() if as_stored else map(RECORDS.line, records)
        clean = redactor.identifier if run.cleaned else None
        readings = readings_of(catalog, previous, clean=clean, tonight=run.visited, number=number)
        kept = catalog.keep_records(lines, readings)
        content, unread = derive(
            catalog,
            LinkContext.of(run.settings),
            records=kept.records,
            config=settings.digest,
            previous=previous,
            clean=clean,
        )
        before = previous.coverage if previous else ()
        draft = catalog.draft(
            content,
            number=number,
            coverage=with_unread(records.without_excluded(coverage), unread, before, redactor),
            taken_at=taken_at,
            config=settings.digest,
        )
        envelope = add_snapshot(catalog, draft, folder, readings=kept.readings, alike=previous)
        run.journal.finish()
    return HarvestResult(envelope, previous)


def relink(settings: Settings, catalog: Catalog) -> HarvestResult | None:
    """Derive the lineage of the latest snapshot's records again; no AWS. Gives None where the catalog is empty.

    The new snapshot, written only where something comes out differently or people wrote something else, has the time
    and the coverage of the old one.
    """
    latest = catalog.latest()
    if latest is None:
        return None
    folder, redactor = WorkingFolder.read(catalog, settings), Redactor(settings.redact)
    coverage: Sequence[Coverage] = latest.coverage
    stored: Iterable[Record] = StoredRecords(lambda: catalog.records(latest))
    clean = None
    if not same_rules(latest, settings):
        stored = StoredRecords(lambda: map(Redactor(settings.redact).record, catalog.records(latest)))
        coverage = tuple(map(redactor.coverage, coverage))
        clean = redactor.identifier
    records = IncludedRecords(stored, settings)
    number = latest.number + 1
    context = LinkContext.of(with_accounts(settings, records))
    kept = catalog.keep_records(map(RECORDS.line, records), readings_of(catalog, latest, clean=clean))
    content, unread = derive_anew(catalog, context, records=kept.records, previous=latest, clean=clean)
    draft = catalog.draft(
        content,
        number=number,
        coverage=with_unread(coverage, unread, (), redactor),
        taken_at=latest.taken_at,
        config=settings.digest,
    )
    envelope = add_snapshot(catalog, draft, folder, readings=kept.readings, only_if_changed=True)
    return HarvestResult(envelope, latest)


class _Run:
    """The state of one harvest."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        taken_at: str,
        *,
        progress: Progress,
        sources: Sequence[Source],
        elsewhere: RemoteVisits | None,
    ) -> None:
        self.settings = settings
        previous = self.previous = catalog.latest()
        self.number = previous.number + 1 if previous else 1
        self._by_hand = {account.id for account in settings.accounts}
        self.journal = Journal(catalog.working_folder, settings.redact)
        self._progress = progress
        self._elsewhere = elsewhere
        self._sources = sources
        self._snapshots = catalog.snapshots
        self._asked_alike = asked_alike(self._snapshots, previous, settings)
        self._taken_at = taken_at
        self._known = catalog.record_lines(previous) if previous else {}
        self.cleaned: dict[Partition, RedactedLines] = {}
        """What was known, by partition, where it was kept by other rules than today's."""
        if previous and not same_rules(previous, settings):
            self.cleaned = {
                partition: RedactedLines(lines, settings.redact) for partition, lines in self._known.items()
            }
            self._known = dict(self.cleaned)
        self._visited: dict[Partition, Coverage] = {}
        self._quiet: dict[Partition, Coverage] = {}
        """Those that need no visit: they are as they were."""
        self._suspended: list[Coverage] = []
        self._sessions = Sessions.of(settings)
        self._context = VisitContext(self._sessions, progress=progress.seen)

    def close(self) -> None:
        if not left_behind():  # else a thread may be writing on its store: the next run finds it as a killed one's
            self.journal.close()

    def visit_all(self) -> list[Coverage]:
        """Every wave; what a wave finds decides what the next one visits. Gives a row for each visit."""
        for wave in waves(self._sources):
            self._sessions.know({account.id: account for account in self.settings.accounts})
            tasks = self._since(plan(self._sources, wave, self.settings, self._having, self._by_hand))
            for part in self._without_quiet(tasks):
                self._progress.planned([task.partition for task in part])
                if self._elsewhere is None:
                    self._visit_on_threads(part)
                else:
                    self._visit_remotely(part, self._elsewhere)
            found = [task.partition for task in tasks if task.partition.source == Organizations.name]
            self.settings, before = with_accounts(self.settings, self._records(found)), self.settings
            visited = {account.id for account in self.settings.accounts}
            kept = {partition.account for partition in self._known if partition.account not in visited}
            self._suspended += not_visited(before, self._records(found), kept)
        return self._coverage()

    def _since(self, tasks: list[Task]) -> list[Task]:
        """The tasks, of the source that asks for it with when the last night was taken that saw their partition whole.

        Newest night first: mostly it is the one before, and what is wrong with an older one costs no harvest.
        """
        wanted = {task.partition for task in tasks if task.partition.source == CloudTrail.name}
        since: dict[Partition, str] = {}
        for envelope in reversed(self._snapshots) if wanted else ():
            whole = {
                row.partition: row.listed_at or envelope.taken_at  # of a quiet one it is known when it was asked
                for row in envelope.coverage
                if row.partition in wanted and row.status in ("complete", "quiet")
            }
            since |= whole
            wanted -= whole.keys()
            if not wanted:
                break
        return [replace(task, since=since.get(task.partition)) for task in tasks]

    def _without_quiet(self, tasks: list[Task]) -> Iterator[list[Task]]:
        """The tasks in parts, none empty: the trails first, and then what they do not show to be as it was."""
        quiet = QuietPartitions(self.settings, self._asked_alike, self._taken_at, tasks)
        trails = [task for task in tasks if task.partition.source == CloudTrail.name]
        idle = {task.partition: row for task in trails if (row := quiet.idle(task)) is not None}
        self._quiet |= idle
        if asked := [task for task in trails if task.partition not in idle]:
            yield asked
        others = (task for task in tasks if task.partition.source != CloudTrail.name)
        if loud := [task for task in others if not self._is_quiet(task.partition, quiet)]:
            yield loud

    def _is_quiet(self, partition: Partition, quiet: QuietPartitions) -> bool:
        trail = Partition(partition.account, partition.region, CloudTrail.name)
        told = self._visited.get(trail) or self._quiet.get(trail)

        def wrote() -> bool:
            with closing(self.journal.store(trail)) as store:
                return store.wrote

        row = quiet.unchanged(partition, told, wrote)
        records = map(RECORDS.row, self._known.get(partition, ()))
        if row is None or row.listed_at is None or not settled(records, row.listed_at):
            return False
        self._quiet[partition] = row
        return True

    def visited(self, partition: Partition) -> PartitionStore | None:
        """What a partition's visit brought; None where nobody visited it."""
        return self.journal.store(partition) if partition in self._visited else None

    def records(self) -> Iterator[Record]:
        """All that there is after what was visited so far, by partition."""
        return self._records(self._partitions())

    def lines(self) -> Iterator[bytes]:
        """The same as they are stored: most are of earlier nights, and need not be read."""
        for partition in self._partitions():
            if partition in self._visited:
                with closing(self.journal.store(partition)) as store:
                    yield from store.lines()
            else:
                for line in self._known[partition]:
                    record = RECORDS.row(line)
                    kept = self._unvisited(record)
                    yield line if kept is record else RECORDS.line(kept)

    def _having(self, texts: tuple[str, ...]) -> Iterable[Record]:
        """The records with one of these texts in them; all, where only all of them tell which are excluded."""
        if self.settings.exclude.tags:
            return IncludedRecords(StoredRecords(self.records), self.settings)
        return self._records(self._partitions(), texts) if texts else ()

    def _partitions(self) -> list[Partition]:
        return sorted({*self._known, *self._visited}, key=attrgetter("order"))

    def _records(self, partitions: Iterable[Partition], having: Sequence[str] | None = None) -> Iterator[Record]:
        for partition in partitions:
            if partition in self._visited:
                with closing(self.journal.store(partition)) as store:
                    yield from store.records(having)
            else:  # nobody visits it (any more): carried over
                for line in self._known[partition]:
                    if having is None or any(text.encode() in line for text in having):
                        yield self._unvisited(RECORDS.row(line))

    def _unvisited(self, record: Record) -> Record:
        return record if record.partition in self._quiet else carried_over(record, self.number)

    def _coverage(self) -> list[Coverage]:
        """What an account's role cost is in the account's first row."""
        rows, paid = [], set()
        for partition in sorted(self._visited, key=attrgetter("order")):
            row = self._visited[partition]
            if partition.account not in paid:
                paid.add(partition.account)
                row = with_calls(row, self._sessions.tally(partition.account, None, "sts").counts)
            if partition in self.cleaned:
                row = replace(row, redacted=row.redacted + self.cleaned[partition].count)
            rows.append(row)
        rows += [*self._quiet.values(), *self._suspended, *self._unasked()]
        return sorted(rows, key=lambda row: row.partition.order)

    def _unasked(self) -> Iterator[Coverage]:
        """A row for each owner of MLflow servers of which something is known, and that nothing names any more: why that
        is as old as it is. An account that people took out of the configuration, or a dataset, is nobody's to ask."""
        suspended = {row.account for row in self._suspended}
        for partition, lines in self._known.items():
            told = partition in self._visited or partition in self._quiet or partition.account in suspended
            if told or partition.source != Mlflow.name:
                continue
            if living := sum(record.gone_since is None for record in map(RECORDS.row, lines)):
                said = "nothing names it any more, so nobody asked; what is told of it is from before"
                gap = Gap(operation=partition.source, code=SKIPPED, message=said)
                yield Coverage(**partition._asdict(), status="skipped", records=living, requests=0, gaps=(gap,))

    def _visit_on_threads(self, tasks: Sequence[Task]) -> None:
        with Threads(min(WORKERS, len(tasks)), "harvest") as pool:
            futures = [pool.submit(self._visit, task) for task in tasks]
            try:
                for task, future in zip(tasks, futures, strict=True):
                    self._visited[task.partition] = future.result()
            except BaseException:
                self._context.stop.set()
                raise

    def _visit_remotely(self, tasks: Sequence[Task], elsewhere: RemoteVisits) -> None:
        by_partition = {task.partition: task for task in tasks}
        for partition, found in elsewhere(self._visit_order(task) for task in tasks):
            store = self.journal.store(partition)
            if isinstance(found, Trouble):
                row = lost(by_partition[partition], self.settings, store, found, number=self.number)
            else:
                store.unpack(found.store)
                row = found.coverage
            store.close()
            self._visited[partition] = row
            self._progress.finished(row)

    def _visit_order(self, task: Task) -> VisitOrder:
        self.journal.load_previous(task.partition, self._known.get(task.partition, ()))
        return VisitOrder(task, self.settings, self.number, self.journal.store(task.partition).packed())

    def _visit(self, task: Task) -> Coverage:
        self.journal.load_previous(task.partition, self._known.get(task.partition, ()))
        store = self.journal.store(task.partition)
        try:
            row = visit(task, self.settings, store, self._context, number=self.number, sources=self._sources)
        finally:
            store.close()
        self._progress.finished(row)
        return row


_NOT_ALLOWED: Final = "give that role, or user, what 'studbook iam' prints; 'studbook doctor' says what is denied"


def _require_success(coverage: Sequence[Coverage]) -> None:
    if not coverage:
        raise HarvestError("the configuration names nothing to harvest", "list your accounts or MLflow servers in it")
    failed = [row for row in coverage if row.status == "failed"]
    # What is quiet has no answer of its own: its trail has one, unless that was not asked tonight.
    if failed and not any(row.status in ("complete", "partial") for row in coverage):
        gap = failed[0].gaps[0]
        where = " ".join(part for part in (failed[0].account, failed[0].region, failed[0].source) if part)
        alike = sum((row.gaps[0].code, row.gaps[0].message) == (gap.code, gap.message) for row in failed[1:])
        others = f"; the same of {alike:,} more" if alike else ""
        raise NothingRead(
            f"nothing could be read: {where}: {gap.operation}: {gap.code}: {gap.message}{others}",
            (
                login_cure(gap.code)
                or network_cure(gap.code)
                or (_NOT_ALLOWED if meaning_of(gap.code) == "denied" and gap.operation != "AssumeRole" else None)
                or "check the credentials, the role's trust policy and the network"
            )
            + "; the catalog is as it was before",
            coverage,
        )
