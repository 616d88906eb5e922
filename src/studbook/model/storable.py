"""Input sanitization: the one door that every value from outside passes, so that what is behind it can be stored.

Integers beyond 2^53-1 and floats that canonical JSON refuses become text (exact digits, the shortest form, `NaN`,
`Infinity`, `-Infinity`), a lone surrogate becomes U+FFFD. What is nested too deep, too long, or marked `Unfit` by who
read it is left out and told as a `Loss`; values that are no JSON at all (bytes, streams) are left out without one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NamedTuple

MAX_INTEGER: Final = 2**53 - 1
MAX_DEPTH: Final = 100
MAX_TEXT: Final = 2 * 1024 * 1024
"""Characters in one text: twice what SageMaker's longest member, a pipeline's definition, may have."""
MAX_ID: Final = 4096
"""Characters in what identifies a record: an ARN has at most 2,048, a bucket and a key some 1,100."""

_LONE = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_DIGITS: Final = 4000
"""Python refuses to read integers of more."""


class Loss(NamedTuple):
    """One value that is left out."""

    path: tuple[str | int, ...]
    why: str

    def __str__(self) -> str:
        text = ""
        for part in self.path[:_DEEP]:
            text += f"[{part}]" if isinstance(part, int) else f".{part[:_NAME]}"
        text += " ..." * (len(self.path) > _DEEP)
        return f"{text.lstrip('.') or 'all of it'}: {self.why}"


_NAME: Final = 100
_DEEP: Final = 8
"""Of a deeper path the first names lead there."""


class Unfit:
    """Stands in an answer where a value was that its reader could not make sense of."""

    def __init__(self, why: str) -> None:
        self.why = why


class ApiAnswer(dict[str, Any]):
    """A JSON object from outside, storable, and what had to be left out of it."""

    lost: tuple[Loss, ...] = ()

    def lost_at(self, member: str, index: int) -> list[Loss]:
        """What is missing in an item of one of its lists, by the path inside of the item."""
        return [Loss(loss.path[2:], loss.why) for loss in self.lost if loss.path[:2] == (member, index)]


def answer(value: Mapping[str, Any]) -> ApiAnswer:
    """A service's answer as storable JSON, with what had to be left out of it as its `lost`."""
    lost: list[Loss] = []
    found = ApiAnswer(storable(value, lost))
    found.lost = tuple(lost)
    return found


def storable(value: Any, lost: list[Loss]) -> Any:
    """The value as JSON that `canonical` takes and that reads back as the same; what is missing is added to `lost`.

    Equal for values that are storable already. What is left out of a list leaves null in its place.
    """
    marks: list[Unfit] = []
    found = _value(value, 1, marks)
    return _swept(found, (), lost) if marks else found


def _value(value: Any, depth: int, marks: list[Unfit]) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() and len(value) <= MAX_TEXT else _text(value, marks)
    if kind is bool or value is None:
        return value
    if kind is int:
        return value if -MAX_INTEGER <= value <= MAX_INTEGER else _digits(value)
    if kind is float:
        return _float(value)
    if isinstance(value, Mapping):
        return _object(value, depth, marks) if depth <= MAX_DEPTH else _unfit("nested too deep", marks)
    if isinstance(value, (list, tuple)):
        if depth > MAX_DEPTH:
            return _unfit("nested too deep", marks)
        return [
            item if type(item) is str and item.isascii() and len(item) <= MAX_TEXT else _value(item, depth + 1, marks)
            for item in value
            if _is_json(item)
        ]
    if isinstance(value, Unfit):
        marks.append(value)
        return value
    if isinstance(value, str):
        return _text(str(value), marks)
    if isinstance(value, (int, float)):
        return _value(int(value) if isinstance(value, int) else float(value), depth, marks)
    return None


