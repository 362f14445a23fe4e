"""What an import remembers of somebody goes with them, and in the end all of it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import delete, func, or_, select

from core import clock
from core.database import WriteTx
from crm.transfer.imports import KEPT
from crm.transfer.tables import import_row, party_import

SWEPT_AT_ONCE = 2_000
LOOKED_AT_ONCE = 500
_KEPT = import_row.c.cells.is_not(None)  # of rows that stayed out: they are of nobody whom we know


def forget_rows(tx: WriteTx, contact_id: int, counterparty_ids: Sequence[int]) -> None:
    """Of a person who is forgotten, and of the clients where they were: the rows of tables that these came by."""
    theirs = or_(import_row.c.person_id == contact_id, import_row.c.client_id.in_(list(counterparty_ids)))
    tx.execute(delete(import_row).where(theirs))


def forget_cells(tx: WriteTx, is_theirs: Callable[[str], bool], after: int) -> int:
    """Rows that stayed out and say somebody who is forgotten in a cell, in one import at a time, some hundreds of rows;
    and what an import that has not ended shows of its table. Returns behind which to go on (0 at the end)."""
    import_id, behind = after >> _ROW_BITS, after & ((1 << _ROW_BITS) - 1)
    if not behind:
        import_id = tx.value(select(func.min(party_import.c.id)).where(party_import.c.id > import_id)) or 0
        if not import_id:
            return 0
        _strike_sample(tx, import_id, is_theirs)
    here = (import_row.c.import_id == import_id, import_row.c.n > behind, _KEPT)
    some = select(import_row.c.n, import_row.c.name, import_row.c.cells).where(*here).order_by(import_row.c.n)
    rows = tx.rows(some.limit(LOOKED_AT_ONCE))
    gone = [row.n for row in rows if any(is_theirs(str(one)) for one in (row.name, *row.cells))]
    if gone:
        tx.execute(delete(import_row).where(import_row.c.import_id == import_id, import_row.c.n.in_(gone)))
    return import_id << _ROW_BITS | (int(rows[-1].n) if len(rows) == LOOKED_AT_ONCE else 0)


_ROW_BITS = 32


def _strike_sample(tx: WriteTx, import_id: int, is_theirs: Callable[[str], bool]) -> None:
    tx.lock(party_import, import_id)
    sample = tx.get(party_import, import_id).sample
    left = [cells for cells in sample if not any(is_theirs(str(one)) for one in cells)]
    if len(left) != len(sample):
        tx.change(party_import, import_id, sample=left)


def sweep_rows(tx: WriteTx) -> int:
    """Rows of imports that cannot be taken back any more, a few thousand at a time. Returns how many."""
    old = select(party_import.c.id).where(party_import.c.created_at < clock.now() - 2 * KEPT)
    ids = tx.values(old.order_by(party_import.c.id))
    for import_id in ids:
        some = select(import_row.c.n).where(import_row.c.import_id == import_id).order_by(import_row.c.n)
        last = tx.values(some.limit(SWEPT_AT_ONCE))[-1:]
        if last:
            here = (import_row.c.import_id == import_id) & (import_row.c.n <= last[0])
            return tx.execute(delete(import_row).where(here))
    return 0
