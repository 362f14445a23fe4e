"""The bell of PostgreSQL: LISTEN and NOTIFY. Loaded only where the database is one, as the driver is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import psycopg

from core.database.bells import ANY, LOOK_SECONDS

CHANNEL = "mailhub_bell"
PAUSE_SECONDS = 0.05
LONGEST = 7000  # the server takes 8000 bytes


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
                        for said in _in_pieces(topics):
                            connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, said))
                        self._stop.wait(PAUSE_SECONDS)
            except psycopg.Error:
                self._stop.wait(1)


def _in_pieces(topics: list[str]) -> Iterator[str]:
    """The topics, joined into as few words as the server takes."""
    piece: list[str] = []
    size = 0
    for topic in topics:
        if piece and size + len(topic) > LONGEST:
            yield ",".join(piece)
            piece, size = [], 0
        piece.append(topic)
        size += len(topic) + 1
    if piece:
        yield ",".join(piece)
