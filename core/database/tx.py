"""What a verb holds in its hand: a transaction that may read, or one that may also write."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    Insert,
    Row,
    Select,
    Table,
    TextClause,
    Update,
    bindparam,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.engine import CursorResult

from core.database.prepared import Answer, find_prepared, tables_of
from core.errors import NotFound

type_of_parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class ReadTx:
    """A transaction that cannot write: the engine itself refuses (``query_only``, ``READ ONLY``).

    All reads of one unit see one snapshot. Verbs return plain values, never rows that outlive the unit.
    """

    __slots__ = ("_connection", "_driver", "dialect")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect.name
        driver = connection.connection.dbapi_connection
        self._driver = driver if isinstance(driver, sqlite3.Connection) else None

    def rows(self, statement: Executable, parameters: type_of_parameters = None) -> Sequence[Row[Any]]:
        """All rows of a query."""
        answer = self._directly(statement, parameters)
        if answer is not None:
            return answer.rows()
        return self._run(statement, parameters).fetchall()

    def row(self, statement: Executable, parameters: type_of_parameters = None) -> Row[Any] | None:
        """The first row of a query, or None."""
        answer = self._directly(statement, parameters)
        if answer is not None:
            return answer.first()
        return self._run(statement, parameters).first()

    def value(self, statement: Executable, parameters: type_of_parameters = None) -> Any:
        """The first column of the first row, or None."""
        answer = self._directly(statement, parameters)
        if answer is not None:
            return next(answer.column(), None)
        row = self._run(statement, parameters).first()
        return None if row is None else row[0]

    def values(self, statement: Executable, parameters: type_of_parameters = None) -> list[Any]:
        """The first column of all rows."""
        answer = self._directly(statement, parameters)
        if answer is not None:
            return list(answer.column())
        return [row[0] for row in self._run(statement, parameters)]

    def get(self, table: Table, row_id: int) -> Row[Any]:
        """The row of ``table`` with this id. Raises NotFound."""
        row = self.row(_row_of(table), {"id": row_id})
        if row is None:
            raise NotFound("There is no %(thing)s with the number %(id)s.", thing=table.name, id=row_id)
        return row

    def sql(self, statement: str, **parameters: Any) -> CursorResult[Any]:
        """Run SQL text with ``:name`` holes: for what the expression language cannot say (full text, pragmas)."""
        return self._run(_sql(statement), parameters)

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite. Only rooms of ``core`` may ask."""
        return self.dialect == "sqlite"

    def _directly(self, statement: Executable, parameters: type_of_parameters) -> Answer | None:
        """The answer to a statement that can be said to the driver itself, else None."""
        if self._driver is None or not (parameters is None or isinstance(parameters, dict)):
            return None
        prepared = find_prepared(statement, parameters, self._connection.dialect)
        return None if prepared is None else prepared.run(self._driver, parameters)

    def _run(self, statement: Executable, parameters: type_of_parameters) -> CursorResult[Any]:
        if parameters is None:
            return self._connection.execute(statement)
        return self._connection.execute(statement, parameters)


