"""Statements that are said again and again: worked out once, then handed to the driver directly.

SQLAlchemy builds a context around each execution, and psycopg another one: 25 µs on SQLite (100 with a list), 160 µs on
PostgreSQL, where the drivers themselves need five and nine, and a letter is thirty statements. A statement object that
is met a second time was built beforehand, so its text, the order of its values and their conversions stand. All others
go through SQLAlchemy as ever.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any
from weakref import ref

from sqlalchemy import JSON, Dialect, Executable, Row, Select, SelectBase, Table, TextClause
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql import Delete, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import ExternallyTraversible, traverse
from sqlalchemy.types import TypeEngine

from core.database.as_json import to_json

Convert = Callable[[Any], Any]


class Prepared(ABC):
    """A statement as one of the drivers takes it, and how values go in and come out."""

    __slots__ = ("_fixed", "_inward", "_lists", "_names", "outward", "shape")

    def __init__(self, compiled: SQLCompiler, columns: Sequence[TypeEngine[Any]], dialect: Dialect) -> None:
        """``columns`` are the types of what the statement returns."""
        binds = compiled.binds
        self._names = tuple(compiled.positiontup or ())
        self._fixed = {name: bind.effective_value for name, bind in binds.items() if not bind.required}
        inward = [_inward(binds[name].type, dialect) for name in self._names]
        outward = [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in columns]
        self._inward = [(place, convert) for place, convert in enumerate(inward) if convert is not None]
        self.outward = [(place, convert) for place, convert in enumerate(outward) if convert is not None]
        self.shape: SimpleResultMetaData | None = None
        self._lists = [place for place, name in enumerate(self._names) if binds[name].expanding]

    @abstractmethod
    def run(self, driver: Any, parameters: Mapping[str, Any] | None) -> Answer | None:
        """Execute; None where it cannot be said directly after all, and nothing happened. Raises what SQLAlchemy would
        (``DBAPIError``)."""

    @abstractmethod
    def run_many(self, driver: Any, rows: Sequence[Mapping[str, Any]]) -> int | None:
        """Execute once for each row of values. Returns the id of the last row where one was inserted, and None as
        ``run`` does. Raises as ``run``."""

    def _values(self, parameters: Mapping[str, Any] | None) -> list[Any]:
        """The values in their order, as the driver has them; lists stay lists."""
        given = parameters or self._fixed
        if self._fixed and parameters:
            given = {**self._fixed, **parameters}
        values: list[Any] = [given[name] for name in self._names]
        for place, convert in self._inward:
            value = values[place]
            values[place] = [convert(one) for one in value] if place in self._lists else convert(value)
        return values


class Answer(ABC):
    """What the driver answered."""

    __slots__ = ("_prepared",)

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared

    @property
    @abstractmethod
    def count(self) -> int:
        """How many rows were changed."""

    @property
    @abstractmethod
    def new_id(self) -> int:
        """The id of the row that was inserted; 0 for a table without one."""

    @abstractmethod
    def _fetch(self, most: int | None = None) -> list[Any]:
        """So many rows of values, all of them without."""

    @abstractmethod
    def _labels(self) -> list[str]:
        """What the columns are called."""

    def rows(self) -> Sequence[Row[Any]]:
        """All rows, as SQLAlchemy gives them."""
        return self._shaped(self._fetch())

    def first(self) -> Row[Any] | None:
        """The first row, or None."""
        found = self._shaped(self._fetch(1))
        return found[0] if found else None

    def column(self) -> list[Any]:
        """The first value of each row."""
        outward = self._prepared.outward
        convert = outward[0][1] if outward and outward[0][0] == 0 else None
        return [row[0] if convert is None else convert(row[0]) for row in self._fetch()]

    def value(self) -> Any:
        """The first value of the first row, or None."""
        found = self._fetch(1)
        if not found:
            return None
        outward = self._prepared.outward
        return outward[0][1](found[0][0]) if outward and outward[0][0] == 0 else found[0][0]

    def _shaped(self, found: list[Any]) -> Sequence[Row[Any]]:
        if not found:
            return found
        prepared = self._prepared
        if prepared.shape is None:
            prepared.shape = SimpleResultMetaData(self._labels())
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
    """A statement that was said before, and how to say it to a driver with these names of values."""

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
_MAKERS = {"sqlite": "core.database.prepared_sqlite", "postgresql": "core.database.prepared_postgres"}
"""Where the kinds of ``Prepared`` are made; the driver of PostgreSQL is loaded only where it is used."""


def find_prepared(statement: Executable, parameters: Mapping[str, Any] | None, dialect: Dialect) -> Prepared | None:
    """How to say the statement directly, if it was met before and is of a kind that can be."""
    met = _met.get(id(statement))
    if met is None or met.statement() is not statement:
        _met[id(statement)] = _Met(statement)
        return None
    way = (dialect.name, *parameters) if parameters else (dialect.name,)
    try:
        return met.ways[way]
    except KeyError:
        return met.ways.setdefault(way, _prepare(statement, way[1:], dialect))


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
    maker = import_module(_MAKERS[dialect.name])
    compiled = statement.compile(dialect=maker.spoken(dialect), column_keys=names or None)
    assert isinstance(compiled, SQLCompiler)
    told = [column.type for column in getattr(statement, "_returning", ())]
    computed = compiled.insert_prefetch or compiled.update_prefetch or (compiled.effective_returning and not told)
    if computed or compiled.literal_execute_params:
        return None
    if isinstance(statement, SelectBase):
        told = [column.type for column in statement.selected_columns.values()]
    made: Prepared | None = maker.make(compiled, told, dialect)
    return made
