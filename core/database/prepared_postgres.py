"""Prepared statements on PostgreSQL: said to libpq itself, a list as one array.

Values and results are converted as psycopg converts them (its ``Transformer``); what is left out is its cursor, which
reads the text of a statement anew each time and gives the interpreter away for each step of the protocol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from functools import lru_cache
from typing import Any

from psycopg import Connection, Error, IsolationLevel, OperationalError, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InFailedSqlTransaction, error_from_result
from sqlalchemy import Dialect, Float, Numeric
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from core.database.prepared import Answer, Prepared

MOST_NAMED = 256
"""Statements that one connection keeps worked out on the server."""
_IN = re.compile(r"(NOT )?IN \(__\[POSTCOMPILE_(\w+?)(?:~~~~REPL~~::(\w+)~~)?\]\)")
_AS_BYTES = frozenset({bytes, bytearray, memoryview})
_BY_VALUES = b"SET LOCAL plan_cache_mode = force_custom_plan"
_AS_IT_LIKES = b"SET LOCAL plan_cache_mode = auto"
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


@lru_cache(maxsize=8)
def spoken(dialect: Dialect) -> Dialect:
    """The dialect in which statements are written for the driver: holes are ``$1``."""
    own = copy(dialect)
    own.paramstyle, own.positional = "numeric_dollar", True
    own.identifier_preparer = own.preparer(own)
    return own


def make(compiled: SQLCompiler, columns: Sequence[TypeEngine[Any]], dialect: Dialect) -> Prepared | None:
    """None for a statement whose values or rows are only known to SQLAlchemy."""
    lists = {compiled.bind_names[bind] for bind in compiled.post_compile_params}
    names = compiled.positiontup or []
    # Lists have no number yet; the others were numbered in their order, without them.
    order = [*(name for name in names if name not in lists), *(name for name in names if name in lists)]
    places = {name: number for number, name in enumerate(order, 1)}

    def as_array(found: re.Match[str]) -> str:
        cast = f"::{found[3]}[]" if found[3] else ""
        return f"{'<> ALL' if found[1] else '= ANY'}(${places[found[2]]}{cast})"

    text = _IN.sub(as_array, compiled.string)
    if "POSTCOMPILE" in text or any(isinstance(kind, Numeric | Float) for kind in columns):
        return None  # only an answer tells of which kind such numbers are
    compiled.positiontup = order
    return PostgresPrepared(text, compiled, columns, dialect)


class PostgresDriver:
    """A connection of psycopg, asked through libpq, with the statements that it has prepared on the server."""

    def __init__(self, raw: Connection[Any]) -> None:
        raw.prepare_threshold = None  # it would let go of all that is prepared at each rollback
        self._raw = raw
        self._libpq = raw.pgconn
        self._transformer = Transformer.from_context(raw)
        self._begin = b""
        self._by_values = False
        self._names: dict[str, bytes] = {}
        self._made = 0

    @property
    def is_gone(self) -> bool:
        """True when the server is not there any more."""
        return self._libpq.status == pq.ConnStatus.BAD

    def run(self, text: str, values: Sequence[Any], *, sure: bool, by_values: bool) -> pq.abc.PGresult | None:
        """Execute, in a transaction that is begun where none is open. ``sure`` says that the server has understood
        the text before; else None when it does not, and nothing happened. ``by_values``: the server is to look at the
        values each time before it chooses a way. Raises psycopg's errors."""
        if self._libpq.transaction_status == pq.TransactionStatus.IDLE:
            self._say(self._begin or self._find_begin())
            self._by_values = False
        if by_values is not self._by_values:
            self._say(_BY_VALUES if by_values else _AS_IT_LIKES)
            self._by_values = by_values
        name = self._names.pop(text, None) or self._prepare(text, sure=sure)
        if name is None:
            return None
        self._names[text] = name  # the one that was used last stands last
        formats = [PyFormat.BINARY if type(value) in _AS_BYTES else PyFormat.TEXT for value in values]
        transformer = self._transformer
        values = [_array(value) if type(value) is list else value for value in values]
        dumped: Any = transformer.dump_sequence(values, formats)
        return self._checked(self._libpq.exec_prepared(name, dumped, transformer.formats))

    def load(self, result: pq.abc.PGresult, most: int | None) -> list[Any]:
        """So many rows of a result, as tuples; all of them without."""
        self._transformer.set_pgresult(result)
        count = result.ntuples if most is None else min(result.ntuples, most)
        return self._transformer.load_rows(0, count, tuple)

    def end(self, word: bytes) -> None:
        """``COMMIT`` or ``ROLLBACK`` of what is open. Raises ``DBAPIError``, also where a transaction that has failed
        was to be committed: the server would take it back without a word."""
        status = self._libpq.transaction_status
        if status == pq.TransactionStatus.IDLE:
            return
        try:
            if word == b"COMMIT" and status == pq.TransactionStatus.INERROR:
                raise InFailedSqlTransaction("A transaction that has failed was to be committed.")
            self._say(word)
        except Error as problem:
            raise DBAPIError.instance(word.decode(), None, problem, Error) from problem

    def _prepare(self, text: str, *, sure: bool) -> bytes | None:
        if len(self._names) >= MOST_NAMED:
            oldest = next(iter(self._names))
            self._say(b'DEALLOCATE "%s"' % self._names.pop(oldest))
        self._made += 1
        name = b"said_%d" % self._made
        if sure:
            self._checked(self._libpq.prepare(name, text.encode()))
            return name
        self._say(b"SAVEPOINT preparing")
        understood = self._libpq.prepare(name, text.encode()).status in _DONE
        if not understood:
            self._say(b"ROLLBACK TO SAVEPOINT preparing")
        self._say(b"RELEASE SAVEPOINT preparing")
        return name if understood else None

    def _find_begin(self) -> bytes:
        """How a transaction begins here, as psycopg would say it."""
        words = ["BEGIN"]
        if self._raw.isolation_level is not None:
            words += ["ISOLATION LEVEL", IsolationLevel(self._raw.isolation_level).name.replace("_", " ")]
        if self._raw.read_only is not None:
            words.append("READ ONLY" if self._raw.read_only else "READ WRITE")
        self._begin = " ".join(words).encode()
        return self._begin

    def _say(self, command: bytes) -> None:
        self._checked(self._libpq.exec_(command))

    def _checked(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status in _DONE:
            return result
        if self.is_gone:
            raise OperationalError(result.get_error_message() or "The connection is gone.")
        raise error_from_result(result)


def _array(values: list[Any]) -> str | list[Any]:
    """Numbers as the text of an array, which psycopg would look at one by one."""
    return f"{{{','.join(map(str, values))}}}" if values and all(type(one) is int for one in values) else values


class PostgresPrepared(Prepared):
    """The text of a statement, and whether the server has understood it."""

    __slots__ = ("_by_values", "_sure", "_text")

    def __init__(self, text: str, compiled: SQLCompiler, columns: Sequence[TypeEngine[Any]], dialect: Dialect) -> None:
        super().__init__(compiled, columns, dialect)
        self._text = text
        self._by_values = " LIMIT " in text
        self._sure: bool | None = None

    def run(self, driver: PostgresDriver, parameters: Mapping[str, Any] | None) -> PostgresAnswer | None:
        if self._sure is False:
            return None
        values = self._values(parameters)
        for place in self._lists:
            values[place] = list(values[place])
        try:
            result = driver.run(self._text, values, sure=bool(self._sure), by_values=self._by_values)
        except Error as problem:
            raise DBAPIError.instance(self._text, values, problem, Error) from problem
        if result is None:
            self._sure = self._sure or False  # what one server has understood stays understood
            return None
        self._sure = True
        return PostgresAnswer(self, driver, result)

    def run_many(self, driver: PostgresDriver, rows: Sequence[Mapping[str, Any]]) -> int | None:
        for row in rows:
            if self.run(driver, row) is None:
                return None
        return 0


class PostgresAnswer(Answer):
    """A result of libpq, all of it in memory, converted when somebody asks."""

    __slots__ = ("_driver", "_result")

    def __init__(self, prepared: Prepared, driver: PostgresDriver, result: pq.abc.PGresult) -> None:
        super().__init__(prepared)
        self._driver = driver
        self._result = result

    @property
    def count(self) -> int:
        return self._result.command_tuples or 0

    @property
    def new_id(self) -> int:
        return int(self.value() or 0)

    def _fetch(self, most: int | None = None) -> list[Any]:
        return self._driver.load(self._result, most)

    def _labels(self) -> list[str]:
        return [(self._result.fname(place) or b"").decode() for place in range(self._result.nfields)]
