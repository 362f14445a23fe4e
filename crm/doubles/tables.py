"""The tables of doubles: each time that they were looked for, and each pair that was found."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index

from core.columns import Id, Json, id_column, instant, number, optional_instant, table, text

# One search of the whole base. ``stage`` is by what clients are compared now, ``reached`` the last key of that,
# ``place`` how far the whole is, in thousandths.
double_search = table(
    "double_search",
    id_column(),
    text("state"),
    text("stage"),
    text("reached", ""),
    number("place", 0),
    number("found", 0),
    number("worked", 0),
    text("error", ""),
    Column("by_id", Id),
    instant("started_at"),
    instant("moved_at"),
    optional_instant("finished_at"),
)

# Two clients who may be one, the smaller id first. ``state`` is open, or apart: somebody said that they are two.
# ``strength`` is how sure it is, in per cent; ``search_id`` the last search that found them.
double_pair = table(
    "double_pair",
    Column("one_id", Id, ForeignKey("counterparty.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("other_id", Id, ForeignKey("counterparty.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    text("state"),
    number("strength"),
    Column("reasons", Json, nullable=False),
    number("search_id"),
    Column("by_id", Id),
    optional_instant("decided_at"),
)
Index(None, double_pair.c.state, double_pair.c.strength, double_pair.c.one_id, double_pair.c.other_id)
Index(None, double_pair.c.other_id)
