"""What lies in the trash, since when and where it goes back to."""

from __future__ import annotations

from sqlalchemy import Column, Index

from core.columns import Id, instant, number, optional_reference, reference, table, text

# ``scope_id`` is where the thread was before, ``how`` whether a person threw it away or time did.
trash = table(
    "trash",
    Column("thread_id", Id, primary_key=True, autoincrement=False),
    reference("mailbox_id", "mailbox.id"),
    number("scope_id"),
    optional_reference("user_id", "user.id"),
    text("how", "hand"),
    instant("at"),
)
Index(None, trash.c.at, trash.c.thread_id)
Index(None, trash.c.mailbox_id, trash.c.at)