class WriteTx(ReadTx):
    """A transaction that may write. It is committed by ``core.database`` alone, after the verb returned.

    A unit may run again (a lost group on SQLite, a serialization failure on PostgreSQL), so a verb has no effect
    outside its transaction; what the world must hear goes through ``announce`` and is said after the commit.
    """

    __slots__ = ("_waiting", "_waiting_tables", "topics")

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.topics: set[str] = set()
        self._waiting: dict[tuple[Executable, tuple[str, ...]], list[Mapping[str, Any]]] = {}
        self._waiting_tables: set[str] = set()

    def sql(self, statement: str, **parameters: Any) -> CursorResult[Any]:
        """As for reading; what waits is done before, since text does not say which tables it names."""
        self._do_before(None)
        return super().sql(statement, **parameters)

    def _directly(self, statement: Executable, parameters: type_of_parameters) -> Answer | None:
        if self._waiting:
            self._do_before(tables_of(statement))
        return super()._directly(statement, parameters)

    def execute(self, statement: Executable, parameters: type_of_parameters = None) -> int:
        """Run a statement that changes rows and say how many."""
        answer = self._directly(statement, parameters)
        if answer is not None:
            return answer.cursor.rowcount
        return int(self._run(statement, parameters).rowcount)

    def insert(self, table: Table, **values: Any) -> int:
        """Insert one row and return its id (0 for a table without one)."""
        answer = self._directly(_insert_into(table), values)
        if answer is not None:
            return int(values.get("id") or answer.cursor.lastrowid or 0) if "id" in table.c else 0
        result = self._connection.execute(_insert_into(table), values)
        key = result.inserted_primary_key
        return int(key[0]) if key and isinstance(key[0], int) else 0

    def insert_many(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that nobody needs the ids of. They name the same columns."""
        if not rows:
            return
        statement = _insert_into(table)
        self._do_before(tables_of(statement))
        self._do_many(statement, rows)

    def later(self, what: Table | Executable, /, **values: Any) -> None:
        """Insert a row (or run a statement) by the end of the unit, in one go with all others like it: for what nobody
        needs the id of. It is done before any other statement that names one of its tables, and before any text, so
        that nobody sees a difference, but what it fails with is raised there. Text said later names no others' tables.
        """
        statement = _insert_into(what) if isinstance(what, Table) else what
        alike = (statement, tuple(values))
        rows = self._waiting.get(alike)
        if rows is None:
            tables = tables_of(statement) or frozenset()
            self._do_before(tables)
            self._waiting_tables |= tables
            rows = self._waiting[alike] = []
        rows.append(values)

    def do_waiting(self) -> None:
        """Do all that was said ``later``. ``core.database`` calls it before the end of the unit."""
        waiting, self._waiting, self._waiting_tables = self._waiting, {}, set()
        for (statement, _), rows in waiting.items():
            self._do_many(statement, rows)

    def _do_many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        prepared = None
        if self._driver is not None:
            prepared = find_prepared(statement, rows[0], self._connection.dialect)
        if prepared is None:
            self._connection.execute(statement, rows)
        else:
            prepared.run_many(self._driver, rows)

    def _do_before(self, tables: frozenset[str] | None) -> None:
        """Do what waits, when it concerns these tables; None may be any."""
        if self._waiting and (tables is None or not self._waiting_tables.isdisjoint(tables)):
            self.do_waiting()

    def change(self, table: Table, row_id: int, **values: Any) -> bool:
        """Set columns of the row with this id to plain values. False when there is no such row."""
        return self.execute(_change_of(table, tuple(values)), {"row_id": row_id, **values}) == 1

    def lock(self, table: Table, row_id: int) -> None:
        """Hold a row until the end of the unit, so that a decision made on it still stands when it is written.

        On SQLite the one writer holds everything already. Raises NotFound when the row is not there.

        On PostgreSQL it is FOR NO KEY UPDATE: rows that refer to this one may still be added. (With FOR UPDATE two
        units that had each added one, and so shared the key, waited for each other until the server ended one.)
        """
        if self.is_sqlite:
            return
        found = self.row(select(table.c.id).where(table.c.id == row_id).with_for_update(key_share=True))
        if found is None:
            raise NotFound("There is no %(thing)s with the number %(id)s.", thing=table.name, id=row_id)

    def lock_key(self, *parts: object) -> None:
        """Hold a name (for what has no row yet) until the end of the unit: an advisory lock on PostgreSQL."""
        self.lock_keys([parts])

    def lock_keys(self, names: Iterable[tuple[object, ...]]) -> None:
        """Hold several names, always in the same order, so that two units never wait for each other."""
        if self.is_sqlite:
            return
        keys = sorted({_key_of(name) for name in names})
        super().sql("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key", keys=keys)

    def announce(self, topic: str) -> None:
        """Ring a bell after the commit: whoever listens to ``topic`` looks again. Never before, never without it."""
        self.topics.add(topic)


def _key_of(name: tuple[object, ...]) -> int:
    return int.from_bytes(hashlib.sha256(repr(name).encode()).digest()[:8], "big", signed=True)


# Building a statement costs more than running it, so those that every verb says are built once.


@lru_cache(maxsize=512)
def _sql(statement: str) -> TextClause:
    return text(statement)


@cache
def _row_of(table: Table) -> Select[Any]:
    return select(table).where(table.c.id == bindparam("id"))


@cache
def _insert_into(table: Table) -> Insert:
    return insert(table)


@cache
def _change_of(table: Table, columns: tuple[str, ...]) -> Update:
    return update(table).where(table.c.id == bindparam("row_id")).values({name: bindparam(name) for name in columns})
