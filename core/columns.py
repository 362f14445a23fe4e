"""The few column types of the house and the one ``MetaData``, equal on both engines.

Ids are 64-bit integers that are never used again (AUTOINCREMENT on SQLite, identity on PostgreSQL).
Instants are microseconds since the epoch, UTC (``core.clock``). JSON is ``JSONB`` on PostgreSQL.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
Instant = BigInteger
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Bytes = LargeBinary


def id_column() -> Column[int]:
    """The integer key of a row: minted by the database, never reused."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def text(name: str, default: str | None = None) -> Column[str]:
    """A text that is always there; a ``default`` stands in the table itself."""
    return Column(name, Text, nullable=False, server_default=default)


def optional_text(name: str) -> Column[str | None]:
    """A text that may be unknown."""
    return Column(name, Text)


def number(name: str, default: int | None = None) -> Column[int]:
    """A whole number that is always there."""
    return Column(name, Id, nullable=False, server_default=None if default is None else str(default))


def instant(name: str) -> Column[int]:
    """A moment that is always known."""
    return Column(name, Instant, nullable=False)


def optional_instant(name: str) -> Column[int | None]:
    """A moment that may be unknown."""
    return Column(name, Instant)


def reference(name: str, target: str, *, cascade: bool = False) -> Column[int]:
    """The id of a row elsewhere (``table.column``) that must exist; ``cascade`` when this row dies with it."""
    return Column(name, Id, ForeignKey(target, ondelete="CASCADE" if cascade else None), nullable=False)


def optional_reference(name: str, target: str) -> Column[int | None]:
    """The id of a row elsewhere, or nothing."""
    return Column(name, Id, ForeignKey(target))


def table(name: str, *parts: Any) -> Table:
    """A table of the house. Tables with an ``id`` never reuse one, not even after the newest row was deleted."""
    minted = any(isinstance(part, Column) and part.name == "id" and part.autoincrement is True for part in parts)
    return Table(name, metadata, *parts, sqlite_autoincrement=minted)
