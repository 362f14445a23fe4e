"""Who answers for a client, and who did before."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from crm.parties.tables import manager_change

_NEWEST = (
    select(manager_change)
    .where(manager_change.c.counterparty_id == bindparam("id"))
    .order_by(manager_change.c.id.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class ManagerChange:
    """One change: from whom to whom, None for nobody, by whom (None: the house) and when."""

    before_id: int | None
    manager_id: int | None
    by_id: int | None
    at: int


def record_manager(
    tx: WriteTx, counterparty_id: int, before_id: int | None, manager_id: int | None, by_id: int | None
) -> None:
    """Write down that another person answers for a client from now on."""
    tx.insert(
        manager_change,
        counterparty_id=counterparty_id,
        before_id=before_id,
        manager_id=manager_id,
        by_id=by_id,
        at=clock.now(),
    )
    fields = {"before_id": before_id, "manager_id": manager_id}
    record_change(tx, "counterparty.handed", counterparty_id, fields=fields)


def list_manager_changes(tx: ReadTx, counterparty_id: int, most: int = 50) -> list[ManagerChange]:
    """The newest changes of manager, newest first."""
    rows = tx.rows(_NEWEST, {"id": counterparty_id, "most": most})
    return [ManagerChange(row.before_id, row.manager_id, row.by_id, row.at) for row in rows]
