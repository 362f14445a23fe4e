"""Documents that an import wrote are taken back, as far as they stand as it left them; items that it made go with the
last line of them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import delete, select

from core.columns import metadata
from core.database import ReadTx, WriteTx
from crm.attributes import lay_values
from crm.documents import NewLine, base_document, list_files, remove_document, rewrite_document
from crm.documents.facts import count_month
from crm.documents.tables import document, item
from crm.transfer.tables import import_row

WRONG = {
    "since": "It has been changed since.",
    "named": "Letters or other things have come to it since.",
    "items": "An item that came with it is used elsewhere, and stays.",
}
_PLAIN = ("kind", "number", "date", "currency", "amount", "about")
_OPTIONAL = ("profit", "external_id", "executor_id", "based_on_id")


def undo_documents(tx: WriteTx, rows: Sequence[Any]) -> dict[int, tuple[str, str]]:
    """Take the documents of these rows back, the last one first; who pressed the button was asked whether they may, and
    who brought them in may be gone. Returns by row what became of it, and why."""
    said: dict[int, tuple[str, str]] = {}
    for row in rows:
        reason = _take_back(tx, row)
        said[row.n] = ("stays", reason) if reason else ("undone", "")
    for row in rows:
        if said[row.n][0] == "undone" and _drop_items(tx, row.journal.get("items", ())):
            said[row.n] = ("undone", WRONG["items"])
    return said


def parties_of(rows: Sequence[Any]) -> list[Any]:
    """Those of the rows that made a client, as rows of a table of clients."""
    return [
        SimpleNamespace(**{**row._mapping, "journal": row.journal["party"]}) for row in rows if "party" in row.journal
    ]


def _take_back(tx: WriteTx, row: Any) -> str:
    """Why it stays, or nothing."""
    journal = row.journal["document"]
    tx.lock(document, row.document_id)
    now = tx.row(select(document).where(document.c.id == row.document_id))
    if now is None or now.version != journal["version"] or now.counterparty_id != row.client_id:
        return WRONG["since"]
    if not journal.get("new"):
        _revert(tx, now, journal)
        return ""
    if list_files(tx, now.id) or _follow_others(tx, row):
        return WRONG["named"]
    for follower in tx.values(select(document.c.id).where(document.c.based_on_id == now.id)):
        base_document(tx, follower, None, cause="import")  # it came with this import, too
    lay_values(tx, "document", document, now.id, now.attributes, {})
    remove_document(tx, now.id, cause="import")
    return ""


def _follow_others(tx: ReadTx, row: Any) -> bool:
    """Whether something that did not come with this import follows from the document."""
    ours = select(import_row.c.document_id).where(
        import_row.c.import_id == row.import_id,
        import_row.c.document_id.is_not(None),
        import_row.c.outcome.in_(("new", "changed", "undone")),
    )
    theirs = select(document.c.id).where(document.c.based_on_id == row.document_id, document.c.id.not_in(ours))
    if tx.value(theirs.limit(1)) is not None:
        return True
    own = select(document.c.line_id).where(document.c.id == row.document_id)
    for table in metadata.sorted_tables:
        if "based_line_id" in table.c and tx.value(select(table.c.id).where(table.c.based_line_id.in_(own)).limit(1)):
            return True
    return False


def _revert(tx: WriteTx, now: Any, journal: dict[str, Any]) -> None:
    before = {name: was for name, (was, _) in journal["set"].items()}
    told: dict[str, Any] = {name: before[name] for name in (*_PLAIN, "reason") if name in before}
    if "lines" in journal:
        told["lines"] = [NewLine(text, many, price, amount, one) for one, text, many, price, amount in journal["lines"]]
    rewrite_document(tx, now.id, version=now.version, cause="import", **told)
    if optional := {name: before[name] for name in _OPTIONAL if name in before}:
        tx.change(document, now.id, **optional)
        count_month(tx, now.counterparty_id, tx.get(document, now.id).date[:7])
    own = now.attributes or {}
    after = {key: value for key, value in (own | journal["own"]).items() if value is not None}
    lay_values(tx, "document", document, now.id, own, after)


def _drop_items(tx: WriteTx, made: Sequence[Any]) -> bool:
    """Items go that are as they came and that nothing names any more. Returns whether one stays."""
    stays = False
    for item_id, name, code, unit in made:
        now = tx.row(select(item).where(item.c.id == item_id))
        if now is None:
            continue
        if (now.name, now.code, now.unit, now.group_id) != (name, code, unit, None) or _is_named(tx, item_id):
            stays = True
        else:
            tx.execute(delete(item).where(item.c.id == item_id))
    return stays


def _is_named(tx: ReadTx, item_id: int) -> bool:
    naming = [table for table in metadata.sorted_tables if "item_id" in table.c]
    return any(
        tx.value(select(table.c.item_id).where(table.c.item_id == item_id).limit(1)) is not None for table in naming
    )
