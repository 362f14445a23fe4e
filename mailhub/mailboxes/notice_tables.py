"""The tables of notices: a row says who, which thread and why, never words of a letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Text
from sqlalchemy import text as sql

from core.columns import (
    Id,
    Json,
    id_column,
    instant,
    number,
    optional_instant,
    optional_reference,
    reference,
    table,
    text,
)

Kind = Literal[
    "assigned", "mentioned", "letter", "bounced", "unsent", "reminder", "escalation", "snooze", "planned", "promise"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
PARTS: Mapping[str, str] = {"planned": "calendar", "promise": "promises"}
"""The parts of the house whose notices these are."""
Way = Literal["app", "mail", "none"]
WAYS: tuple[Way, ...] = get_args(Way)

# ``read_at`` is when its reader saw it. ``mail_at`` is when it goes out by mail, None when it does not or has.
notice = table(
    "notice",
    id_column(),
    reference("user_id", "user.id"),
    Column("thread_id", Id, ForeignKey("thread.id", ondelete="CASCADE")),
    Column("occurrence_id", Id),
    Column("promise_id", Id),
    text("kind"),
    optional_reference("by_id", "user.id"),
    Column("message_id", Id),
    Column("note_id", Id),
    Column("fields", Json, nullable=False),
    instant("created_at"),
    optional_instant("read_at"),
    optional_instant("mail_at"),
    optional_instant("mailed_at"),
)
_of_letter = sql("message_id IS NOT NULL")
_new = sql("read_at IS NULL")
_due = sql("mail_at IS NOT NULL")
_mailed = sql("mailed_at IS NOT NULL")
Index(None, notice.c.user_id, notice.c.id)
Index("ix_notice_new", notice.c.user_id, notice.c.id, sqlite_where=_new, postgresql_where=_new)
Index(None, notice.c.thread_id, notice.c.user_id)
Index("ix_notice_message", notice.c.message_id, sqlite_where=_of_letter, postgresql_where=_of_letter)
Index("ix_notice_due", notice.c.mail_at, sqlite_where=_due, postgresql_where=_due)
Index("ix_notice_mailed", notice.c.user_id, notice.c.mailed_at, sqlite_where=_mailed, postgresql_where=_mailed)

# How a person wants to hear of a kind; without a row as in ``DEFAULTS``.
notice_wish = table(
    "notice_wish",
    Column("user_id", Id, primary_key=True, nullable=False),
    Column("kind", Text, primary_key=True, nullable=False),
    text("way"),
)

# A browser that hears of notices although no page of ours is open. It is one of a sign-in and ends with it, also where
# that changes its key. ``address``, ``public`` and ``secret`` are what the browser gave (RFC 8030, RFC 8291);
# ``rests_until`` is when it is told something again: after a claim, and after trouble (``failures`` in a row).
device = table(
    "device",
    id_column(),
    Column(
        "session_key",
        LargeBinary,
        ForeignKey("session.key", ondelete="CASCADE", onupdate="CASCADE"),
        nullable=False,
        unique=True,
    ),
    reference("user_id", "user.id", cascade=True),
    Column("address", Text, nullable=False, unique=True),
    Column("public", LargeBinary, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    number("rests_until", 0),
    number("failures", 0),
    instant("created_at"),
)
Index(None, device.c.user_id)

# What a device has still to be told.
device_notice = table(
    "device_notice",
    Column("device_id", Id, ForeignKey("device.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("notice_id", Id, ForeignKey("notice.id", ondelete="CASCADE"), primary_key=True, nullable=False),
)
Index(None, device_notice.c.notice_id)

# With what the house proves to the services of browsers that it is the one they were opened for (RFC 8292).
push_key = table(
    "push_key",
    id_column(),
    Column("private", LargeBinary, nullable=False),
    Column("public", LargeBinary, nullable=False),
    instant("created_at"),
)
# Who gets a letter each morning with what is planned: at which hour of the house's clock, and when the next time.
morning_letter = table(
    "morning_letter",
    Column("user_id", Id, primary_key=True, nullable=False, autoincrement=False),
    number("hour"),
    instant("next_at"),
)
Index(None, morning_letter.c.next_at)
