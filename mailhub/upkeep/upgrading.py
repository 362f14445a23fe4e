"""An upgrade that can be taken back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from core.errors import Conflict
from mailhub.migrations import newest, present, upgrade


def upgrade_safely(url: str) -> Path | None:
    """Bring the database to the newest revision. An SQLite file that holds something is copied beside itself first;
    returns that copy, None when there was nothing to do or to keep.

    Raises Conflict when the copy cannot be made, with nothing changed. PostgreSQL has its own backups
    (``mailhub backup``); its upgrade runs step by step, each in a transaction.
    """
    before = present(url)
    if before == newest():
        return None
    copy = _copy_file(Path(url.removeprefix("sqlite:///")), before) if before and url.startswith("sqlite:") else None
    upgrade(url)
    return copy


def _copy_file(path: Path, revision: str) -> Path:
    """``VACUUM INTO`` sees one snapshot, also of what still lies in the write-ahead log."""
    copy = path.with_name(f"{path.name}.before-{newest()}-from-{revision}")
    if copy.exists():
        raise Conflict("The copy of an earlier upgrade is still there: %(path)s. Move it away first.", path=str(copy))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            connection.execute("VACUUM INTO ?", (str(copy),))
        except sqlite3.Error as problem:
            copy.unlink(missing_ok=True)
            raise Conflict("The database could not be copied before the upgrade: %(why)s.", why=problem) from problem
    return copy
