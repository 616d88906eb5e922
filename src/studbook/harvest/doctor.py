"""A harvest in small: each operation that a source declares, once, for one item; what is refused, and what mends it.

Nothing is kept. Calls: of every declared type its listing (page size 1), its description and details of the first item
there; of the other sources what they collect, one page each; of MLflow servers one search for one experiment.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, Final

from botocore import xform_name

from studbook.aws.errors import explain
from studbook.aws.sessions import NotReadOnly, Sessions, Signer
from studbook.harvest.coverage import Ledger
from studbook.harvest.pages import follow
from studbook.harvest.plain import plain
from studbook.harvest.plan import Task, order, plan, waves
from studbook.harvest.redact import Redactor
from studbook.model import Gap, Partition, Record
from studbook.model.coverage import Status
from studbook.settings import Patience, Settings
from studbook.sources import SOURCES, Source, iam, s3, with_accounts
from studbook.sources.interface import Json, Resource
from studbook.sources.mlflow import Mlflow, reach

PATIENCE: Final = Patience(connect_timeout=5, read_timeout=20, attempts=3)
_WORKERS = 16
_SIZES = ("MaxResults", "MaxItems", "MaxKeys")
_LISTINGS = ("List", "experiments/search")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a harvest could not see."""

    operation: str
    code: str
    message: str
    mend: str | None
    """The policy line, or the step, that helps; None where only a person can tell."""


@dataclass(frozen=True, slots=True)
class Check:
    """What came of one partition."""

    partition: Partition
    status: Status
    credentials: bool
    """Whether there are credentials of the account: its role could be assumed, or the caller's own are it."""
    listed: tuple[int, int]
    """Listing operations that were allowed, of those that were tried."""
    described: tuple[int, int]
    """All other operations, likewise."""
    untested: tuple[str, ...]
    """Declared operations that could not be tried: there was no item to try them on."""
    requests: int
    problems: tuple[Problem, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What came of all of them."""

    checks: tuple[Check, ...]
    skew: float | None
    """Seconds by which AWS's clock is ahead of ours, at worst; None where no answer told a time."""

    @property
    def well(self) -> bool:
        return not any(check.problems for check in self.checks)


def examine(
    settings: Settings,
    known: Sequence[Record] = (),
    *,
    sources: Sequence[Source] = SOURCES,
    patience: Patience = PATIENCE,
    now: Callable[[], float] = time.time,
) -> Diagnosis:
    """Try every partition that a harvest would visit.

    `known` are the last snapshot's records: they name functions and MLflow servers beyond the first one of each region.
    """
    by_hand = {account.id for account in settings.accounts}
    named = {source.name: source for source in sources}
    sessions = Sessions.of(settings, patience)
    clock = _Clock(now)
    found: list[Record] = []
    checks: list[Check] = []
    for wave in waves(sources):
        settings = with_accounts(settings, found)
        sessions.know({account.id: account for account in settings.accounts})
        visits = [
            _Probe(named[task.partition.source], task, settings, sessions, clock)
            for task in plan(sources, wave, settings, [*known, *found], by_hand)
        ]
        with ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="doctor") as pool:
            checks += pool.map(_Probe.examine, visits)
        found += [record for visit in visits for record in visit.records]
    return Diagnosis(tuple(sorted(checks, key=lambda check: order(check.partition))), clock.skew)


