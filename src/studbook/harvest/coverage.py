"""The account of one partition: what was asked, what came of it, what could not be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from studbook.aws.errors import Trouble
from studbook.harvest.redact import Redactor
from studbook.model import Coverage, Gap, Partition
from studbook.model.coverage import Status

# What AWS answers to good credentials in a region that the account has not opted into.
_DISABLED = frozenset({"UnrecognizedClientException", "InvalidClientTokenId", "OptInRequired"})


class Ledger:
    """Collects gaps while a partition is visited; equal failures are one gap that says how often."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._first: dict[tuple[str, str], tuple[int, str]] = {}
        self._times: Counter[tuple[str, str]] = Counter()
        self._off: list[Gap] = []
        self.answered = False
        """Whether at least one listing came to its end."""

    def gap(self, trouble: Trouble, number: int = 0) -> None:
        """Notes a failure. Of equal ones the first speaks; `number` says which that is where calls run at once."""
        key = (trouble.operation, trouble.code)
        if key not in self._first or number < self._first[key][0]:
            self._first[key] = (number, self._redactor.text(trouble.message))
        self._times[key] += 1

    def skip(self, operation: str, message: str) -> None:
        """Something that is switched off: said, but no failure."""
        self._off.append(Gap(operation=operation, code="Skipped", message=self._redactor.text(message)))

    def skip_if_disabled(self, region: str) -> None:
        """Turns the refusal of a region that the account has not enabled into a skip; for sweeps over all accounts."""
        if self._first and not self.answered and all(code in _DISABLED for _, code in self._first):
            self._first.clear()
            self.skip("region", f"{region} is not enabled in this account")

    @property
    def status(self) -> Status:
        if self._first:
            return "partial" if self.answered else "failed"
        return "skipped" if self._off and not self.answered else "complete"

    def coverage(self, partition: Partition, *, records: int, calls: Mapping[str, int]) -> Coverage:
        """The row of the snapshot's envelope."""
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
            gaps=tuple(sorted([*gaps, *self._off], key=lambda gap: (gap.operation, gap.code, gap.message))),
        )


def _times(message: str, times: int) -> str:
    return message if times == 1 else f"{message} ({times} times)"
