"""Indexes that come and go while the house runs, over expressions that are not known when it is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.sql.elements import ColumnElement

from core.database.tx import ReadTx


@dataclass(frozen=True, slots=True)
class ExpressionIndex:
    """An index over one expression of a table's columns, rows of one value by their ids, so that lists go by it.
    Without an expression there shall be none of that name. The name is one that SQL can hold as it is."""

    name: str
    table: Table
    expression: ColumnElement[Any] | None


def list_indexes(tx: ReadTx, beginning: str) -> set[str]:
    """The names of the indexes that stand and are whole, of those that begin so."""
    if tx.is_sqlite:
        found = tx.sql("SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE :like", like=f"{beginning}%")
    else:
        found = tx.sql(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indisvalid AND pg_table_is_visible(c.oid) AND c.relname LIKE :like",
            like=f"{beginning}%",
        )
    return {row[0] for row in found if row[0].startswith(beginning)}


def lay_statements(index: ExpressionIndex, dialect: Dialect) -> list[str]:
    """What lays an index, or takes it away, whatever a process that ended in the middle of it has left. On PostgreSQL
    these run outside of a transaction, beside whoever writes."""
    beside = "CONCURRENTLY " if dialect.name == "postgresql" else ""
    statements = [f"DROP INDEX {beside}IF EXISTS {index.name}"]
    if index.expression is not None:
        how = {"literal_binds": True, "include_table": False}
        said = index.expression.compile(dialect=dialect, compile_kwargs=how)
        table = dialect.identifier_preparer.format_table(index.table)
        statements.append(f"CREATE INDEX {beside}{index.name} ON {table} (({said}), id)")
    return statements


def lay_alone(connection: Connection, index: ExpressionIndex) -> None:
    """Lay it on a connection that is in no transaction, each statement by itself."""
    before = connection.get_isolation_level()
    connection.execution_options(isolation_level="AUTOCOMMIT")
    try:
        for statement in lay_statements(index, connection.dialect):
            connection.exec_driver_sql(statement)
    finally:
        connection.rollback()
        connection.execution_options(isolation_level=before)
