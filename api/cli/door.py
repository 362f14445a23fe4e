"""What a command needs to work on the house: its settings and its database."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rich_click as click

from api.cli.options import CONFIG
from core.database import Database, open_database
from core.database.faults import translate
from core.errors import HouseError, Unavailable
from core.settings import Settings, load_settings
from core.settings.reading import CONFIG_VARIABLE, DEFAULT_CONFIG
from mailhub.migrations import check_current


def read_settings() -> Settings:
    """The settings that ``--config`` and the environment name. Raises Invalid."""
    return load_settings(_given(), os.environ)


def find_config() -> Path | None:
    """The settings file that is in use, if there is one."""
    named = _given() or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)
    return named if named.exists() else None


def _given() -> Path | None:
    context = click.get_current_context()
    return None if context is None else context.meta.get(CONFIG)


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
