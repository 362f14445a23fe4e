"""A database of PostgreSQL made as it was before a test: emptied, which takes a twentieth of making a copy; and filled
with the rows of another of the same shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql

LARGE = 64 << 10
# Whatever may tell one schema from another, and what a planner would remember of rows that are gone.
_SHAPE: tuple[LiteralString, ...] = (
    "SELECT oid, relname, relkind, relnatts, relchecks, reltuples::int, reloptions FROM pg_class WHERE oid >= 16384",
    "SELECT attrelid, attname, atttypid, attnotnull, attisdropped FROM pg_attribute WHERE attrelid >= 16384",
    "SELECT oid, adrelid, adnum FROM pg_attrdef",
    "SELECT oid, conname, convalidated FROM pg_constraint",
    "SELECT oid, tgname, tgenabled FROM pg_trigger",
    "SELECT oid, proname FROM pg_proc WHERE oid >= 16384",
    "SELECT oid, nspname FROM pg_namespace WHERE oid >= 16384",
    "SELECT oid, extname FROM pg_extension",
    "SELECT starelid, staattnum FROM pg_statistic WHERE starelid >= 16384",
    "SELECT setconfig FROM pg_db_role_setting",
)


@dataclass(frozen=True)
class Likeness:
    """How a database was when it was new: its shape, its tables, and the rows that the migrations left in some."""

    shape: str
    tables: tuple[str, ...]
    rows: dict[str, bytes]


def remember(connection: psycopg.Connection[Any]) -> Likeness:
    """The likeness of a new database; the connection is in autocommit mode."""
    tables = _tables(connection)
    rows: dict[str, bytes] = {}
    for name in _filled(connection, tables):
        with connection.cursor().copy(_say("COPY {} TO STDOUT", name)) as copy:
            rows[name] = b"".join(bytes(piece) for piece in copy)
    return Likeness(_shape(connection), tables, rows)


def wash(connection: psycopg.Connection[Any], new: Likeness) -> bool:
    """Bring a database back to its likeness; False when its shape is another now, so that it is good for nothing."""
    if _shape(connection) != new.shape:
        return False
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        filled = _filled(connection, new.tables)
        large = [name for name in filled if _size(connection, name) > LARGE]
        if large:
            names = sql.SQL(", ").join(map(sql.Identifier, large))
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
        for name in filled:
            connection.execute(_say("DELETE FROM {}", name))
        _fill(connection, new.rows)
        connection.execute("SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence")
    return True


@dataclass(frozen=True)
class Rows:
    """All rows of a database, and how far its sequences have counted."""

    tables: dict[str, bytes]
    counted: dict[str, int]


def take_rows(connection: psycopg.Connection[Any]) -> Rows:
    """What a database holds now; the connection is in autocommit mode."""
    asked = "SELECT seqrelid::regclass::text, pg_sequence_last_value(seqrelid) FROM pg_sequence"
    counted = {name: value for name, value in connection.execute(asked) if value is not None}
    return Rows(remember(connection).rows, counted)


def pour(connection: psycopg.Connection[Any], rows: Rows) -> None:
    """Make a new database hold these rows and no other."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for name in _filled(connection, _tables(connection)):
            connection.execute(_say("DELETE FROM {}", name))
        _fill(connection, rows.tables)
        for name, value in rows.counted.items():
            connection.execute("SELECT setval(%s::regclass, %s)", [name, value])


def _fill(connection: psycopg.Connection[Any], tables: dict[str, bytes]) -> None:
    for name, kept in tables.items():
        with connection.cursor().copy(_say("COPY {} FROM STDIN", name)) as copy:
            copy.write(kept)


def _say(statement: LiteralString, table: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(table))


def _tables(connection: psycopg.Connection[Any]) -> tuple[str, ...]:
    found = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
    )
    return tuple(name for (name,) in found)


def _filled(connection: psycopg.Connection[Any], tables: tuple[str, ...]) -> list[str]:
    """Those of the tables that have rows; only files that hold something are looked into."""
    used = "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind = 'r' AND pg_relation_size(oid) > 0"
    names = [cast(str, name) for (name,) in connection.execute(used, [list(tables)])]
    if not names:
        return []
    asked = (sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(name, sql.Identifier(name)) for name in names)
    return [cast(str, name) for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(asked))]


def _size(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute("SELECT pg_table_size(%s::regclass)", [f'"{table}"']).fetchone()
    assert row is not None
    return int(row[0])


def _shape(connection: psycopg.Connection[Any]) -> str:
    """A sum of all that ``_SHAPE`` asks for; numbers of objects are those of the template in all of its copies."""
    asked = (
        sql.SQL("SELECT {} AS part, count(*) || ' ' || sum(hashtext(one::text)::bigint) AS hash FROM ({}) one").format(
            n, sql.SQL(question)
        )
        for n, question in enumerate(_SHAPE)
    )
    return str(connection.execute(sql.SQL(" UNION ALL ").join(asked) + sql.SQL(" ORDER BY part")).fetchall())
