"""Wake-ups between processes: somebody else committed something, look again.

Inside one process the writer rings by itself. A bell is only a hint: every listener also sweeps by the clock, and a
lost ring costs delay, never a fact. NOTIFY is said outside transactions and at most 20 times a second, because NOTIFY
inside a transaction serialises all commits of the server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Engine

LOOK_SECONDS = 0.5
ANY = frozenset({"*"})


class SqliteBell:
    """Looks at ``PRAGMA data_version`` twice a second: it moves when another connection has committed."""

    def __init__(self, engine: Engine, heard: Callable[[frozenset[str]], None]) -> None:
        self._engine = engine
        self._heard = heard
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database-bell", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def ring(self, topics: frozenset[str]) -> None:
        """Nothing to do: the others look by themselves."""

    def _run(self) -> None:
        with self._engine.connect() as connection:
            seen = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
            while not self._stop.wait(LOOK_SECONDS):
                version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
                if version != seen:
                    seen = version
                    self._heard(ANY)
