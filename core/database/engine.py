"""One door to the database, the same on SQLite and PostgreSQL.

``await db.write(verb, …)`` runs ``verb(tx, …)`` in the lane of people and acceptance, ``work`` in the lane of
background work; ``read`` and ``search`` run a reading verb, ``page`` renders its result in the same thread after the
snapshot was let go. The functions ending in ``_now`` do the same for callers without an event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from core.database import bells, postgres, sqlite
from core.database.indexes import ExpressionIndex, lay_alone, lay_statements
from core.database.tx import ReadTx, WriteTx
from core.database.units import Unit
from core.errors import Invalid
from core.log import get_log

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

READERS = 2
SEARCHERS = 1
POSTGRES_WRITERS = 6
log = get_log(__name__)


class Bell(Protocol):
    """Wake-ups between processes."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def ring(self, topics: frozenset[str]) -> None: ...


class Lanes(Protocol):
    """What differs between the engines: how a unit gets a connection."""

    bell: Bell

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def write(self, unit: Unit, *, first: bool) -> None: ...
    def read(
        self, unit: Unit, function: Callable[[ReadTx], Any], then: Callable[[Any], Any] | None, *, search: bool
    ) -> None: ...
    def lay(self, index: ExpressionIndex) -> Unit: ...
    def longest_hold(self) -> float: ...


class SqliteLanes:
    """One writer, two readers, one searcher."""

    def __init__(self, path: Path, heard: Callable[[frozenset[str]], None], synchronous: str) -> None:
        reading = sqlite.make_engine(path, read_only=True)
        self.dialect = reading.dialect
        self.writer = sqlite.SqliteWriter(sqlite.make_engine(path, read_only=False, synchronous=synchronous), heard)
        self.readers = sqlite.SqliteReaders(reading, READERS, "database-reader")
        self.searchers = sqlite.SqliteReaders(reading, SEARCHERS, "database-search")
        self.bell: Bell = bells.SqliteBell(reading, heard)

    def start(self) -> None:
        self.writer.start()
        self.readers.start()
        self.searchers.start()

    def stop(self) -> None:
        self.readers.stop()
        self.searchers.stop()
        self.writer.stop()

    def write(self, unit: Unit, *, first: bool) -> None:
        self.writer.submit(unit, first=first)

    def read(
        self, unit: Unit, function: Callable[[ReadTx], Any], then: Callable[[Any], Any] | None, *, search: bool
    ) -> None:
        (self.searchers if search else self.readers).submit(unit, function, then)

    def lay(self, index: ExpressionIndex) -> Unit:
        def verb(tx: WriteTx) -> None:
            for statement in lay_statements(index, self.dialect):
                tx.sql(statement)

        unit = Unit(verb)
        self.writer.submit(unit, first=False)
        return unit

    def longest_hold(self) -> float:
        return self.writer.longest_hold


class PostgresLanes:
    """Threads with a connection each: writers for people, one for work, two readers, one searcher."""

    def __init__(self, url: str, heard: Callable[[frozenset[str]], None]) -> None:
        def told(topics: frozenset[str]) -> None:
            heard(topics)
            self.bell.ring(topics)

        writing = postgres.make_engine(url, read_only=False)
        reading = postgres.make_engine(url, read_only=True)
        self.first = postgres.PostgresLane(writing, POSTGRES_WRITERS, "database-writer", told)
        self.later = postgres.PostgresLane(writing, 2, "database-work", told)
        self.readers = postgres.PostgresLane(reading, READERS, "database-reader", told)
        self.searchers = postgres.PostgresLane(reading, SEARCHERS, "database-search", told)
        # The driver is of no use to whoever has another database, and takes its time to load.
        self.bell: Bell = import_module("core.database.postgres_bell").PostgresBell(url, heard)

    def start(self) -> None:
        for lane in (self.first, self.later, self.readers, self.searchers):
            lane.start()

    def stop(self) -> None:
        for lane in (self.readers, self.searchers, self.first, self.later):
            lane.stop()

    def write(self, unit: Unit, *, first: bool) -> None:
        lane = self.first if first else self.later
        lane.submit(unit, lane.run_write)

    def read(
        self, unit: Unit, function: Callable[[ReadTx], Any], then: Callable[[Any], Any] | None, *, search: bool
    ) -> None:
        lane = self.searchers if search else self.readers
        lane.submit(unit, partial(postgres.run_read, function=function, then=then))

    def lay(self, index: ExpressionIndex) -> Unit:
        unit = Unit(_never_written)
        self.later.submit(unit, lambda wire, _: lay_alone(wire.connection, index))
        return unit

    def longest_hold(self) -> float:
        return max(self.first.longest_hold, self.later.longest_hold)


