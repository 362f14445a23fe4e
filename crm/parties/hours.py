"""How soon a client may expect to be answered, where that is agreed with it."""

from __future__ import annotations

from sqlalchemy import bindparam, func, literal_column, select

from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.parties.tables import HAS_HOURS, counterparty
from crm.working import LONGEST_HOURS

_HOURS = select(counterparty.c.answer_hours, counterparty.c.next_hours).where(counterparty.c.id == bindparam("id"))
_WITH_HOURS = select(func.count()).select_from(counterparty).where(literal_column(HAS_HOURS))


def find_hours(tx: ReadTx, counterparty_id: int) -> tuple[int, int]:
    """The working hours for the first answer to a client and for the next ones; 0 where nothing is agreed."""
    row = tx.row(_HOURS, {"id": counterparty_id})
    return (0, 0) if row is None else (int(row.answer_hours), int(row.next_hours))


def set_hours(tx: WriteTx, counterparty_id: int, answer_hours: int, next_hours: int) -> None:
    """Agree on hours with a client, 0 for nothing in particular. Raises NotFound, Invalid."""
    for name, hours in (("answer_hours", answer_hours), ("next_hours", next_hours)):
        check_hours(hours, name)
    tx.lock(counterparty, counterparty_id)
    tx.change(counterparty, counterparty_id, answer_hours=answer_hours, next_hours=next_hours)
    record_change(tx, "counterparty.changed", counterparty_id)


def check_hours(hours: int, field: str) -> None:
    """Raises Invalid for a time that nobody could mean."""
    if not 0 <= hours <= LONGEST_HOURS:
        raise Invalid("The time for an answer is at most %(count)s working hours.", count=LONGEST_HOURS, field=field)


def count_with_hours(tx: ReadTx) -> int:
    """How many clients have hours of their own."""
    return int(tx.value(_WITH_HOURS))
