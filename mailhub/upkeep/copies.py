"""Whole copies of a database, made beside a working server and put back: the one place where the engines differ.

SQLite: ``VACUUM INTO`` writes one snapshot (the page-wise backup never ends under load). PostgreSQL: ``pg_dump`` of an
exported snapshot, so that rows counted, bytes copied and rows dumped are of the same moment.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.database import Database, WriteTx
from core.errors import Conflict, Unavailable
from core.marks import record_restored

_NAMED = "SELECT sha256, size FROM blob WHERE content IS NULL ORDER BY id"


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
            yield from connection.execute(_NAMED)

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
        _hold(f"sqlite:///{aside}")
        os.replace(aside, self._path)  # noqa: PTH105 - the atomic one
        os.sync()


class PostgresCopy:
    """A custom-format dump of a PostgreSQL database."""

    suffix = "dump"

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = psycopg.connect(url)
        self._major = self._connection.info.server_version // 10000
        self._connection.rollback()
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True

    def make(self, target: Path) -> None:
        """Write the dump of one snapshot, which stays open for ``counts`` and ``named``. Raises Unavailable."""
        row = self._connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        target.touch(mode=0o600)
        self._run("pg_dump", "--format=custom", f"--snapshot={row[0]}", f"--file={target}", "--no-owner", "--no-acl")
        self._run("pg_restore", "--list", str(target), connected=False)

    def counts(self, target: Path) -> dict[str, int]:
        """Rows by table, in the snapshot that was dumped."""
        del target
        names = self._connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT LIKE 'word_index%'"
            " ORDER BY 1"
        ).fetchall()
        counts: dict[str, int] = {}
        for (name,) in names:
            row = self._connection.execute(
                psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(name))
            ).fetchone()
            counts[name] = 0 if row is None else row[0]
        return counts

    def named(self, target: Path) -> Iterator[tuple[bytes, int]]:
        """Hash and size of every blob file that the snapshot names."""
        del target
        with self._connection.cursor(name="named") as cursor:
            yield from ((bytes(sha256), size) for sha256, size in cursor.execute(_NAMED))

    def close(self) -> None:
        """Let the snapshot go."""
        self._connection.close()

    def put_back(self, copy: Path) -> None:
        """Fill the empty database in one transaction, then hold its sending."""
        self._run(
            "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", "--dbname", copy=copy
        )
        _hold(self._url)

    def _run(self, program: str, *options: str, connected: bool = True, copy: Path | None = None) -> None:
        """The password goes through the environment: arguments can be read by every user of the machine."""
        parts = conninfo_to_dict(self._url)
        password = parts.pop("password", None)
        address = [make_conninfo("", **parts)] if connected else []
        command = [find_postgres_program(program, self._major), *options, *address]
        if copy is not None:
            command.append(str(copy))
        environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            why = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            raise Unavailable("%(program)s failed: %(why)s", program=program, why=why[0])


@contextmanager
def open_copy(url: str) -> Iterator[SqliteCopy | PostgresCopy]:
    """The way of copying for this database."""
    way = SqliteCopy(url) if url.startswith("sqlite:///") else PostgresCopy(url)
    try:
        yield way
    finally:
        way.close()


def find_postgres_program(program: str, major: int) -> str:
    """``pg_dump`` and its kind: the one of the server's own version where it lies, else the one on PATH.

    An older one refuses a newer server. Raises Unavailable with what to install.
    """
    near = Path(f"/usr/lib/postgresql/{major}/bin/{program}")
    found = str(near) if near.exists() else shutil.which(program)
    if found is None:
        raise Unavailable(
            "%(program)s is needed and not installed. On Debian: apt install postgresql-client-%(major)s",
            program=program, major=major,
        )  # fmt: skip
    return found


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


def _hold(url: str) -> None:
    database = Database(url)
    database.start()
    try:
        database.write_now(_record)
    finally:
        database.close()


def _record(tx: WriteTx) -> None:
    if not record_restored(tx).held:
        raise Conflict("Sending could not be held in the restored database. Do not start it.")
