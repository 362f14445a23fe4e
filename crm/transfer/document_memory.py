"""Documents and items whom rows of a table may mean, read in a few statements for many rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, select, text

from core.database import ReadTx
from core.fulltext import fold
from crm.documents.tables import document, document_line, item
from crm.transfer.document_drafts import DocumentDraft, LineDraft
from crm.transfer.memory import AT_ONCE, Client, Memory, recall
from crm.transfer.tables import import_row


@dataclass(slots=True, eq=False)
class ItemHere:
    """An item. ``id`` 0: not stored yet."""

    id: int
    name: str
    code: str = ""
    unit: str = ""


@dataclass(slots=True)
class DocumentMemory:
    """Clients, items and documents that are known. ``written`` are documents that this import has written already, by
    their ids; ``keys`` by what names them, in a dry run."""

    parties: Memory = field(default_factory=Memory)
    by_code: dict[str, ItemHere] = field(default_factory=dict)
    by_name: dict[str, ItemHere] = field(default_factory=dict)
    by_external: dict[str, Any] = field(default_factory=dict)
    by_number: dict[str, list[Any]] = field(default_factory=dict)
    lines: dict[int, list[tuple[Any, ...]]] = field(default_factory=dict)
    written: set[int] = field(default_factory=set)
    keys: set[tuple[Any, ...]] = field(default_factory=set)

    def find_item(self, line: LineDraft) -> ItemHere | None:
        """The item that a line means: of its code, else of its name."""
        found = self.by_code.get(line.code) if line.code else None
        return found or self.by_name.get(name_key(line.name))

    def note_item(self, one: ItemHere) -> None:
        """Let an item be found by later rows."""
        if one.code:
            self.by_code.setdefault(one.code, one)
        self.by_name.setdefault(name_key(one.name), one)

    def find_document(self, draft: DocumentDraft, client: Client) -> Any:
        """The row of the document that is meant, or None: of its code elsewhere, else of its kind, number, day and
        client."""
        if draft.external_id:
            if draft.external_id in self.by_external:
                return self.by_external[draft.external_id]
            if not draft.number:
                return None
        for row in self.by_number.get(draft.number, ()):
            same = row.kind == draft.kind and row.date == draft.date and row.counterparty_id == client.id
            if same and not (draft.external_id and row.external_id):
                return row
        return None


def name_key(name: str) -> str:
    """A name as items keep it to be found by."""
    return fold(" ".join(name.split()))


def recall_documents(
    tx: ReadTx, memory: DocumentMemory, drafts: Sequence[DocumentDraft], match: Iterable[str], import_id: int
) -> None:
    """Read into the memory what these documents may mean."""
    recall(tx, memory.parties, [one.party for one in drafts], match)
    lines = [line for one in drafts for line in one.lines or ()]
    _recall_items(tx, memory, lines)
    externals = {one.external_id for one in drafts if one.external_id} - memory.by_external.keys()
    numbers = {one.number for one in drafts if one.number} - memory.by_number.keys()
    rows = [*_rows(tx, _BY_EXTERNAL, externals), *_rows(tx, _BY_NUMBER, numbers)]
    found = {row.id: row for row in rows}
    for row in found.values():
        if row.external_id:
            memory.by_external[row.external_id] = row
        if row.number in numbers:
            memory.by_number.setdefault(row.number, []).append(row)
    for row in _rows(tx, _LINES, found):
        told = (row.item_id, row.text, row.quantity, row.price, row.amount)
        memory.lines.setdefault(row.document_id, []).append(told)
    here = select(import_row.c.document_id).where(import_row.c.import_id == import_id)
    memory.written.update(tx.values(here.where(import_row.c.document_id.in_(sorted(found)))) if found else ())


def _recall_items(tx: ReadTx, memory: DocumentMemory, lines: Sequence[LineDraft]) -> None:
    codes = {line.code for line in lines if line.code} - memory.by_code.keys()
    names = {name_key(line.name) for line in lines if line.name} - memory.by_name.keys()
    for statement, keys in ((_ITEMS_BY_CODE, codes), (_ITEMS_BY_NAME, names)):
        for row in _rows(tx, statement, keys):
            memory.note_item(ItemHere(row.id, row.name, row.code, row.unit))


def _rows(tx: ReadTx, statement: Select[Any], keys: Iterable[Any]) -> list[Any]:
    wanted = sorted(keys)
    found: list[Any] = []
    for start in range(0, len(wanted), AT_ONCE):
        found += tx.rows(statement, {"keys": wanted[start : start + AT_ONCE]})
    return found


_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_BY_EXTERNAL = select(document).where(document.c.external_id.in_(_KEYS))
_BY_NUMBER = select(document).where(document.c.number.in_(_KEYS), text("number <> ''")).order_by(document.c.id)
_LINES = (
    select(document_line)
    .where(document_line.c.document_id.in_(_KEYS))
    .order_by(document_line.c.document_id, document_line.c.place)
)
_USED = text("ended_at IS NULL")  # as the index says
_ITEMS_BY_NAME = select(item).where(item.c.name_folded.in_(_KEYS), _USED).order_by(item.c.id)
_ITEMS_BY_CODE = select(item).where(item.c.code.in_(_KEYS), text("code <> ''"), _USED).order_by(item.c.id)
