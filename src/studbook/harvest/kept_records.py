"""Records kept under other rules: what a rule or a known form that came later covers is taken out of them as well.

A finished job is not described again, so what was kept of it passes the redactor once more when the configuration or
the program is another one than the last snapshot's. What older snapshots hold stays there: they are never rewritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from studbook.redaction.redact import Redactor
from studbook.settings import Redact
from studbook.store.chunks import RECORDS


class RedactedLines(Iterable[bytes]):
    """Stored records by today's rules, gone through anew each time."""

    def __init__(self, lines: Iterable[bytes], rules: Redact) -> None:
        self._lines, self._rules = lines, rules
        self.count = 0
        """How many values were taken out, as of the last time that all were gone through."""

    def __iter__(self) -> Iterator[bytes]:
        redactor = Redactor(self._rules)
        for line in self._lines:
            record = RECORDS.row(line)
            clean = redactor.record(record)
            yield line if clean is record else RECORDS.line(clean)
        self.count = redactor.count
