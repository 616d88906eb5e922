"""The tables that a SQL query reads, by sqlglot's parser (Athena speaks Trino's dialect, Redshift its own)."""

from __future__ import annotations

from typing import Literal

Dialect = Literal["trino", "redshift"]


def tables_of(query: str, dialect: Dialect) -> list[tuple[str, ...]]:
    """The tables that a query reads, each as its parts (catalog, database, table) as far as it names them, sorted.

    `()` among them stands for what cannot be told: the query, or a function in a table's place, cannot be read. Names
    of common table expressions are no tables, and neither are rows that the query makes up, nor what a catalog says of
    its tables: it may read none.
    """
    import sqlglot  # heavy, and few records hold a query
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.scope import traverse_scope

    try:
        statement = sqlglot.parse_one(query, dialect=dialect)
        sources = [source for scope in traverse_scope(statement) for source in scope.sources.values()]
    except (SqlglotError, RecursionError, ValueError):
        return [()]
    tables = [source for source in sources if isinstance(source, exp.Table)]
    named = {tuple(part.name for part in one.parts) for one in tables if isinstance(one.this, exp.Identifier)}
    found = {parts for parts in named if not _is_metadata(parts)}
    is_read = bool(named) or isinstance(statement, exp.Query)
    if not is_read or any(isinstance(one.this, exp.Anonymous) for one in tables):
        found.add(())
    return sorted(found)


def _is_metadata(parts: tuple[str, ...]) -> bool:
    """Metadata tables: the standard's information schema, PostgreSQL's catalog, and what Trino has beside a table under
    its name and a dollar sign (`orders$partitions`)."""
    return "$" in parts[-1] or any(part.lower() in _CATALOGS for part in parts[-2:-1])


_CATALOGS = ("information_schema", "pg_catalog")
