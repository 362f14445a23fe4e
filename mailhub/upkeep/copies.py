"""Whole copies of a database, made beside a working server and put back: the one place where the engines differ.

SQLite: ``VACUUM INTO`` writes one snapshot (the page-wise backup never ends under load). PostgreSQL: ``pg_dump`` of an
exported snapshot, so that rows counted, bytes copied and rows dumped are of the same moment.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Protocol

from core.database import Database, WriteTx
from core.errors import Conflict, Unavailable
from core.marks import record_restored

NAMED = "SELECT sha256, size FROM blob WHERE content IS NULL ORDER BY id"


class Copy(Protocol):
    """A way of copying: ``make`` first, then look at what was copied."""

    suffix: str

    def make(self, target: Path) -> None: ...
    def counts(self, target: Path) -> dict[str, int]: ...
    def named(self, target: Path) -> Iterator[tuple[bytes, int]]: ...
    def put_back(self, copy: Path) -> None: ...
    def close(self) -> None: ...


class SqliteCopy:
    """A copy of an SQLite file."""

    suffix = "sqlite"

    def __init__(self, url: str) -> None:
        self._path = Path(url.removeprefix("sqlite:///"))

    def make(self, target: Path) -> None:
        """Write the copy and look that it is whole. Raises Unavailable."""
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            try:
                connection.execute("VACUUM INTO ?", (str(target),))
            except sqlite3.Error as problem:
                raise Unavailable("The database could not be copied: %(why)s.", why=problem) from problem
        target.chmod(0o600)
        with closing(_open(target)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                raise Unavailable("The copy of the database is damaged. Run: mailhub check")

    def counts(self, target: Path) -> dict[str, int]:
        """Rows by table, in the copy."""
        with closing(_open(target)) as connection:
            names = connection.execute(
                "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%'"
                " AND name NOT LIKE 'word_index%' ORDER BY name"
            ).fetchall()
            return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}  # noqa: S608

    def named(self, target: Path) -> Iterator[tuple[bytes, int]]:
        """Hash and size of every blob file that the copy names."""
        with closing(_open(target)) as connection:
            yield from connection.execute(NAMED)

    def close(self) -> None:
        """Nothing is held."""

    def put_back(self, copy: Path) -> None:
        """Lay the copy where the settings want the database, holding its sending before it is there at all."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        aside = self._path.with_name(f"{self._path.name}.restoring")
        for end in ("", "-wal", "-shm"):
            aside.with_name(aside.name + end).unlink(missing_ok=True)  # of a restore that was cut short
        shutil.copyfile(copy, aside)
        aside.chmod(0o600)
        hold(f"sqlite:///{aside}")
        os.replace(aside, self._path)  # noqa: PTH105 - the atomic one
        os.sync()


@contextmanager
def open_copy(url: str) -> Iterator[Copy]:
    """The way of copying for this database."""
    sqlite = url.startswith("sqlite:///")
    way: Copy = SqliteCopy(url) if sqlite else import_module("mailhub.upkeep.postgres_copy").PostgresCopy(url)
    try:
        yield way
    finally:
        way.close()


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


def hold(url: str) -> None:
    """Let nothing be sent from the copy that was put back. Raises Conflict."""
    database = Database(url)
    database.start()
    try:
        database.write_now(_record)
    finally:
        database.close()


def _record(tx: WriteTx) -> None:
    if not record_restored(tx).held:
        raise Conflict("Sending could not be held in the restored database. Do not start it.")
