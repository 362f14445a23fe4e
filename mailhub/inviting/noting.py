"""What others invite us to, kept as their letters come in: the newest counts, whatever order they come in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from core.database import WriteTx
from mailhub.inviting.requests import Request, find_rows, read_request
from mailhub.inviting.tables import event_request
from mailhub.inviting.taking import follow
from mailhub.letters.values import Invitation


def note_request(
    tx: WriteTx, said: Invitation | None, writer: str | None, mailbox_id: int, message_id: int, received_at: int
) -> None:
    """Keep what a letter by ``writer`` (for certain) invites a mailbox to, or calls off; what stands in our calendar
    follows it. A letter by anybody else than the organizer, and one that is older than what is known, changes
    nothing."""
    request = None if said is None else read_request(said, writer, message_id, received_at)
    if request is None or not request.organizer:
        return
    row = hold_row(tx, mailbox_id, request, message_id)
    off = request.said.method == "CANCEL"
    known = (row.sequence, row.stamped_at)
    if request.order[0] < known[0] or (not off and request.order < known):
        return
    told = {"sequence": request.order[0], "stamped_at": request.order[1], "called_off": int(off)}
    tx.change(event_request, row.id, **told, message_id=message_id)
    if off and not request.recurrence:
        here = event_request.c
        times = (here.mailbox_id == mailbox_id) & (here.series == request.series)
        times = times & (here.organizer == request.organizer) & (here.sequence <= request.order[0])
        tx.execute(update(event_request).where(times).values(called_off=1))
        for one in tx.rows(select(event_request).where(times, here.recurrence != "", here.event_id.is_not(None))):
            follow(tx, one, request)
    follow(tx, row, request)


def hold_row(tx: WriteTx, mailbox_id: int, request: Request, message_id: int) -> Any:
    """What is kept of a request to a mailbox, held; a row of its own where there is none yet."""
    tx.lock_key("request", mailbox_id, request.series)
    key = (mailbox_id, request.organizer, request.series, request.recurrence)
    found = find_rows(tx, [(mailbox_id, request)]).get(key)
    if found is None:
        known = {"sequence": request.order[0], "stamped_at": request.order[1], "message_id": message_id}
        row_id = tx.insert(
            event_request, mailbox_id=mailbox_id, organizer=request.organizer, series=request.series,
            recurrence=request.recurrence, **known,
        )  # fmt: skip
        found = tx.get(event_request, row_id)
    return found
