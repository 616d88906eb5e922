"""One partition, from its task to its row in the coverage: the piece of a harvest that can run anywhere.

`visit` reads it onto a store, with the sessions, the clock and the stop signal of the process that it runs in.
`visit_remotely` is the same for another process: a `VisitOrder` goes there, a `VisitResult` comes back, both can be
pickled, and the partition's budget of calls lives where the calls are made.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from studbook.aws.errors import PART_LOST, Trouble, bug
from studbook.aws.sessions import Sessions
from studbook.errors import StudbookError
from studbook.harvest.calls import Stopped, VisitContext, VisitEnded
from studbook.harvest.collector import PartitionVisit
from studbook.harvest.coverage import Ledger
from studbook.harvest.merge import merge, suspect_listings, withdraw_emptiness
from studbook.harvest.partition_store import PartitionStore
from studbook.harvest.plan import Task
from studbook.model import Coverage
from studbook.redaction.redact import Redactor
from studbook.settings import Settings
from studbook.sources import SOURCES, Source
from studbook.sources.interface import Visit

logger = logging.getLogger(__name__)


def visit(
    task: Task,
    settings: Settings,
    store: PartitionStore,
    context: VisitContext,
    *,
    number: int,
    sources: Sequence[Source] = SOURCES,
) -> Coverage:
    """Reads one partition; the store, filled with what was known of it, then holds its records for snapshot `number`.

    Whatever AWS does becomes a gap, and so does a bug of ours. Raises Stopped, and CatalogError where the disk refuses.
    """
    partition = task.partition
    source = next(source for source in sources if source.name == partition.source)
    visiting = PartitionVisit(task, settings, store, context)
    collect(source.name, source.collect, visiting)
    suspects = suspect_listings(store, complete=visiting.complete, scope=source.scope)
    if suspects:
        withdraw_emptiness(store, suspects, source.scope)
        visiting.ask_again({(suspect.kind, suspect.scope) for suspect in suspects})
        collect(source.name, source.collect, visiting)
        suspects = suspect_listings(store, complete=visiting.complete, scope=source.scope)
        for suspect in suspects:
            visiting.note_suspect(suspect)
    if task.swept and partition.region is not None:
        visiting.ledger.skip_if_disabled(partition.region)
    merge(store, complete=visiting.complete, scope=source.scope, number=number, suspects=suspects)
    context.sessions.release(*partition)
    return visiting.ledger.coverage(partition, records=store.held(), calls=context.sessions.tally(*partition).counts)


def collect(source: str, read: Callable[[Visit], None], visiting: PartitionVisit) -> None:
    """Reads a partition; what ends that early, be it a bug of ours, is a gap of the partition."""
    try:
        read(visiting)
    except VisitEnded as ended:
        visiting.ledger.gap(ended.trouble)
    except PART_LOST as error:
        visiting.gap(error)
    except (Stopped, StudbookError):
        raise
    except Exception as error:
        # A bug in reading one partition must not cost the others; it is a gap that nobody can overlook.
        logger.debug("%s could not be read", visiting.partition, exc_info=True)
        visiting.ledger.gap(bug(source, error))


def lost(task: Task, settings: Settings, store: PartitionStore, trouble: Trouble, *, number: int) -> Coverage:
    """The row of a partition that nobody could visit: all that is on its store is carried over."""
    ledger = Ledger(Redactor(settings.redact))
    ledger.gap(trouble)
    merge(store, complete=(), scope=lambda record: None, number=number)
    return ledger.coverage(task.partition, records=store.held(), calls={})


def with_calls(row: Coverage, calls: Mapping[str, int]) -> Coverage:
    """The row with further calls in it: what its account's credentials cost."""
    both = {**row.calls, **calls}
    return replace(row, calls=dict(sorted(both.items())), requests=sum(both.values()))


@dataclass(frozen=True, slots=True)
class VisitOrder:
    """A visit for another process. Its source must be one of SOURCES."""

    task: Task
    settings: Settings
    """With the accounts that were found on the way."""
    number: int
    store: bytes
    """`PartitionStore.packed()` of the partition's filled store."""


@dataclass(frozen=True, slots=True)
class VisitResult:
    """What came of it."""

    coverage: Coverage
    store: bytes
    """For `PartitionStore.unpack()`: it takes the place of the one that was sent."""


def visit_remotely(order: VisitOrder) -> VisitResult:
    """Runs a visit with sessions, a budget and a scratch folder of its own. Raises what `visit` raises."""
    account = order.task.partition.account
    sessions = Sessions.of(order.settings)
    with tempfile.TemporaryDirectory(prefix="studbook-") as folder:
        store = PartitionStore(Path(folder) / "store.sqlite")
        store.unpack(order.store)
        try:
            row = visit(order.task, order.settings, store, VisitContext(sessions), number=order.number)
        finally:
            store.close()
        return VisitResult(with_calls(row, sessions.tally(account, None, "sts").counts), store.packed())
