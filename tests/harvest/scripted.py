"""AWS as a script: answers by operation, in process, so that a test says exactly what the service said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from studbook.aws.pacing import Pace
from studbook.aws.sessions import Tally
from studbook.harvest.calls import VisitContext
from studbook.harvest.collector import PartitionVisit
from studbook.harvest.journal import Journal
from studbook.harvest.plan import Task
from studbook.model import Facts, Partition, Record
from studbook.settings import Settings
from studbook.sources.interface import Describe, Listing, Resource
from studbook.store.chunks import RECORDS

HERE = Partition("111111111111", "us-west-2", "sagemaker")


def refused(code: str, message: str = "no", operation: str = "Op") -> ClientError:
    """What botocore raises for an error answer."""
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}, operation)


class ScriptedSessions:
    """Stands in for `aws.sessions.Sessions`: the script has an answer, an error, a function, or a list of them."""

    def __init__(self, script: Mapping[str, Any]) -> None:
        self.script = {name: list(said) if isinstance(said, list) else said for name, said in script.items()}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.renewals = 0

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]

    def confirm(self, account: str | None) -> None: ...

    def client(self, account: str | None, region: str | None, service: str) -> Any:
        return _Client(self)

    def release(self, account: str | None, region: str | None, service: str) -> None: ...

    def renew(self, account: str | None, stale: Any) -> None:
        self.renewals += 1

    def renew_signer(self, account: str | None, stale: str) -> None:
        self.renewals += 1

    def pace(self, account: str | None, region: str | None, api: str, operation: str) -> Pace:
        return Pace(1e9)

    def signer(self, account: str | None, region: str) -> Any:
        def sign(method: str, url: str, headers: Mapping[str, str], body: bytes, name: str) -> dict[str, str]:
            return {**headers, "Authorization": f"{account} {region} {name}"}

        return sign

    def tally(self, account: str | None, region: str | None, service: str) -> Tally:
        return Tally()

    def answer(self, operation: str, params: dict[str, Any]) -> Mapping[str, Any]:
        self.asked.append((operation, params))
        said = self.script[operation]
        if isinstance(said, list):
            said = said.pop(0)
        if isinstance(said, ClientError):
            raise ClientError(said.response, operation)
        if isinstance(said, BaseException):
            raise said
        return said(**params) if callable(said) else said


class _Client:
    def __init__(self, sessions: ScriptedSessions) -> None:
        self._sessions = sessions

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = re.sub(r"(?:^|_)([a-z0-9])", lambda match: match[1].upper(), name)
        return lambda **params: self._sessions.answer(operation, params)


class ScriptedVisit(PartitionVisit):
    """A visit that shows what it has found, also once the next run has taken that over."""

    _ended: dict[tuple[str, str], Record] | None = None

    @property
    def seen(self) -> dict[tuple[str, str], Record]:
        if self._ended is not None:
            return self._ended
        return {(found.kind, found.id): found for found in self._store.records()}

    def end(self) -> None:
        self._ended = self.seen

    @property
    def undescribed(self) -> set[tuple[str, str]]:
        return set(self._store._rows("SELECT kind, id FROM unread"))


class Visits:
    """Makes visits of one catalog folder. A new visit is another run's: the one before is dead by then.

    One thread describes, so that a script's answers are given in the order of the listing.
    """

    def __init__(self, folder: Any, settings: Settings | None = None, workers: int = 1) -> None:
        self.folder = folder
        settings = settings or Settings()
        here = settings.source(HERE.source).model_copy(update={"workers": workers})
        self.settings = settings.model_copy(update={"sources": {**settings.sources, HERE.source: here}})
        self.sessions = ScriptedSessions({})
        self.journal: Journal | None = None
        self.visit: ScriptedVisit | None = None

    def __call__(
        self,
        script: Mapping[str, Any],
        *,
        known: Mapping[tuple[str, str], Record] | None = None,
        partition: Partition = HERE,
        targets: tuple[str, ...] = (),
    ) -> ScriptedVisit:
        self.sessions = ScriptedSessions(script)
        if self.visit is not None:
            self.visit.end()
        if self.journal is not None:
            self.journal.close()
        self.journal = Journal(self.folder)
        self.journal.load_previous(partition, map(RECORDS.line, (known or {}).values()))
        context = VisitContext(self.sessions)  # type: ignore[arg-type]
        task = Task(partition, targets, swept=False)
        self.visit = ScriptedVisit(task, self.settings, self.journal.store(partition), context)
        return self.visit


def nothing(record: Record) -> Facts:
    return Facts()


HERD = Resource(
    kind="cow",
    listing=Listing(operation="ListCows", items="Cows"),
    identify=lambda summary: summary["Arn"],
    describe=Describe(operation="DescribeCow", params=lambda summary: {"Name": summary["Name"]}),
    normalize=nothing,
)
"""A resource type that AWS does not have, so that no test depends on one that it has."""


def cow(name: str, **more: Any) -> dict[str, Any]:
    return {"Arn": f"arn:cow/{name}", "Name": name, **more}
