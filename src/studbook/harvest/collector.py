"""The engine under every source: pages, reuse, descriptions, failures, and what is complete afterwards.

A visit never decides that something is gone. It says which records it saw, and of which kinds (and scopes) it saw a
complete listing; `merge` draws the conclusion from that and from the last snapshot.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from botocore import xform_name

from studbook.aws.errors import UNREADABLE, Trouble, explain, unreadable
from studbook.aws.sessions import NotReadOnly, Sessions, Signer
from studbook.harvest.coverage import Ledger
from studbook.harvest.journal import Writer
from studbook.harvest.plain import plain
from studbook.harvest.redact import Redactor
from studbook.model import Partition, Record, canonical, digest
from studbook.settings import Settings
from studbook.sources.interface import Bulk, Detail, Json, Resource

T = TypeVar("T")

_DEFAULT_TOKENS: Final = {"NextToken": "NextToken"}

# Something was missing when the record was read: no listing ever equals this, so the next night reads it again.
_INCOMPLETE: Final = "incomplete:"

_SECOND: Final = len("2026-11-22T02:00:00")
"""Milliseconds are written only where there are some, so times compare as text down to the second."""

_REVOKED: Final = "explicit deny in an identity-based policy"

_PATIENCE: Final = 5
"""After so many denials of one operation without one success, it is not asked again in this visit."""


class Stopped(Exception):  # noqa: N818 - not an error: somebody pressed Ctrl-C
    """The harvest was asked to end."""


class VisitEnded(Exception):  # noqa: N818 - the gap is noted already
    """No further call of this partition can succeed."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A summary whose record has to be read."""

    summary: Json
    revision: str
    kept: Record | None


