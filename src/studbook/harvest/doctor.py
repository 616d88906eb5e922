"""A harvest in small: each operation that a source declares, once, for one item; what is refused, and what mends it.

Nothing is kept. Calls: of every declared type the first page of its listing, and the description and the details of the
first item there; one Search in a partition that has use for it; of the other sources what they collect, one item each;
of MLflow servers one search for one experiment.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, Final

from botocore.exceptions import ClientError

from studbook import permissions as iam
from studbook.aws.errors import UNREADABLE, Meaning, explain, login_cure, unreadable
from studbook.aws.sessions import NotReadOnly, Sessions
from studbook.harvest.calls import PartitionCalls, T, VisitEnded
from studbook.harvest.coverage import Ledger
from studbook.harvest.estimate import Estimate, Reckoning
from studbook.harvest.plan import Task, order, plan, waves
from studbook.harvest.redact import Redactor
from studbook.model import Gap, Partition, Record
from studbook.model.coverage import Status
from studbook.model.storable import ApiAnswer
from studbook.settings import Patience, Settings
from studbook.sources import SOURCES, Source, s3, with_accounts
from studbook.sources.interface import Json, Resource
from studbook.sources.mlflow import Mlflow, reach
from studbook.threads import Threads

PATIENCE: Final = Patience(connect_timeout=5, read_timeout=20, attempts=3)
_WORKERS = 16
_SIZES = ("MaxResults", "MaxItems", "MaxKeys")
_LISTINGS = ("List", "experiments/search")
_SEARCH: Final = "Search"
_SKEW: Final = 300
"""Seconds from which on AWS refuses signatures."""
_ADVICE: Final[Mapping[Meaning, str]] = {
    "network": "nobody answers there: check the network, the proxy, the region's name and AWS_ENDPOINT_URL",
    "server": "the service failed; try again later",
    "throttled": "too many calls, others' included: lower sources.{source}.rate, or try again later",
    "unsupported": "this region's service, or the installed botocore, does not know it: pip install --upgrade boto3",
    "repeated": "the service repeats a page; nobody but its owner can mend that",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a harvest could not see."""

    operation: str
    code: str
    message: str
    mend: str | None
    """The policy line, or the step, that helps; None where only a person can tell."""
    needed: bool = True
    """False: nothing is lost without it, but more calls are made."""


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

    @property
    def well(self) -> bool:
        return not any(one.needed for check in self.checks for one in check.problems)

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
    by_hand = {account.id for account in settings.accounts}
    named = {source.name: source for source in sources}
    sessions = Sessions.of(settings, patience)
    clock = _Clock(now)
    last: defaultdict[Partition, list[Record]] = defaultdict(list)
    for record in known:
        if record.gone_since is None:
            last[record.partition].append(record)
    found: list[Record] = []
    checks: list[Check] = []

    def everything(texts: tuple[str, ...]) -> list[Record]:
        return [*known, *found]

    for wave in waves(sources):
        settings = with_accounts(settings, found)
        sessions.know({account.id: account for account in settings.accounts})
        visits = [
            _Probe(
                named[task.partition.source],
                task,
                settings,
                sessions=sessions,
                clock=clock,
                reckoning=Reckoning(last[task.partition], (paid or {}).get(task.partition, ())),
            )
            for task in plan(sources, wave, settings, everything, by_hand)
        ]
        with Threads(_WORKERS, "doctor") as pool:
            checks += pool.map(_Probe.examine, visits)
        found += [record for visit in visits for record in visit.records]
    names: dict[str | None, str] = {account.id: account.label for account in settings.accounts}
    return Diagnosis(tuple(sorted(checks, key=lambda check: order(check.partition))), clock.skew, names)


