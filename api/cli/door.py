"""What a command needs to work on the house: its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from api.cli.settings import read_settings
from core.database import Database, open_database
from core.database.faults import translate
from core.errors import HouseError, Unavailable
from core.settings import Settings
from mailhub.migrations import check_current


@contextmanager
def speaking() -> Iterator[None]:
    """Turn what the drivers say of a database that cannot be reached into the house's own sentence."""
    try:
        yield
    except HouseError:
        raise
    except Exception as problem:
        meaning = translate(problem)
        if meaning is problem and isinstance(getattr(problem, "orig", problem), sqlite3.DatabaseError):
            meaning = Unavailable("The database file cannot be read: %(why)s.", why=getattr(problem, "orig", problem))
        if meaning is problem:
            raise
        raise meaning from problem


@contextmanager
def open_door(settings: Settings | None = None) -> Iterator[Database]:
    """The database, open, beside whatever else works on it. Raises Conflict when its tables are not current."""
    settings = settings or read_settings()
    with speaking():
        check_current(settings.database.url)
        database = open_database(settings.database.url)
        try:
            yield database
        finally:
            database.close()
