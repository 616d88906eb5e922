"""API client of one partition: calls that are paced, counted, renewed when a session ends, given up when denied.

Nothing here knows of records; `collector` puts listings and descriptions together from these calls.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from botocore import xform_name

from studbook.aws.errors import Trouble, explain
from studbook.aws.pages import follow
from studbook.aws.sessions import Sessions, Signer
from studbook.aws.transport import end_at
from studbook.model import Partition
from studbook.model.storable import ApiAnswer, answer
from studbook.settings import Patience
from studbook.sources.interface import Json

T = TypeVar("T")

_REVOKED: Final = "explicit deny in an identity-based policy"

_PATIENCE: Final = 5
"""After so many denials of one operation without one success, it is not asked again in this visit."""


class Stopped(Exception):  # noqa: N818 - not an error: somebody pressed Ctrl-C
    """The harvest was asked to end."""


class VisitEnded(Exception):  # noqa: N818 - a word of the domain, as Trouble
    """No further call of this partition can succeed."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class VisitContext:
    """What all visits of one process share."""

    sessions: Sessions
    stop: threading.Event = field(default_factory=threading.Event)
    """Set: every visit is to end, by Stopped."""
    progress: Callable[[Partition, str, int], None] = lambda *_: None
    """Is told of each record: its partition and kind, and how many the partition has by now."""


class PartitionCalls:
    """What a partition is asked, by as many threads as like to. The half of a visit that makes calls."""

    def __init__(self, partition: Partition, context: VisitContext, patience: Patience) -> None:
        self.partition = partition
        self._sessions = context.sessions
        self._stop = context.stop
        self._patience = patience
        self._ends = time.monotonic() + patience.visit_seconds
        self._refusals: Counter[str] = Counter()
        self._answered: set[str] = set()
        self._gates: dict[str, threading.Lock] = {}
        self._down = False
        self._revoked: Any = None
        self._asked = threading.local()
        """The operation that a thread asked for last."""

    def ask(self, operation: str, params: Json, *, service: str | None = None) -> ApiAnswer:
        """The operation's answer, storable, without response metadata, and what is missing of it."""
        return self._ask(operation, params, service or self.partition.source, _storable)

    def ask_pages(
        self,
        operation: str,
        params: Json,
        *,
        tokens: Mapping[str, str] | None = None,
        service: str | None = None,
        items: str | None = None,
    ) -> Iterator[ApiAnswer]:
        """Page after page, as `aws.pages.follow`; `items` is the list that every page has, be it empty. Raises
        Trouble."""

        def call(request: Json) -> ApiAnswer:
            return self.ask(operation, request, service=service)

        return follow(call, operation, params, tokens, most=self._patience.pages, items=items)

    def fetch(self, params: Json, limit: int) -> tuple[dict[str, Any], bytes]:
        """S3's GetObject: what it says of the object, and at most `limit` + 1 of its bytes. Raises Trouble."""

        def read(found: Any) -> tuple[dict[str, Any], bytes]:
            return _storable(found), found["Body"].read(limit + 1)

        return self._ask("GetObject", params, "s3", read)

    def _ask(self, operation: str, params: Json, service: str, read: Callable[[Any], T]) -> T:
        self._asked.operation = operation
        if operation in self._answered:
            return self._call(operation, params, service, read)
        # Until it was answered once, one at a time: so many denials are enough, however many threads ask.
        with self._gates.setdefault(operation, threading.Lock()):
            return self._call(operation, params, service, read)

    def _call(self, operation: str, params: Json, service: str, read: Callable[[Any], T]) -> T:
        refused = self._refusals[operation]
        if refused >= _PATIENCE and operation not in self._answered:
            raise Trouble("denied", operation, "NotAskedAgain", f"denied {_PATIENCE} times and never allowed")
        down = self._down
        try:
            answer = self._send(service, operation, params, read)
        except Trouble as trouble:
            if trouble.meaning == "denied":
                self._refusals[operation] += 1
            elif trouble.code == "SlowAnswer" and time.monotonic() >= self._ends:
                self._go_on(operation)
            elif trouble.ends_visit or (trouble.meaning == "network" and down):
                raise VisitEnded(trouble) from trouble
            elif trouble.meaning == "network":
                self._down = True
            raise
        self._answered.add(operation)
        self._down = False
        return answer

    def _send(
        self, service: str, operation: str, params: Json, read: Callable[[Any], T], *, renewed: bool = False
    ) -> T:
        self._go_on(operation)
        account, region, _ = self.partition
        self._sessions.confirm(account)
        client = self._sessions.client(account, region, service)
        try:
            return read(getattr(client, xform_name(operation))(**params))
        except Exception as error:
            trouble = explain(error, operation)
            if not renewed and (trouble.meaning == "expired" or self._may_be_revoked(trouble, client)):
                self._sessions.renew(account, client)
                return self._send(service, operation, params, read, renewed=True)
            raise trouble from error

    def _may_be_revoked(self, trouble: Trouble, client: Any) -> bool:
        """Whether a new session may be allowed what this one is not: AWS revokes sessions by a policy that denies all
        to the older ones. Of one session in a visit, since it may as well be a denial like any other."""
        if trouble.meaning != "denied" or _REVOKED not in trouble.message:
            return False
        self._revoked = self._revoked or client
        return self._revoked is client

    def _go_on(self, operation: str) -> None:
        """Raises Stopped, or VisitEnded when the visit has taken all of its time."""
        if self._stop.is_set():
            raise Stopped
        if time.monotonic() > self._ends:
            message = f"the visit took more than {self._patience.visit_seconds:g} seconds (patience.visit_seconds)"
            raise VisitEnded(Trouble("limit", operation, "VisitTooLong", message))
        end_at(self._ends)

    def renew(self, access_key: str) -> None:
        """Begins a new session in the place of the one with this access key, which was refused."""
        self._sessions.renew_signer(self.partition.account, access_key)

    def signer(self, region: str) -> Signer | None:
        """Signs requests in a region as the partition's account; None of a partition of no account."""
        if self.partition.account is None:
            return None
        return self._sessions.signer(self.partition.account, region)

    def spend(self, operation: str) -> None:
        """Waits until one more call of an operation fits the pace, and counts it. Raises Stopped, and VisitEnded
        when the visit has taken all of its time."""
        self._asked.operation = operation.removeprefix(f"{self.partition.source}:")
        self._go_on(self._asked.operation)
        account, region, source = self.partition
        self._sessions.pace(account, region, source, operation).take()
        self._sessions.tally(account, region, source).add(operation)

    def throttled(self, operation: str) -> None:
        """Says that a call of an operation was refused for being one too many: its pace slows down."""
        self._sessions.pace(*self.partition, operation).throttled()


def _storable(found: Mapping[str, Any]) -> ApiAnswer:
    return answer({name: value for name, value in found.items() if name != "ResponseMetadata"})
