"""`studbook export markdown`: findings as GitHub-flavoured Markdown, for a pull request, a job's summary or a chat.

What strangers named stands in code spans, where nothing acts on it: no link, no mention, no HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from studbook.exports.interface import Export, Subject
from studbook.model import Finding
from studbook.rules import LEVELS
from studbook.words import shown


def write(subject: Subject) -> Iterator[bytes]:
    """A table for each level, gravest first, then what is waived; UTF-8."""
    found = list(subject.findings)
    waived = [one for one in found if one.waived is not None]
    counts = [(level, [one for one in found if one.level == level and one.waived is None]) for level in LEVELS]
    told = [f"{len(several)} {level}{'' if len(several) == 1 else 's'}" for level, several in counts]
    when = f"snapshot {subject.envelope.number} ({subject.envelope.taken_at})"
    yield f"## Findings of {when}\n\n{', '.join(told)}, {len(waived)} waived\n".encode()
    for level, several in counts:
        if several:
            yield f"\n### {level.capitalize()}s\n\n".encode()
            yield from _table(("rule", "finding", "since", "id"), map(_row, several))
    if waived:
        yield b"\n### Waived\n\n"
        yield from _table(
            ("rule", "finding", "who", "why", "until", "id"),
            (
                (one.rule, one.message, one.waived.who, one.waived.why, one.waived.until, one.id)
                for one in waived
                if one.waived is not None
            ),
        )


def _row(finding: Finding) -> Sequence[str]:
    since = "" if finding.first_seen is None else f"snapshot {finding.first_seen}"
    return (finding.rule, finding.message, since, finding.id)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    yield f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n".encode()
    for row in rows:
        yield f"| {' | '.join(map(code, row))} |\n".encode()


def code(text: str) -> str:
    """A code span in a table's cell that holds the text, whatever it is; empty for an empty text."""
    line = " ".join(shown(text).split())
    if not line:
        return ""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if "`" in (line[0], line[-1]) else ""
    inside = line.replace("|", "\\|")
    return f"{fence}{pad}{inside}{pad}{fence}"


EXPORT = Export("markdown", "findings as Markdown, for a pull request or a chat", write, file="findings.md")
