"""One straight line of migrations for all tables of the house.

On SQLite foreign keys are off while tables are rebuilt (set outside the transaction: a batch rebuild with them on
empties tables that cascade) and checked before the COMMIT. On PostgreSQL an advisory lock lets one process migrate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from core.database.postgres import make_engine as make_postgres
from core.errors import Conflict

HERE = Path(__file__).parent
LOCK = 0x6D61696C687562  # "mailhub"


def configuration() -> Config:
    """Where Alembic finds the line."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    return config


def newest() -> str:
    """The revision that this code needs."""
    return str(ScriptDirectory.from_config(configuration()).get_current_head())


def present(url: str) -> str | None:
    """The revision that the database has; None for an empty one."""
    with _engine(url).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def check_current(url: str) -> None:
    """Raise Conflict unless the database has exactly the tables that this code needs."""
    found = present(url)
    if found is None:
        raise Conflict("The database is empty. Run: mailhub upgrade")
    if found != newest():
        known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
        if found not in known:
            raise Conflict("The database was made by a newer mailhub (%(found)s). Install that version.", found=found)
        raise Conflict("The database is older than this mailhub. Run: mailhub upgrade")


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to a revision, in one transaction on SQLite, step by step on PostgreSQL."""
    with _engine(url).connect() as connection:
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


def _engine(url: str) -> Engine:
    if url.startswith("postgresql://"):
        return make_postgres(url, read_only=False)
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"poolclass": NullPool, "isolation_level": "AUTOCOMMIT"}
    return create_engine(url, **options)
