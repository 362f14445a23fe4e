"""Lists in the order of a field that people added: those who have a value by it, then those who have none as they came.

A place in such a list is the value and the id of its last row, so a page goes on behind it whatever was added since.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, select

from core.database import ReadTx
from core.errors import Invalid
from core.money import LARGEST
from core.paging import Page, cut_page, decode_cursor
from crm.attributes import Attribute, Holder, Type, list_listed, value_of

UNKNOWN = "This place in the list is not known. Start from the beginning."


@dataclass(frozen=True, slots=True)
class Order:
    """By which field, and whether from its end."""

    field: Attribute
    down: bool


def can_order(field: Attribute) -> bool:
    """Whether a field has one value to go by."""
    return field.type != "choices"


def read_order(tx: ReadTx, of: Holder, told: str) -> Order | None:
    """The order that is asked for as ``region`` or ``-region``; None for ''. Raises Invalid for what is no column of
    the list."""
    if not told:
        return None
    key = told.removeprefix("-")
    for field in list_listed(tx, of):
        if field.key == key and can_order(field):
            return Order(field, told.startswith("-"))
    raise Invalid("There is no field “%(name)s” here.", name=key[:100], field="sort")


def page_in_order(
    tx: ReadTx,
    table: Table,
    order: Order,
    which: Sequence[ColumnElement[bool]],
    after: str | None,
    limit: int,
    ids: list[int] | None = None,
) -> Page[Row[Any]]:
    """A page of the rows that stand and fit, of these alone where ``ids`` are told. Raises Invalid for a bad cursor."""
    place = None if after is None else _read_place(order.field, after)
    if ids is not None:
        return _page_of(tx, table, order, which, place, limit, ids)
    rows: list[Row[Any]] = []
    if place is None or place[0] is not None:
        rows += tx.rows(select_valued(table, order, which, place).limit(limit + 1))
    if len(rows) <= limit:
        behind = place[1] if place is not None and place[0] is None else 0
        rows += tx.rows(select_valueless(tx, table, order, which, behind).limit(limit + 1 - len(rows)))
    return cut_page(rows, limit, _key)


_Place = tuple[Any, int]
_LABEL = "in_order"
_LOWEST: dict[Type, Any] = {"number": -(2.0**53), "money": -LARGEST, "yes_no": 0}
"""Said instead of “is there”: an engine begins behind those who have none and does not walk over them."""


def _rows(table: Table, order: Order, which: Sequence[ColumnElement[bool]]) -> tuple[Select[Any], Any]:
    value = value_of(order.field, table)
    return select(table, value.label(_LABEL)).where(table.c.merged_into.is_(None), *which), value


def select_valued(
    table: Table, order: Order, which: Sequence[ColumnElement[bool]], place: _Place | None
) -> Select[Any]:
    """Those who have a value, in its order, behind a place."""
    statement, value = _rows(table, order, which)
    key = (value, table.c.id)
    if place is None:
        statement = statement.where(value >= _LOWEST.get(order.field.type, ""))
    elif order.down:
        statement = statement.where(value <= place[0], (value < place[0]) | (table.c.id < place[1]))
    else:
        statement = statement.where(value >= place[0], (value > place[0]) | (table.c.id > place[1]))
    return statement.order_by(*(one.desc() if order.down else one for one in key))


def select_valueless(
    tx: ReadTx, table: Table, order: Order, which: Sequence[ColumnElement[bool]], behind: int
) -> Select[Any]:
    """Those who have none, behind an id."""
    statement, value = _rows(table, order, which)
    # Only SQLite knows that what is NULL is equal; only PostgreSQL goes by the index where it is named all the same.
    by_index = [table.c.id] if tx.is_sqlite else [value, table.c.id]
    return statement.where(value.is_(None), table.c.id > behind).order_by(*by_index)


def _page_of(
    tx: ReadTx,
    table: Table,
    order: Order,
    which: Sequence[ColumnElement[bool]],
    place: _Place | None,
    limit: int,
    ids: list[int],
) -> Page[Row[Any]]:
    """They are put in order here: asked for both, an engine walks everybody by value until it has met enough."""
    if not ids:
        return Page([], None)
    statement, _ = _rows(table, order, which)
    found = tx.rows(statement.where(table.c.id.in_(ids)))
    valued = sorted((one for one in found if _value(one) is not None), key=_where, reverse=order.down)
    rest = sorted((one for one in found if _value(one) is None), key=lambda row: row.id)
    if place is not None and place[0] is None:
        valued, rest = [], [one for one in rest if one.id > place[1]]
    elif place is not None:
        valued = [one for one in valued if (_where(one) < place if order.down else _where(one) > place)]
    return cut_page([*valued, *rest], limit, _key)


def _value(row: Row[Any]) -> Any:
    return row._mapping[_LABEL]


def _where(row: Row[Any]) -> _Place:
    return _value(row), row.id


def _key(row: Row[Any]) -> tuple[int | str, ...]:
    value = _value(row)
    return (0, "", row.id) if value is None else (1, str(value), row.id)


def _read_place(field: Attribute, after: str) -> _Place:
    has, text, row_id = decode_cursor(after, (int, str, int))
    if not has:
        return None, int(row_id)
    try:
        if field.type == "number":
            number = float(text)
            if not math.isfinite(number):
                raise ValueError(text)
            return number, int(row_id)
        if field.type in ("money", "yes_no"):
            whole = int(text)
            if abs(whole) >= 2**63:
                raise ValueError(text)
            return whole, int(row_id)
    except ValueError as problem:
        raise Invalid(UNKNOWN, field="after") from problem
    return str(text), int(row_id)
