"""The tables of what is kept and what is let go."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Text

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

# How long letters of a mailbox are kept: after so many months their threads go (``delete``) or their files (``strip``).
retention = table(
    "retention",
    Column("mailbox_id", Id, ForeignKey("mailbox.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    text("act"),
    number("months"),
    reference("user_id", "user.id"),
    instant("changed_at"),
    number("cursor", 0),
)

# Somebody said that this must not go, whatever the rules say: the threads of a client, or one thread.
hold = table(
    "hold",
    id_column(),
    Column("counterparty_id", Id),
    Column("thread_id", Id),
    text("reason"),
    reference("user_id", "user.id"),
    instant("at"),
)
Index(None, hold.c.counterparty_id)
Index(None, hold.c.thread_id)

# How much was let go so far, by what it was; the health page tells it.
let_go = table(
    "let_go",
    Column("what", Text, primary_key=True),
    number("count", 0),
    instant("at"),
)

# An export or the erasure of a person: a long job, how far it is, and what came of it. ``names`` are the person's
# addresses while it runs; afterwards only their keyed hashes stay.
person_request = table(
    "person_request",
    id_column(),
    text("kind"),
    Column("contact_id", Id),
    Column("names", Json, nullable=False),
    text("about", ""),
    optional_reference("user_id", "user.id"),
    text("state", "waiting"),
    number("cursor", 0),
    number("done", 0),
    number("total", 0),
    Column("found", Json, nullable=False),
    optional_text("file"),
    text("error", ""),
    instant("created_at"),
    optional_instant("finished_at"),
)
