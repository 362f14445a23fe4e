"""SQLite: one writer thread that commits in groups, and a few readers.

The writer drains two lanes, people and acceptance before work. Each unit has a SAVEPOINT of its own; a group closes at
20 ms or 200 units or when nothing waits; one COMMIT with ``synchronous=FULL`` makes the whole group durable, and only
then do callers go on. (A power cut with ``NORMAL`` loses acknowledged letters; kill -9 cannot show it.)
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from core.database.as_json import to_json
from core.database.faults import translate
from core.database.tx import ReadTx, WriteTx
from core.database.units import STOPPING, Line, Unit, settle_all
from core.errors import Unavailable

GROUP_SECONDS = 0.020
GROUP_UNITS = 200
BUSY_SECONDS = 10


def make_engine(path: Path, *, read_only: bool, synchronous: str = "FULL") -> Engine:
    """An engine whose connections are in the driver's autocommit: BEGIN, COMMIT and SAVEPOINT are ours to say."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        json_serializer=to_json,
        connect_args={"cached_statements": 512},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        else:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={synchronous}")
            connection.execute("PRAGMA journal_size_limit=16777216")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute("PRAGMA temp_store=MEMORY")

    return engine


class SqliteWriter:
    """The one thread that writes."""

    def __init__(self, engine: Engine, heard: Callable[[frozenset[str]], None]) -> None:
        self._engine = engine
        self._heard = heard
        self._first: deque[Unit] = deque()
        self._later: deque[Unit] = deque()
        self._bell = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
        self._ready: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self.longest_hold = 0.0
        self.commits = 0
        self.units = 0

    def start(self) -> None:
        """Open the connection and begin to serve. Raises what opening raised."""
        self._thread.start()
        problem = self._ready.get()
        if problem is not None:
            raise translate(problem)

    def stop(self) -> None:
        """Finish what waits, then end."""
        with self._bell:
            self._stopping = True
            self._bell.notify()
        self._thread.join()

    def submit(self, unit: Unit, *, first: bool) -> None:
        """Queue a unit; ``first`` is the lane of people and acceptance. Raises Unavailable after ``stop``."""
        with self._bell:
            if self._stopping:
                raise Unavailable(STOPPING)
            (self._first if first else self._later).append(unit)
            self._bell.notify()

    def _run(self) -> None:
        try:
            connection = self._engine.connect()
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
        except BaseException as problem:  # noqa: BLE001 - handed to start(), which raises it
            self._ready.put(problem)
            return
        self._ready.put(None)
        while self._wait():
            self._group(connection, raw)
        with suppress(
            sqlite3.Error
        ):  # a full disk: everything stays in the log beside the file, the next start reads it
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def _wait(self) -> bool:
        with self._bell:
            while not (self._first or self._later or self._stopping):
                self._bell.wait()
            return bool(self._first or self._later)

    def _next(self) -> Unit | None:
        if self._first:
            return self._first.popleft()
        return self._later.popleft() if self._later else None

    def _group(self, connection: Connection, raw: sqlite3.Connection) -> None:
        """Run what waits inside one transaction and commit it once."""
        done: list[Unit] = []
        failed: list[Unit] = []
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as problem:
            unit = self._next()
            if unit is not None:
                unit.error = translate(problem)
                settle_all([unit])
            return
        began = time.monotonic()
        while len(done) < GROUP_UNITS and time.monotonic() - began < GROUP_SECONDS:
            unit = self._next()
            if unit is None:
                break
            if self._attempt(unit, connection, raw):
                done.append(unit)
                continue
            failed.append(unit)
            if not raw.in_transaction:
                # SQLITE_FULL and SQLITE_IOERR roll back the *whole* transaction: the units before this one are gone
                # too, though their functions returned. Each gets one more chance alone; nobody is told "done" falsely.
                settle_all(failed)
                for earlier in done:
                    self._alone(earlier, connection, raw)
                return
        self._commit(done, raw)
        self.longest_hold = max(self.longest_hold, time.monotonic() - began)
        settle_all(failed + done)

    def _attempt(self, unit: Unit, connection: Connection, raw: sqlite3.Connection) -> bool:
        """Run one unit under its savepoint. False when it failed; its error stands in the unit."""
        tx = WriteTx(connection, connection.connection.dbapi_connection)
        try:
            raw.execute("SAVEPOINT unit")
            unit.result = unit.function(tx)
            tx.do_waiting()
            unit.topics = frozenset(tx.topics)
            raw.execute("RELEASE unit")
        except BaseException as problem:  # noqa: BLE001 - the caller of the unit gets it
            unit.error = translate(problem)
            self._undo_unit(raw)
            return False
        return True

    def _undo_unit(self, raw: sqlite3.Connection) -> None:
        """Back to the savepoint, or, when even that fails, the whole transaction goes: then it is not open any more."""
        try:
            if raw.in_transaction:
                raw.execute("ROLLBACK TO unit")
                raw.execute("RELEASE unit")
        except sqlite3.Error:
            raw.rollback()

    def _alone(self, unit: Unit, connection: Connection, raw: sqlite3.Connection) -> None:
        try:
            raw.execute("BEGIN IMMEDIATE")
            succeeded = self._attempt(unit, connection, raw)
        except sqlite3.Error as problem:
            unit.error, succeeded = translate(problem), False
        if succeeded:
            self._commit([unit], raw)
        elif raw.in_transaction:
            raw.execute("ROLLBACK")
        settle_all([unit])

    def _commit(self, units: list[Unit], raw: sqlite3.Connection) -> None:
        """Make the group durable, or give every unit of it the error: none is told "done" without a COMMIT."""
        try:
            self._say_commit(raw)
        except sqlite3.Error as problem:
            for unit in units:
                unit.error = translate(problem)
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            return
        self.commits += 1
        self.units += len(units)
        topics = frozenset[str]().union(*(unit.topics for unit in units))
        if topics:
            self._heard(topics)

    def _say_commit(self, raw: sqlite3.Connection) -> None:
        raw.execute("COMMIT")


class SqliteReaders:
    """A few threads, each with its own ``query_only`` connection. More threads buy nothing: the GIL is the bound."""

    def __init__(self, engine: Engine, count: int, name: str) -> None:
        self._engine = engine
        self._line = Line()
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{n}", daemon=True) for n in range(count)]

    def start(self) -> None:
        """Begin to serve."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what waits, then end."""
        self._line.close()
        for thread in self._threads:
            thread.join()

    def submit(self, unit: Unit, function: Callable[[ReadTx], Any], then: Callable[[Any], Any] | None) -> None:
        """Queue a read; ``then`` (rendering) runs in the same thread after the snapshot is let go.

        Raises Unavailable after ``stop``.
        """
        self._line.join((unit, function, then))

    def _run(self) -> None:
        connection = self._engine.connect()
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        while (item := self._line.next()) is not None:
            unit, function, then = item
            try:
                raw.execute("BEGIN")
                try:
                    result = function(ReadTx(connection, connection.connection.dbapi_connection))
                finally:
                    if raw.in_transaction:
                        raw.execute("ROLLBACK")
                unit.result = result if then is None else then(result)
            except BaseException as problem:  # noqa: BLE001 - the caller of the read gets it
                unit.error = translate(problem)
            settle_all([unit])
        connection.close()
