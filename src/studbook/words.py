"""Untrusted text as it is shown: nothing hidden, nothing turned around, nothing too long for its place."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from studbook.model import KINDS, RELATIONS, Asset, Edge
from studbook.model.ids import page_path
from studbook.queries.answer import called

_LABEL = 18
"""Letters in a line of a box."""

_BETWEEN = frozenset("-_/:@ ")
"""Behind what a name may be broken, as it may behind a wide letter, which is a word."""
_PLACE = " · "
"""Between a name and what tells it from its namesakes."""


def mark_words(asset: Asset) -> list[str]:
    """What must be seen at a glance, always in this order: unresolved, gone, stale; masked, in an edition for
    outsiders."""
    return [
        word
        for word, holds in (
            ("unresolved", asset.unresolved),
            ("gone", asset.gone_since is not None),
            ("stale", asset.stale_since is not None),
            ("masked", asset.attributes.get("masked") is True),
        )
        if holds
    ]


def relation_words(edge: Edge) -> str:
    """What an edge says of its two ends, with the role that it has."""
    return RELATIONS[edge.relation] + (f" ({edge.role})" if edge.role else "")


def shown(text: str) -> str:
    """Text as it can be shown: control and direction-changing characters, which could hide it, become visible."""
    if text.isprintable():
        return text
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
        else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )


def shortened(name: str, room: int) -> str:
    """A name that fits its box: the middle goes, since versions are at the end. Wide characters count twice."""
    text = shown(name)
    if len(text) <= room and (text.isascii() or sum(map(_width, text)) <= room):
        return text
    head = (room - 1) // 2
    return f"{_first(text, head)}…{_first(text[::-1], room - 1 - head)[::-1]}"


def in_lines(name: str, room: int = _LABEL) -> tuple[str, ...]:
    """A name that fits its box in a line or two: broken before what tells it from its namesakes, else between two of
    its parts and never within a word; the middle gone if that is not enough. The browser's is `inLines` of explore.js.
    """
    text = shown(name)
    head = _first(text, room)
    if head == text:
        return (text,)
    place = text.rfind(_PLACE, 0, len(head) + len(_PLACE))
    if place > 0:
        return (text[:place], shortened(text[place + len(_PLACE) :], room))
    cut = max((at for at, char in enumerate(head, 1) if char in _BETWEEN or _width(char) == 2), default=0)
    return (text[:cut].rstrip(), shortened(text[cut:].lstrip(), room)) if cut else (shortened(text, room),)


def _width(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _first(text: str, room: int) -> str:
    """As much of its beginning as fits."""
    for index, char in enumerate(text):
        room -= _width(char)
        if room < 0:
            return text[:index]
    return text


def thousands(value: int) -> str:
    """1234567 as 1,234,567."""
    return f"{value:,}"


def plain(value: Any) -> str:
    """A value as text: strings as they are, everything else as JSON in one fixed order."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


_EXACT = 10**15
"""From it on numbers are written with an exponent."""
_EXPONENT = re.compile(r"(?<=e[+-])0+(?=\d)")
_COMPACT = {"T": 10**12, "B": 10**9, "M": 10**6, "K": 10**3}


def number(value: Any) -> str:
    """A metric as people read it: at most six significant digits, never in words of a machine."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < _EXACT)
    return thousands(int(value)) if whole else _EXPONENT.sub("", f"{value:.6g}")


def tick(value: float) -> str:
    """A number at an axis: four significant digits, and from ten thousand on in compact notation (1.36M)."""
    value = float(f"{value:.4g}")
    suffix = next((one for one, size in _COMPACT.items() if max(size, 10**4) <= abs(value) < _EXACT), "")
    return _EXPONENT.sub("", f"{value / _COMPACT.get(suffix, 1):.4g}{suffix}")


_SAYS = {"declared": "Lineage API says", "inferred": "Studbook infers"}


def says(certainty: str, evidence: Iterable[str] = ()) -> str:
    """Who says so, from an edge's certainty and the lines of its evidence."""
    if certainty in _SAYS:
        return _SAYS[certainty]
    services = {line.partition(":")[0] for line in evidence} - {"rule"}
    if not services:
        return "AWS or MLflow says"
    if services <= {"mlflow", "config"}:
        return "MLflow says" if "mlflow" in services else "The configuration says"
    return "AWS says"


def full_name(link: Mapping[str, Any]) -> str:
    """The name of a reference (`name`, and `at` where it has namesakes) with what tells it from them."""
    return f"{link['name']} · {link['at']}" if link.get("at") else str(link["name"])


def reference(
    asset: Asset | None, asset_id: str, where: Iterable[str | None], at: str = "", *, page: bool = True
) -> dict[str, Any]:
    """What a page says of another asset where it names it; `path` leads to its page, where it has one.

    `at` is what tells it from its namesakes.
    """
    if asset is None:
        nothing: dict[str, Any] = {"kind": "", "kind_title": "", "path": None, "marks": [], "where": "", "at": ""}
        return {"id": asset_id, "name": asset_id, **nothing}
    return {
        "id": asset.id,
        "name": called(asset),
        "kind": asset.kind,
        "kind_title": KINDS[asset.kind].title,
        "path": page_path(asset.kind, asset.id) if page else None,
        "marks": mark_words(asset),
        "where": " · ".join(part for part in where if part),
        "at": at,
    }