class _Clock:
    """Compares the Date header of answers with the time here."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.skew: float | None = None

    def told(self, http_response: Any = None, **_: Any) -> None:
        """For botocore's `after-call`."""
        self._read(getattr(http_response, "headers", {}).get("Date"))

    def refused(self, error: BaseException | None) -> None:
        """From the answer behind an error: whose credentials are refused for a wrong clock hears nothing else."""
        while error is not None:
            if isinstance(error, ClientError):
                self._read(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date"))
            error = error.__cause__

    def _read(self, date: str | None) -> None:
        try:
            skew = parsedate_to_datetime(date or "").timestamp() - self._now()
        except (TypeError, ValueError):
            return
        if self.skew is None or abs(skew) > abs(self.skew):
            self.skew = round(skew, 1)


class _Probe(PartitionCalls):
    """One partition, tried by the calls of a harvest. Implements `sources.interface.Visit`; belongs to one thread."""

    def __init__(
        self,
        source: Source,
        task: Task,
        settings: Settings,
        *,
        sessions: Sessions,
        clock: _Clock,
        reckoning: Reckoning,
    ) -> None:
        super().__init__(task.partition, sessions, threading.Event(), settings.patience)
        # One function is like another, and each costs four calls; datasets and servers have rights of their own.
        self.targets = task.targets[:1] if source.name == "lambda" else s3.sample(task.targets)
        self.settings = settings
        self.records: list[Record] = []
        self._source = source
        self._clock = clock
        self._reckoning = reckoning
        self._whole = len(task.targets)
        self._swept = task.swept
        self._ledger = Ledger(Redactor(settings.redact))
        self._tried: dict[str, bool] = {}
        self._meant: dict[tuple[str, str], Meaning] = {}
        self._dear: list[Problem] = []
        self._first: defaultdict[str, list[Record]] = defaultdict(list)
        self._credentials = True

    def examine(self) -> Check:
        """Tries all of it. Total: what fails is a problem of this partition alone."""
        try:
            if isinstance(self._source, Mlflow):
                reach(self)
            else:
                self._source.collect(self)
        except NotReadOnly:
            raise
        except VisitEnded as end:
            self.gap(end.trouble)
        except Exception as error:  # noqa: BLE001 - a body that no source expects must not hide the other partitions
            self.gap(error)
        if self._swept and self.partition.region is not None:
            self._ledger.skip_if_disabled(self.partition.region)
        return self._check()

    # --- Visit: calls ---

    def call(self, operation: str, params: Json, *, service: str | None = None) -> ApiAnswer:
        return self.ask(operation, params, service=service)

    def _send(
        self, service: str, operation: str, params: Json, read: Callable[[Any], T], *, renewed: bool = False
    ) -> T:
        account, region, _ = self.partition
        self._try(operation)
        try:
            client = self._sessions.client(account, region, service)
            client.meta.events.register("after-call", self._clock.told, unique_id="studbook-clock")
            return super()._send(service, operation, params, read, renewed=renewed)
        except NotReadOnly:
            raise
        except Exception as error:
            self._clock.refused(error)
            trouble = explain(error, operation)
            if trouble.meaning != "gone":
                self._tried[operation] = False
            raise trouble from error

    def pages(
        self,
        operation: str,
        params: Json,
        *,
        tokens: Mapping[str, str] | None = None,
        service: str | None = None,
        items: str | None = None,
    ) -> Iterator[ApiAnswer]:
        """The first page; all of them where they are the accounts to look at."""
        pages = self.ask_pages(operation, _one(params, self._source), tokens=tokens, service=service, items=items)
        return pages if self._source.wave == 0 else islice(pages, 1)

    def spend(self, operation: str) -> None:
        self._try(operation.removeprefix(f"{self.partition.source}:"))
        super().spend(operation)

    # --- Visit: records ---

    def kept(self, kind: str, record_id: str) -> Record | None:
        return None

    def found(self, kind: str, record_id: str) -> Record | None:
        return None

    def none_of(self, kind: str) -> bool:
        return self._reckoning.none_of(kind)

    def says(self, kind: str, member: str) -> bool:
        return True

    def record(self, kind: str, record_id: str, body: Json, *, revision: str | None = None) -> None:
        self._keep(kind, record_id, body)

    def reuse(self, record: Record) -> None:
        pass

    def listed(self, kind: str, scope: str | None = None) -> None:
        self._ledger.answered = True

    def gap(self, trouble: Exception, subject: str | None = None) -> None:
        unread = isinstance(trouble, UNREADABLE)
        known = unreadable("read", trouble, subject) if unread else explain(trouble, "read")
        self._tried[known.operation] = False
        if known.meaning == "credentials":
            self._credentials = False
        self._meant[known.operation, known.code] = known.meaning
        self._ledger.gap(known)

    def skip(self, operation: str, message: str) -> None:
        self._ledger.skip(operation, message)

    def resource(self, resource: Resource) -> None:
        """Lists a page, under the first parent, and reads its first item as a harvest would."""
        if not self._credentials:
            return
        try:
            page = self._page(resource)
            if page:
                self._read(resource, page[0])
                self._search(resource)
        except VisitEnded:
            raise
        except Exception as error:  # noqa: BLE001 - as above: the next type may be well
            self._failed(error, resource.listing.operation)
            return
        self._reckoning.add(resource, len(page), self._first[resource.kind], self, searches=self._searches)

    # --- inside ---

    @property
    def _searches(self) -> bool:
        return self._tried.get(_SEARCH, False)

    def _page(self, resource: Resource) -> list[dict[str, Any]]:
        """The first page of the first listing that shows something."""
        listing = resource.listing
        parents = self._first[listing.parent] if listing.parent else [None]
        for parent in parents:
            named = listing.parent_params(parent) if listing.parent_params and parent else {}
            for variant in listing.variants if named is not None else ():
                size = {listing.page_param: listing.page_size} if listing.page_size is not None else {}
                answer = self.call(listing.operation, {**listing.params, **variant, **(named or {}), **size})
                self._ledger.answered = True
                if found := [dict(one) for one in answer.get(listing.items) or () if resource.keep(one)]:
                    return found
        return []

    def _read(self, resource: Resource, summary: dict[str, Any]) -> None:
        body = dict(summary)
        if resource.describe is not None and resource.describe.when(summary):
            body = self.call(resource.describe.operation, resource.describe.params(summary))
        self._keep(resource.kind, resource.identify(summary), body)
        for detail in resource.details:
            if detail.when(body):
                try:
                    self.call(detail.operation, detail.params(body))
                except VisitEnded:
                    raise
                except Exception as error:  # noqa: BLE001 - as above
                    self._failed(error, detail.operation)

    def _search(self, resource: Resource) -> None:
        """Once: one action opens it for all types. Where it is refused a harvest describes one by one."""
        if resource.bulk is None or resource.bulk.operation in self._tried:
            return
        operation = resource.bulk.operation
        try:
            self.call(operation, {**resource.bulk.params, "MaxResults": 1})
        except (NotReadOnly, VisitEnded):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            trouble = explain(error, operation)
            self._meant[operation, trouble.code] = trouble.meaning
            message = f"{trouble.message}; nothing is lost, but each record is described by a call of its own"
            gap = Gap(operation=operation, code=trouble.code, message=message)
            self._dear.append(replace(self._problem(gap), needed=False))

    def _failed(self, error: Exception, operation: str) -> None:
        if isinstance(error, NotReadOnly):
            raise error
        trouble = explain(error, operation)
        if trouble.meaning != "gone":  # deleted since it was listed: we were allowed to ask
            self.gap(trouble)

    def _keep(self, kind: str, record_id: str, body: Json) -> None:
        account, region, source = self.partition
        record = Record(
            source=source, kind=kind, id=record_id, account=account, region=region, revision="", body=dict(body)
        )
        self._first[kind].append(record)
        self.records.append(record)

    def _try(self, operation: str) -> None:
        self._tried.setdefault(operation, True)

    def _check(self) -> Check:
        counts = self._sessions.tally(*self.partition).counts
        row = self._ledger.coverage(self.partition, records=0, calls=counts)
        tried = {name: well for name, well in self._tried.items() if name not in ("AssumeRole", "GetCallerIdentity")}
        searches = [tried.pop(_SEARCH)] if _SEARCH in tried else []
        lists = [well for name, well in tried.items() if name.startswith(_LISTINGS) and name != "ListTags"]
        others = [well for name, well in tried.items() if not name.startswith(_LISTINGS) or name == "ListTags"]
        declared = {name for one in getattr(self._source, "resources", ()) for name in one.operations}
        return Check(
            partition=self.partition,
            status=row.status,
            credentials=self._credentials,
            listed=(sum(lists), len(lists)),
            searched=(sum(searches), len(searches)),
            described=(sum(others), len(others)),
            untested=tuple(sorted(declared - self._tried.keys())) if self._credentials else (),
            requests=row.requests,
            estimate=self._estimate(row.requests),
            problems=(*(self._problem(gap) for gap in row.gaps if gap.code != "Skipped"), *self._dear),
            skipped=tuple(gap.message for gap in row.gaps if gap.code == "Skipped"),
        )

    def _estimate(self, requests: int) -> Estimate:
        if not self._credentials or self._ledger.status == "failed":
            return Estimate()
        return self._reckoning.estimate(requests, tried=len(self.targets), targets=self._whole)

    def _problem(self, gap: Gap) -> Problem:
        return Problem(gap.operation, gap.code, gap.message, self._mend(gap))

    def _mend(self, gap: Gap) -> str | None:
        source = self.partition.source
        if source == "mlflow" and (mend := _mlflow_mend(gap, self._meant.get((gap.operation, gap.code)))):
            return mend
        if not self._credentials:
            return self._login(gap.code)
        meaning = self._meant.get((gap.operation, gap.code))
        if meaning != "denied":
            advice = _ADVICE.get(meaning) if meaning else None
            return advice.format(source=source) if advice else None
        action = iam.action_of(f"{source}:{gap.operation}", app=":mlflow-app/" in gap.message)
        for document in (iam.policy(self.settings), iam.caller_policy(self.settings)):
            if statements := iam.allowing(document, action):
                return "\n".join(json.dumps(statement) for statement in statements)
        return None

    def _login(self, code: str) -> str:
        """What helps where there are no credentials that AWS accepts."""
        account = self.settings.account(self.partition.account)
        if self._clock.skew is not None and abs(self._clock.skew) >= _SKEW:
            minutes = round(abs(self._clock.skew) / 60)
            return f"set this machine's clock: it is {minutes} minutes off, and AWS refuses its signatures"
        if (cure := login_cure(code)) is not None:
            return cure
        if account is None or not account.role_arn:
            return "log in (AWS_PROFILE, aws sso login), or give the account a role_arn"
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


def _one(params: Json, source: Source) -> dict[str, Any]:
    """The request for one item; whole pages where they are the accounts to look at."""
    return {name: 1 if name in _SIZES and source.wave > 0 else value for name, value in params.items()}
