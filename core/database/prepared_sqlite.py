"""Prepared statements on SQLite: a list takes as many holes as it has values, many rows go in one statement."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from core.database.prepared import Answer, Prepared

_LIST = re.compile(r"__\[POSTCOMPILE_\w+\]")
_MOST_TEXTS = 64
_AT_ONCE = (64, 8)  # rows of one INSERT
_NONE = "SELECT 1 WHERE 0"  # what no value is in, and every value is not in


def spoken(dialect: Dialect) -> Dialect:
    """The dialect in which statements are written for the driver."""
    return dialect


def make(compiled: SQLCompiler, columns: Sequence[TypeEngine[Any]], dialect: Dialect) -> Prepared | None:
    """None for a statement that the driver would read differently."""
    holes = len(_LIST.findall(compiled.string)) + compiled.string.count("?")
    if holes != len(compiled.positiontup or ()):
        return None  # a question mark in quotes, or a list of another kind
    return SqlitePrepared(compiled, columns, dialect)


class SqlitePrepared(Prepared):
    """The text of a statement, for each length of its lists."""

    __slots__ = ("_text", "_texts", "_wide")

    def __init__(self, compiled: SQLCompiler, columns: Sequence[TypeEngine[Any]], dialect: Dialect) -> None:
        super().__init__(compiled, columns, dialect)
        self._text = compiled.string
        self._texts: dict[tuple[int, ...], str] = {}
        self._wide = _widths(self._text) if compiled.isinsert else ()

    def run(self, driver: sqlite3.Connection, parameters: Mapping[str, Any] | None) -> SqliteAnswer:
        text, values = self._filled(parameters)
        try:
            return SqliteAnswer(self, driver.execute(text, values))
        except sqlite3.Error as problem:
            raise DBAPIError.instance(text, values, problem, sqlite3.Error) from problem

    def run_many(self, driver: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Where it only inserts, many rows in one statement: the driver asks for the interpreter again after every
        statement, and waits for whoever has it."""
        values = [self._filled(row)[1] for row in rows]
        start, last = 0, 0
        try:
            for most, text in self._wide:
                while len(values) - start >= most:
                    together = [value for row in values[start : start + most] for value in row]
                    last = driver.execute(text, together).lastrowid or 0
                    start += most
            if start < len(values):
                driver.executemany(self._text, values[start:])
                last = driver.execute("SELECT last_insert_rowid()").fetchone()[0]
        except sqlite3.Error as problem:
            raise DBAPIError.instance(self._text, values, problem, sqlite3.Error) from problem
        return last

    def _filled(self, parameters: Mapping[str, Any] | None) -> tuple[str, list[Any]]:
        """The text, with a hole for every value of every list, and the values."""
        values, lists = self._values(parameters), self._lists
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


class SqliteAnswer(Answer):
    """A cursor, read when somebody asks."""

    __slots__ = ("_cursor",)

    def __init__(self, prepared: Prepared, cursor: sqlite3.Cursor) -> None:
        super().__init__(prepared)
        self._cursor = cursor

    @property
    def count(self) -> int:
        return self._cursor.rowcount

    @property
    def new_id(self) -> int:
        return self._cursor.lastrowid or 0

    def _fetch(self, most: int | None = None) -> list[Any]:
        return self._cursor.fetchall() if most is None else self._cursor.fetchmany(most)

    def _labels(self) -> list[str]:
        return [column[0] for column in self._cursor.description]


def _widths(text: str) -> tuple[tuple[int, str], ...]:
    """How an INSERT of one row is said for many at once, the most first; empty where it does more than insert."""
    before, values, holes = text.rpartition(" VALUES ")
    if not values or set(holes) - set("(?, )"):
        return ()
    return tuple((most, before + values + ", ".join([holes] * most)) for most in _AT_ONCE)