class Database:
    """The door. ``listen`` to hear, after commits, that somebody announced a topic (here or in another process)."""

    def __init__(self, url: str, *, synchronous: str = "FULL") -> None:
        """``synchronous`` exists so that a test can show what NORMAL loses in a power cut; nothing else sets it."""
        self.url = url
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self.lanes: SqliteLanes | PostgresLanes
        if url.startswith("sqlite:///"):
            path = Path(url.removeprefix("sqlite:///"))
            path.parent.mkdir(parents=True, exist_ok=True)
            self.lanes = SqliteLanes(path, self._heard, synchronous)
        elif url.startswith("postgresql://"):
            self.lanes = PostgresLanes(url, self._heard)
        else:
            raise Invalid("database.url has to begin with sqlite:/// or postgresql://, not %(url)s.", url=url[:20])
        self._started = False
        self._bell_started = False

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite."""
        return self.url.startswith("sqlite:")

    @property
    def path(self) -> Path:
        """The file of an SQLite database."""
        return Path(self.url.removeprefix("sqlite:///"))

    def start(self, *, hear_others: bool = False) -> None:
        """Open the connections; ``hear_others`` also listens to other processes on the same database."""
        self.lanes.start()
        self._started = True
        if hear_others:
            self.lanes.bell.start()
            self._bell_started = True

    def close(self) -> None:
        """Finish what waits and let the connections go. Safe to call twice."""
        if self._bell_started:
            self.lanes.bell.stop()
            self._bell_started = False
        if self._started:
            self.lanes.stop()
            self._started = False

    def listen(self, callback: Callable[[frozenset[str]], None]) -> None:
        """Call ``callback(topics)`` after commits that announced something; ``{"*"}`` means anything may have moved.

        It is called in a thread of the database: it only sets a flag or schedules a call in a loop.
        """
        self._listeners.append(callback)

    def tell_others(self, topic: str) -> None:
        """Say something to listeners in other processes on this database, where they listen (PostgreSQL): of nothing
        that was committed, and it may be lost. ``topic`` is short and holds no comma."""
        self.lanes.bell.ring(frozenset({topic}))

    def longest_hold(self) -> float:
        """Seconds of the longest write transaction so far."""
        return self.lanes.longest_hold()

    def write(
        self, verb: Callable[Concatenate[WriteTx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run a verb for a person or a letter at the door; returns after the COMMIT."""
        return _result(self._write(verb, args, kwargs, first=True))

    def work(
        self, verb: Callable[Concatenate[WriteTx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run a verb of background work; returns after the COMMIT."""
        return _result(self._write(verb, args, kwargs, first=False))

    def read(
        self, verb: Callable[Concatenate[ReadTx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run a reading verb on one snapshot."""
        return _result(self._read(verb, args, kwargs, None, search=False))

    def search(
        self, verb: Callable[Concatenate[ReadTx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run a reading verb that may take long, in a lane of its own, so that pages do not wait behind it."""
        return _result(self._read(verb, args, kwargs, None, search=True))

    def page(
        self,
        render: Callable[[T], R],
        verb: Callable[Concatenate[ReadTx, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, R]:
        """Run a reading verb, let its snapshot go, then render its result in the same thread."""
        return _result(self._read(verb, args, kwargs, render, search=False))

    def lay_index(self, index: ExpressionIndex) -> Coroutine[Any, Any, None]:
        """Lay an index while the house runs, or take it away. On PostgreSQL nobody waits for it; on SQLite it holds the
        one writer until it stands, about a second for a million rows."""
        return _result(self.lanes.lay(index))

    def lay_index_now(self, index: ExpressionIndex) -> None:
        """``lay_index`` for a caller without an event loop."""
        _wait(self.lanes.lay(index))

    def write_now(self, verb: Callable[Concatenate[WriteTx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``write`` for a caller without an event loop; blocks until the COMMIT."""
        result: T = _wait(self._write(verb, args, kwargs, first=True))
        return result

    def read_now(self, verb: Callable[Concatenate[ReadTx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``read`` for a caller without an event loop."""
        result: T = _wait(self._read(verb, args, kwargs, None, search=False))
        return result

    def _write(self, verb: Callable[..., Any], args: Any, kwargs: Any, *, first: bool) -> Unit:
        unit = Unit(lambda tx: verb(tx, *args, **kwargs))
        self.lanes.write(unit, first=first)
        return unit

    def _read(
        self, verb: Callable[..., Any], args: Any, kwargs: Any, then: Callable[[Any], Any] | None, *, search: bool
    ) -> Unit:
        unit = Unit(_never_written)
        self.lanes.read(unit, lambda tx: verb(tx, *args, **kwargs), then, search=search)
        return unit

    def _heard(self, topics: frozenset[str]) -> None:
        for callback in self._listeners:
            try:
                callback(topics)
            except Exception as problem:  # what was committed stands, and the writer has to go on
                log.error("a listener of the database failed", exc_info=problem)


def open_database(url: str) -> Database:
    """A started database for a command line or a test: no listening to other processes."""
    database = Database(url)
    database.start()
    return database


def _never_written(_tx: WriteTx) -> None:
    raise AssertionError("a read was given to a writer")


async def _result(unit: Unit) -> Any:
    assert isinstance(unit.future, asyncio.Future)
    return await unit.future


def _wait(unit: Unit) -> Any:
    if not isinstance(unit.future, Future):
        raise AssertionError("a blocking call on the database inside an event loop")
    return unit.future.result()
