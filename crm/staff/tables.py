"""The tables of the staff."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Text, UniqueConstraint

from core.columns import (
    Id,
    Json,
    id_column,
    instant,
    number,
    optional_instant,
    optional_reference,
    optional_text,
    reference,
    table,
    text,
)

user = table(
    "user",
    id_column(),
    Column("email", Text, nullable=False, unique=True),
    text("name"),
    optional_text("password"),
    number("is_admin", 0),
    text("language", ""),
    text("theme", ""),
    instant("created_at"),
    optional_instant("disabled_at"),
)

team = table("team", id_column(), Column("name", Text, nullable=False, unique=True))

membership = table(
    "membership",
    Column("team_id", Id, nullable=False, primary_key=True),
    Column("user_id", Id, nullable=False, primary_key=True),
)
Index(None, membership.c.user_id)

# A scope is an identity, one per mailbox, for ever. Rows carry it; only grants on it change.
scope = table("scope", id_column(), text("kind"))

# One row says: these people may do this in this scope. Exactly one of user_id and team_id is set.
grant = table(
    "access_grant",
    id_column(),
    reference("scope_id", "scope.id"),
    optional_reference("user_id", "user.id"),
    optional_reference("team_id", "team.id"),
    text("right"),
    number("only_assigned", 0),
    UniqueConstraint("scope_id", "user_id", "team_id", "right"),
)
Index(None, grant.c.user_id)
Index(None, grant.c.team_id)

session = table(
    "session",
    Column("key", LargeBinary, primary_key=True),
    reference("user_id", "user.id"),
    instant("created_at"),
    instant("seen_at"),
    instant("expires_at"),
    text("peer", ""),
    text("agent", ""),
)
Index(None, session.c.user_id)

token = table(
    "token",
    id_column(),
    Column("key", LargeBinary, nullable=False, unique=True),
    reference("user_id", "user.id"),
    text("name"),
    Column("scopes", Json, nullable=False),
    instant("created_at"),
    optional_instant("used_at"),
    optional_instant("revoked_at"),
)

# Append-only. Each row carries the hash of the row before, so that a row taken out later is seen.
audit = table(
    "audit",
    id_column(),
    instant("at"),
    Column("user_id", Id),
    text("action"),
    text("subject", ""),
    Column("details", Json, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
