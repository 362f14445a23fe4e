"""What became of the rows of an import, for people to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.database import ReadTx
from core.paging import Page, cut_page, decode_cursor
from crm.staff.readable import Viewer
from crm.transfer.imports import get_import
from crm.transfer.tables import import_row

SHOWN_OUTCOMES = ("new", "changed", "same", "doubtful", "refused", "skipped", "undone", "stays")


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row: its number in the file, what became of it, of whom, and why it stayed out. ``doubts`` are the clients that
    it may mean, (id, name). ``cells`` are those of rows that stayed out."""

    n: int
    outcome: str
    name: str
    client_id: int | None
    person_id: int | None
    document_id: int | None
    reason: str
    reason_fields: dict[str, Any]
    doubts: list[tuple[int, str]]
    changes: dict[str, tuple[Any, Any]]
    cells: list[str]


def list_rows(
    tx: ReadTx, viewer: Viewer, import_id: int, *, outcome: str = "", after: str | None = None, limit: int = 50
) -> Page[ImportRow]:
    """The rows of an import in their order, those of an outcome alone. Raises NotFound, Forbidden, Invalid."""
    get_import(tx, viewer, import_id)
    statement = select(import_row).where(import_row.c.import_id == import_id).order_by(import_row.c.n)
    if outcome:
        statement = statement.where(import_row.c.outcome == outcome)
    if after is not None:
        statement = statement.where(import_row.c.n > decode_cursor(after, (int,))[0])
    found = cut_page(tx.rows(statement.limit(limit + 1)), limit, lambda row: (row.n,))
    return Page([_row(row) for row in found.items], found.next)


def _row(row: Any) -> ImportRow:
    journal = row.journal or {}
    doubts = [(int(one), str(name)) for one, name in journal.get("doubts", ())]
    changes: dict[str, tuple[Any, Any]] = {}
    if row.document_id is None and not journal.get("new"):
        changes |= {name: tuple(pair) for of in ("set", "own") for name, pair in journal.get(of, {}).items()}
    changes.pop("name_folded", None)
    return ImportRow(
        row.n, row.outcome, row.name, row.client_id, row.person_id, row.document_id, row.reason,
        row.reason_fields or {}, doubts, changes, row.cells or [],
    )  # fmt: skip
