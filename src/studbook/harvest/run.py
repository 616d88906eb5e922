"""The harvest: wave after wave of partitions, each on its own; then one merge, one lineage, one snapshot."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from studbook.aws.errors import Trouble
from studbook.aws.sessions import NotReadOnly, Sessions
from studbook.errors import HarvestError, StudbookError
from studbook.harvest.collector import PartitionVisit, Stopped, VisitEnded
from studbook.harvest.coverage import Ledger
from studbook.harvest.journal import Journal
from studbook.harvest.merge import Key, carried_over, merge
from studbook.harvest.plain import timestamp
from studbook.harvest.plan import Task, order, plan, waves
from studbook.lineage.chronicle import chronicle
from studbook.lineage.link import LinkContext, link
from studbook.model import Asset, Coverage, Edge, Envelope, Partition, Record
from studbook.settings import Settings
from studbook.sources import SOURCES, Source, normalize, with_accounts
from studbook.store import Catalog

logger = logging.getLogger(__name__)

WORKERS = 16


class Progress(Protocol):
    """Who wants to know how a harvest goes. Called from many threads."""

    def planned(self, partitions: Sequence[Partition]) -> None:
        """These will be visited now."""

    def seen(self, partition: Partition, kind: str, records: int) -> None:
        """A partition has so many records by now."""

    def finished(self, coverage: Coverage) -> None:
        """A partition was visited."""


class Silent:
    """Nobody wants to know."""

    def planned(self, partitions: Sequence[Partition]) -> None: ...

    def seen(self, partition: Partition, kind: str, records: int) -> None: ...

    def finished(self, coverage: Coverage) -> None: ...


@dataclass(frozen=True, slots=True)
class Harvested:
    """What a harvest came to."""

    envelope: Envelope
    previous: Envelope | None

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        return self.envelope.coverage

    @property
    def partial(self) -> bool:
        """Whether something that should have been seen was not."""
        return any(row.status in ("partial", "failed") for row in self.coverage)

    @property
    def changed(self) -> bool:
        return self.previous is None or self.previous.digest != self.envelope.digest


@dataclass(frozen=True, slots=True)
class _Visited:
    """One partition, merged with what was known of it."""

    task: Task
    records: list[Record]
    ledger: Ledger


def harvest(
    settings: Settings,
    catalog: Catalog,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
    workers: int = WORKERS,
    sources: Sequence[Source] = SOURCES,
) -> Harvested:
    """Read everything that the configuration names, and write a snapshot of it.

    Raises HarvestError, and writes nothing, where no partition could be read; CatalogError where the catalog cannot be
    written. A KeyboardInterrupt leaves the catalog as it was; what was fetched by then is used by the next harvest.
    """
    taken_at = timestamp((now or datetime.now(UTC)).replace(microsecond=0))
    previous = catalog.latest()
    number = previous.number + 1 if previous else 1
    run = _Run(
        settings,
        catalog,
        previous=previous,
        number=number,
        progress=progress or Silent(),
        workers=workers,
        sources=sources,
    )
    visited = run.visit_all()
    coverage = run.coverage(visited)
    _some_success(coverage)
    records = [record for found in visited for record in found.records] + run.unvisited(visited)
    assets, edges = derive(records, run.settings, catalog, previous, number)
    envelope = catalog.commit(
        records=records,
        assets=assets,
        edges=edges,
        coverage=coverage,
        taken_at=taken_at,
        config=settings.digest,
        number=number,
    )
    run.journal.finish()
    return Harvested(envelope, previous)


def relink(settings: Settings, catalog: Catalog) -> Harvested | None:
    """Derive the lineage of the latest snapshot's records again; no AWS. Gives None where the catalog is empty.

    The new snapshot, written only where something comes out differently, has the time and the coverage of the old one.
    """
    latest = catalog.latest()
    if latest is None:
        return None
    records = list(catalog.records(latest))
    number = latest.number + 1
    assets, edges = derive(records, with_accounts(settings, records), catalog, latest, number)
    envelope = catalog.commit(
        records=records,
        assets=assets,
        edges=edges,
        coverage=latest.coverage,
        taken_at=latest.taken_at,
        config=settings.digest,
        only_if_changed=True,
        number=number,
    )
    return Harvested(envelope, latest)


def derive(
    records: Iterable[Record], settings: Settings, catalog: Catalog, previous: Envelope | None, number: int
) -> tuple[Iterable[Asset], Iterable[Edge]]:
    """The lineage that the records tell, with the history of each asset."""
    linked = link(records, normalize, LinkContext.of(settings))
    before = catalog.assets(previous) if previous else ()
    return chronicle(linked, before, number), linked.edges


class _Run:
    """The state of one harvest."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        *,
        previous: Envelope | None,
        number: int,
        progress: Progress,
        workers: int,
        sources: Sequence[Source],
    ) -> None:
        self.settings = settings
        self._by_hand = {account.id for account in settings.accounts}
        self.journal = Journal(catalog.root)
        self._number = number
        self._progress = progress
        self._workers = workers
        self._sources = sources
        self._stop = threading.Event()
        self._known: defaultdict[Partition, dict[Key, Record]] = defaultdict(dict)
        for record in catalog.records(previous) if previous else ():
            self._known[record.partition][record.kind, record.id] = record
        rates = {name: rate for name in (source.name for source in sources) if (rate := settings.source(name).rate)}
        self._sessions = Sessions(
            {account.id: account for account in settings.accounts}, rates=rates, patience=settings.patience
        )

    def visit_all(self) -> list[_Visited]:
        """Every wave; what a wave finds decides what the next one visits."""
        visited: list[_Visited] = []
        for wave in waves(self._sources):
            found = [record for one in visited for record in one.records]
            self.settings = with_accounts(self.settings, found)
            self._sessions.know({account.id: account for account in self.settings.accounts})
            tasks = plan(self._sources, wave, self.settings, [*found, *self.unvisited(visited)])
            if tasks:
                self._progress.planned([task.partition for task in tasks])
                visited += self._side_by_side(tasks)
        return visited

    def unvisited(self, visited: Iterable[_Visited]) -> list[Record]:
        """Records of partitions that nobody visits (any more): carried over."""
        done = {one.task.partition for one in visited}
        return [
            carried_over(record, self._number)
            for partition in sorted(self._known, key=order)
            if partition not in done
            for record in self._known[partition].values()
        ]

    def coverage(self, visited: Iterable[_Visited]) -> list[Coverage]:
        """A row for each visit; what an account's role cost is in the account's first row."""
        rows, charged = [], set()
        for one in sorted(visited, key=lambda one: order(one.task.partition)):
            account = one.task.partition.account
            calls = dict(self._sessions.tally(*one.task.partition).counts)
            if account not in charged:
                charged.add(account)
                calls |= self._sessions.tally(account, None, "sts").counts
            rows.append(_row(one, calls))
        return rows

    def _side_by_side(self, tasks: Sequence[Task]) -> list[_Visited]:
        with ThreadPoolExecutor(max_workers=min(self._workers, len(tasks)), thread_name_prefix="harvest") as pool:
            futures = [pool.submit(self._visit, task) for task in tasks]
            try:
                return [future.result() for future in futures]
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _visit(self, task: Task) -> _Visited:
        writer = self.journal.writer(task.partition)
        visit = PartitionVisit(
            task.partition,
            task.targets,
            self.settings,
            sessions=self._sessions,
            known=self._known.get(task.partition, {}),
            left_over=self.journal.left_over(task.partition),
            journal=writer,
            stop=self._stop,
            progress=self._progress.seen,
        )
        try:
            task.source.collect(visit)
        except VisitEnded:
            pass
        except Trouble as trouble:
            visit.ledger.gap(trouble)
        except (Stopped, NotReadOnly, StudbookError):
            raise
        except Exception as error:
            # A bug in reading one partition must not cost the others; it is a gap that nobody can overlook.
            logger.exception("%s could not be read", task.partition)
            visit.ledger.gap(Trouble("invalid", task.source.name, type(error).__name__, f"a bug in Studbook: {error}"))
        finally:
            writer.close()
        if task.partition.account not in self._by_hand and task.partition.region is not None:
            visit.ledger.skip_if_disabled(task.partition.region)
        records = merge(
            self._known.get(task.partition, {}),
            visit.seen,
            complete=visit.complete,
            undescribed=visit.undescribed,
            scope=task.source.scope,
            number=self._number,
        )
        visited = _Visited(task, records, visit.ledger)
        self._progress.finished(_row(visited, self._sessions.tally(*task.partition).counts))
        return visited


def _row(visited: _Visited, calls: Mapping[str, int]) -> Coverage:
    held = sum(1 for record in visited.records if record.gone_since is None)
    return visited.ledger.coverage(visited.task.partition, records=held, calls=calls)


def _some_success(coverage: Sequence[Coverage]) -> None:
    if not coverage:
        raise HarvestError("the configuration names nothing to harvest", "list your accounts or MLflow servers in it")
    failed = [row for row in coverage if row.status == "failed"]
    if failed and len(failed) == sum(1 for row in coverage if row.status != "skipped"):
        gap = failed[0].gaps[0]
        where = " ".join(part for part in (failed[0].account, failed[0].region, failed[0].source) if part)
        raise HarvestError(
            f"nothing could be read: {where}: {gap.operation}: {gap.code}: {gap.message}",
            "check the credentials, the role's trust policy and the network; the catalog is as it was before",
        )
