"""What is written down of the rows of a table of documents: each row of the table is one of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from core.database import WriteTx
from crm.documents import base_document, find_bases
from crm.documents.tables import document
from crm.transfer.document_planning import WRONG as WRONG_OF_DOCUMENTS
from crm.transfer.document_planning import PlannedDocument
from crm.transfer.document_words import read_title
from crm.transfer.planning import KEPT_CELLS, MOST_DOUBTS
from crm.transfer.tables import import_row

WRONG = "There is no one document “%(name)s” of this client that this one could be on the basis of."


def count_documents(counts: dict[str, int], planned: Sequence[PlannedDocument]) -> None:
    """Rows by what becomes of them, and among it what is new."""
    for one in planned:
        told = {
            "rows": len(one.draft.rows),
            one.outcome: len(one.draft.rows),
            "new_documents": int(one.outcome == "new"),
            "changed_documents": int(one.outcome == "changed"),
            "new_clients": int(one.party is not None),
            "new_items": len(one.made),
            "differ": int(one.draft.told is not None and one.outcome in ("new", "changed", "same")),
        }
        for key, count in told.items():
            if count:
                counts[key] = counts.get(key, 0) + count


def document_rows(import_id: int, one: PlannedDocument) -> list[dict[str, Any]]:
    """The rows of the report: the first one says all of the document, the others what they are of."""
    found = []
    names = {line.n: line.name or line.code for line in one.draft.lines or ()}
    stays_out = one.outcome in ("refused", "doubtful")
    for n, cells in one.draft.rows:
        first = n == one.draft.n
        reason, fields = one.said.get(n, (one.reason, one.reason_fields) if first else ("", {}))
        if not reason and stays_out:
            reason, fields = WRONG_OF_DOCUMENTS["row"], {"row": next(iter(sorted(one.said)), one.draft.n)}
        found.append({
            "import_id": import_id,
            "n": n,
            "outcome": one.outcome,
            "name": _name(one) if first else names.get(n, ""),
            "client_id": one.client.id or None if first and one.client is not None else None,
            "person_id": None,
            "document_id": one.document_id if first else None,
            "journal": _journal(one) if first else None,
            "reason": reason,
            "reason_fields": fields or None,
            "cells": cells if one.outcome in KEPT_CELLS else None,
            "parent": one.draft.based_on if first and one.outcome in ("new", "changed") else "",
        })  # fmt: skip
    return found


def _name(one: PlannedDocument) -> str:
    draft = one.draft
    client = one.client.values["name"] if one.client is not None else draft.party.client.get("name", "")
    return " · ".join(part for part in (draft.number or draft.external_id, draft.date, client) if part)


def _journal(one: PlannedDocument) -> dict[str, Any] | None:
    if one.doubts:
        return {"doubts": [(client.id, client.values["name"]) for client in one.doubts[:MOST_DOUBTS]]}
    return one.journal | {"rows": [n for n, _ in one.draft.rows]} if one.journal else None


def set_base(tx: WriteTx, row: Any) -> None:
    """A document that was written learns on the basis of which other one it is, by what its row says."""
    here = (import_row.c.import_id == row.import_id) & (import_row.c.n == row.n)
    now = tx.row(select(document.c.id, document.c.based_on_id).where(document.c.id == row.document_id))
    kind, number, day = read_title(row.parent)
    found = find_bases(tx, now.id, number, kind, day) if now is not None else []
    said: dict[str, Any] = {"parent": ""}
    if now is not None and len(found) == 1:
        if now.based_on_id != found[0]:
            base_document(tx, now.id, found[0], cause="import")
            said["journal"] = _with_base(row.journal, now.based_on_id, found[0])
    elif not row.reason:
        said |= {"reason": WRONG, "reason_fields": {"name": row.parent}}
    tx.execute(update(import_row).where(here).values(said))


def _with_base(journal: Mapping[str, Any], was: int | None, now: int) -> dict[str, Any]:
    told = journal["document"]
    return {**journal, "document": {**told, "set": {**told.get("set", {}), "based_on_id": [was, now]}}}