class _Clock:
    """Compares the Date header of answers with the time here."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.skew: float | None = None

    def told(self, http_response: Any = None, **_: Any) -> None:
        date = getattr(http_response, "headers", {}).get("Date") or ""
        try:
            skew = parsedate_to_datetime(date).timestamp() - self._now()
        except (TypeError, ValueError):
            return
        if self.skew is None or abs(skew) > abs(self.skew):
            self.skew = round(skew, 1)


class _Probe:
    """One partition, tried. Implements `sources.interface.Visit`; belongs to one thread."""

    def __init__(self, source: Source, task: Task, settings: Settings, sessions: Sessions, clock: _Clock) -> None:
        self.partition = task.partition
        # One function is like another, and each costs four calls; datasets and servers have rights of their own.
        self.targets = task.targets[:1] if source.name == "lambda" else s3.sample(task.targets)
        self.settings = settings
        self.records: list[Record] = []
        self._source = source
        self._sessions = sessions
        self._clock = clock
        self._swept = task.swept
        self._ledger = Ledger(Redactor(settings.redact))
        self._tried: dict[str, bool] = {}
        self._denied: set[tuple[str, str]] = set()
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
        except Exception as error:  # noqa: BLE001 - a body that no source expects must not hide the other partitions
            self.gap(error)
        if self._swept and self.partition.region is not None:
            self._ledger.skip_if_disabled(self.partition.region)
        return self._check()

    # --- Visit: calls ---

    def call(self, operation: str, params: Json, *, service: str | None = None) -> dict[str, Any]:
        result: dict[str, Any] = plain(self._ask(operation, _one(params, self._source), service))
        return result

    def fetch(self, params: Json, limit: int) -> tuple[dict[str, Any], bytes]:
        answer = self._ask("GetObject", params, "s3")
        return plain(answer), answer["Body"].read(limit + 1)

    def _ask(self, operation: str, params: Json, service: str | None) -> Any:
        account, region, source = self.partition
        self._try(operation)
        try:
            self._sessions.confirm(account)
            client = self._sessions.client(account, region, service or source)
            client.meta.events.register("after-call", self._clock.told, unique_id="studbook-clock")
            return getattr(client, xform_name(operation))(**params)
        except NotReadOnly:
            raise
        except Exception as error:
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
    ) -> Iterator[dict[str, Any]]:
        """The first page; all of them where they are the accounts to look at."""
        pages = follow(lambda request: self.call(operation, request, service=service), operation, params, tokens)
        return pages if self._source.wave == 0 else islice(pages, 1)

    def signer(self, region: str) -> Signer | None:
        if self.partition.account is None:
            return None
        return self._sessions.signer(self.partition.account, region)

    def renew(self, access_key: str) -> None:
        self._sessions.renew_signer(self.partition.account, access_key)

    def spend(self, operation: str) -> None:
        account, region, source = self.partition
        self._try(operation.removeprefix(f"{source}:"))
        self._sessions.pace(account, region, source).take()
        self._sessions.tally(account, region, source).add(operation)

    def throttled(self) -> None:
        self._sessions.pace(*self.partition).throttled()

    # --- Visit: records ---

    def kept(self, kind: str, record_id: str) -> Record | None:
        return None

    def found(self, kind: str, record_id: str) -> Record | None:
        return None

    def none_of(self, kind: str) -> bool:
        return False

    def record(self, kind: str, record_id: str, body: Json, *, revision: str | None = None) -> None:
        self._keep(kind, record_id, body)

    def reuse(self, record: Record) -> None:
        pass

    def listed(self, kind: str, scope: str | None = None) -> None:
        self._ledger.answered = True

    def gap(self, trouble: Exception) -> None:
        known = explain(trouble, "read")
        self._tried[known.operation] = False
        if known.meaning == "credentials":
            self._credentials = False
        if known.meaning == "denied":
            self._denied.add((known.operation, known.code))
        self._ledger.gap(known)

    def skip(self, operation: str, message: str) -> None:
        self._ledger.skip(operation, message)

    def resource(self, resource: Resource) -> None:
        """Lists one item, under the first parent, and reads it as a harvest would."""
        if not self._credentials:
            return
        try:
            summary = self._summary(resource)
            if summary is None:
                return
            body = dict(summary)
            if resource.describe is not None:
                body = self.call(resource.describe.operation, resource.describe.params(summary))
            self._keep(resource.kind, resource.identify(summary), body)
        except Exception as error:  # noqa: BLE001 - as above: the next type may be well
            self._failed(error, resource.listing.operation)
            return
        for detail in resource.details:
            if detail.when(body):
                try:
                    self.call(detail.operation, detail.params(body))
                except Exception as error:  # noqa: BLE001 - as above
                    self._failed(error, detail.operation)

    # --- inside ---

    def _summary(self, resource: Resource) -> dict[str, Any] | None:
        """The first item of the first listing that has one."""
        listing = resource.listing
        parents = self._first[listing.parent] if listing.parent else [None]
        for parent in parents:
            named = listing.parent_params(parent) if listing.parent_params and parent else {}
            for variant in listing.variants if named is not None else ():
                size = {listing.page_param: 1} if listing.page_size is not None else {}
                page = self.call(listing.operation, {**listing.params, **variant, **(named or {}), **size})
                self._ledger.answered = True
                for summary in page.get(listing.items) or ():
                    if resource.keep(summary):
                        return dict(summary)
        return None

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
        lists = [well for name, well in tried.items() if name.startswith(_LISTINGS) and name != "ListTags"]
        others = [well for name, well in tried.items() if not name.startswith(_LISTINGS) or name == "ListTags"]
        declared = {name for one in getattr(self._source, "resources", ()) for name in _probed(one)}
        return Check(
            partition=self.partition,
            status=row.status,
            credentials=self._credentials,
            listed=(sum(lists), len(lists)),
            described=(sum(others), len(others)),
            untested=tuple(sorted(declared - self._tried.keys())),
            requests=row.requests,
            problems=tuple(self._problem(gap) for gap in row.gaps if gap.code != "Skipped"),
            skipped=tuple(gap.message for gap in row.gaps if gap.code == "Skipped"),
        )

    def _problem(self, gap: Gap) -> Problem:
        return Problem(gap.operation, gap.code, gap.message, self._mend(gap))

    def _mend(self, gap: Gap) -> str | None:
        account = self.settings.account(self.partition.account)
        if not self._credentials:
            if account is not None and account.role_arn:
                asked = ", with the configured external id" if account.external_id else ""
                return (
                    f"let the trust policy of {account.role_arn} name you{asked} (studbook iam --part trust), and "
                    "allow yourself sts:AssumeRole on it (studbook iam --part caller)"
                )
            return "log in (AWS_PROFILE, aws sso login), or give the account a role_arn"
        if (gap.operation, gap.code) not in self._denied:
            return None
        call = f"{self.partition.source}:{gap.operation}"
        action = iam.action_of(call, app=":mlflow-app/" in gap.message)
        for document in (iam.policy(self.settings), iam.caller_policy(self.settings)):
            if statements := iam.allowing(document, action):
                return "\n".join(json.dumps(statement) for statement in statements)
        return None


def _probed(resource: Resource) -> list[str]:
    described = [resource.describe.operation] if resource.describe else []
    return [resource.listing.operation, *described, *(detail.operation for detail in resource.details)]


def _one(params: Json, source: Source) -> dict[str, Any]:
    """The request for one item; whole pages where they are the accounts to look at."""
    return {name: 1 if name in _SIZES and source.wave > 0 else value for name, value in params.items()}
