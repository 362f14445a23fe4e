"""What the documents of a client come to, month by month: written with every document, read by segments and reports."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, func, select

from core.database import ReadTx, WriteTx
from crm.documents.shapes import Fact
from crm.documents.tables import document, document_facts

_SUMS = (
    select(
        document.c.kind,
        document.c.currency,
        func.count().label("documents"),
        func.sum(document.c.amount).label("amount"),
        func.coalesce(func.sum(document.c.profit), 0).label("profit"),
    )
    .where(
        document.c.counterparty_id == bindparam("client"),
        document.c.date.between(bindparam("first"), bindparam("last")),
    )
    .group_by(document.c.kind, document.c.currency)
)
_FORGET = delete(document_facts).where(
    document_facts.c.counterparty_id == bindparam("client"), document_facts.c.month == bindparam("month")
)
_FORGET_ALL = delete(document_facts).where(document_facts.c.counterparty_id == bindparam("client"))
_MONTHS = select(func.substr(document.c.date, 1, 7)).where(document.c.counterparty_id == bindparam("client")).distinct()
_OF = (
    select(document_facts)
    .where(document_facts.c.counterparty_id == bindparam("client"))
    .order_by(document_facts.c.month.desc(), document_facts.c.kind, document_facts.c.currency)
)


def count_month(tx: WriteTx, counterparty_id: int, month: str) -> None:
    """Add up one month of a client anew."""
    tx.lock_key("document_facts", counterparty_id, month)
    tx.execute(_FORGET, {"client": counterparty_id, "month": month})
    rows = tx.rows(_SUMS, {"client": counterparty_id, "first": f"{month}-01", "last": f"{month}-31"})
    told = {"counterparty_id": counterparty_id, "month": month}
    tx.insert_many(
        document_facts,
        [
            told
            | {
                "kind": row.kind,
                "currency": row.currency,
                "documents": row.documents,
                "amount": int(row.amount),
                "profit": int(row.profit),
            }
            for row in rows
        ],
    )


def recount_documents(tx: WriteTx, counterparty_ids: Iterable[int]) -> None:
    """Add up everything of these clients anew: their documents went from one to another."""
    for one in counterparty_ids:
        tx.execute(_FORGET_ALL, {"client": one})
        for month in tx.values(_MONTHS, {"client": one}):
            count_month(tx, one, month)


def list_facts(tx: ReadTx, counterparty_id: int) -> list[Fact]:
    """What the documents of a client come to, the newest month first."""
    return [
        Fact(row.month, row.kind, row.currency, row.documents, row.amount, row.profit)
        for row in tx.rows(_OF, {"client": counterparty_id})
    ]
