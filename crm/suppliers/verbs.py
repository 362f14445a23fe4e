"""Agreeing on terms with a supplier, and keeping its prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import and_, delete, func, or_, select, update

from core import clock
from core.database import WriteTx
from core.errors import Invalid, NotFound
from core.money import read_currency
from crm.documents import get_item
from crm.parties import get_counterparty
from crm.staff.readable import Viewer, demand_somewhere
from crm.suppliers.shapes import Terms
from crm.suppliers.tables import supplier_price, supplier_terms

LONGEST = 1_000
MOST_DAYS = 3_650
LARGEST = 10**15
FIRST_YEAR = 1900


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price to be kept: minor units, thousandths from which it holds, days (the last '' for none)."""

    item_id: int
    price: int
    currency: str
    date_from: str
    date_to: str = ""
    quantity: int = 0


def agree(tx: WriteTx, viewer: Viewer, terms: Terms) -> None:
    """Keep what was agreed with a supplier; who had no terms is a supplier from now on. Raises NotFound, Forbidden,
    Invalid."""
    demand_somewhere(viewer, "answer")
    get_counterparty(tx, terms.counterparty_id)
    values = _read_terms(terms) | {"by_id": viewer.user_id, "changed_at": clock.now()}
    tx.lock_key("supplier", terms.counterparty_id)
    newest = (
        select(supplier_terms.c.id)
        .where(supplier_terms.c.counterparty_id == terms.counterparty_id)
        .order_by(supplier_terms.c.changed_at.desc(), supplier_terms.c.id.desc())
        .limit(1)
    )
    found = tx.value(newest)
    if found is None:
        tx.insert(supplier_terms, counterparty_id=terms.counterparty_id, **values)
    else:
        tx.change(supplier_terms, int(found), **values)


def add_prices(tx: WriteTx, viewer: Viewer, counterparty_id: int, prices: Iterable[NewPrice]) -> int:
    """Put prices into the list of a supplier. Of the same item, currency and quantity one holds on a day: what holds
    until then ends on the day before, what begins later ends this one, what begins on the same day is replaced. Returns
    how many. Raises NotFound, Forbidden, Invalid."""
    demand_somewhere(viewer, "answer")
    get_counterparty(tx, counterparty_id)
    tx.lock_key("supplier", counterparty_id)
    number = 0
    for one in prices:
        _add_price(tx, counterparty_id, one)
        number += 1
    known = select(supplier_terms.c.id).where(supplier_terms.c.counterparty_id == counterparty_id).limit(1)
    if number and tx.value(known) is None:
        told = {"by_id": viewer.user_id, "changed_at": clock.now(), "currency": read_currency(one.currency)}
        tx.insert(supplier_terms, counterparty_id=counterparty_id, **told)
    return number


def drop_price(tx: WriteTx, viewer: Viewer, counterparty_id: int, price_id: int) -> None:
    """Take a price out of the list. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    here = and_(supplier_price.c.id == price_id, supplier_price.c.counterparty_id == counterparty_id)
    if not tx.execute(delete(supplier_price).where(here)):
        raise NotFound("There is no price with the number %(id)s.", id=price_id)


def _add_price(tx: WriteTx, counterparty_id: int, one: NewPrice) -> None:
    get_item(tx, one.item_id)
    currency, first, last = read_currency(one.currency), read_day(one.date_from), one.date_to
    if last and read_day(last) < first:
        raise Invalid("The last day is before the first.", field="date_to")
    if not 0 <= one.price <= LARGEST or not 0 <= one.quantity <= LARGEST:
        raise Invalid("A price and a quantity are not below zero.", field="price")
    same = and_(
        supplier_price.c.counterparty_id == counterparty_id,
        supplier_price.c.item_id == one.item_id,
        supplier_price.c.currency == currency,
        supplier_price.c.quantity == one.quantity,
    )
    tx.execute(delete(supplier_price).where(same, supplier_price.c.date_from == first))
    lasts = or_(supplier_price.c.date_to.is_(None), supplier_price.c.date_to >= first)
    tx.execute(
        update(supplier_price).where(same, lasts, supplier_price.c.date_from < first).values(date_to=_before(first))
    )
    later = tx.value(select(func.min(supplier_price.c.date_from)).where(same, supplier_price.c.date_from > first))
    if later is not None:
        last = min(last or _before(later), _before(later))
    tx.insert(
        supplier_price,
        counterparty_id=counterparty_id,
        item_id=one.item_id,
        price=one.price,
        currency=currency,
        quantity=one.quantity,
        date_from=first,
        date_to=last or None,
        created_at=clock.now(),
    )


def _before(day: str) -> str:
    return str(date.fromisoformat(day) - timedelta(days=1))


def read_day(text: str) -> str:
    """``2026-11-18``. Raises Invalid."""
    try:
        read = date.fromisoformat(text)
    except ValueError as problem:
        raise Invalid("Write a day as 2026-11-18.", field="date_from") from problem
    if read.year < FIRST_YEAR:
        raise Invalid("Write a day as 2026-11-18.", field="date_from")
    return str(read)


def _read_terms(terms: Terms) -> dict[str, object]:
    for field, text in (("payment", terms.payment), ("delivery", terms.delivery)):
        if len(text) > LONGEST or "\0" in text:
            raise Invalid("This has at most %(most)s characters.", most=LONGEST, field=field)
    for field, days in (("payment_days", terms.payment_days), ("lead_days", terms.lead_days)):
        if days is not None and not 0 <= days <= MOST_DAYS:
            raise Invalid("Days are a number up to %(most)s.", most=MOST_DAYS, field=field)
    if terms.least is not None and not 0 <= terms.least <= LARGEST:
        raise Invalid("A price and a quantity are not below zero.", field="least")
    return {
        "currency": read_currency(terms.currency),
        "payment": terms.payment.strip(),
        "delivery": terms.delivery.strip(),
        "payment_days": terms.payment_days,
        "lead_days": terms.lead_days,
        "least": terms.least,
    }
