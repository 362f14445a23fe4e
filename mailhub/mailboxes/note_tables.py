"""The tables of internal notes."""

from __future__ import annotations

from sqlalchemy import Column, Index

from core.columns import Json, id_column, instant, optional_instant, reference, table, text

# What a colleague noted in a thread, for colleagues alone. It belongs to its thread and is seen by whoever sees that.
# ``mentions`` are the ids of the people named in it. A deleted note keeps its row and its author, not its words.
note = table(
    "note",
    id_column(),
    reference("thread_id", "thread.id", cascade=True),
    reference("author_id", "user.id"),
    text("body"),
    Column("mentions", Json, nullable=False),
    instant("created_at"),
    optional_instant("changed_at"),
    optional_instant("deleted_at"),
)
Index(None, note.c.thread_id, note.c.id)

# What a note said before it was changed, until ``ended_at``.
note_version = table(
    "note_version",
    id_column(),
    reference("note_id", "note.id", cascade=True),
    text("body"),
    instant("ended_at"),
)
Index(None, note_version.c.note_id, note_version.c.id)
