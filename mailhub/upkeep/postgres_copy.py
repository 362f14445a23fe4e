"""Copies of a PostgreSQL database: ``pg_dump`` of an exported snapshot, so that rows counted, bytes copied and rows
dumped are of the same moment. Loaded only where the database is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.errors import Unavailable
from mailhub.upkeep.held import NAMED, hold


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
            yield from ((bytes(sha256), size) for sha256, size in cursor.execute(NAMED))

    def close(self) -> None:
        """Let the snapshot go."""
        self._connection.close()

    def put_back(self, copy: Path) -> None:
        """Fill the empty database in one transaction, then hold its sending."""
        self._run(
            "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", "--dbname", copy=copy
        )
        hold(self._url)

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
