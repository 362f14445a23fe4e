"""Terms and prices as they are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, exists, or_, select, tuple_

from core.database import ReadTx
from core.paging import Page, cut_page, decode_cursor
from crm.documents.tables import item
from crm.parties.tables import counterparty
from crm.suppliers.shapes import Price, Terms
from crm.suppliers.tables import supplier_price, supplier_terms

MOST_COMPARED = 200
_later = supplier_terms.alias("later")
_NEWEST = ~exists().where(
    _later.c.counterparty_id == supplier_terms.c.counterparty_id,
    tuple_(_later.c.changed_at, _later.c.id) > tuple_(supplier_terms.c.changed_at, supplier_terms.c.id),
)
"""Of the terms of clients that were merged those hold that were written last, as on the card (``terms_of``)."""


_TERMS = (
    select(supplier_terms)
    .where(supplier_terms.c.counterparty_id.in_(bindparam("ids", expanding=True)))
    .order_by(supplier_terms.c.changed_at, supplier_terms.c.id)
)


def find_terms(tx: ReadTx, counterparty_id: int) -> Terms | None:
    """What was agreed with a supplier; None for who is none."""
    return terms_of(tx, [counterparty_id]).get(counterparty_id)


def terms_of(tx: ReadTx, ids: Collection[int]) -> dict[int, Terms]:
    """The terms of these as far as there are any."""
    rows = tx.rows(_TERMS, {"ids": sorted(ids)}) if ids else ()
    return {row.counterparty_id: _terms(row) for row in rows}


def list_suppliers(tx: ReadTx, *, after: str | None = None, limit: int = 50) -> Page[tuple[str, Terms]]:
    """Everybody with whom terms were agreed, by name. Raises Invalid for a bad cursor."""
    statement = (
        select(supplier_terms, counterparty.c.name, counterparty.c.name_folded)
        .join(counterparty, counterparty.c.id == supplier_terms.c.counterparty_id)
        .where(_NEWEST)
        .order_by(counterparty.c.name_folded, counterparty.c.id)
        .limit(limit + 1)
    )
    if after is not None:
        place = tuple_(counterparty.c.name_folded, counterparty.c.id)
        statement = statement.where(place > tuple_(*decode_cursor(after, (str, int))))
    page = cut_page(tx.rows(statement), limit, lambda row: (row.name_folded, row.counterparty_id))
    return Page([(row.name, _terms(row)) for row in page.items], page.next)


def list_prices(
    tx: ReadTx, counterparty_id: int, *, on: str = "", after: str | None = None, limit: int = 50
) -> Page[tuple[str, Price]]:
    """The price list of a supplier by the names of items, from the smallest quantity up; those that hold ``on`` a day,
    else all. Raises Invalid for a bad cursor."""
    statement = (
        select(supplier_price, item.c.name, item.c.name_folded)
        .join(item, item.c.id == supplier_price.c.item_id)
        .where(supplier_price.c.counterparty_id == counterparty_id)
        .order_by(item.c.name_folded, supplier_price.c.quantity, supplier_price.c.id)
        .limit(limit + 1)
    )
    if on:
        last = supplier_price.c.date_to
        statement = statement.where(supplier_price.c.date_from <= on, or_(last.is_(None), last >= on))
    if after is not None:
        place = tuple_(item.c.name_folded, supplier_price.c.quantity, supplier_price.c.id)
        statement = statement.where(place > tuple_(*decode_cursor(after, (str, int, int))))
    page = cut_page(tx.rows(statement), limit, lambda row: (row.name_folded, row.quantity, row.id))
    return Page([(row.name, _price(row)) for row in page.items], page.next)


def list_offers(tx: ReadTx, item_id: int, on: str) -> list[tuple[str, Price]]:
    """Who sells an item on a day, with names: the cheapest of a currency first, by the quantity from which it holds."""
    last = supplier_price.c.date_to
    statement = (
        select(supplier_price, counterparty.c.name)
        .join(counterparty, counterparty.c.id == supplier_price.c.counterparty_id)
        .where(supplier_price.c.item_id == item_id, supplier_price.c.date_from <= on)
        .where(or_(last.is_(None), last >= on))
        .order_by(supplier_price.c.currency, supplier_price.c.price, supplier_price.c.id)
        .limit(MOST_COMPARED)
    )
    return [(row.name, _price(row)) for row in tx.rows(statement)]


def _terms(row: Any) -> Terms:
    return Terms(
        row.counterparty_id, row.currency, row.payment, row.delivery, row.payment_days, row.lead_days, row.least
    )


def _price(row: Any) -> Price:
    return Price(
        row.id, row.counterparty_id, row.item_id, row.price, row.currency, row.quantity, row.date_from, row.date_to
    )
