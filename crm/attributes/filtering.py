"""Which things have what in a field: a list is narrowed by the fields that are its columns, each by its index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, exists

from core.database import ReadTx
from core.errors import Invalid
from core.fulltext import fold
from crm.attributes.asking import members_of, value_of
from crm.attributes.reading import list_attributes
from crm.attributes.shapes import Attribute, Holder, Value
from crm.attributes.tables import attribute_choice
from crm.attributes.values import parse_value

RANGED = ("number", "money", "date")
MOST_LISTED = 4
"""So many fields are columns of a list, and narrow it."""


@dataclass(frozen=True, slots=True)
class Having:
    """A field and what it has to be, as a person wrote it: exactly ``low``; of a number, a sum and a date from ``low``
    to ``high``, both with the ends, '' for any."""

    key: str
    low: str
    high: str = ""


def list_listed(tx: ReadTx, of: Holder) -> list[Attribute]:
    """The fields that are columns of the list of these."""
    return [one for one in list_attributes(tx, of) if one.listed][:MOST_LISTED]


def having(tx: ReadTx, of: Holder, table: FromClause, asked: Sequence[Having]) -> list[ColumnElement[bool]]:
    """The conditions over the rows of ``table``. Raises Invalid for a field that is no column of the list, and for what
    no value of it can be."""
    known = {one.key: one for one in list_listed(tx, of)}
    found = []
    for one in asked:
        field = known.get(one.key)
        if field is None:
            raise Invalid("There is no field “%(name)s” here.", name=one.key[:100], field="own")
        low, high = parse_value(field, one.low), parse_value(field, one.high)
        if low is not None or high is not None:
            found.append(_condition(field, table, low, high))
    return found


def _condition(field: Attribute, table: FromClause, low: Value | None, high: Value | None) -> ColumnElement[bool]:
    if field.type == "choices":
        assert isinstance(low, list)
        return and_(*(exists(members_of(field, table).where(attribute_choice.c.choice == one)) for one in low))
    column: ColumnElement[Any] = value_of(field, table)
    if field.type in RANGED:
        bounds = [] if low is None else [column >= low]
        return and_(*bounds, *([] if high is None else [column <= high]))
    if field.type in ("text", "link"):
        return column == fold(str(low))
    return column == (int(low) if isinstance(low, bool) else low)
