"""Statements that are said again and again, on SQLite: worked out once, then handed to the driver directly.

SQLAlchemy builds a context around each execution: 25 µs, where SQLite needs five and a letter thirty statements. A
statement object that is met a second time was built beforehand, so its text, the order of its values and their
conversions stand. All others, and those that take lists or many rows, go through SQLAlchemy as ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable, Row, Select
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Delete, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine


class Prepared:
    """The text of a statement, and how values go in and come out."""

    __slots__ = ("_fixed", "_inward", "_names", "_text", "outward", "shape")

    def __init__(self, compiled: SQLCompiler, columns: Sequence[TypeEngine[Any]], dialect: Dialect) -> None:
        """``columns`` are the types of what the statement returns."""
        binds = compiled.binds
        self._text = compiled.string
        self._names = tuple(compiled.positiontup or ())
        self._fixed = {name: bind.effective_value for name, bind in binds.items() if not bind.required}
        inward = [binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in self._names]
        outward = [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in columns]
        self._inward = [(place, convert) for place, convert in enumerate(inward) if convert is not None]
        self.outward = [(place, convert) for place, convert in enumerate(outward) if convert is not None]
        self.shape: SimpleResultMetaData | None = None

    def run(self, connection: sqlite3.Connection, parameters: Mapping[str, Any] | None) -> Answer:
        """Execute. Raises what SQLAlchemy would (``DBAPIError``)."""
        given = {**self._fixed, **parameters} if parameters else self._fixed
        values = [given[name] for name in self._names]
        for place, convert in self._inward:
            values[place] = convert(values[place])
        try:
            return Answer(self, connection.execute(self._text, values))
        except sqlite3.Error as problem:
            raise DBAPIError.instance(self._text, values, problem, sqlite3.Error) from problem


class Answer:
    """What the driver answered."""

    __slots__ = ("_prepared", "cursor")

    def __init__(self, prepared: Prepared, cursor: sqlite3.Cursor) -> None:
        self._prepared = prepared
        self.cursor = cursor

    def rows(self) -> Sequence[Row[Any]]:
        """All rows, as SQLAlchemy gives them."""
        return self._shaped(self.cursor.fetchall())

    def first(self) -> Row[Any] | None:
        """The first row, or None."""
        found = self._shaped(self.cursor.fetchmany(1))
        return found[0] if found else None

    def column(self) -> Iterator[Any]:
        """The first value of each row."""
        outward = self._prepared.outward
        convert = outward[0][1] if outward and outward[0][0] == 0 else None
        return (row[0] if convert is None else convert(row[0]) for row in self.cursor)

    def _shaped(self, found: list[Any]) -> Sequence[Row[Any]]:
        prepared = self._prepared
        if prepared.shape is None:
            prepared.shape = SimpleResultMetaData([column[0] for column in self.cursor.description])
        converted = map(self._convert, found) if prepared.outward else iter(found)
        result: IteratorResult[Any] = IteratorResult(prepared.shape, converted)
        return result.fetchall()

    def _convert(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, convert in self._prepared.outward:
            values[place] = convert(values[place])
        return tuple(values)


_met: WeakKeyDictionary[Executable, dict[tuple[str, ...], Prepared | None]] = WeakKeyDictionary()


def find_prepared(statement: Executable, parameters: Mapping[str, Any] | None, dialect: Dialect) -> Prepared | None:
    """How to say the statement directly, if it was met before and is of a kind that can be."""
    known = _met.get(statement)
    if known is None:
        _met[statement] = {}
        return None
    names = tuple(parameters) if parameters else ()
    if names not in known:
        known[names] = _prepare(statement, names, dialect)
    return known[names]


def _prepare(statement: Executable, names: tuple[str, ...], dialect: Dialect) -> Prepared | None:
    if not isinstance(statement, Select | Insert | Update | Delete):
        return None
    compiled = statement.compile(dialect=dialect, column_keys=names or None)
    assert isinstance(compiled, SQLCompiler)
    computed = compiled.insert_prefetch or compiled.update_prefetch or compiled.effective_returning
    if computed or compiled.post_compile_params or compiled.literal_execute_params:
        return None
    columns = [column.type for column in statement.selected_columns] if isinstance(statement, Select) else []
    return Prepared(compiled, columns, dialect)
