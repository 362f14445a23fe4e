"""What a field is asked: as an expression of SQL, as a word of rules, and of one thing in Python. All three say the
same of the same values; a property test holds them to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, select

from core.fulltext import fold
from core.json_values import JsonValue, Kind
from core.rules import Field
from core.rules.vocabulary import Type as Asked
from crm.attributes.shapes import Attribute, Type
from crm.attributes.tables import attribute_choice

_KINDS: dict[Type, Kind] = {
    "text": "text", "link": "text", "choice": "text", "date": "text", "number": "number", "money": "whole",
    "yes_no": "flag",
}  # fmt: skip
_FOLDED = ("text", "link")
_ASKED: dict[Type, Asked] = {
    "text": "text", "link": "text", "choice": "choice", "date": "day", "number": "number", "money": "number",
    "yes_no": "flag", "choices": "list",
}  # fmt: skip


def value_of(attribute: Attribute, table: FromClause) -> ColumnElement[Any]:
    """The value of a field in the rows of ``table``, NULL where there is none: what its index holds, and what a query
    has to say to go by it. Texts and links are folded (``core.fulltext.fold``), a choice is its key, a date
    ``2026-11-18``, money minor units, yes and no 1 and 0. Several choices have none: ``members_of``."""
    if attribute.type == "choices":
        raise ValueError("several choices are asked for by their members")
    column = table.c.attributes_folded if attribute.type in _FOLDED else table.c.attributes
    return JsonValue(column, attribute.key, _KINDS[attribute.type])


def members_of(attribute: Attribute, table: FromClause) -> Select[Any]:
    """The keys of the choices that a row of ``table`` has, to be asked with ``exists``."""
    return select(attribute_choice.c.choice).where(
        attribute_choice.c.of == attribute.of,
        attribute_choice.c.key == attribute.key,
        attribute_choice.c.holder_id == table.c.id,
    )


def field_of(attribute: Attribute, table: FromClause) -> Field:
    """The field as a word of rules, ``attributes.region``: what a person called it, asked of the rows of ``table``."""
    several = attribute.type == "choices"
    chosen = attribute.type in ("choice", "choices")
    return Field(
        key=f"attributes.{attribute.key}",
        type=_ASKED[attribute.type],
        label=attribute.label,
        column=attribute_choice.c.choice if several else value_of(attribute, table),
        fold=fold if attribute.type in _FOLDED else str,
        choices={one.key: one.label for one in attribute.choices} if chosen else {},
        within=members_of(attribute, table) if several else None,
        unit=attribute.currency,
        scale=attribute.scale,
    )


def fact_of(attribute: Attribute, values: Mapping[str, Any] | None) -> Any:
    """What one thing with these values (its column ``attributes``) answers, for ``core.rules.evaluate``; None for
    nothing."""
    return (values or {}).get(attribute.key)
