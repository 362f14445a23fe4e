"""A fresh, migrated database for each test: a copied file on SQLite, on PostgreSQL a copied template or one washed.

The PostgreSQL cluster is temporary: made, started and removed by the tests, on a socket in a folder of its own.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from mailhub.migrations import upgrade
from tests.support.programs import find_program
from tests.support.washing import Likeness, remember, wash

TEMPLATE = "mailhub_template"


class Cluster:
    """A PostgreSQL server of the tests' own; only a ``durable`` one waits for the disk.

    With ``slow_ms`` it writes down what took that long, for ``slow_statements``.
    """

    def __init__(self, *, durable: bool = False, slow_ms: int | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mailhub-pg-"))
        binaries = Path(find_program("initdb")).resolve().parent
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if user:
            shutil.chown(self.folder, "postgres", "postgres")
        data = self.folder / "data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": self.folder}
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "mailhub", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"],
            check=True,
            **quiet,
            **user,
        )
        options = f"listen_addresses= unix_socket_directories={self.folder} max_connections=300"
        options += "" if durable else " fsync=off full_page_writes=off"
        options += "" if slow_ms is None else f" log_min_duration_statement={slow_ms} log_line_prefix="
        settings = [part for option in options.split(" ") for part in ("-c", option)]
        self._log = self.folder / "log"
        said = quiet if slow_ms is None else {**quiet, "stderr": self._log.open("ab")}
        self._serve = lambda: subprocess.Popen([binaries / "postgres", "-D", data, *settings], **said, **user)
        self._process = self._serve()
        self._clean: list[str] = []
        self._likeness: Likeness | None = None
        self.wait()

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def restart(self) -> None:
        """End it at once, whatever it does, and begin anew."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)
        self._process = self._serve()
        self.wait()

    def forget_slow(self) -> None:
        """What was slow until now is of no interest."""
        os.truncate(self._log, 0)

    def slow_statements(self) -> list[tuple[float, str]]:
        """Milliseconds and first words of what took ``slow_ms`` and more, the longest first."""
        found = re.findall(r"duration: ([\d.]+) ms  (?:\w+ )?[^:]*: ([^\n]*(?:\n\t[^\n]*)*)", self._log.read_text())
        return sorted(((float(ms), " ".join(text.split())) for ms, text in found), reverse=True)

    def url(self, name: str) -> str:
        """The address of one database."""
        return f"postgresql://mailhub@/{name}?host={self.folder}"

    def run(self, statement: str) -> None:
        """One statement outside any transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def make_template(self) -> None:
        """A migrated database to copy."""
        self.run(f"CREATE DATABASE {TEMPLATE}")
        upgrade(self.url(TEMPLATE))

    def copy(self) -> str:
        """A new migrated database; returns its address."""
        name = f"test_{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY WAL_LOG")
        return self.url(name)

    def lend(self) -> str:
        """A migrated database as if new, under a name that nobody has heard yet; ``take_back`` when done with it."""
        if not self._clean:
            url = self.copy()
            if self._likeness is None:
                with psycopg.connect(url, autocommit=True) as connection:
                    self._likeness = remember(connection)
            return url
        name = f"test_{secrets.token_hex(6)}"
        self.run(f"ALTER DATABASE {_name(self._clean.pop())} RENAME TO {name}")
        return self.url(name)

    def take_back(self, url: str) -> None:
        """Everybody out of what was lent; it is washed for the next, or away with it when its shape was changed."""
        assert self._likeness is not None
        with psycopg.connect(url, autocommit=True) as connection:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            while connection.execute(f"SELECT count(pg_terminate_backend(pid)) {others}").fetchone() != (0,):
                time.sleep(0.005)
            clean = wash(connection, self._likeness)
        if clean:
            self._clean.append(url)
        else:
            self.drop(url)

    def drop(self, url: str) -> None:
        """Away with a copy."""
        self.run(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def stop(self) -> None:
        """Away with the cluster."""
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]
