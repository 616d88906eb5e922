"""The tables that a SQL query reads, by sqlglot's parser (Athena speaks Trino's dialect, Redshift its own)."""

from __future__ import annotations

from typing import Literal

Dialect = Literal["trino", "redshift"]


def tables_of(query: str, dialect: Dialect) -> list[tuple[str, ...]] | None:
    """The tables that a query reads, each as its parts (catalog, database, table) as far as it names them, sorted.

    None where the query cannot be read. Names of common table expressions are no tables.
    """
    import sqlglot  # heavy, and few records hold a query
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.scope import traverse_scope

    try:
        statement = sqlglot.parse_one(query, dialect=dialect)
        scopes = traverse_scope(statement)
        found = {
            tuple(part.name for part in source.parts)
            for scope in scopes
            for source in scope.sources.values()
            if isinstance(source, exp.Table)
        }
    except (SqlglotError, RecursionError, ValueError):
        return None
    return sorted(found) or None
