"""What a verb holds in its hand: a transaction that may read, or one that may also write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, TypeGuard

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
from sqlalchemy.sql.dml import ReturningInsert

from core.database.many import FEWEST, lay_rows, mint_ids, said_values
from core.database.memory import Memory, Take, key_of
from core.database.prepared import Answer, find_prepared, tables_of
from core.errors import NotFound

type_of_parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class ReadTx:
    """A transaction that cannot write: the engine itself refuses (``query_only``, ``READ ONLY``).

    All reads of one unit see one snapshot, so what was asked before is answered from memory: the parts of a page need
    not know what the others have read. Verbs return plain values, never rows that outlive the unit.
    """

    __slots__ = ("_connection", "_driver", "_memory", "dialect")

    def __init__(self, connection: Connection, driver: Any) -> None:
        """``driver`` takes prepared statements: the connection of ``sqlite3``, or a ``PostgresDriver``."""
        self._connection = connection
        self._driver = driver
        self.dialect = connection.dialect.name
        self._memory: Memory | None = Memory()

    def rows(self, statement: Executable, parameters: type_of_parameters = None) -> Sequence[Row[Any]]:
        """All rows of a query."""
        told = self._ask(Answer.rows, statement, parameters)
        if told is not None:
            rows: Sequence[Row[Any]] = told[0]
            return rows
        return self._run(statement, parameters).fetchall()

    def row(self, statement: Executable, parameters: type_of_parameters = None) -> Row[Any] | None:
        """The first row of a query, or None."""
        told = self._ask(Answer.first, statement, parameters)
        if told is not None:
            row: Row[Any] | None = told[0]
            return row
        return self._run(statement, parameters).first()

    def value(self, statement: Executable, parameters: type_of_parameters = None) -> Any:
        """The first column of the first row, or None."""
        told = self._ask(Answer.value, statement, parameters)
        if told is not None:
            return told[0]
        row = self._run(statement, parameters).first()
        return None if row is None else row[0]

    def values(self, statement: Executable, parameters: type_of_parameters = None) -> list[Any]:
        """The first column of all rows."""
        told = self._ask(Answer.column, statement, parameters)
        if told is not None:
            return list(told[0])
        return [row[0] for row in self._run(statement, parameters)]

    def get(self, table: Table, row_id: int) -> Row[Any]:
        """The row of ``table`` with this id. Raises NotFound."""
        row = self.row(_row_of(table), {"id": row_id})
        if row is None:
            raise NotFound("There is no %(thing)s with the number %(id)s.", thing=table.name, id=row_id)
        return row

    def get_all(self, table: Table, row_ids: Iterable[int]) -> Sequence[Row[Any]]:
        """The rows of ``table`` with these ids, in no order; those that are not there are left out."""
        wanted = sorted(set(row_ids))
        return self.rows(_rows_of(table), {"ids": wanted}) if wanted else ()

    def sql(self, statement: str, **parameters: Any) -> CursorResult[Any]:
        """Run SQL text with ``:name`` holes: for what the expression language cannot say (full text, pragmas)."""
        return self._run(_sql(statement), parameters)

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite. Only rooms of ``core`` may ask."""
        return self.dialect == "sqlite"

    def _ask(self, take: Take, statement: Executable, parameters: type_of_parameters) -> tuple[Any] | None:
        """What ``take`` makes of the driver's answer; None for a statement that cannot be said to it."""
        memory = self._memory
        key = key_of(take, statement, parameters) if memory is not None and _is_one(parameters) else None
        if memory is not None and (told := memory.find(key)) is not None:
            return told
        answer = self._directly(statement, parameters)
        if answer is None:
            return None
        told = (take(answer),)
        if memory is not None:
            memory.keep(key, told)
        return told

    def _directly(self, statement: Executable, parameters: type_of_parameters) -> Answer | None:
        """The answer to a statement that can be said to the driver itself, else None."""
        if not _is_one(parameters):
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

    def __init__(self, connection: Connection, driver: Any) -> None:
        super().__init__(connection, driver)
        self._memory = None  # what it writes changes what it is told
        self.topics: set[str] = set()
        self._waiting: dict[tuple[Executable, tuple[str, ...]], list[Mapping[str, Any]]] = {}
        self._waiting_tables: set[str] = set()

    def get_all(self, table: Table, row_ids: Iterable[int]) -> Sequence[Row[Any]]:
        """The rows of ``table`` with these ids, in no order; those that are not there are left out."""
        wanted = sorted(set(row_ids))
        return self.rows(_rows_of(table), {"ids": wanted}) if wanted else ()

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
            return answer.count
        return int(self._run(statement, parameters).rowcount)

    def insert(self, table: Table, **values: Any) -> int:
        """Insert one row and return its id (0 for a table without one)."""
        if "id" not in table.c:
            self.execute(_insert_into(table), values)
            return 0
        statement = _insert_into(table) if self.is_sqlite else _insert_returning(table)
        answer = self._directly(statement, values)
        if answer is not None:
            return int(values.get("id") or answer.new_id)
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

    def lay(self, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[str | int | bytes | None, ...]]) -> None:
        """Insert very many rows, each a value for each of these columns, as the driver has them: JSON as its text."""
        self._do_before(frozenset({table.name}))
        if rows:
            lay_rows(self._connection, table, columns, rows)

    def insert_all(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Insert rows that name the same columns, and return their ids in their order."""
        if not rows:
            return []
        if self.is_sqlite:
            statement = _insert_into(table)
            self._do_before(tables_of(statement))
            prepared = find_prepared(statement, rows[0], self._connection.dialect)
            if prepared is None:
                return [self.insert(table, **row) for row in rows]
            last = prepared.run_many(self._driver, rows) or 0  # the one writer has minted them one after the other
            return list(range(last - len(rows) + 1, last + 1))
        if len(rows) < FEWEST:
            return [self.insert(table, **row) for row in rows]
        self._do_before(frozenset((table.name,)))
        minted = mint_ids(self._connection, table, len(rows))
        names = tuple(rows[0])
        values = said_values(table, names, rows, self._connection.dialect)
        whole = [(one, *row) for one, row in zip(minted, values, strict=True)]
        lay_rows(self._connection, table, ("id", *names), whole)
        return minted

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
        table = None if self.is_sqlite or len(rows) < FEWEST else _plain(statement)
        if table is not None:
            names = tuple(rows[0])
            lay_rows(self._connection, table, names, said_values(table, names, rows, self._connection.dialect))
            return
        prepared = find_prepared(statement, rows[0], self._connection.dialect)
        if prepared is None or prepared.run_many(self._driver, rows) is None:
            self._connection.execute(statement, rows)

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
        super()._directly(_LOCKED, {"keys": keys}) or self._run(_LOCKED, {"keys": keys})

    def announce(self, topic: str) -> None:
        """Ring a bell after the commit: whoever listens to ``topic`` looks again. Never before, never without it."""
        self.topics.add(topic)


def _is_one(parameters: type_of_parameters) -> TypeGuard[Mapping[str, Any] | None]:
    return parameters is None or isinstance(parameters, dict)


_LOCKED = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


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
def _rows_of(table: Table) -> Select[Any]:
    return select(table).where(table.c.id.in_(bindparam("ids", expanding=True)))


@cache
def _insert_into(table: Table) -> Insert:
    return insert(table)


def _plain(statement: Executable) -> Table | None:
    """The table of a statement that inserts rows and does nothing else."""
    table = getattr(statement, "table", None)
    return table if isinstance(table, Table) and statement is _insert_into(table) else None


@cache
def _insert_returning(table: Table) -> ReturningInsert[Any]:
    return insert(table).returning(table.c.id)


@cache
def _change_of(table: Table, columns: tuple[str, ...]) -> Update:
    return update(table).where(table.c.id == bindparam("row_id")).values({name: bindparam(name) for name in columns})
