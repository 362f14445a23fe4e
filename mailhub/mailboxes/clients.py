"""What is open with a client, as far as a viewer may see."""

from __future__ import annotations

from sqlalchemy import select

from core.database import ReadTx
from crm.staff.readable import Viewer, readable
from mailhub.mailboxes.lists import ThreadRow, get_rows
from mailhub.mailboxes.tables import thread

LOOKED_AT = 200


def list_open_of(tx: ReadTx, viewer: Viewer, counterparty_id: int, most: int) -> list[ThreadRow]:
    """The open threads of a client, those that wait for us first, the longest waiting first; then the newest."""
    here = (thread.c.counterparty_id == counterparty_id) & (thread.c.state == "open") & thread.c.merged_into.is_(None)
    newest = readable(select(thread.c.id).where(here), viewer, thread).order_by(thread.c.last_message_at.desc())
    rows = get_rows(tx, viewer, tx.values(newest.limit(LOOKED_AT)))
    waits = [row for row in rows if row.waiting_for == "us"]
    others = [row for row in rows if row.waiting_for != "us"]
    ordered = sorted(waits, key=lambda row: (row.due_at or 0, row.id))
    return [*ordered, *sorted(others, key=lambda row: -row.last_message_at)][:most]
