"""Going along the line of migrations, by Alembic. Loaded only by whoever has a step to take."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from core.errors import Conflict

HERE = Path(__file__).parent
LOCK = 0x6D61696C687562  # "mailhub"


def configuration() -> Config:
    """Where Alembic finds the line."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    return config


def go(connection: Connection, revision: str) -> None:
    """Bring the database to a revision, in one transaction on SQLite, step by step on PostgreSQL."""
    if connection.dialect.name == "sqlite":
        _upgrade_sqlite(connection, revision)
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
        connection.commit()
        try:
            _run(connection, revision)
            connection.commit()
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({LOCK})")
            connection.commit()


def _upgrade_sqlite(connection: Connection, revision: str) -> None:
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    connection.exec_driver_sql("PRAGMA synchronous=FULL")
    connection.exec_driver_sql("BEGIN EXCLUSIVE")
    try:
        _run(connection, revision)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise Conflict("The upgrade would break %(count)s references; nothing was changed.", count=len(broken))
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _run(connection: Connection, revision: str) -> None:
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
