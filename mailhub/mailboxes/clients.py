"""What is open with a client, as far as a viewer may see."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from core.database import ReadTx
from crm.staff.readable import Shape, Viewer, readable_by, shape_of, sight_of
from mailhub.mailboxes.lists import ThreadRow, get_rows
from mailhub.mailboxes.tables import thread

LOOKED_AT = 200


@cache
def _newest_of(shape: Shape) -> Select[Any]:
    here = (thread.c.counterparty_id == bindparam("client")) & (thread.c.state == "open")
    mine = readable_by(shape, select(thread.c.id).where(here, thread.c.merged_into.is_(None)), thread)
    return mine.order_by(thread.c.last_message_at.desc()).limit(LOOKED_AT)


def list_open_of(tx: ReadTx, viewer: Viewer, counterparty_id: int, most: int) -> list[ThreadRow]:
    """The open threads of a client, those that wait for us first, the longest waiting first; then the newest."""
    newest = tx.values(_newest_of(shape_of(viewer)), sight_of(viewer) | {"client": counterparty_id})
    rows = get_rows(tx, viewer, newest)
    waits = [row for row in rows if row.waiting_for == "us"]
    others = [row for row in rows if row.waiting_for != "us"]
    ordered = sorted(waits, key=lambda row: (row.due_at or 0, row.id))
    return [*ordered, *sorted(others, key=lambda row: -row.last_message_at)][:most]
