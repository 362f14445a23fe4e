"""What the documents of a table do is written: new clients and items first, for all of a part at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from core import clock
from core.database import WriteTx
from core.fulltext import fold
from crm.attributes import lay_values
from crm.documents import NewLine, add_document, change_document
from crm.documents.tables import document, item, refusal_reason
from crm.staff.readable import Viewer
from crm.transfer.document_memory import DocumentMemory, ItemHere
from crm.transfer.document_planning import PlannedDocument, line_values
from crm.transfer.storing import store

_TOLD = ("kind", "number", "date", "currency", "amount", "profit", "about", "executor_id", "reason")


def store_documents(tx: WriteTx, viewer: Viewer, memory: DocumentMemory, planned: Sequence[PlannedDocument]) -> None:
    """Write clients and items that are new, and documents. Raises Conflict where somebody was quicker."""
    store(tx, [one.party for one in planned if one.party is not None], viewer.user_id)
    _store_items(tx, [one for document in planned for one in document.made])
    for one in planned:
        if one.outcome in ("new", "changed"):
            _store(tx, viewer, memory, one)


def _store_items(tx: WriteTx, made: Sequence[ItemHere]) -> None:
    now = clock.now()
    rows = [
        {"name": one.name, "name_folded": fold(" ".join(one.name.split())), "code": one.code, "unit": one.unit,
         "created_at": now}
        for one in made
    ]  # fmt: skip
    for one, item_id in zip(made, tx.insert_all(item, rows), strict=True):
        one.id = item_id


def _store(tx: WriteTx, viewer: Viewer, memory: DocumentMemory, one: PlannedDocument) -> None:
    assert one.client is not None
    told: dict[str, Any] = {name: one.values[name] for name in _TOLD if name in one.values}
    if one.lines is not None:
        one.lines = line_values(one)  # new items have their numbers by now
        told["lines"] = [
            NewLine(text, many, price, amount, item_id) for item_id, text, many, price, amount in one.lines
        ]
    journal: dict[str, Any] = {}
    if one.before is None:
        told["executor_id"] = told.get("executor_id") or one.client.values.get("manager_id") or viewer.user_id
        told["external_id"] = one.values.get("external_id")
        one.document_id = add_document(tx, viewer, one.client.id, cause="import", **told)
        journal["new"] = True
    else:
        one.document_id = one.before.id
        journal |= {"set": _before(tx, one), "own": {key: _own(one).get(key) for key in one.own}}
        if one.lines is not None:
            journal["lines"] = memory.lines.get(one.before.id, [])
            told["amount"] = one.draft.amount
        change_document(tx, viewer, one.before.id, version=one.before.version, cause="import", **told)
        if "external_id" in one.values:
            tx.change(document, one.before.id, external_id=one.values["external_id"])
    if one.own:
        lay_values(tx, "document", document, one.document_id, _own(one), _own(one) | one.own)
    journal["version"] = tx.get(document, one.document_id).version
    one.journal = {"document": journal}
    if one.made:
        one.journal["items"] = [(made.id, made.name, made.code, made.unit) for made in one.made]
    if one.party is not None:
        one.journal["party"] = one.party.journal


def _own(one: PlannedDocument) -> dict[str, Any]:
    return dict(one.before.attributes or {}) if one.before is not None else {}


def _before(tx: WriteTx, one: PlannedDocument) -> dict[str, tuple[Any, Any]]:
    """Columns before and after, with the reason by its name; the sum goes with the lines."""
    names = {*one.values, *(["amount"] if one.lines is not None else [])}
    found: dict[str, tuple[Any, Any]] = {}
    for name in sorted(names - {"reason"}):
        found[name] = (getattr(one.before, name), one.values.get(name, getattr(one.before, name)))
    if "reason" in names:
        was = tx.value(select(refusal_reason.c.name).where(refusal_reason.c.id == one.before.reason_id))
        found["reason"] = (was or "", one.values["reason"])
    return found
