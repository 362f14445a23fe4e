"""The tables of promises and of handing over."""

from __future__ import annotations

from sqlalchemy import Column, Index
from sqlalchemy import text as sql

from core.columns import Id, id_column, instant, number, optional_instant, optional_reference, reference, table, text

# What somebody was promised: by us (``side`` us) or by them. ``proposed_id`` is the letter that may have kept it,
# ``kept_by_id`` the one that did. ``watched`` and ``watch_at`` are what the house did about it and when it looks next.
promise = table(
    "promise",
    id_column(),
    reference("counterparty_id", "counterparty.id"),
    optional_reference("contact_id", "contact.id"),
    reference("scope_id", "scope.id"),
    text("side"),
    text("text"),
    instant("due_at"),
    reference("executor_id", "user.id"),
    reference("author_id", "user.id"),
    text("state", "open"),
    Column("based_on_id", Id),
    Column("based_thread_id", Id),
    Column("based_message_id", Id),
    Column("proposed_id", Id),
    Column("kept_by_id", Id),
    optional_instant("ended_at"),
    Column("ended_by_id", Id),
    Column("line_id", Id),
    number("watched", 0),
    optional_instant("watch_at"),
    number("version", 1),
    instant("created_at"),
)
_OPEN = sql("state = 'open'")
_WATCHED = sql("watch_at IS NOT NULL")
_BASED = sql("based_thread_id IS NOT NULL")
Index(None, promise.c.counterparty_id, promise.c.state, promise.c.due_at)
Index("ix_promise_open", promise.c.executor_id, promise.c.due_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_promise_due", promise.c.due_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index(None, promise.c.ended_at)
Index("ix_promise_watch", promise.c.watch_at, sqlite_where=_WATCHED, postgresql_where=_WATCHED)
_PERSONS = sql("contact_id IS NOT NULL")
Index("ix_promise_contact", promise.c.contact_id, sqlite_where=_PERSONS, postgresql_where=_PERSONS)
Index("ix_promise_based", promise.c.based_thread_id, sqlite_where=_BASED, postgresql_where=_BASED)

# A client, or all clients of a manager (``counterparty_id`` None), went into other hands.
hand_over = table(
    "hand_over",
    id_column(),
    optional_reference("counterparty_id", "counterparty.id"),
    optional_reference("from_id", "user.id"),
    reference("to_id", "user.id"),
    optional_reference("by_id", "user.id"),
    text("note", ""),
    number("clients", 0),
    number("planned", 0),
    number("promises", 0),
    number("threads", 0),
    instant("at"),
)
Index(None, hand_over.c.counterparty_id, hand_over.c.id)
