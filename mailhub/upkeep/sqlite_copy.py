"""Copies of SQLite: ``VACUUM INTO`` writes one snapshot (the page-wise backup never ends under load)."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from core.errors import Unavailable
from mailhub.upkeep.held import NAMED, hold


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


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
