"""`studbook export parquet`: a snapshot as Parquet files, one for each table of `exports/tables.py`.

Any night's files have the same schema, so that a query engine reads many nights as one table. Needs the extra
`parquet`; equal snapshots give equal bytes with the same release of pyarrow, which writes its name into the file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from studbook.errors import UsageError
from studbook.exports.interface import Export, Subject
from studbook.exports.tables import TABLES, Table, batches

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS: Final = 65_536


def files(subject: Subject) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files by name. Raises UsageError where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise UsageError("Parquet needs the package pyarrow", "pip install 'studbook[parquet]'") from None
    for table in TABLES:
        yield f"{table.name}.parquet", iter((_file(table, subject),))


def _file(table: Table, subject: Subject) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"text": pa.string(), "json": pa.string(), "integer": pa.int64(), "boolean": pa.bool_()}
    schema: pa.Schema = pa.schema([pa.field(column.name, types[column.type]) for column in table.columns])
    out = io.BytesIO()
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in batches(table.rows(subject), _ROWS):
            columns = [[row[place] for row in batch] for place in range(len(table.columns))]
            arrays = [pa.array(cells, field.type) for cells, field in zip(columns, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
    return out.getvalue()


EXPORT = Export("parquet", "a snapshot as Parquet files, for query engines (extra 'parquet')", files=files)
