"""The table of what was waited for and answered: how long it took, and by when it was due."""

from __future__ import annotations

from sqlalchemy import Column, Index

from core.columns import Id, id_column, instant, number, reference, table

# One row for each answer to somebody who waited for us, by the letter that answered. ``first`` is 1 for the first one
# of a thread, ``executor_id`` is who had it then.
wait = table(
    "wait",
    id_column(),
    reference("thread_id", "thread.id", cascade=True),
    reference("scope_id", "scope.id"),
    Column("executor_id", Id),
    Column("message_id", Id, nullable=False),
    number("first"),
    instant("since"),
    instant("due_at"),
    instant("answered_at"),
)
Index(None, wait.c.scope_id, wait.c.answered_at)
Index(None, wait.c.thread_id)
Index(None, wait.c.message_id)