class PartitionVisit:
    """One partition being read. Implements `sources.interface.Visit`; belongs to one thread."""

    def __init__(
        self,
        partition: Partition,
        targets: tuple[str, ...],
        settings: Settings,
        *,
        sessions: Sessions,
        known: Mapping[tuple[str, str], Record],
        left_over: Mapping[tuple[str, str], Record],
        journal: Writer,
        stop: threading.Event,
        progress: Callable[[Partition, str, int], None],
    ) -> None:
        self.partition = partition
        self.targets = targets
        self.settings = settings
        self._sessions = sessions
        self._known = known
        self._left_over = left_over
        self._journal = journal
        self._stop = stop
        self._progress = progress
        self._redactor = Redactor(settings.redact)
        self._refusals: Counter[str] = Counter()
        self._answered: set[str] = set()
        self._down: Trouble | None = None
        self._tried_anew = False
        self._steps: dict[str, list[Record]] = {}
        self._incomplete_kinds: set[str] = set()
        self._numbers: Counter[str] = Counter()
        self._refused_bulk: set[str] = set()
        self.ledger = Ledger(self._redactor)
        self.seen: dict[tuple[str, str], Record] = {}
        self.complete: set[tuple[str, str | None]] = set()
        self.undescribed: set[tuple[str, str]] = set()
        """Shown by a listing, but not readable tonight."""

    # --- calls ---

    def call(self, operation: str, params: Json, *, service: str | None = None) -> dict[str, Any]:
        return self._ask(operation, params, service or self.partition.source, plain)

    def fetch(self, params: Json, limit: int) -> tuple[dict[str, Any], bytes]:
        def read(answer: Any) -> tuple[dict[str, Any], bytes]:
            return plain(answer), answer["Body"].read(limit + 1)

        return self._ask("GetObject", params, "s3", read)

    def _ask(self, operation: str, params: Json, service: str, read: Callable[[Any], T]) -> T:
        refused = self._refusals[operation]
        if refused >= _PATIENCE and operation not in self._answered:
            raise Trouble("denied", operation, "NotAskedAgain", f"denied {_PATIENCE} times and never allowed")
        try:
            answer = self._send(service, operation, params, read)
        except Trouble as trouble:
            if trouble.meaning == "denied":
                self._refusals[operation] += 1
            elif trouble.ends_visit or (trouble.meaning == "network" and self._down is not None):
                self.ledger.gap(trouble)
                raise VisitEnded from trouble
            elif trouble.meaning == "network":
                self._down = trouble
            raise
        self._answered.add(operation)
        self._down = None
        return answer

    def _send(
        self, service: str, operation: str, params: Json, read: Callable[[Any], T], *, renewed: bool = False
    ) -> T:
        if self._stop.is_set():
            raise Stopped
        account, region, _ = self.partition
        self._sessions.confirm(account)
        client = self._sessions.client(account, region, service)
        try:
            return read(getattr(client, xform_name(operation))(**params))
        except NotReadOnly:
            raise
        except Exception as error:
            trouble = explain(error, operation)
            if not renewed and (trouble.meaning == "expired" or self._may_be_revoked(trouble)):
                self._sessions.renew(account, client)
                return self._send(service, operation, params, read, renewed=True)
            raise trouble from error

    def _may_be_revoked(self, trouble: Trouble) -> bool:
        """Whether a new session may be allowed what this one is not: AWS revokes sessions by a policy that denies all
        to the older ones. Once in a visit, since it may as well be a denial like any other."""
        if self._tried_anew or trouble.meaning != "denied" or _REVOKED not in trouble.message:
            return False
        self._tried_anew = True
        return True

    def pages(
        self,
        operation: str,
        params: Json,
        *,
        tokens: Mapping[str, str] | None = None,
        service: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        tokens = tokens or _DEFAULT_TOKENS
        request = dict(params)
        met: set[tuple[Any, ...]] = set()
        while True:
            page = self.call(operation, request, service=service)
            yield page
            following = {member: page.get(answer) for answer, member in tokens.items() if page.get(answer)}
            if not following:
                return
            mark = tuple(sorted(following.items()))
            if mark in met:
                raise Trouble("repeated", operation, "RepeatedToken", "a page token came twice; the listing has no end")
            met.add(mark)
            request = {**params, **following}

    def renew(self, access_key: str) -> None:
        self._sessions.renew_signer(self.partition.account, access_key)

    def signer(self, region: str) -> Signer | None:
        if self.partition.account is None:
            return None
        return self._sessions.signer(self.partition.account, region)

    def spend(self, operation: str) -> None:
        if self._stop.is_set():
            raise Stopped
        account, region, source = self.partition
        self._sessions.pace(account, region, source).take()
        self._sessions.tally(account, region, source).add(operation)

    def throttled(self) -> None:
        self._sessions.pace(*self.partition).throttled()

    # --- records ---

    def kept(self, kind: str, record_id: str) -> Record | None:
        known = self._known.get((kind, record_id))
        return self._left_over.get((kind, record_id), known)

    def record(self, kind: str, record_id: str, body: Json, *, revision: str | None = None) -> None:
        clean = self._redactor.body(plain(body))
        record = Record(
            source=self.partition.source,
            kind=kind,
            id=self._redactor.identifier(record_id),
            account=self.partition.account,
            region=self.partition.region,
            revision=digest(canonical(clean)) if revision is None else revision,
            body=clean,
        )
        self._journal.add(record)
        self._see(record)

    def reuse(self, record: Record) -> None:
        self._see(_fresh(record))

    def _see(self, record: Record) -> None:
        self._numbers[record.kind] += 1
        self.seen[record.kind, record.id] = record
        self._progress(self.partition, record.kind, len(self.seen))

    def listed(self, kind: str, scope: str | None = None) -> None:
        self.complete.add((kind, scope))
        self.ledger.answered = True

    def found(self, kind: str, record_id: str) -> Record | None:
        return self.seen.get((kind, record_id))

    def none_of(self, kind: str) -> bool:
        return (kind, None) in self.complete and not self._numbers[kind]

    def gap(self, trouble: Exception) -> None:
        self.ledger.gap(explain(trouble, "read"))

    def skip(self, operation: str, message: str) -> None:
        self.ledger.skip(operation, message)

    # --- declared types ---

    def resource(self, resource: Resource) -> None:
        complete, scopes = True, []
        wanted: dict[str, _Wanted] = {}
        for parent in self._parents(resource):
            if parent is not None and resource.listing.parent_params is not None:
                named = resource.listing.parent_params(parent)
                if named is None:
                    continue
            else:
                named = {}
            ends = [self._list(resource, {**variant, **named}, wanted) for variant in resource.listing.variants]
            complete = complete and all(ends)
            if all(ends) and parent is not None:
                scopes.append(parent.id)
        self._read_all(resource, wanted)
        # Only now: a visit that ends while records are read must not make those gone that were not reached.
        for scope in scopes:
            self.listed(resource.kind, scope)
        if resource.listing.parent in self._incomplete_kinds:
            complete = False
        if complete:
            self.listed(resource.kind)
        else:
            self._incomplete_kinds.add(resource.kind)

    def _parents(self, resource: Resource) -> list[Record | None]:
        """The records to list under: what was seen, and what an incomplete listing of them may have missed."""
        kind = resource.listing.parent
        if kind is None:
            return [None]
        steps = self._steps.get(kind, [])
        found = {record.id: record for record in steps} | {
            record.id: record for (known, _), record in self.seen.items() if known == kind
        }
        if kind in self._incomplete_kinds:
            for (known, record_id), record in self._known.items():
                if known == kind and record.gone_since is None:
                    found.setdefault(record_id, record)
        return [found[record_id] for record_id in sorted(found)]

    def _list(self, resource: Resource, named: Json, wanted: dict[str, _Wanted]) -> bool:
        """One listing; whether it came to its end and every summary could be read."""
        listing = resource.listing
        readable = True
        request: dict[str, Any] = {**listing.params, **named}
        if listing.page_size is not None:
            request[listing.page_param] = listing.page_size
        try:
            for page in self.pages(listing.operation, request, tokens={listing.token: listing.token}):
                for summary in page.get(listing.items) or ():
                    readable = self._one(resource, summary, wanted) and readable
        except Trouble as trouble:
            if trouble.meaning == "gone" and listing.parent is not None:
                return True  # the parent was deleted since it was listed, and all below it
            self.ledger.gap(trouble)
            return False
        return readable

    def _one(self, resource: Resource, summary: Json, wanted: dict[str, _Wanted]) -> bool:
        """What becomes of one summary; False where nobody can tell which record it is."""
        try:
            if not resource.keep(summary):
                return True
            record_id = resource.identify(summary)
            revision = resource.revision(summary) if resource.revision else digest(canonical(summary))
        except UNREADABLE as error:
            self.ledger.gap(unreadable(resource.listing.operation, error))
            return False
        if resource.transient:
            self._steps.setdefault(resource.kind, []).append(self._step(resource.kind, record_id, summary))
            return True
        kept = self.kept(resource.kind, record_id)
        one = _Wanted(summary, revision, kept)
        if kept is not None and kept.revision == revision and self._still_holds(resource, kept):
            self.reuse(kept)
        elif resource.bulk is not None:
            wanted[record_id] = one
        else:
            self._read(resource, record_id, one, None)
        return True

    def _still_holds(self, resource: Resource, kept: Record) -> bool:
        return not resource.volatile or resource.final(kept.body)

    def _read_all(self, resource: Resource, wanted: dict[str, _Wanted]) -> None:
        """Reads every record that is wanted: many at once as far as that goes, the rest one by one."""
        if resource.bulk is not None and wanted and resource.bulk.operation not in self._refused_bulk:
            try:
                self._read_many(resource, resource.bulk, wanted)
            except Trouble as trouble:
                if trouble.meaning in ("denied", "unsupported"):
                    self._refused_bulk.add(resource.bulk.operation)
                self.ledger.skip(trouble.operation, f"{trouble.code}: records were described one by one")
        for record_id, one in wanted.items():
            self._read(resource, record_id, one, None)

    def _read_many(self, resource: Resource, bulk: Bulk, wanted: dict[str, _Wanted]) -> None:
        """Takes out of `wanted` what it finds; ends where going on cannot save calls."""
        worth = len(wanted) * (1 + len(bulk.brings))
        ages = [one.summary.get(bulk.order) for one in wanted.values()] if bulk.order else []
        oldest = min((age for age in ages if age), default="") if all(ages) else ""
        request = {**bulk.params, "MaxResults": bulk.page_size}
        for number, page in enumerate(self.pages(bulk.operation, request), start=1):
            age = None
            for item in page.get(bulk.items) or ():
                try:
                    body = bulk.record(item)
                    record_id = resource.identify(body)
                    age = body.get(bulk.order) if bulk.order else None
                except UNREADABLE:
                    continue  # whatever it was, if a listing shows it, it is described
                one = wanted.pop(record_id, None)
                if one is not None:
                    self._read(resource, record_id, one, body if _agree(bulk, one.summary, body) else None)
            if not wanted or number >= worth or (age and str(age)[:_SECOND] < oldest[:_SECOND]):
                return

    def _read(self, resource: Resource, record_id: str, one: _Wanted, found: Json | None) -> None:
        """One record, from what a bulk operation found of it or by its description; a failure is a gap."""
        try:
            if found is None or not self._taken(resource, record_id, one, found):
                self._describe(resource, record_id, one, found)
        except Trouble as trouble:
            if trouble.meaning != "gone":  # else it was deleted since it was listed
                self.undescribed.add((resource.kind, record_id))
                self.ledger.gap(trouble)
        except UNREADABLE as error:
            self.undescribed.add((resource.kind, record_id))
            self.ledger.gap(unreadable(resource.describe.operation if resource.describe else resource.kind, error))

    def _taken(self, resource: Resource, record_id: str, one: _Wanted, found: Json) -> bool:
        """Whether what was found is the record, or shows that the kept one still holds."""
        bulk = resource.bulk
        if bulk is None:
            return False
        others = [detail for detail in resource.details if detail.member not in bulk.brings]
        if bulk.whole(found, self) and not any(detail.when(found) for detail in others):
            self.record(resource.kind, record_id, found, revision=one.revision)
            return True
        if not bulk.shows_changes or one.kept is None or one.kept.revision != one.revision:
            return False
        clean = self._redactor.body(found)
        if any(one.kept.body.get(name) != value for name, value in clean.items() if name not in bulk.apart):
            return False
        if any(name not in clean for name in one.kept.body if name not in bulk.apart):
            return False
        self.reuse(one.kept)
        return True

    def _describe(self, resource: Resource, record_id: str, one: _Wanted, found: Json | None) -> None:
        body, revision = dict(one.summary), one.revision
        bulk = resource.bulk
        if resource.describe is not None:
            body = self.call(resource.describe.operation, resource.describe.params(one.summary))
        if bulk is not None:
            body = {name: value for name, value in body.items() if name not in bulk.drops}
        for detail in resource.details:
            if bulk is not None and found is not None and detail.member in bulk.brings:
                body[detail.member] = found[detail.member]
                continue
            if not detail.when(body):
                continue
            try:
                body[detail.member] = self._detail(detail, body)
            except Trouble as trouble:
                if trouble.meaning == "gone":
                    continue
                self.ledger.gap(trouble)
                revision = _INCOMPLETE + revision.removeprefix(_INCOMPLETE)
                if one.kept is not None and detail.member in one.kept.body:
                    body[detail.member] = one.kept.body[detail.member]
        self.record(resource.kind, record_id, body, revision=revision)

    def _detail(self, detail: Detail, body: Json) -> Any:
        request = dict(detail.params(body))
        if detail.items is None:
            answer = self.call(detail.operation, request)
            return answer if detail.part is None else answer.get(detail.part)
        if detail.page_size is not None:
            request["MaxResults"] = detail.page_size
        items = [item for page in self.pages(detail.operation, request) for item in page.get(detail.items) or ()]
        return items if detail.sort is None else sorted(items, key=lambda item: str(item[detail.sort]))

    def _step(self, kind: str, record_id: str, summary: Json) -> Record:
        account, region, source = self.partition
        return Record(
            source=source, kind=kind, id=record_id, account=account, region=region, revision="", body=dict(summary)
        )


def _fresh(record: Record) -> Record:
    """The record as seen tonight: neither stale nor gone."""
    if record.stale_since is None and record.gone_since is None:
        return record
    return Record(
        source=record.source,
        kind=record.kind,
        id=record.id,
        account=record.account,
        region=record.region,
        revision=record.revision,
        body=record.body,
    )


def _agree(bulk: Bulk, summary: Json, body: Json) -> bool:
    """Whether a bulk operation tells the state that the listing showed; it may lag behind."""
    return all(body.get(name) == value for name, value in summary.items() if name not in bulk.unshared)
