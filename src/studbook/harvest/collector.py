"""Incremental collection, under every source: pages, reuse, descriptions, failures, and what is complete afterwards.

A visit never decides that something is gone. It says which records it saw, and of which kinds (and scopes) it saw a
complete listing; `merge` draws the conclusion from that and from the last snapshot.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from studbook.aws.errors import PART_LOST, UNREADABLE, Trouble, explain, left_out, unreadable
from studbook.harvest.calls import PartitionCalls, VisitContext
from studbook.harvest.coverage import Ledger
from studbook.harvest.merge import MISSED, NOTE, SuspectListing
from studbook.harvest.partition_store import PartitionStore, Wanted
from studbook.harvest.plan import Task
from studbook.harvest.worker_pool import OrderedPool
from studbook.model import Record, canonical, digest
from studbook.model.storable import MAX_ID, ApiAnswer, Loss, storable
from studbook.redaction.redact import Redactor
from studbook.settings import Settings
from studbook.sources.interface import Bulk, Detail, Json, Resource

# Something was missing when the record was read: no listing ever equals this, so the next night reads it again.
_INCOMPLETE: Final = "incomplete:"

_REVISION = re.compile(r"(?:incomplete:)?(?:sha256:[0-9a-f]{64}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)")

_SECOND: Final = len("2026-11-22T02:00:00")
"""Milliseconds are written only where there are some, so times compare as text down to the second."""


class _Job(NamedTuple):
    """A record to be described."""

    resource: Resource
    one: Wanted
    found: Json | None
    """What a bulk operation told of it."""


@dataclass(slots=True)
class _Described:
    """What came of a job."""

    troubles: list[Trouble]
    body: dict[str, Any] | None = None
    """None: it could not be read, or was deleted since it was listed."""
    revision: str = ""

    def miss(self, troubles: Iterable[Trouble]) -> None:
        """Something of it is missing: the next night asks again."""
        for trouble in troubles:
            self.troubles.append(trouble)
            self.revision = _INCOMPLETE + self.revision.removeprefix(_INCOMPLETE)


@dataclass(slots=True)
class _Below:
    """What is known below a parent."""

    ids: list[str] = field(default_factory=list)
    settled: bool = True
    """Whether all of it is."""


_Reading = OrderedPool[_Job, _Described]


class PartitionVisit(PartitionCalls):
    """One partition being read. Implements `sources.interface.Visit`.

    It belongs to one thread. Records are described on `workers` further ones, which make calls and nothing else: what
    they bring is redacted, kept and accounted for on the visit's own.
    """

    def __init__(self, task: Task, settings: Settings, store: PartitionStore, context: VisitContext) -> None:
        super().__init__(task.partition, context, settings.patience)
        self.targets = task.targets
        self.since = task.since
        self.settings = settings
        self._workers = settings.source(task.partition.source).workers
        self._store = store
        self._progress = context.progress
        self._redactor = Redactor(settings.redact)
        self._steps: dict[str, list[Record]] = {}
        self._marks: dict[tuple[str, str], str] = {}
        self._incomplete_kinds: set[str] = set()
        self._unkept: set[str] = set()
        """Kinds of which a record came that nobody could keep: who knows which one it was."""
        self._redacted_ids: dict[tuple[str, str], str] = {}
        """By kind and what is kept: the id as it came, of the few with a secret in them."""
        self._numbers: Counter[str] = Counter()
        self._refused_bulk: set[str] = set()
        self._listings: dict[str, str] = {}
        self._only: set[str] | None = None
        self.ledger = Ledger(self._redactor)
        self.complete: set[tuple[str, str | None]] = set()

    # --- calls ---

    def call(self, operation: str, params: Json, *, service: str | None = None) -> ApiAnswer:
        return self._noting_losses(operation, self.ask(operation, params, service=service))

    def pages(
        self,
        operation: str,
        params: Json,
        *,
        tokens: Mapping[str, str] | None = None,
        service: str | None = None,
        items: str | None = None,
    ) -> Iterator[ApiAnswer]:
        for page in self.ask_pages(operation, params, tokens=tokens, service=service, items=items):
            yield self._noting_losses(operation, page)

    def _noting_losses(self, operation: str, found: ApiAnswer) -> ApiAnswer:
        for loss in found.lost:
            self.ledger.gap(left_out(operation, loss, str(loss).partition(": ")[0]))
        return found

    # --- records ---

    def kept(self, kind: str, record_id: str) -> Record | None:
        return self._store.kept(kind, self._redactor.identifier(record_id))

    def known(self, kind: str) -> Iterable[Record]:
        return list(self._store.kept_of(kind))

    def record(self, kind: str, record_id: str, body: Json, *, operation: str, revision: str | None = None) -> None:
        lost: list[Loss] = []
        try:
            self._keep(kind, record_id, storable(body, lost), revision, operation)
        except UNREADABLE as error:
            self.ledger.gap(unreadable(operation, error, _subject(kind, record_id)))
            if isinstance(record_id, str):
                self._store.unreadable(kind, self._redactor.identifier(record_id))
            self._unkept.add(kind)
        for loss in lost:
            self.ledger.gap(left_out(operation, loss, _subject(kind, record_id)))

    def _clean_id(self, kind: str, record_id: str) -> str:
        """An id without a secret. Raises ValueError where another one came to the same: two things never become one."""
        clean = self._redactor.identifier(record_id)
        if clean != record_id:
            first = self._redacted_ids.setdefault((kind, clean), record_id)
            if first.casefold() != record_id.casefold():
                raise ValueError("without the secret in it its id is another one's")
        return clean

    def _keep(self, kind: str, record_id: str, body: Json, revision: str | None, operation: str) -> None:
        """Keeps a storable body. Raises UNREADABLE where nothing can be kept under this id."""
        clean = self._redactor.body(body)
        if revision is None:
            revision = digest(canonical(clean))
        # What a listing says of a resource goes past the redactor: not a word of it may stand here.
        assert _REVISION.fullmatch(revision), "a revision is a digest or a time"
        record = Record(
            source=self.partition.source,
            kind=kind,
            id=self._clean_id(kind, _identifier(record_id)),
            account=self.partition.account,
            region=self.partition.region,
            revision=revision,
            body=clean,
        )
        self._store.add(record, f"{self.partition.source}:{operation}")
        self._see(kind)

    def reuse(self, record: Record) -> None:
        self._store.again(record)
        self._see(record.kind)

    def _see(self, kind: str) -> None:
        self._numbers[kind] += 1
        self._progress(self.partition, kind, self._numbers.total())

    def listed(self, kind: str, scope: str | None = None) -> None:
        if kind not in self._unkept:
            self.complete.add((kind, scope))
        self.ledger.answered = True

    def found(self, kind: str, record_id: str) -> Record | None:
        return self._store.seen(kind, self._redactor.identifier(record_id))

    def none_of(self, kind: str) -> bool:
        return (kind, None) in self.complete and not self._numbers[kind]

    def says(self, kind: str, member: str) -> bool:
        return self._store.says(kind, f'"{member}":')

    def wrote(self) -> None:
        self._store.note_write()

    def gap(self, trouble: Exception, subject: str | None = None) -> None:
        operation = getattr(self._asked, "operation", self.partition.source)
        unread = isinstance(trouble, UNREADABLE)
        self.ledger.gap(unreadable(operation, trouble, subject) if unread else explain(trouble, operation))

    def skip(self, operation: str, message: str) -> None:
        self.ledger.skip(operation, message)

    # --- declared types ---

    def ask_again(self, listings: Collection[tuple[str, str | None]]) -> None:
        """Of declared types the next collection lists these kinds alone; what they said before does not count."""
        self.complete = {one for one in self.complete if one not in listings and (one[0], None) not in listings}
        self._only = {kind for kind, _ in listings}

    def note_suspect(self, one: SuspectListing) -> None:
        """A gap for a listing that lacks too much to be believed at once."""
        lacks = f"it lacks {one.lost} of {one.known} known records, twice; they are gone when the next night agrees"
        subject = " ".join(filter(None, (one.kind, one.scope)))
        operation = self._listings.get(one.kind, one.kind)
        self.ledger.gap(Trouble("lost", operation, "TooMuchGone", lacks, subject=subject))

    def resource(self, resource: Resource) -> None:
        self._listings[resource.kind] = resource.listing.operation
        if self._only is not None and resource.kind not in self._only:
            return
        if not resource.where(self) and next(self._store.known_of(resource.kind), None) is None:
            return
        complete, scopes = True, []
        below = self._below(resource)
        with OrderedPool(self._workers, self._describe, self._described) as readers:
            for parent in self._parents(resource):
                if parent is not None and resource.listing.parent_params is not None:
                    named = resource.listing.parent_params(parent)
                    if named is None:
                        continue
                else:
                    named = {}
                if parent is not None and self._nothing_new(resource, parent, below.get(parent.id)):
                    scopes.append(parent.id)
                    continue
                variants = resource.listing.variants
                ends = [self._list(resource, parent, {**variant, **named}, readers) for variant in variants]
                complete = complete and all(ends)
                if all(ends) and parent is not None:
                    scopes.append(parent.id)
            self._read_all(resource, readers)
        # Only now: a visit that ends while records are read must not make those gone that were not reached.
        for scope in scopes:
            self.listed(resource.kind, scope)
        if resource.listing.parent in self._incomplete_kinds or self._unreadable_parents(resource):
            complete = False
        if complete:
            self.listed(resource.kind)
        else:
            self._incomplete_kinds.add(resource.kind)
        if resource.listing.settled is not None:
            self._seal(resource, scopes, complete=complete)

    # Of a parent that has a mark, a record of a kind of its own says at which mark all below it was read. No source
    # reads it: it is this engine's own note.

    def _below(self, resource: Resource) -> Mapping[str, _Below]:
        """What is known and alive of a type, by parent, where that may save a parent's listing."""
        below: dict[str, _Below] = {}
        settled, parent_of = resource.listing.settled, resource.listing.parent_of
        if settled is not None and parent_of is not None:
            for record in self._store.kept_of(resource.kind):
                found = below.setdefault(parent_of(record) or "", _Below())
                found.ids.append(record.id)
                found.settled &= settled(record.body) and not record.revision.startswith(_INCOMPLETE)
        return below

    def _nothing_new(self, resource: Resource, parent: Record, below: _Below | None) -> bool:
        """Whether a parent's listing would show what is known and nothing else; what is known is then reused."""
        mark = self._marks.get((parent.kind, parent.id))
        if resource.listing.settled is None or mark is None or (below is not None and not below.settled):
            return False
        note = self.kept(_note(resource), parent.id)
        if note is None or note.gone_since is not None or note.revision != mark:
            return False
        for record_id in below.ids if below is not None else ():
            if (record := self.kept(resource.kind, record_id)) is not None:
                self.reuse(record)
        return True

    def _seal(self, resource: Resource, scopes: list[str], *, complete: bool) -> None:
        """Notes of each parent that all below it was read, if it was."""
        parent_of = resource.listing.parent_of
        if parent_of is None:
            return
        unread = {parent_of(self._step(resource.kind, one, {})) for one in self._store.unread_ids(resource.kind)}
        for parent in scopes:
            mark = self._marks.get((resource.listing.parent or "", parent))
            if mark is not None and parent not in unread:
                self.record(_note(resource), parent, {}, operation=resource.listing.operation, revision=mark)
        if complete:
            self.listed(_note(resource))

    def _parents(self, resource: Resource) -> Iterator[Record | None]:
        """The records to list under: what was seen, and what nobody could read or a broken listing may have missed."""
        kind = resource.listing.parent
        if kind is None:
            yield None
            return
        steps = {record.id: record for record in self._steps.get(kind, ())}
        found = {*steps, *self._store.seen_ids(kind)}
        if kind in self._incomplete_kinds:
            found.update(self._store.known_ids(kind))
        else:
            found.update(self._store.unread_ids(kind))
        for record_id in sorted(found):
            known = self._store.seen(kind, record_id) or steps.get(record_id) or self._store.known(kind, record_id)
            if known is not None:
                yield known

    def _unreadable_parents(self, resource: Resource) -> bool:
        """Whether a parent was listed that nobody could read, tonight or ever: what is below it was not listed."""
        kind = resource.listing.parent
        return kind is not None and any(self._store.known(kind, one) is None for one in self._store.unread_ids(kind))

    def _list(self, resource: Resource, parent: Record | None, named: Json, readers: _Reading) -> bool:
        """One listing; whether it came to its end and every summary could be read."""
        listing = resource.listing
        readable = True
        request: dict[str, Any] = {**listing.params, **named}
        if listing.page_size is not None:
            request[listing.page_param] = listing.page_size
        tokens = {listing.token: listing.token}
        try:
            for number, page in enumerate(
                self.ask_pages(listing.operation, request, tokens=tokens, items=listing.items), start=1
            ):
                jobs: list[_Job] = []
                for loss in page.lost:
                    if loss.path[0] != listing.items:  # a page token, say: nobody knows what follows
                        self.ledger.gap(left_out(listing.operation, loss, resource.kind))
                        readable = False
                with self._store.at_once():
                    for index, summary in enumerate(page[listing.items]):
                        place = f"{listing.items}[{index}]" + (f" of page {number}" if number > 1 else "")
                        readable &= self._one(resource, summary, place, page.lost_at(listing.items, index), jobs)
                for job in jobs:
                    readers.submit(job)
        except Trouble as trouble:
            if trouble.meaning == "gone" and parent is not None and _denotes(named, parent.id):
                return True  # the parent was deleted since it was listed, and all below it
            self.ledger.gap(trouble)
            return False
        return readable

    def _one(self, resource: Resource, summary: dict[str, Any], place: str, lost: list[Loss], jobs: list[_Job]) -> bool:
        """What becomes of one summary, a job perhaps; False where nobody can tell which record it is."""
        operation = resource.listing.operation
        try:
            if not isinstance(summary, dict):
                raise TypeError("it is no object")
            if not resource.keep(summary):
                return True
            record_id = self._clean_id(resource.kind, _arn(resource.identify(summary)))
            revision = _revision(resource.revision(summary)) if resource.revision else digest(canonical(summary))
            mark = _revision(resource.mark(summary)) if resource.mark is not None else None
        except UNREADABLE as error:
            self.ledger.gap(unreadable(operation, error, f"{resource.kind} {place}"))
            return False
        for loss in lost:
            self.ledger.gap(left_out(operation, loss, _subject(resource.kind, record_id)))
        if mark is not None:
            self._marks[resource.kind, record_id] = mark
        if resource.transient:
            self._steps.setdefault(resource.kind, []).append(self._step(resource.kind, record_id, summary))
            return True
        kept = self.kept(resource.kind, record_id)
        one = Wanted(record_id, revision, summary)
        if kept is not None and kept.revision.removeprefix(MISSED) == revision and self._still_holds(resource, kept):
            self.reuse(kept if kept.revision == revision else replace(kept, revision=revision))
        elif resource.bulk is not None:
            self._store.enqueue(one, summary.get(resource.bulk.order) if resource.bulk.order else None)
        else:
            jobs.append(_Job(resource, one, None))
        return True

    def _still_holds(self, resource: Resource, kept: Record) -> bool:
        return not resource.volatile or resource.final(kept.body)

    def _read_all(self, resource: Resource, readers: _Reading) -> None:
        """Reads every record that is wanted: many at once as far as that goes, the rest one by one."""
        bulk = resource.bulk
        if bulk is not None and bulk.operation not in self._refused_bulk:
            try:
                self._read_many(resource, bulk, readers)
            except Trouble as trouble:
                if trouble.meaning in ("denied", "unsupported"):
                    self._refused_bulk.add(bulk.operation)
                self.ledger.skip(trouble.operation, f"{trouble.code}: records were described one by one")
        for one in self._store.take_all():
            readers.submit(_Job(resource, one, None))

    def _read_many(self, resource: Resource, bulk: Bulk, readers: _Reading) -> None:
        """Takes from the wanted what it finds; ends where going on cannot save calls."""
        wanted, oldest = self._store.wanted()
        worth = wanted * (1 + len(bulk.brings))
        if not wanted:
            return
        request = {**bulk.params, "MaxResults": bulk.page_size}
        for number, page in enumerate(self.ask_pages(bulk.operation, request, items=bulk.items), start=1):
            age = None
            jobs: list[_Job] = []
            with self._store.at_once():
                for index, item in enumerate(page[bulk.items]):
                    if page.lost_at(bulk.items, index):
                        continue
                    try:
                        body = bulk.record(item)
                        record_id = self._redactor.identifier(_identifier(resource.identify(body)))
                        age = body.get(bulk.order) if bulk.order else None
                    except UNREADABLE:
                        continue  # whatever it was, if a listing shows it, it is described
                    one = self._store.dequeue(record_id)
                    if one is not None:
                        wanted -= 1
                        found = body if _agree(bulk, one.summary, body) else None
                        if found is None or not self._taken(resource, bulk, one, found):
                            jobs.append(_Job(resource, one, found))
            for job in jobs:
                readers.submit(job)
            if not wanted or number >= worth or (age and str(age)[:_SECOND] < oldest[:_SECOND]):
                return

    def _taken(self, resource: Resource, bulk: Bulk, one: Wanted, found: Json) -> bool:
        """Whether what was found is the record, or shows that the kept one still holds."""
        others = [detail for detail in resource.details if detail.member not in bulk.brings]
        try:
            if bulk.whole(found, self) and not any(detail.when(found) for detail in others):
                self._keep(resource.kind, one.id, found, one.revision, bulk.operation)
                return True
            kept = self.kept(resource.kind, one.id) if bulk.shows_changes else None
            if kept is None or kept.revision != one.revision:
                return False
            clean = self._redactor.body(found)
        except UNREADABLE:
            return False
        if any(kept.body.get(name) != value for name, value in clean.items() if name not in bulk.apart):
            return False
        if any(name not in clean for name in kept.body if name not in bulk.apart):
            return False
        self.reuse(kept)
        return True

    def _describe(self, job: _Job) -> _Described:
        """One record by its description and its details; on any thread."""
        resource, one, _ = job
        came = _Described([], revision=one.revision)
        try:
            came.body = self._body(job, came)
        except Trouble as trouble:
            if trouble.meaning != "gone":
                came.troubles.append(trouble)
            elif not _asked_by_name(resource, one):  # else it was deleted since it was listed
                came.troubles.append(trouble.about(_subject(resource.kind, one.id)))
        except UNREADABLE as error:
            came.troubles.append(unreadable(_operation(resource), error, _subject(resource.kind, one.id)))
        return came

    def _asked_for(self, came: _Described, job: _Job, operation: str, params: Json) -> ApiAnswer:
        """An answer of which every missing value is accounted for, and asked for again the next night."""
        found = self.ask(operation, params)
        came.miss(left_out(operation, loss, _subject(job.resource.kind, job.one.id)) for loss in found.lost)
        return found

    def _body(self, job: _Job, came: _Described) -> dict[str, Any]:
        resource, one, found = job
        body = one.summary
        bulk = resource.bulk
        if resource.describe is not None and resource.describe.when(one.summary):
            params = resource.describe.params(one.summary)
            body = dict(resource.describe.trim(self._asked_for(came, job, resource.describe.operation, params)))
        if bulk is not None:
            body = {name: value for name, value in body.items() if name not in bulk.drops}
        for detail in resource.details:
            if bulk is not None and found is not None and detail.member in bulk.brings:
                body[detail.member] = found[detail.member]
                continue
            if not detail.when(body):
                continue
            try:
                body[detail.member] = self._detail(detail, body, job, came)
            except PART_LOST as error:
                if isinstance(error, Trouble) and error.meaning == "gone":
                    continue
                subject = _subject(resource.kind, one.id)
                came.miss([error if isinstance(error, Trouble) else unreadable(detail.operation, error, subject)])
                kept = self.kept(resource.kind, one.id)
                if kept is not None and detail.member in kept.body:
                    body[detail.member] = kept.body[detail.member]
        return body

    def _described(self, number: int, job: _Job, came: _Described) -> None:
        """What was described is kept, and what failed accounted for."""
        kind, record_id = job.resource.kind, job.one.id
        try:
            if came.body is not None:
                self._same(job, came.body)
                self._keep(kind, record_id, came.body, came.revision, _brought_by(job))
        except UNREADABLE as error:
            came.body = None
            came.troubles.append(unreadable(_operation(job.resource), error, _subject(kind, record_id)))
        for trouble in came.troubles:
            self.ledger.gap(trouble, number)
        if came.body is None and came.troubles:
            self._store.unreadable(kind, record_id)

    def _same(self, job: _Job, body: Json) -> None:
        """Raises ValueError where a description says of itself that it is another thing's."""
        try:
            told = job.resource.identify(body)
        except UNREADABLE:
            return  # it does not say
        if isinstance(told, str) and self._redactor.identifier(told).lower() != job.one.id.lower():
            raise ValueError("it describes another one")

    def _detail(self, detail: Detail, body: Json, job: _Job, came: _Described) -> Any:
        request = dict(detail.params(body))
        if detail.items is None:
            answer = detail.trim(self._asked_for(came, job, detail.operation, request))
            return answer if detail.part is None else answer.get(detail.part)
        if detail.page_size is not None:
            request["MaxResults"] = detail.page_size
        items = []
        for page in self.ask_pages(detail.operation, request, items=detail.items):
            came.miss(left_out(detail.operation, loss, _subject(job.resource.kind, job.one.id)) for loss in page.lost)
            items += [detail.trim(item) for item in page[detail.items] if item is not None]
        return items if detail.sort is None else sorted(items, key=lambda item: str(item[detail.sort]))

    def _step(self, kind: str, record_id: str, summary: Json) -> Record:
        account, region, source = self.partition
        return Record(
            source=source, kind=kind, id=record_id, account=account, region=region, revision="", body=dict(summary)
        )