def _object(value: Mapping[Any, Any], depth: int, marks: list[Unfit]) -> dict[str, Any]:
    """Goes through every member of every answer, hence the shortcuts."""
    said: dict[str, Any] = {}
    for key, item in value.items():
        kind = type(item)
        if kind is str:
            found = item if item.isascii() and len(item) <= MAX_TEXT else _text(item, marks)
        elif kind is bool or item is None:
            found = item
        elif kind is dict and depth < MAX_DEPTH:
            found = _object(item, depth + 1, marks)
        elif _is_json(item):
            found = _value(item, depth + 1, marks)
        else:
            continue
        if type(key) is str and key.isascii() and len(key) <= MAX_ID:
            said[key] = found
        else:
            name = _LONE.sub("\ufffd", str(key))
            if len(name) > MAX_ID or name in said:
                found = _unfit("its name is too long" if len(name) > MAX_ID else "its name is there twice", marks)
                name = name[:MAX_ID] + "\ufffd" * len(said)
            said[name] = found
    return said


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, (str, Mapping, list, int, float, tuple, Unfit))


def _unfit(why: str, marks: list[Unfit]) -> Unfit:
    marks.append(Unfit(why))
    return marks[-1]


def _text(value: str, marks: list[Unfit]) -> str | Unfit:
    if len(value) > MAX_TEXT:
        return _unfit(f"a text of {len(value):,} characters", marks)
    return _LONE.sub("\ufffd", value)


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # more digits than Python writes
        return hex(value)


def _float(value: float) -> float | int | str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if not value.is_integer():
        return value
    # As RFC 8785 writes it; a record with a whole number in it would else be none for the fast encoder. From 1e21 on
    # it has an exponent, and so is read back as a float; below that as an integer.
    if abs(value) <= MAX_INTEGER:
        return int(value)
    return value if abs(value) >= 1e21 else repr(value)


def _swept(value: Any, path: tuple[str | int, ...], lost: list[Loss]) -> Any:
    """The same without what is unfit."""
    if isinstance(value, Unfit):
        lost.append(Loss(path, value.why))
        return None
    if isinstance(value, dict):
        swept = {key: _swept(item, (*path, key), lost) for key, item in value.items()}
        return {key: item for key, item in swept.items() if not isinstance(value[key], Unfit)}
    if isinstance(value, list):  # null stays in its place, so that paths lead where they led
        return [_swept(item, (*path, index), lost) for index, item in enumerate(value)]
    return value


# --- JSON text ----------------------------------------------------------------------------------------------------

_losses: ContextVar[list[Loss] | None] = ContextVar("losses", default=None)


@contextmanager
def noting_losses() -> Iterator[list[Loss]]:
    """Collects what `parse_json` and `note_loss` leave out in the block, in order; for readers of records, who have
    nobody else to tell."""
    lost: list[Loss] = []
    token = _losses.set(lost)
    try:
        yield lost
    finally:
        _losses.reset(token)


def note_loss(loss: Loss) -> None:
    """What a reader of records leaves out of one, for who reads it."""
    noted = _losses.get()
    if noted is not None:
        noted.append(loss)


def parse_json(text: str | bytes, lost: list[Loss] | None = None) -> Any:
    """JSON text as a storable value; what is left out is added to `lost`, else to the list of `noting_losses`.
    Raises ValueError where it is no JSON."""
    missing: list[Loss] = []
    found = storable(load_json(text), missing)
    if missing:
        noted = lost if lost is not None else _losses.get()
        if noted is not None:
            noted += missing
    return found


def load_json(text: str | bytes) -> Any:
    """As `json.loads`, however deep it is nested and however long its numbers are. Raises ValueError for no JSON."""
    text = text.removeprefix("\ufeff") if isinstance(text, str) else text
    try:
        return json.loads(text)
    except RecursionError:
        shallow = _shallow(text if isinstance(text, str) else text.decode())
        try:
            return json.loads(shallow, parse_int=_int)
        except RecursionError:
            raise ValueError("brackets without an end") from None
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python reads, or no UTF-8
        return json.loads(text, parse_int=_int)


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) <= _DIGITS else digits


def _shallow(text: str) -> str:
    """The same JSON text with null for what is nested deeper than twice what is kept."""
    depth, end, parts = 0, 0, []
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == 2 * MAX_DEPTH:
                parts.append(text[end : token.start()])
        elif token[0] in "]}":
            if depth == 2 * MAX_DEPTH:
                parts.append("null")
                end = token.end()
            depth -= 1
    return "".join(parts) + text[end:]
