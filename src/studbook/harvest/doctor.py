"""Dry run of a harvest: each operation that a source declares, for one item; what is refused, and what mends it.

What is wrong on this side (`local_checks`) is found first, and not asked for again in each account.

Nothing is kept. Calls: sts:GetCallerIdentity; of every declared type the first page of each of its listings under one
parent, and the description and the details of the first item there; one Search in a partition that has use for it; of
the other sources what they collect, one item each; of MLflow servers one search for one experiment.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from studbook import permissions as iam
from studbook.aws.errors import Meaning, Trouble
from studbook.harvest.calls import T, VisitContext
from studbook.harvest.collector import PartitionVisit
from studbook.harvest.coverage import Ledger
from studbook.harvest.estimate import Estimate, Reckoning
from studbook.harvest.local_checks import (
    ADVICE,
    LOG_IN,
    Clock,
    Problem,
    TimedSessions,
    check_settings,
    log_in,
    login_mend,
    login_problem,
)
from studbook.harvest.partition import collect
from studbook.harvest.partition_store import PartitionStore
from studbook.harvest.plan import Task, plan, waves
from studbook.model import Gap, Partition, Record
from studbook.model.coverage import SKIPPED, Status
from studbook.model.storable import ApiAnswer
from studbook.redaction.redact import Redactor
from studbook.settings import Patience, Settings
from studbook.sources import SOURCES, Source, s3, with_accounts
from studbook.sources.interface import Json, Resource, anywhere
from studbook.sources.mlflow import Mlflow, reach
from studbook.threads import Threads

PATIENCE: Final = Patience(connect_timeout=5, read_timeout=20, attempts=3)
_WORKERS = 16
_SIZES = ("MaxResults", "MaxItems", "MaxKeys")
_LISTINGS = ("List", "experiments/search")


@dataclass(frozen=True, slots=True)
class Check:
    """What came of one partition."""

    partition: Partition
    status: Status
    credentials: bool
    """Whether there are credentials of the account: its role could be assumed, or the caller's own are it."""
    listed: tuple[int, int]
    """Listing operations that were allowed, of those that were tried."""
    searched: tuple[int, int]
    """Search, likewise."""
    described: tuple[int, int]
    """All other operations, likewise."""
    untested: tuple[str, ...]
    """Declared operations that could not be tried: there was no item to try them on."""
    requests: int
    estimate: Estimate
    problems: tuple[Problem, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What came of all of them."""

    checks: tuple[Check, ...]
    skew: float | None
    """Seconds by which AWS's clock is ahead of ours, at worst; None where no answer told a time."""
    names: Mapping[str | None, str]
    """What the accounts are called, those that an organisation named too."""
    caller: str | None = None
    """The ARN that the caller's own credentials mean; None where AWS was not asked, or does not take them."""
    here: tuple[Problem, ...] = ()
    """What is wrong on this side; what it explains is in no check."""

    @property
    def well(self) -> bool:
        """Whether nothing that a harvest needs is denied, missing or wrong."""
        return not any(one.needed for one in (*self.here, *(one for check in self.checks for one in check.problems)))

    @property
    def estimate(self) -> Estimate:
        """Of all that could be reached."""
        return sum((check.estimate for check in self.checks), Estimate())


def examine(
    settings: Settings,
    known: Sequence[Record] = (),
    *,
    paid: Mapping[Partition, Sequence[int]] | None = None,
    sources: Sequence[Source] = SOURCES,
    patience: Patience = PATIENCE,
    now: Callable[[], float] = time.time,
) -> Diagnosis:
    """Try every partition that a harvest would visit.

    `known` are the last snapshot's records: they name functions and MLflow servers beyond the first one of each region,
    and say how much there is. `paid` are the requests that each partition took in earlier nights.
    """
    aws = bool(settings.accounts or settings.organization)
    settings, here = check_settings(settings)
    sessions = TimedSessions.of(settings, patience)
    sessions.clock = Clock(now)
    who: str | None = None
    if aws:
        try:
            who = log_in(settings, sessions)
        except Trouble as trouble:
            here.insert(0, login_problem(trouble, sessions.clock))
            settings = settings.model_copy(update={"accounts": (), "organization": None, "datasets": ()})
    by_hand = {account.id for account in settings.accounts}
    last: defaultdict[Partition, list[Record]] = defaultdict(list)
    for record in known:
        if record.gone_since is None:
            last[record.partition].append(record)
    found: list[Record] = []
    checks: list[Check] = []

    def having(texts: tuple[str, ...]) -> list[Record]:
        return [*known, *found]

    for wave in waves(sources):
        settings = with_accounts(settings, found)
        sessions.know({account.id: account for account in settings.accounts})
        tasks = plan(sources, wave, settings, having, by_hand)
        reckonings = [Reckoning(last[task.partition], (paid or {}).get(task.partition, ())) for task in tasks]
        for check, records in _probe_all(tasks, reckonings, settings, sessions, sources):
            checks.append(check)
            found += records
    names: dict[str | None, str] = {account.id: account.label for account in settings.accounts}
    ordered = tuple(sorted(checks, key=lambda check: check.partition.order))
    return Diagnosis(ordered, sessions.clock.skew, names, who, tuple(here))


def _probe_all(
    tasks: Sequence[Task],
    reckonings: Sequence[Reckoning],
    settings: Settings,
    sessions: TimedSessions,
    sources: Sequence[Source],
) -> Iterator[tuple[Check, list[Record]]]:
    """What came of each task, in their order; side by side, on threads."""
    named = {source.name: source for source in sources}
    with tempfile.TemporaryDirectory(prefix="studbook-") as folder, Threads(_WORKERS, "doctor") as pool:
        probes = [
            _Probe(
                named[task.partition.source],
                task,
                settings,
                PartitionStore(Path(folder) / f"{number}.sqlite"),
                sessions=sessions,
                reckoning=reckoning,
            )
            for number, (task, reckoning) in enumerate(zip(tasks, reckonings, strict=True))
        ]
        yield from pool.map(_Probe.examine, probes)


class _Answers(Ledger):
    """A ledger that remembers what each failure means, also of a region that turns out to be off."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__(redactor)
        self.meant: dict[tuple[str, str], Meaning] = {}

    def gap(self, trouble: Trouble, number: int = 0) -> None:
        self.meant[trouble.operation, trouble.code] = trouble.meaning
        super().gap(trouble, number)


class _Probe(PartitionVisit):
    """Dry run of one partition by the engine of a harvest, which is given less to do: one page, one item of each type.

    The declarations are narrowed; there is no second loop that lists and describes. It would drift from the first, and
    a call that is made in another way may be allowed where the harvest's own is denied.
    """

    def __init__(
        self,
        source: Source,
        task: Task,
        settings: Settings,
        store: PartitionStore,
        *,
        sessions: TimedSessions,
        reckoning: Reckoning,
    ) -> None:
        # One function is like another, and each costs four calls; datasets and servers have rights of their own.
        targets = task.targets[:1] if source.name == "lambda" else s3.sample(task.targets)
        super().__init__(replace(task, targets=targets), s3.one_by_one(settings), store, VisitContext(sessions))
        self.ledger: _Answers = _Answers(Redactor(settings.redact))
        self._source = source
        self._task = task
        self._clock = sessions.clock
        self._reckoning = reckoning
        self._tried: set[str] = set()
        self._bulk: set[str] = set()
        self._dear: dict[str, Trouble] = {}
        """Bulk operations that were refused: a harvest sees all without them, by more calls."""

    def examine(self) -> tuple[Check, list[Record]]:
        """Tries all of it; what it found is for the plan of the next wave. Total: what fails is its own problem."""
        collect(self._source.name, reach if isinstance(self._source, Mlflow) else self._source.collect, self)
        if self._task.swept and self.partition.region is not None:
            self.ledger.skip_if_disabled(self.partition.region)
        with closing(self._store):
            return self._check(), list(self._store.records())

    # --- one of each ---

    def _send(
        self, service: str, operation: str, params: Json, read: Callable[[Any], T], *, renewed: bool = False
    ) -> T:
        self._tried.add(operation)
        try:
            return super()._send(service, operation, params, read, renewed=renewed)
        except Exception as error:
            self._clock.refused(error)
            if operation in self._bulk and isinstance(error, Trouble):
                self._dear[operation] = error
            raise

    def spend(self, operation: str) -> None:
        self._tried.add(operation.removeprefix(f"{self.partition.source}:"))
        super().spend(operation)

    def ask_pages(self, *args: Any, **options: Any) -> Iterator[ApiAnswer]:
        """The first page; all of them where they are the accounts to look at."""
        pages = super().ask_pages(*args, **options)
        return pages if self._source.wave == 0 else islice(pages, 1)

    def pages(self, operation: str, params: Json, **options: Any) -> Iterator[ApiAnswer]:
        """Of sources that ask for pages themselves, a page of one item."""
        if self._source.wave > 0:
            params = {name: 1 if name in _SIZES else value for name, value in params.items()}
        return super().pages(operation, params, **options)

    def resource(self, resource: Resource) -> None:
        """Lists a page of each variant under the first parent, and reads the first item that a harvest would."""
        shown = count()
        bulk = resource.bulk
        if bulk is not None:
            # One action opens it for all types. It is asked for no more than one item, and never believed: the
            # description and the details are to be tried as well.
            bulk = replace(bulk, whole=lambda *_: False, brings=frozenset(), page_size=1)
            bulk = None if bulk.operation in self._tried else bulk
            self._bulk |= {bulk.operation} if bulk else set()
        super().resource(
            replace(
                resource,
                where=anywhere,
                bulk=bulk,
                keep=lambda summary: resource.keep(summary) and next(shown) == 0,
                listing=replace(resource.listing, settled=None),
            )
        )
        read = [*self._steps.get(resource.kind, ()), *self._store.seen_of(resource.kind)]
        self._reckoning.add(resource, next(shown), read, searches=not self._dear)

    # --- what came of it ---

    def _check(self) -> Check:
        row = self.ledger.coverage(self.partition, records=0, calls=self._sessions.tally(*self.partition).counts)
        credentials = "credentials" not in self.ledger.meant.values()
        failed = {operation for operation, _ in self.ledger.meant} | self._dear.keys()
        tried = self._tried - {"AssumeRole", "GetCallerIdentity"}
        searches = tried & self._bulk
        lists = {name for name in tried - searches if name.startswith(_LISTINGS) and name != "ListTags"}
        others = tried - searches - lists
        declared = {name for one in getattr(self._source, "resources", ()) for name in one.operations}
        estimate = Estimate()
        if credentials and self.ledger.status != "failed":
            estimate = self._reckoning.estimate(row.requests, tried=len(self.targets), targets=len(self._task.targets))
        return Check(
            partition=self.partition,
            status=row.status,
            credentials=credentials,
            listed=(len(lists - failed), len(lists)),
            searched=(len(searches - failed), len(searches)),
            described=(len(others - failed), len(others)),
            untested=tuple(sorted(declared - self._tried)) if credentials else (),
            requests=row.requests,
            estimate=estimate,
            problems=(
                *(self._problem(gap) for gap in row.gaps if gap.code != SKIPPED),
                *map(self._without, self._dear.values()),
            ),
            skipped=tuple(gap.message for gap in row.gaps if gap.code == SKIPPED and gap.operation not in self._dear),
        )

    def _without(self, trouble: Trouble) -> Problem:
        self.ledger.meant[trouble.operation, trouble.code] = trouble.meaning
        said = f"{self._redactor.text(trouble.message)}; nothing is lost, but each record is described by its own call"
        gap = Gap(operation=trouble.operation, code=trouble.code, message=said)
        return replace(self._problem(gap), needed=False)

    def _problem(self, gap: Gap) -> Problem:
        return Problem(gap.operation, gap.code, gap.message, self._mend(gap))

    def _mend(self, gap: Gap) -> str | None:
        source = self.partition.source
        if source == "mlflow" and (mend := _mlflow_mend(gap, self.ledger.meant.get((gap.operation, gap.code)))):
            return mend
        if "credentials" in self.ledger.meant.values():
            return self._login(gap.code)
        meaning = self.ledger.meant.get((gap.operation, gap.code))
        if meaning != "denied":
            advice = ADVICE.get(meaning) if meaning else None
            return advice.format(source=source) if advice else None
        action = iam.action_of(f"{source}:{gap.operation}", app=":mlflow-app/" in gap.message)
        for document in (iam.policy(self.settings), iam.caller_policy(self.settings)):
            if statements := iam.allowing(document, action):
                return "\n".join(json.dumps(statement) for statement in statements)
        return None

    def _login(self, code: str) -> str:
        """What helps where there are no credentials that AWS accepts."""
        account = self.settings.account(self.partition.account)
        if (cure := login_mend(code, self._clock)) is not None:
            return cure
        if account is None or not account.role_arn:
            return f"{LOG_IN}, or give the account a role_arn"
        asked = ", with the configured external id" if account.external_id else ""
        return (
            f"let the trust policy of {account.role_arn} name you{asked} (studbook iam --part trust), and "
            "allow yourself sts:AssumeRole on it (studbook iam --part caller)"
        )


def _mlflow_mend(gap: Gap, meaning: Meaning | None) -> str | None:
    """Of a server that is not behind AWS."""
    if ":aws" in gap.message.split(": ", 1)[0]:
        return None
    if meaning == "credentials" or gap.code in ("401", "302"):
        return "set STUDBOOK_MLFLOW_<NAME>_TOKEN, or STUDBOOK_MLFLOW_<NAME>_USERNAME and _PASSWORD"
    if meaning == "denied":
        return "let that user read the server's experiments and registered models"
    if meaning == "network":
        return "is it running, and is mlflow[].tracking_uri its address as seen from here?"
    return None