def _subject(kind: str, record_id: object) -> str:
    return f"{kind} {record_id}"


def _denotes(request: Json, record_id: str) -> bool:
    """Whether a request asks for what an ARN names: other members of a listing may contradict it."""
    names = [value for member, value in request.items() if member != "IncludedData"]
    known = record_id.lower()
    return all(isinstance(name, str) and re.split("[:/]", name)[-1].lower() in known for name in names)


def _asked_by_name(resource: Resource, one: Wanted) -> bool:
    """Whether a description was asked for what the listing's ARN names: another thing's absence says nothing."""
    asked = resource.describe.params(one.summary) if resource.describe is not None else {}
    return _denotes(asked, str(resource.identify(one.summary)))


def _identifier(value: object) -> str:
    """What identifies a record, as it came. Raises TypeError, ValueError for what cannot."""
    if not isinstance(value, str):
        raise TypeError("what identifies it is no text")
    if not 0 < len(value) <= MAX_ID:
        raise ValueError(f"what identifies it has {len(value):,} characters")
    return value


def _arn(value: object) -> str:
    """What identifies a resource of AWS; a number that became text, say, does not."""
    found = _identifier(value)
    if not found.startswith("arn:"):
        raise ValueError("what identifies it is no ARN")
    return found


def _revision(text: str) -> str:
    """A listing's word for a state as a digest, unless it is a time: the words themselves are not kept."""
    return text if _REVISION.fullmatch(text) else digest(canonical(text))


def _note(resource: Resource) -> str:
    return resource.kind + NOTE


def _agree(bulk: Bulk, summary: Json, body: Json) -> bool:
    """Whether a bulk operation tells the state that the listing showed; it may lag behind."""
    return all(body.get(name) == value for name, value in summary.items() if name not in bulk.unshared)


def _brought_by(job: _Job) -> str:
    """The operation whose answer is the record; a detail's is a member of it."""
    describe = job.resource.describe
    return describe.operation if describe and describe.when(job.one.summary) else job.resource.listing.operation


def _operation(resource: Resource) -> str:
    return resource.describe.operation if resource.describe else resource.kind
