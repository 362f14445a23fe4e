"""What is planned with a client goes into other hands with the client."""

from __future__ import annotations

from sqlalchemy import select, update

from core.database import WriteTx
from crm.interactions import HOUSE
from crm.planner.planning import TOPIC
from crm.planner.tables import event, occurrence
from crm.staff.readable import Viewer


def hand_planned(tx: WriteTx, counterparty_id: int, from_id: int, to: Viewer) -> tuple[int, int]:
    """Give what is open of a client from one person to another, as far as they may see it. Returns how much went over
    and how much stayed."""
    here = (occurrence.c.counterparty_id == counterparty_id) & (occurrence.c.state == "open")
    asked = select(occurrence.c.id, occurrence.c.event_id, occurrence.c.scope_id).where(here)
    rows = tx.rows(asked.where(occurrence.c.executor_id == from_id))
    sees = {HOUSE, *to.full, *to.assigned}
    moved = [row for row in rows if row.scope_id in sees]
    if moved:
        hands = {"executor_id": to.user_id}
        tx.execute(update(occurrence).where(occurrence.c.id.in_([row.id for row in moved])).values(**hands))
        series = event.c.id.in_(sorted({row.event_id for row in moved})) & (event.c.executor_id == from_id)
        tx.execute(update(event).where(series).values(**hands))
        tx.announce(TOPIC)
    return len(moved), len(rows) - len(moved)
