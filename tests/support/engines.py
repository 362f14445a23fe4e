"""Tests that are about one engine alone, and a look at a database from outside."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

import psycopg
import pytest

from core.database import Database


def only(engine: str) -> pytest.MarkDecorator:
    """Run a test (or, as ``pytestmark``, a whole file) on this engine alone."""
    wanted = [engine] if os.environ.get("TEST_ENGINE", engine) == engine else []
    return pytest.mark.parametrize("database_url", wanted, indirect=True)


def look(database: Database, statement: str) -> list[tuple[Any, ...]]:
    """What a connection that is not the house's sees now."""
    if database.is_sqlite:
        connection = sqlite3.connect(database.path, isolation_level=None, timeout=0)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()
    with psycopg.connect(database.url, autocommit=True) as outside:
        return list(outside.execute(statement.encode()).fetchall())


def count(database: Database, table: str) -> int:
    """How many rows of a table a connection that is not the house's sees now."""
    return int(look(database, f'SELECT count(*) FROM "{table}"')[0][0])
