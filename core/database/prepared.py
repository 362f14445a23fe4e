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
from weakref import ref

from sqlalchemy import JSON, Dialect, Executable, Row, Select, SelectBase, Table, TextClause
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Delete, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import ExternallyTraversible, traverse
from sqlalchemy.types import TypeEngine

from core.database.as_json import to_json

Convert = Callable[[Any], Any]
_LIST = re.compile(r"__\[POSTCOMPILE_\w+\]")
_MOST_TEXTS = 64
_NONE = "SELECT 1 WHERE 0"  # what no value is in, and every value is not in


class Prepared:
    """The text of a statement, and how values go in and come out."""

    __slots__ = ("_fixed", "_inward", "_lists", "_names", "_text", "_texts", "outward", "shape")

    def __init__(self, compiled: SQLCompiler, columns: Sequence[TypeEngine[Any]], dialect: Dialect) -> None:
        """``columns`` are the types of what the statement returns."""
        binds = compiled.binds
        self._text = compiled.string
        self._names = tuple(compiled.positiontup or ())
        self._fixed = {name: bind.effective_value for name, bind in binds.items() if not bind.required}
        inward = [_inward(binds[name].type, dialect) for name in self._names]
        outward = [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in columns]
        self._inward = [(place, convert) for place, convert in enumerate(inward) if convert is not None]
        self.outward = [(place, convert) for place, convert in enumerate(outward) if convert is not None]
        self.shape: SimpleResultMetaData | None = None
        self._lists = [place for place, name in enumerate(self._names) if binds[name].expanding]
        self._texts: dict[tuple[int, ...], str] = {}

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
        """The text, with a hole for every value of every list, and the values."""
        given = parameters or self._fixed
        if self._fixed and parameters:
            given = {**self._fixed, **parameters}
        values: list[Any] = [given[name] for name in self._names]
        lists = self._lists
        for place, convert in self._inward:
            value = values[place]
            values[place] = [convert(one) for one in value] if place in lists else convert(value)
        if not lists:
            return self._text, values
        lengths = tuple([len(values[place]) for place in lists])
        text = self._texts.get(lengths)
        if text is None:
            text = self._widen(lengths)
        for place in reversed(lists):
            values[place : place + 1] = values[place]
        return text, values

    def _widen(self, lengths: tuple[int, ...]) -> str:
        pieces = _LIST.split(self._text)
        holes = [", ".join("?" * length) or _NONE for length in lengths]
        text = "".join([piece for pair in zip(pieces, [*holes, ""], strict=True) for piece in pair])
        if len(self._texts) < _MOST_TEXTS:
            self._texts[lengths] = text
        return text


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


def _inward(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """How values of a type go in."""
    if isinstance(kind, JSON):
        return _json_or_null
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _json_or_null(value: Any) -> str | None:
    return None if value is None else to_json(value)


class _Met:
    """A statement that was said before, and how to say it with these names of values."""

    __slots__ = ("_tables", "statement", "ways")

    def __init__(self, statement: Executable) -> None:
        key = id(statement)
        self.statement = ref(statement, lambda _: _met.pop(key, None))
        self.ways: dict[tuple[str, ...], Prepared | None] = {}
        self._tables: list[frozenset[str]] = []

    def tables(self, statement: Executable) -> frozenset[str]:
        if not self._tables:
            self._tables.append(_find_tables(statement))
        return self._tables[0]


_met: dict[int, _Met] = {}


def find_prepared(statement: Executable, parameters: Mapping[str, Any] | None, dialect: Dialect) -> Prepared | None:
    """How to say the statement directly, if it was met before and is of a kind that can be."""
    met = _met.get(id(statement))
    if met is None or met.statement() is not statement:
        _met[id(statement)] = _Met(statement)
        return None
    names = tuple(parameters) if parameters else ()
    try:
        return met.ways[names]
    except KeyError:
        return met.ways.setdefault(names, _prepare(statement, names, dialect))


def tables_of(statement: Executable) -> frozenset[str] | None:
    """The names of the tables that a statement reads or writes; None for one that does not say (its own text)."""
    if isinstance(statement, TextClause):
        return None
    met = _met.get(id(statement))
    return met.tables(statement) if met and met.statement() is statement else _find_tables(statement)


def _find_tables(statement: Executable) -> frozenset[str]:
    found: set[str] = set()

    def add(clause: Any) -> None:
        while not isinstance(clause, Table) and hasattr(clause, "element"):
            clause = clause.element
        if isinstance(clause, Table):
            found.add(clause.name)
        elif isinstance(clause, Select):
            found.update(_find_tables(clause))

    ways: dict[str, Callable[[Any], None]] = {"table": add, "column": lambda column: add(column.table)}
    ways |= dict.fromkeys(("insert", "update", "delete"), lambda changing: add(changing.table))
    assert isinstance(statement, ExternallyTraversible)
    traverse(statement, {}, ways)
    return frozenset(found)


def _prepare(statement: Executable, names: tuple[str, ...], dialect: Dialect) -> Prepared | None:
    if not isinstance(statement, SelectBase | Insert | Update | Delete | TextClause):
        return None
    compiled = statement.compile(dialect=dialect, column_keys=names or None)
    assert isinstance(compiled, SQLCompiler)
    computed = compiled.insert_prefetch or compiled.update_prefetch or compiled.effective_returning
    if computed or compiled.literal_execute_params:
        return None
    holes = len(_LIST.findall(compiled.string)) + compiled.string.count("?")
    if holes != len(compiled.positiontup or ()):
        return None  # a question mark in quotes, or a list of another kind
    columns: list[TypeEngine[Any]] = []
    if isinstance(statement, SelectBase):
        columns = [column.type for column in statement.selected_columns.values()]
    return Prepared(compiled, columns, dialect)
