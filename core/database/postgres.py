"""PostgreSQL: a pool of threads, one transaction each, run again when another was first."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from core.database.as_json import to_json
from core.database.faults import may_run_again, translate
from core.database.tx import ReadTx, WriteTx
from core.database.units import Line, Unit, settle_all

TRIES = 8


def make_engine(url: str, *, read_only: bool) -> Engine:
    """An engine on psycopg 3. Readers see one snapshot a unit (REPEATABLE READ, READ ONLY).

    ``force_custom_plan``: from the sixth execution on a generic plan walked the global index for a reader of few
    mailboxes, 100 times slower.
    """
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        poolclass=NullPool,
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        json_serializer=to_json,
        connect_args={"options": "-c plan_cache_mode=auto -c lock_timeout=15s", "connect_timeout": 10},
    )
    return engine.execution_options(postgresql_readonly=True) if read_only else engine


class Wire:
    """A connection of SQLAlchemy's, and what says prepared statements to its driver. A transaction that either began is
    ended for both."""

    def __init__(self, engine: Engine) -> None:
        """Raises DBAPIError."""
        # The driver is of no use to whoever has another database, and takes its time to load.
        make_driver = import_module("core.database.prepared_postgres").PostgresDriver
        self.connection = engine.connect()
        self.driver = make_driver(self.connection.connection.dbapi_connection)

    @property
    def is_sound(self) -> bool:
        """False for one that is to be opened anew."""
        return not (self.connection.closed or self.connection.invalidated)

    def commit(self) -> None:
        """Said to the driver; SQLAlchemy, which may know of a transaction or not, then finds none open. Raises
        DBAPIError."""
        self.driver.end(b"COMMIT")
        self.connection.commit()

    def roll_back(self) -> None:
        """Also of a connection that is gone, which is given up. Raises DBAPIError."""
        if self.driver.is_gone:
            self.connection.invalidate()
        else:
            self.driver.end(b"ROLLBACK")
        self.connection.rollback()


class PostgresLane:
    """Threads that each hold one connection and take units from one queue."""

    def __init__(self, engine: Engine, count: int, name: str, heard: Callable[[frozenset[str]], None]) -> None:
        self._engine = engine
        self._heard = heard
        self._line = Line()
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{n}", daemon=True) for n in range(count)]
        self.longest_hold = 0.0

    def start(self) -> None:
        """Begin to serve; connections are opened now, not with the first request."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what waits, then end."""
        self._line.close()
        for thread in self._threads:
            thread.join()

    def submit(self, unit: Unit, run: Callable[[Wire, Unit], None]) -> None:
        """Queue a unit with the way to run it (``run_write`` or a read). Raises Unavailable after ``stop``."""
        self._line.join((unit, run))

    def _run(self) -> None:
        wire: Wire | None = None
        try:
            wire = Wire(self._engine)
        except DBAPIError:
            wire = None  # tried again with the first unit, whose caller then hears why
        while (item := self._line.next()) is not None:
            unit, run = item
            try:
                if wire is None or not wire.is_sound:
                    wire = Wire(self._engine)
                run(wire, unit)
            except BaseException as problem:  # noqa: BLE001 - the caller of the unit gets it
                unit.error = translate(problem)
                _discard(wire)
                wire = None
            settle_all([unit])
        _discard(wire)

    def run_write(self, wire: Wire, unit: Unit) -> None:
        """One transaction; on a serialization failure, a deadlock or a unique conflict it runs again."""
        for attempt in range(TRIES):
            tx = WriteTx(wire.connection, wire.driver)
            began = time.monotonic()
            try:
                unit.result = unit.function(tx)
                tx.do_waiting()
                wire.commit()
            except BaseException as problem:  # noqa: BLE001 - the caller of the unit gets it
                wire.roll_back()
                if attempt + 1 < TRIES and may_run_again(problem):
                    time.sleep(random.uniform(0, 0.002 * 2**attempt))  # noqa: S311 - spreads rivals, no secret
                    continue
                unit.error = translate(problem)
                return
            self.longest_hold = max(self.longest_hold, time.monotonic() - began)
            if tx.topics:
                self._heard(frozenset(tx.topics))
            return


def run_read(wire: Wire, unit: Unit, function: Callable[[ReadTx], Any], then: Callable[[Any], Any] | None) -> None:
    """One snapshot; ``then`` (rendering) runs after it is let go."""
    try:
        result = function(ReadTx(wire.connection, wire.driver))
    except BaseException as problem:  # noqa: BLE001 - the caller of the read gets it
        unit.error = translate(problem)
        return
    finally:
        wire.roll_back()
    try:
        unit.result = result if then is None else then(result)
    except BaseException as problem:  # noqa: BLE001 - the caller of the read gets it
        unit.error = problem


def _discard(wire: Wire | None) -> None:
    if wire is not None:
        wire.connection.invalidate()
        wire.connection.close()
