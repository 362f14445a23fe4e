"""Documents as they are: one, a page of them, what they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, bindparam, select, tuple_

from core.database import ReadTx
from core.paging import Page, cut_page, decode_cursor
from crm.documents.shapes import Document, Kind, Line
from crm.documents.tables import document, document_line, refusal_reason

_LINES = select(document_line).where(document_line.c.document_id == bindparam("id")).order_by(document_line.c.place)
_FOLLOWING = (
    select(document).where(document.c.based_on_id == bindparam("id")).order_by(document.c.date, document.c.id).limit(50)
)


@dataclass(frozen=True, slots=True)
class Which:
    """Which documents: of a client, a kind, an executor, between two days; what is not told does not narrow."""

    counterparty_id: int | None = None
    kind: str = ""
    executor_id: int | None = None
    first: str = ""
    last: str = ""


def get_document(tx: ReadTx, document_id: int) -> Document:
    """Raises NotFound."""
    return _documents(tx, [tx.get(document, document_id)])[0]


def list_documents(tx: ReadTx, which: Which, *, after: str | None = None, limit: int = 50) -> Page[Document]:
    """The newest first. Raises Invalid for a bad cursor."""
    asked = {name: value for name in _NARROWS if (value := getattr(which, name))}
    statement = _newest(frozenset(asked), after is not None)
    if after is not None:
        asked["after_date"], asked["after_id"] = decode_cursor(after, (str, int))
    page = cut_page(tx.rows(statement, {**asked, "most": limit + 1}), limit, lambda row: (row.date, row.id))
    return Page(_documents(tx, page.items), page.next)


_NARROWS: dict[str, ColumnElement[bool]] = {
    "counterparty_id": document.c.counterparty_id == bindparam("counterparty_id"),
    "kind": document.c.kind == bindparam("kind"),
    "executor_id": document.c.executor_id == bindparam("executor_id"),
    "first": document.c.date >= bindparam("first"),
    "last": document.c.date <= bindparam("last"),
}


@cache
def _newest(narrowed: frozenset[str], goes_on: bool) -> Select[Any]:
    statement = select(document).where(*(_NARROWS[name] for name in sorted(narrowed)))
    if goes_on:
        place = tuple_(bindparam("after_date"), bindparam("after_id"))
        statement = statement.where(tuple_(document.c.date, document.c.id) < place)
    return statement.order_by(document.c.date.desc(), document.c.id.desc()).limit(bindparam("most"))


def list_following(tx: ReadTx, document_id: int) -> list[Document]:
    """What was written on the basis of a document."""
    return _documents(tx, tx.rows(_FOLLOWING, {"id": document_id}))


def documents_of(tx: ReadTx, ids: Iterable[int]) -> dict[int, Document]:
    """Documents by their ids."""
    return {one.id: one for one in _documents(tx, tx.get_all(document, ids))}


def list_lines(tx: ReadTx, document_id: int) -> list[Line]:
    """The lines of a document in their order."""
    return [
        Line(row.text, row.quantity, row.price, row.amount, row.item_id) for row in tx.rows(_LINES, {"id": document_id})
    ]


def _documents(tx: ReadTx, rows: Iterable[Any]) -> list[Document]:
    rows = list(rows)
    named = tx.get_all(refusal_reason, (row.reason_id for row in rows if row.reason_id))
    reasons = {row.id: row.name for row in named}
    return [
        Document(
            id=row.id,
            kind=cast("Kind", row.kind),
            number=row.number,
            external_id=row.external_id,
            counterparty_id=row.counterparty_id,
            legal_entity_id=row.legal_entity_id,
            contact_id=row.contact_id,
            date=row.date,
            currency=row.currency,
            amount=row.amount,
            profit=row.profit,
            reason=reasons.get(row.reason_id, ""),
            about=row.about,
            executor_id=row.executor_id,
            based_on_id=row.based_on_id,
            based_line_id=row.based_line_id,
            line_id=row.line_id,
            author_id=row.author_id,
            version=row.version,
            attributes=row.attributes or {},
        )
        for row in rows
    ]
