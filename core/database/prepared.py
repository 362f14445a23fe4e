"""Statements that are said again and again, on SQLite: worked out once, then handed to the driver directly.

SQLAlchemy builds a context around each execution: 25 µs (100 with a list), where SQLite needs five and a letter thirty
statements. A statement object that is met a second time was built beforehand, so its text, the order of its values and
their conversions stand; a list takes as many holes as it has values. All others go through SQLAlchemy as ever.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable, Row, Select, TextClause
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Delete, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]
_LIST = re.compile(r"__\[POSTCOMPILE_\w+\]")
_NONE = "SELECT 1 WHERE 0"  # what no value is in, and every value is not in


class Prepared:
    """The text of a statement, and how values go in and come out."""

    __slots__ = ("_fixed", "_inward", "_names", "_pieces", "_text", "outward", "shape")

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
        lists = {name for name in self._names if binds[name].expanding}
        self._pieces = list(self._cut(lists, inward)) if lists else []

    def _cut(self, lists: set[str], inward: Sequence[Convert | None]) -> Iterator[tuple[str, bool, Convert | None]]:
        """The text up to each hole, whether it takes a list, and how values go in; the rest of the text at the end."""
        rest = self._text
        for name, convert in zip(self._names, inward, strict=True):
            if name in lists:
                before, rest = _LIST.split(rest, 1)
            else:
                before, rest = rest.split("?", 1)
            yield before, name in lists, convert
        yield rest, False, None

    def run(self, connection: sqlite3.Connection, parameters: Mapping[str, Any] | None) -> Answer:
        """Execute. Raises what SQLAlchemy would (``DBAPIError``)."""
        text, values = self._filled(parameters)
        try:
            return Answer(self, connection.execute(text, values))
        except sqlite3.Error as problem:
            raise DBAPIError.instance(text, values, problem, sqlite3.Error) from problem

    def run_many(self, connection: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once for each row of values. Raises as ``run``."""
        values = [self._filled(row)[1] for row in rows]
        try:
            connection.executemany(self._text, values)
        except sqlite3.Error as problem:
            raise DBAPIError.instance(self._text, values, problem, sqlite3.Error) from problem

    def _filled(self, parameters: Mapping[str, Any] | None) -> tuple[str, list[Any]]:
        given = {**self._fixed, **parameters} if parameters else self._fixed
        values = [given[name] for name in self._names]
        if self._pieces:
            return self._widened(values)
        for place, convert in self._inward:
            values[place] = convert(values[place])
        return self._text, values

    def _widened(self, given: list[Any]) -> tuple[str, list[Any]]:
        """The text with a hole for every value of every list."""
        text: list[str] = []
        values: list[Any] = []
        for (before, is_list, convert), value in zip(self._pieces, given, strict=False):
            several = list(value) if is_list else [value]
            text += [before, ", ".join("?" * len(several)) or _NONE]
            values += several if convert is None else map(convert, several)
        return "".join([*text, self._pieces[-1][0]]), values


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
        if not found:
            return found
        prepared = self._prepared
        if prepared.shape is None:
            prepared.shape = SimpleResultMetaData([column[0] for column in self.cursor.description])
        shape = prepared.shape
        converted = map(self._convert, found) if prepared.outward else found
        return [Row(shape, None, shape._key_to_index, values) for values in converted]

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
    if not isinstance(statement, Select | Insert | Update | Delete | TextClause):
        return None
    compiled = statement.compile(dialect=dialect, column_keys=names or None)
    assert isinstance(compiled, SQLCompiler)
    computed = compiled.insert_prefetch or compiled.update_prefetch or compiled.effective_returning
    if computed or compiled.literal_execute_params:
        return None
    holes = len(_LIST.findall(compiled.string)) + compiled.string.count("?")
    if holes != len(compiled.positiontup or ()):
        return None  # a question mark in quotes, or a list of another kind
    columns = [column.type for column in statement.selected_columns] if isinstance(statement, Select) else []
    return Prepared(compiled, columns, dialect)
