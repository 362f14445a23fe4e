"""Saved views: conditions about threads under a name, of one person or shared with a team."""

from __future__ import annotations

from sqlalchemy import Column, Index

from core.columns import Json, id_column, instant, number, optional_reference, reference, table, text

# ``zone`` is the time zone whose days its dates are, as of when it was written; ``late`` 1 for a view that is sorted by
# how late we are and so holds only what waits for us.
saved_view = table(
    "saved_view",
    id_column(),
    reference("user_id", "user.id"),
    optional_reference("team_id", "team.id"),
    text("name"),
    Column("condition", Json, nullable=False),
    number("late", 0),
    text("zone"),
    number("version", 1),
    instant("created_at"),
)
Index(None, saved_view.c.user_id, saved_view.c.id)
Index(None, saved_view.c.team_id, saved_view.c.id)
