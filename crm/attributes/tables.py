"""The fields that people add, the choices that a thing has several of, and what asks for which."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Text

from core.columns import Id, Json, id_column, instant, number, optional_instant, table, text

attribute = table(
    "attribute",
    id_column(),
    text("of"),
    text("key"),
    text("label"),
    text("type"),
    number("required", 0),
    number("listed", 0),
    Column("choices", Json, nullable=False),
    text("group", ""),
    number("place"),
    text("currency", ""),
    instant("created_at"),
    optional_instant("ended_at"),
)
Index("uq_attribute_key", attribute.c.of, attribute.c.key, unique=True)

# What a thing has several of, row by row: the JSON column says the same, but no index finds its members.
attribute_choice = table(
    "attribute_choice",
    Column("of", Text, primary_key=True, nullable=False),
    Column("key", Text, primary_key=True, nullable=False),
    Column("choice", Text, primary_key=True, nullable=False),
    Column("holder_id", Id, primary_key=True, nullable=False),
)
Index(None, attribute_choice.c.of, attribute_choice.c.holder_id)

# Which fields are asked for, and by what: "segment 12".
attribute_use = table(
    "attribute_use",
    Column("by", Text, primary_key=True, nullable=False),
    Column("attribute_id", Id, ForeignKey("attribute.id", ondelete="CASCADE"), primary_key=True, nullable=False),
)


def values_columns() -> list[Column[Any]]:
    """The columns of a table whose rows have attributes: the values by their keys, and what of them is text as it is
    compared."""
    return [Column("attributes", Json), Column("attributes_folded", Json)]
