"""Tables: columns over rows of anything. A long one is on its page in part, and as a whole in a file beside it.

A cell is None, text, a number, or a mapping: a link to an asset (as `Site.link` makes it) or to another page (`name`,
`path`), a badge (`badge`, `tone`), several links (`links`), a certainty (`certainty`, `candidate`, and `says`
who says so), evidence (`evidence`), or text in code's letters (`code`, and `title` with the whole of it).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any

from studbook.model import Asset
from studbook.render.views.site import Json
from studbook.words import full_name, shown

LIMIT = 50
"""The most rows that a page itself holds: as many as a reader's browser shows at once."""

_TONES = {
    **dict.fromkeys(
        (
            "completed", "inservice", "approved", "available", "finished", "active", "complete", "ready", "succeeded",
            "logged_model_ready",
        ),
        "good",
    ),
    **dict.fromkeys(
        ("failed", "rejected", "outofservice", "deleting", "rollbackfailed", "importfailed", "deletefailed"), "bad"
    ),
    **dict.fromkeys(
        (
            "pendingmanualapproval", "partial", "stopped", "killed", "pending", "stopping", "creating", "updating",
            "inprogress", "running", "scheduled", "draft", "pendingreview",
        ),
        "wait",
    ),
}  # fmt: skip


def tone(status: str) -> str:
    """The colour of a status, whatever its case: good, bad, wait or plain."""
    return _TONES.get(status.lower(), "plain")


def state(asset: Asset, status: str | None) -> str | None:
    """A status of an asset in the API's words; of what is gone, that it had it."""
    return f"was {status}" if status and asset.gone_since is not None else status


def badge(status: str | None) -> Json | None:
    """A status as a cell."""
    return {"badge": status, "tone": tone(status)} if status else None


def stage_badge(stage: str | None) -> Json | None:
    """A stage as a cell."""
    if not stage:
        return None
    return {"badge": stage, "tone": f"stage-{stage if stage in ('development', 'staging', 'production') else 'other'}"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, and the cell of a row."""

    title: str
    cell: Callable[[Any], Any]
    facet: bool = False
    """Whether readers choose among its values."""
    plain: bool = False
    """Whether it is not to be sorted by."""
    hint: str = ""
    """What its title means, for who asks."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a table shows, before it is cut to its page's size."""

    label: str
    columns: Sequence[Column]
    rows: Sequence[Any]
    file: str
    """Where the whole of it lies below `lists/`, if it is long."""
    told: dict[str, list[str]] | None = None
    """Of rows that stand in several tables with these columns: their cells, as JSON, by the row's id."""
    said: Collection[str] = ()
    """Titles of columns that are left out, since the label says what stands in them."""

    def on_page(self) -> Json:
        """The table as page data: without the columns that say nothing, with the first rows, and where the rest is."""
        cells = self._made(self.rows if self.told is None else self.rows[:LIMIT])
        places, same = self._varied(cells)
        columns = [self.columns[place] for place in places]
        rows = [list(row) for row in zip(*(cells[place][:LIMIT] for place in places), strict=True)]
        return {
            "label": self.label,
            "same": [[self.columns[place].title, cells[place][0]] for place in same],
            "columns": [
                {
                    "title": column.title,
                    "facet": column.facet,
                    "plain": column.plain,
                    "hint": column.hint,
                    "number": any(isinstance(row[place], int | float) for row in rows),
                }
                for place, column in enumerate(columns)
            ],
            "rows": rows,
            "count": len(self.rows),
            "more": f"lists/{self.file}.json" if self.long else None,
        }

    def whole(self) -> str:
        """All rows, as the JSON of the file; cells as short as JSON allows."""
        if self.told is None:
            cells = self._made(self.rows)
            filled, _ = self._varied(cells)
            rows_told = [list(map(packed, row)) for row in zip(*(cells[place] for place in filled), strict=True)]
            return _JSON({"rows": rows_told})
        filled, _ = self._varied([])
        lines = (",".join([told[place] for place in filled]) for told in map(self._row, self.rows))
        rows = ",".join(f"[{line}]" for line in lines)
        return f'{{"rows":[{rows}]}}'

    @property
    def long(self) -> bool:
        """Whether the page itself does not hold all of it."""
        return len(self.rows) > LIMIT

    def _made(self, rows: Sequence[Any]) -> list[list[Any]]:
        """The cells of some rows, by column."""
        return [list(map(column.cell, rows)) for column in self.columns]

    def _varied(self, cells: Sequence[Sequence[Any]]) -> tuple[list[int], list[int]]:
        """The places of the columns to show, and of those that are the same in every row; empty ones are in neither.

        The first column, which says what a row is, is always shown. `cells` are those of all rows, by column, where no
        other table has told them.
        """
        empty_cells: Container[Any] = _EMPTY
        if self.told is not None:
            cells = list(zip(*map(self._row, self.rows), strict=True)) or [[]] * len(self.columns)
            empty_cells = _EMPTY_JSON
        empty = [
            column.title in self.said or all(cell in empty_cells for cell in those)
            for column, those in zip(self.columns, cells, strict=True)
        ]
        same = [len(column) > 1 and all(cell == column[0] for cell in column) for column in cells]
        places = range(len(self.columns))
        return (
            [place for place in places if not place or not (empty[place] or same[place])],
            [place for place in places if place and same[place] and not empty[place]],
        )

    def _row(self, row: Any) -> list[str]:
        assert self.told is not None
        if row.id not in self.told:
            self.told[row.id] = self._cells(row)
        return self.told[row.id]

    def _cells(self, row: Any) -> list[str]:
        return [intern(_JSON(packed(column.cell(row)))) for column in self.columns]


_EMPTY: tuple[Any, ...] = (None, "", 0, [])
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_EMPTY_JSON = frozenset(map(_JSON, _EMPTY))


def packed(cell: Any) -> Any:
    """A cell for the browser: `t` text, `a` address, `m` marks, `b` tone, `l` links, `e` evidence, `s` certainty, `c`
    whether it is a candidate."""
    if cell.__class__ is str:
        return shown(cell)
    if cell.__class__ is not dict:
        return cell
    match cell:
        case {"badge": text, "tone": tone_of}:
            return {"t": shown(text), "b": tone_of}
        case {"links": links}:
            return {"l": [packed(link) for link in links]}
        case {"certainty": certainty, "candidate": candidate, "says": who}:
            return {"t": who, "s": certainty, "c": 1 if candidate else 0}
        case {"evidence": evidence}:
            return {"e": [shown(line) for line in evidence]}
        case {"code": text, "title": title}:
            return {"t": shown(text), "h": shown(title)}
        case {"name": _, "path": path, **more}:
            out: Json = {"t": shown(full_name(cell)), "a": path}
            if more.get("marks"):
                out["m"] = more["marks"]
            return out
    return cell
