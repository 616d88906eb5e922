"""An answer as a table for people: what a terminal and a notebook show of the same rows.

Ids become handles that can be typed again. A column that says the same in every row is said once, beside the table; an
empty one is left out; rows within a row are a list of their own below it. Everything else is in the JSON form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from studbook.model.kinds import kind_words
from studbook.queries.answer import Answer, Row, Unknown

_HIDDEN: Final = frozenset({"account", "candidate", "evidence", "field"})
"""Columns for programs. What is a candidate is said beside its certainty; an account where there is no stage, and in
the handle where it must be; a field that changed is told as the event."""
_WORDS: Final = frozenset(
    {"approval", "because", "by", "certainty", "event", "metric", "note", "stage", "status", "verdict", "why"}
)
"""Columns of words, which are never ids."""


@dataclass(frozen=True, slots=True)
class SubTable:
    """Rows within a row: `shared` of a candidate."""

    row: int
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """The first rows of an answer, in words."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    same: tuple[tuple[str, str], ...]
    """Columns that say the same in every row, and what they say."""
    details: tuple[SubTable, ...]
    unknown: tuple[str, ...]


def answer_table(
    answer: Answer[Any],
    handle: Callable[[str], str],
    account_name: Callable[[str | None], str | None],
    limit: int | None = None,
) -> AnswerTable:
    """The first `limit` rows; where they are of many kinds, endpoints and models stand first.

    `handle` gives what an id is called, and any other text as it is.
    """
    words = _Words(handle, account_name)
    rows = answer.foremost(limit)
    names = [name for name in _columns(rows) if not any(_nested(getattr(row, name)) for row in rows)]
    cells = [[words.cell(name, getattr(row, name), row) for name in names] for row in rows]
    same = [len(cells) > 1 and at > 0 and len({row[at] for row in cells}) == 1 for at in range(len(names))]
    empty = [all(not row[at] for row in cells) for at in range(len(names))]
    twice = [
        any(
            _told_by(names[at], names[other]) and all(row[at] == row[other] for row in cells)
            for other in range(len(names))
        )
        for at in range(len(names))
    ]
    shown = [at for at in range(len(names)) if not (same[at] or empty[at] or twice[at])]
    return AnswerTable(
        head=tuple(_title(names[at]) for at in shown),
        rows=tuple(tuple(row[at] for at in shown) for row in cells),
        same=tuple(
            (_title(names[at]), cells[0][at]) for at in range(len(names)) if same[at] and not (empty[at] or twice[at])
        ),
        details=tuple(detail for at, row in enumerate(rows) for detail in words.details(at, row)),
        unknown=tuple(map(words.unknown, answer.unknown)),
    )


def _told_by(name: str, other: str) -> bool:
    """Whether a column says nothing where another one says the same."""
    return (name, other) in (("unit", "version"), ("asset", "what"))


def _columns(rows: Sequence[Row]) -> list[str]:
    return [field.name for field in fields(rows[0]) if field.name not in _HIDDEN] if rows else []  # type: ignore[arg-type]


def _nested(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Row)


def _title(name: str) -> str:
    return name.rstrip("_").replace("_", " ")


@dataclass(frozen=True, slots=True)
class _Words:
    handle: Callable[[str], str]
    account_name: Callable[[str | None], str | None]

    def cell(self, name: str, value: Any, row: Row) -> str:
        if name == "stage" and value is None:
            return self.account_name(getattr(row, "account", None)) or ""
        if value is None or value is False or value == ():
            return ""
        if value is True:
            return "yes"
        if name == "kind":
            return kind_words(value)
        if name == "at":
            return str(value)[:16].replace("T", " ")
        if name == "certainty" and getattr(row, "candidate", False):
            return f"{value}, one of several"
        if name == "event":
            field = getattr(row, "field", None) if value == "changed" else None
            return str(field or value).removeprefix("attributes.").replace("_", " ")
        return self._said(value, name in _WORDS)

    def _said(self, value: Any, as_it_is: bool) -> str:
        if isinstance(value, str):
            return value if as_it_is else self.handle(value)
        if isinstance(value, tuple | list):
            return ", ".join(self._said(item, as_it_is) for item in value)
        if isinstance(value, dict):
            return ", ".join(f"{key}={self._said(item, as_it_is)}" for key, item in value.items())
        return f"{value:.6g}" if isinstance(value, float) else str(value)

    def details(self, at: int, row: Row) -> list[SubTable]:
        found = []
        for field in fields(row):  # type: ignore[arg-type]
            several = getattr(row, field.name)
            if _nested(several):
                names = _columns(several)
                rows = tuple(tuple(self.cell(name, getattr(one, name), one) for name in names) for one in several)
                found.append(SubTable(at, _title(field.name), tuple(map(_title, names)), rows))
        return found

    def unknown(self, one: Unknown) -> str:
        """`444444444444/eu-west-1/sagemaker: denied: ListModels and 12 more operations`, `bot-prod: stale`."""
        names = one.what.split(", ")
        if one.partition is None:
            return f"{self.handle(one.what)}: {one.why}"
        what = f"{names[0]} and {len(names) - 1} more operations" if len(names) > 2 else self.handle(one.what)
        return f"{one.partition}: {one.why}: {what}"
