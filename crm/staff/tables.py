"""The tables of the staff."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql

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

# Parts of the house that are not used; everything else is (crm/staff/modules).
module_off = table(
    "module_off", Column("key", Text, primary_key=True, nullable=False), Column("by_id", Id), instant("at")
)

team = table("team", id_column(), Column("name", Text, nullable=False, unique=True))

membership = table(
    "membership",
    Column("team_id", Id, nullable=False, primary_key=True),
    Column("user_id", Id, nullable=False, primary_key=True),
)
Index(None, membership.c.user_id)

# A scope is an identity, one per mailbox, for ever. Rows carry it; only grants on it change. What a personal mailbox
# shares with somebody and what lies in the trash have scopes of their own below it (``parent_id``): one for each
# ``audience``, in which the grants of the parent hold too. ``owner_id`` is whose a personal one is.
scope = table(
    "scope",
    id_column(),
    text("kind"),
    Column("parent_id", Id),
    text("audience", ""),
    Column("owner_id", Id),
)
_below = sql("parent_id IS NOT NULL")
Index(
    "uq_scope_below",
    scope.c.parent_id,
    scope.c.kind,
    scope.c.audience,
    unique=True,
    sqlite_where=_below,
    postgresql_where=_below,
)

# One row says: these people may do this in this scope, from when until when. Exactly one of user_id and team_id is set.
grant = table(
    "access_grant",
    id_column(),
    reference("scope_id", "scope.id"),
    optional_reference("user_id", "user.id"),
    optional_reference("team_id", "team.id"),
    text("right"),
    number("only_assigned", 0),
    optional_instant("from_at"),
    optional_instant("until_at"),
    UniqueConstraint("scope_id", "user_id", "team_id", "right"),
)
Index(None, grant.c.user_id)
Index(None, grant.c.team_id)

# ``waits_for`` names what is still missing after the password, ``code`` say: such a session opens nothing else.
# ``proved_at`` is when its person last showed that it is them; ``shown`` is what they showed.
session = table(
    "session",
    Column("key", LargeBinary, primary_key=True),
    reference("user_id", "user.id"),
    instant("created_at"),
    instant("seen_at"),
    instant("expires_at"),
    text("peer", ""),
    text("agent", ""),
    text("waits_for", ""),
    text("shown", "password"),
    number("proved_at", 0),
)
Index(None, session.c.user_id)

# The secret behind the codes of a person's telephone (RFC 6238), sealed; ``last_step`` is that of the last code taken.
totp = table(
    "totp",
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("secret", LargeBinary, nullable=False),
    number("last_step", 0),
    instant("created_at"),
)

recovery_code = table(
    "recovery_code",
    id_column(),
    reference("user_id", "user.id", cascade=True),
    Column("code_hash", LargeBinary, nullable=False),
    optional_instant("used_at"),
)
Index(None, recovery_code.c.user_id)

# ``doubted_at``: an older count than before was shown, so there are two of what cannot be copied.
passkey = table(
    "passkey",
    id_column(),
    reference("user_id", "user.id", cascade=True),
    text("name"),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    number("sign_count"),
    number("synced", 0),
    instant("created_at"),
    optional_instant("used_at"),
    optional_instant("doubted_at"),
)
Index(None, passkey.c.user_id)

# Who a person is at the single sign-on: an issuer's name for them, never their address.
linked_identity = table(
    "linked_identity",
    id_column(),
    reference("user_id", "user.id", cascade=True),
    text("issuer"),
    text("subject"),
    instant("created_at"),
    UniqueConstraint("issuer", "subject"),
)
Index(None, linked_identity.c.user_id)

# A link in a letter with which its reader sets a password: after ``reset`` they forgot it, by ``invitation`` the first.
entry_link = table(
    "entry_link",
    Column("key", LargeBinary, primary_key=True),
    reference("user_id", "user.id", cascade=True),
    text("purpose"),
    instant("created_at"),
    instant("expires_at"),
)
Index(None, entry_link.c.user_id)

# What was begun at the door and has to come back once: the challenge of a passkey, the way to the single sign-on.
ceremony = table(
    "ceremony",
    Column("key", LargeBinary, primary_key=True),
    text("purpose"),
    Column("user_id", Id),
    Column("details", Json, nullable=False),
    instant("expires_at"),
)
Index(None, ceremony.c.expires_at)

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
Index(None, audit.c.user_id, audit.c.id)
Index(None, audit.c.action, audit.c.id)
Index(None, audit.c.at)
