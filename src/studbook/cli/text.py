"""How facts are worded on a terminal; `terminal` makes what strangers wrote fit to be shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from studbook.cli.terminal import style

if TYPE_CHECKING:
    from studbook.model import Asset, Edge
    from studbook.queries.copies import Copy

LEVEL_COLORS = {"error": "red", "warning": "yellow", "note": "bold"}
"""Of findings."""
STATUS_COLORS = {"complete": "green", "partial": "yellow", "failed": "red", "skipped": "dim", "quiet": "dim"}
"""Of partitions."""
_UNKNOWN = "-"
_OPERATIONS = 3
"""Operations of a gap that are named; the JSON form has all."""


def value(thing: Any) -> str:
    """Any JSON value in one line."""
    if thing is None:
        return _UNKNOWN
    if isinstance(thing, bool):
        return "yes" if thing else "no"
    if isinstance(thing, dict):
        return ", ".join(f"{key}={value(item)}" for key, item in sorted(thing.items())) or _UNKNOWN
    if isinstance(thing, list | tuple):
        return ", ".join(map(value, thing)) or _UNKNOWN
    return str(thing)


def gaps_by_code(gaps: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Operations and their codes as one for each code, with the first few operations."""
    by_code: defaultdict[str, list[str]] = defaultdict(list)
    for operation, code in gaps:
        by_code[code].append(operation)
    for code, operations in by_code.items():
        more = len(operations) - _OPERATIONS
        yield f"{code}: {', '.join(operations[:_OPERATIONS])}" + (f" and {more} more" if more > 0 else "")


def name(asset: Asset) -> str:
    """What people call an asset; an S3 artifact by its URI, since a terminal has no link that leads to it."""
    from studbook.queries.answer import called

    return asset.id if asset.kind == "artifact" and asset.id.startswith("s3://") else called(asset)


def relation(edge: Edge) -> str:
    """`input to (train)`."""
    words = edge.relation.replace("_", " ")
    return words if edge.role is None else f"{words} ({edge.role})"


def how_sure(one: Edge | Copy) -> str:
    """`inferred, candidate`."""
    return one.certainty + (", candidate" if one.candidate else "")


def and_more(number: int) -> str:
    """The line below the first of many: how many more there are."""
    return f"... and {number} more; --format json has all"


def place(asset: Asset) -> str:
    """`444444444444/us-west-2 production`, as much of it as is known."""
    where = "/".join(part for part in (asset.account, asset.region) if part)
    return " ".join(part for part in (where, asset.stage) if part)


def marks(asset: Asset) -> str:
    """What must not be overlooked: `[unresolved]`, `[stale since 4]`, `[gone since 7]`."""
    return " ".join(style(f"[{mark}]", "yellow") for mark in words_of_marks(asset))


def words_of_marks(asset: Asset) -> list[str]:
    """The same as words: `stale since 4`."""
    found = ["unresolved"] if asset.unresolved else []
    found += [f"stale since {asset.stale_since}"] if asset.stale_since is not None else []
    found += [f"gone since {asset.gone_since}"] if asset.gone_since is not None else []
    superseded = asset.attributes.get("superseded_since")
    found += [f"superseded since {superseded}"] if superseded is not None else []
    return found


def change(field: str, old: Any, new: Any) -> str:
    """`status: InService -> Updating`; of an asset's life, what happened."""
    happened = {"stale_since": ("seen again", "stale since"), "gone_since": ("there again", "gone since")}
    if field in happened:
        back, away = happened[field]
        return back if new is None else f"{away} snapshot {new}"
    return f"{field}: {value(old)} -> {value(new)}"
