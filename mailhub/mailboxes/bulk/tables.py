"""What was done with many threads at once, and what each of them was before."""

from __future__ import annotations

from sqlalchemy import Column, Index

from core.columns import Id, Json, id_column, instant, reference, table, text

bulk = table(
    "bulk",
    id_column(),
    reference("user_id", "user.id"),
    text("act"),
    Column("value", Json),
    instant("at"),
)
Index(None, bulk.c.user_id, bulk.c.at)

# ``before`` is what taking it back gives back, ``version`` that of the thread right afterwards, ``event_id`` the newest
# line of its history then: a later one of a person says that somebody changed it since.
bulk_thread = table(
    "bulk_thread",
    Column("bulk_id", Id, primary_key=True, nullable=False),
    Column("thread_id", Id, primary_key=True, nullable=False),
    Column("before", Json, nullable=False),
    Column("version", Id, nullable=False),
    Column("event_id", Id, nullable=False),
)
Index(None, bulk_thread.c.thread_id)
