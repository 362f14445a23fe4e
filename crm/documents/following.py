"""A document learns afterwards on the basis of which other one it is."""

from __future__ import annotations

from sqlalchemy import select

from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.documents.tables import document


def find_bases(tx: ReadTx, document_id: int, number: str, kind: str = "", day: str = "") -> list[int]:
    """The documents of the same client that this one may be on the basis of: of this number, or of this code elsewhere,
    of the kind and the day where these are told. Two at most."""
    here = tx.get(document, document_id)
    known = (document.c.number == number) & (document.c.number != "") | (document.c.external_id == number)
    found = select(document.c.id).where(known, document.c.counterparty_id == here.counterparty_id)
    found = found.where(document.c.id != document_id)
    for column, value in ((document.c.kind, kind), (document.c.date, day)):
        if value:
            found = found.where(column == value)
    return list(tx.values(found.order_by(document.c.id).limit(2)))


def base_document(tx: WriteTx, document_id: int, based_on_id: int | None, *, cause: str = "house") -> None:
    """Let a document be on the basis of another, or of none. Raises NotFound, Invalid for one of another client."""
    tx.lock(document, document_id)
    now = tx.get(document, document_id)
    if based_on_id is not None and tx.get(document, based_on_id).counterparty_id != now.counterparty_id:
        raise Invalid("What a document follows from is of the same client.", field="based_on_id")
    tx.change(document, document_id, based_on_id=based_on_id)
    record_change(tx, "document.changed", document_id, fields={"counterparty_id": now.counterparty_id}, cause=cause)
