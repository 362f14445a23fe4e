"""Wake-ups between processes: somebody else committed something, look again.

Inside one process the writer rings by itself. A bell is only a hint: every listener also sweeps by the clock, and a
lost ring costs delay, never a fact. NOTIFY is said outside transactions and at most 20 times a second, because NOTIFY
inside a transaction serialises all commits of the server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
from sqlalchemy import Engine

CHANNEL = "mailhub_bell"
LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.05
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


class PostgresBell:
    """One connection that listens and one that notifies, both outside any transaction."""

    def __init__(self, url: str, heard: Callable[[frozenset[str]], None]) -> None:
        self._url = url
        self._heard = heard
        self._stop = threading.Event()
        self._wanted: set[str] = set()
        self._ring = threading.Condition()
        self._threads = [
            threading.Thread(target=self._listen, name="database-bell-listen", daemon=True),
            threading.Thread(target=self._notify, name="database-bell-ring", daemon=True),
        ]

    def start(self) -> None:
        """Begin to listen and to ring."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        with self._ring:
            self._ring.notify()
        for thread in self._threads:
            thread.join()

    def ring(self, topics: frozenset[str]) -> None:
        """Tell the other processes, soon."""
        with self._ring:
            self._wanted |= topics
            self._ring.notify()

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._heard(ANY)  # what was said while nobody listened
                    while not self._stop.is_set():
                        for note in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
                            self._heard(frozenset(note.payload.split(",")))
            except psycopg.Error:
                self._stop.wait(1)

    def _notify(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    while not self._stop.is_set():
                        with self._ring:
                            while not self._wanted and not self._stop.is_set():
                                self._ring.wait()
                            topics, self._wanted = sorted(self._wanted), set()
                        if topics:
                            connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, ",".join(topics)))
                        self._stop.wait(PAUSE_SECONDS)
            except psycopg.Error:
                self._stop.wait(1)
