"""How suppliers keep their word, from documents: an order, and the first shipment on its basis."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import bindparam, func, select

from core.database import ReadTx
from crm.documents.tables import document
from crm.suppliers.reading import terms_of
from crm.suppliers.shapes import Delivered, Record

LATEST = 50
_shipped = document.alias("shipped")
_FIRST = (
    select(func.min(_shipped.c.date))
    .where(_shipped.c.based_on_id == document.c.id, _shipped.c.kind == "shipment")
    .correlate(document)
    .scalar_subquery()
)
_ORDERS = (
    select(document.c.id, document.c.number, document.c.date, _FIRST.label("came"))
    .where(document.c.counterparty_id == bindparam("client"), document.c.kind == "order")
    .order_by(document.c.date.desc(), document.c.id.desc())
    .limit(LATEST)
)


def get_record(tx: ReadTx, counterparty_id: int, today: str) -> Record:
    """What its latest orders say of a supplier as of a day."""
    return records_of(tx, [counterparty_id], today)[counterparty_id]


def records_of(tx: ReadTx, ids: Collection[int], today: str) -> dict[int, Record]:
    """``get_record`` of several."""
    agreed = terms_of(tx, ids)
    found = {}
    for one in ids:
        orders = []
        for row in tx.rows(_ORDERS, {"client": one}):
            until = date.fromisoformat(row.came or today)
            days = max((until - date.fromisoformat(row.date)).days, 0)
            orders.append(Delivered(row.id, row.number, days, row.came is not None))
        found[one] = Record(agreed[one].lead_days if one in agreed else None, tuple(orders))
    return found
