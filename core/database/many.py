"""Many rows into one table at once, as the drivers take them quickest: a hundred in one statement on SQLite, COPY on
PostgreSQL. A thread that executes one statement for each row gives the interpreter away each time, and waits for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import JSON, Connection, Dialect, Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from core.database.as_json import to_json

Row = tuple[str | int | bytes | None, ...]
_AT_ONCE = 100
FEWEST = 16
"""Fewer rows than this are said quicker than a COPY is begun and ended."""


def lay_rows(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert rows of values for these columns, as the driver has them (JSON as its text). Raises what SQLAlchemy would
    (``DBAPIError``)."""
    if not connection.in_transaction():
        connection.begin()  # which a statement said to the driver does not
    driver: Any = connection.connection.dbapi_connection
    problems = connection.dialect.dbapi.Error if connection.dialect.dbapi else sqlite3.Error
    try:
        if isinstance(driver, sqlite3.Connection):
            for at in range(0, len(rows), _AT_ONCE):
                some = rows[at : at + _AT_ONCE]
                driver.execute(_insert_of(table, columns, len(some)), list(chain.from_iterable(some)))
        else:
            with driver.cursor() as cursor, cursor.copy(_copy_of(table, columns)) as copy:
                for row in rows:
                    copy.write_row(row)
    except problems as problem:
        raise DBAPIError.instance(f"INSERT INTO {table.name}", None, problem, problems) from problem


def said_values(table: Table, names: tuple[str, ...], rows: Sequence[Mapping[str, Any]], dialect: Dialect) -> list[Row]:
    """Rows of plain values in the order of ``names``, as the driver has them."""
    inward = [(name, convert) for name in names if (convert := _inward(table.c[name].type, dialect)) is not None]
    if not inward:
        return [tuple([row[name] for name in names]) for row in rows]
    told: dict[str, Callable[[Any], Any]] = dict(inward)
    return [tuple([told[name](row[name]) if name in told else row[name] for name in names]) for row in rows]


def _inward(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    own = kind.dialect_impl(dialect)
    if isinstance(own, JSON):
        return lambda value: None if value is None else to_json(value)
    return own.bind_processor(dialect)


def mint_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Ids for so many rows to come, rising, on PostgreSQL."""
    return sorted(int(row[0]) for row in connection.execute(_MINTED, {"name": f'"{table.name}"', "count": count}))


_MINTED = text(
    "SELECT nextval(CAST(pg_get_serial_sequence(:name, 'id') AS regclass)) FROM generate_series(1, CAST(:count AS int))"
)


@lru_cache(maxsize=256)
def _insert_of(table: Table, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {_named(table, columns)} VALUES {', '.join([row] * count)}"  # noqa: S608 - names of ours


@lru_cache(maxsize=32)
def _copy_of(table: Table, columns: tuple[str, ...]) -> str:
    return f"COPY {_named(table, columns)} FROM STDIN"


def _named(table: Table, columns: tuple[str, ...]) -> str:
    return f'"{table.name}" ({", ".join(table.c[one].name for one in columns)})'
