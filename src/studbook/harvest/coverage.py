"""Coverage report of one partition: what was asked, what came of it, what could not be seen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from studbook.aws.errors import Trouble, meaning_of
from studbook.model import Coverage, Gap, Partition
from studbook.model.coverage import SKIPPED, Status
from studbook.redaction.redact import Redactor
from studbook.sources import Unread

# What AWS answers to good credentials in a region that the account has not opted into.
_DISABLED = frozenset({"UnrecognizedClientException", "InvalidClientTokenId", "OptInRequired"})

_NAMED: Final = 100
"""Of an operation's losses of one code so many have a gap each; how many more there are is one more."""

Key = tuple[str, str, str | None]


class Ledger:
    """Collects gaps while a partition is visited; equal failures are one gap that says how often.

    What concerns one record or place has a gap of its own that names it.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._first: dict[Key, tuple[int, str]] = {}
        self._times: Counter[Key] = Counter()
        self._named: Counter[tuple[str, str]] = Counter()
        self._off: list[Gap] = []
        self.answered = False
        """Whether at least one listing came to its end."""

    def gap(self, trouble: Trouble, number: int = 0) -> None:
        """Notes a failure. Of equal ones the first speaks; `number` says which that is where calls run at once."""
        code = trouble.code if meaning_of(trouble.code) else self._redactor.text(trouble.code)
        subject, message = trouble.subject, self._redactor.text(trouble.message)
        if subject is not None:
            subject = self._redactor.identifier(subject)
            message = f"{subject}: {message}"
        key = (trouble.operation, code, subject)
        if subject is not None and key not in self._first:
            self._named[key[:2]] += 1
            if self._named[key[:2]] > _NAMED:
                key, message = (*key[:2], None), f"{code} of more records than are named"
        if key not in self._first or number < self._first[key][0]:
            self._first[key] = (number, message)
        self._times[key] += 1

    def skip(self, operation: str, message: str) -> None:
        """Something that is switched off: said, but no failure."""
        self._off.append(Gap(operation=operation, code=SKIPPED, message=self._redactor.text(message)))

    def skip_if_disabled(self, region: str) -> None:
        """Turns the refusal of a region that the account has not enabled into a skip; for sweeps over all accounts."""
        if self._first and not self.answered and all(code in _DISABLED for _, code, _ in self._first):
            self._first.clear()
            self.skip("region", f"{region} is not enabled in this account")

    @property
    def status(self) -> Status:
        """`partial` or `failed` where there are failures, by whether anything was answered; else `complete`,
        `skipped` or `quiet`."""
        if self._first:
            return "partial" if self.answered else "failed"
        if self.answered:
            return "complete"
        return "skipped" if self._off else "quiet"

    def coverage(self, partition: Partition, *, records: int, calls: Mapping[str, int]) -> Coverage:
        """The partition's row of the snapshot's envelope; `calls` are requests by `service:Operation`."""
        gaps = [
            Gap(operation=key[0], code=key[1], message=_times(message, self._times[key]))
            for key, (_, message) in self._first.items()
        ]
        return Coverage(
            account=partition.account,
            region=partition.region,
            source=partition.source,
            status=self.status,
            records=records,
            requests=sum(calls.values()),
            redacted=self._redactor.count,
            calls=dict(sorted(calls.items())),
            gaps=tuple(sorted([*gaps, *self._off])),
        )


def seen_whole(coverage: Iterable[Coverage], what: str) -> str:
    """`72 of 2000 sources whole, 1928 quiet`: how much was asked and answered, in words."""
    asked = [row for row in coverage if row.status != "skipped"]
    quiet = sum(row.status == "quiet" and row.listed_at is not None for row in asked)
    whole = sum(row.status in ("complete", "quiet") for row in asked) - quiet
    several = "source" if len(asked) == 1 else "sources"
    return f"{whole} of {len(asked)} {several} {what}" + (f", {quiet} quiet" if quiet else "")


_UNREAD: Final = "UnreadRecord"


def with_unread(
    coverage: Iterable[Coverage], unread: Iterable[Unread] | None, before: Iterable[Coverage], redactor: Redactor
) -> tuple[Coverage, ...]:
    """The rows with a gap for every record that nobody could read: it was seen, and says nothing.

    None: the same as `before`, since the same program read the same records.
    """
    gaps: defaultdict[Partition, list[Gap]] = defaultdict(list)
    if unread is None:
        for row in before:
            gaps[row.partition] += [gap for gap in row.gaps if gap.code == _UNREAD]
    for partition, kind, record_id, why in sorted(set(unread or ()), key=lambda one: one[1:]):
        if len(gaps[partition]) < _NAMED:
            message = Trouble("lost", kind, _UNREAD, redactor.text(why), subject=f"{kind} {record_id}")
            gaps[partition].append(Gap(operation=kind, code=_UNREAD, message=f"{message.subject}: {message.message}"))
    return tuple(_with(row, gaps[row.partition]) for row in coverage)


def _with(row: Coverage, unread: list[Gap]) -> Coverage:
    others = [gap for gap in row.gaps if gap.code != _UNREAD]
    if len(others) == len(row.gaps) and not unread:
        return row
    status = row.status
    if unread and status in ("complete", "quiet"):
        status = "partial"
    elif not unread and status == "partial" and all(gap.code == SKIPPED for gap in others):
        status = "complete" if row.requests else "quiet"
    return replace(row, status=status, gaps=tuple(sorted([*others, *unread])))


def _times(message: str, times: int) -> str:
    return message if times == 1 else f"{message} ({times} times)"
