"""One straight line of migrations for all tables of the house.

On SQLite foreign keys are off while tables are rebuilt (set outside the transaction: a batch rebuild with them on
empties tables that cascade) and checked before the COMMIT. On PostgreSQL an advisory lock lets one process migrate.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.pool import NullPool

from core.database.postgres import make_engine as make_postgres
from core.errors import Conflict

VERSIONS = Path(__file__).parent / "versions"
_REVISION = re.compile(r"^revision = ['\"](\w+)['\"]$", re.MULTILINE)


def known() -> list[str]:
    """The revisions of this code, the first first: their files are named in the order of the line."""
    return [_REVISION.findall(path.read_text())[0] for path in sorted(VERSIONS.glob("[0-9]*.py"))]


def newest() -> str:
    """The revision that this code needs."""
    return known()[-1]


def present(url: str) -> str | None:
    """The revision that the database has; None for an empty one."""
    with _engine(url).connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return None if found is None else str(found)


def check_current(url: str) -> None:
    """Raise Conflict unless the database has exactly the tables that this code needs."""
    found = present(url)
    if found is None:
        raise Conflict("The database is empty. Run: mailhub upgrade")
    if found != newest():
        if found not in known():
            raise Conflict("The database was made by a newer mailhub (%(found)s). Install that version.", found=found)
        raise Conflict("The database is older than this mailhub. Run: mailhub upgrade")


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to a revision, in one transaction on SQLite, step by step on PostgreSQL."""
    if revision == "head" and present(url) == newest():
        return  # whoever has no step to take need not load what takes it
    with _engine(url).connect() as connection:
        import_module("mailhub.migrations.line").go(connection, revision)


def _engine(url: str) -> Engine:
    if url.startswith("postgresql://"):
        return make_postgres(url, read_only=False)
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"poolclass": NullPool, "isolation_level": "AUTOCOMMIT"}
    return create_engine(url, **options)
