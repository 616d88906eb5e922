"""`studbook export csv`: a snapshot as CSV files (RFC 4180, UTF-8), one for each table of `exports/tables.py`.

A cell that a spreadsheet would run as a formula has an apostrophe before it, which spreadsheets take as "this is text"
and other programs see. An empty cell is null; no text cell is empty otherwise but an empty name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from studbook.exports.interface import Export, Subject
from studbook.exports.tables import TABLES, Cell, Table, batches

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula begins, fullwidth forms too."""
_ROWS: Final = 10_000


def files(subject: Subject) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files by name, piece by piece: UTF-8, lines that end in CR LF (RFC 4180)."""
    for table in TABLES:
        yield f"{table.name}.csv", _pieces(table, subject)


def _pieces(table: Table, subject: Subject) -> Iterator[bytes]:
    yield (",".join(column.name for column in table.columns) + "\r\n").encode()
    for batch in batches(table.rows(subject), _ROWS):
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerows([csv_cell(cell) for cell in row] for row in batch)
        yield out.getvalue().encode()


def csv_cell(cell: Cell) -> str | int | None:
    """A cell as it is written: never a formula, truth as `true` or `false`, None as nothing."""
    if isinstance(cell, bool):
        return str(cell).lower()
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


EXPORT = Export("csv", "a snapshot as CSV files, for spreadsheets and databases", files=files, file="csv")
