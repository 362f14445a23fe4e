"""Starting, pausing and ending a mailing: one row changed, and the gate of its letters opened or shut with it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy import text as sql

from core import clock
from core.database import WriteTx
from core.errors import Conflict, Invalid
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer
from mailhub.campaigns.approving import demand_approved, demand_ready
from mailhub.campaigns.differing import list_alerts
from mailhub.campaigns.freshness import demand_fresh
from mailhub.campaigns.mailings import hold, move_mailing, note_event
from mailhub.campaigns.tables import mailing
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.outbound.ledger import TOPIC as LEDGER
from mailhub.outbound.tables import gate, recipient

LATEST, EARLIEST = 366 * clock.DAY, 10 * clock.MINUTE
"""So far ahead may a moment lie, and so far back: whoever looked at the page for a while means now."""
_BEGUN = frozenset({"scheduled", "sending", "paused", "done"})
_PLACE = (
    select(recipient.c.id)
    .where(recipient.c.mailing_id == bindparam("id"), sql("recipient.state = 'queued'"))
    .order_by(recipient.c.id)
    .offset(bindparam("before"))
    .limit(1)
)

_UNTIL = select(gate.c.until_id).where(gate.c.mailing_id == bindparam("id"))
_UNTRIED = (
    select(recipient.c.id)
    .where(
        recipient.c.mailing_id == bindparam("id"),
        recipient.c.id <= bindparam("until_id"),
        sql("recipient.state IN ('queued', 'sending')"),
    )
    .limit(1)
)


def start_mailing(
    tx: WriteTx,
    viewer: Viewer,
    mailing_id: int,
    recipients_count: int,
    *,
    start_at: int | None = None,
    approve_above: int = 0,
    confirmed: bool = False,
) -> None:
    """Let it leave, now or at ``start_at``. ``recipients_count`` is the number that was read on the page: nothing
    starts when it is no longer that. Asked again, or fifty times at once, it starts once. Above ``approve_above`` (0:
    never) somebody else has to have approved it; ``confirmed``: its caller saw that the list is unlike the last one.

    Raises NotFound, Forbidden, Conflict (``fields["recipients_count"]``) for another number, for what is not frozen,
    checked, mended, approved or confirmed, and for what was cancelled.
    """
    row = hold(tx, viewer, mailing_id, "manage")
    if row.recipients_count != recipients_count:
        raise Conflict(
            "%(recipients_count)s people would get this mailing now. Look at the list, then start it.",
            recipients_count=row.recipients_count,
        )
    if row.state in _BEGUN:
        return
    demand_ready(row)
    demand_fresh(tx, row)
    demand_approved(tx, row, approve_above)
    if not confirmed and list_alerts(row.difference, row.recipients_count):
        raise Conflict("This list is unlike that of the last mailing. Look at the difference, then confirm it.")
    now = clock.now()
    later = start_at is not None and start_at > now
    if start_at is not None and start_at > now + LATEST:
        raise Invalid("A mailing starts within a year.", field="start_at")
    if start_at is not None and start_at < now - EARLIEST:
        raise Invalid("This moment is over. Choose one that is to come, or none to start now.", field="start_at")
    record_audit(tx, viewer.user_id, "mailing-started", str(mailing_id), recipients=recipients_count)
    note_event(tx, mailing_id, "Started for %(count)s people.", viewer.user_id, count=recipients_count)
    if later:
        move_mailing(tx, row, "scheduled", started_by=viewer.user_id, start_at=start_at)
    else:
        begin(tx, row, started_by=viewer.user_id, start_at=now)


def begin(tx: WriteTx, row: Any, **values: Any) -> None:
    """Open the gate of a mailing (its row, held) whose moment has come."""
    move_mailing(tx, row, "sending", started_at=clock.now(), **values)
    row = tx.get(mailing, row.id)
    until = None
    if row.canary and row.canary < row.recipients_count:
        until = tx.value(_PLACE, {"id": row.id, "before": row.canary - 1})
        note_event(tx, row.id, "The first %(count)s go ahead.", count=row.canary)
    open_gate(tx, row, until)


def pause_mailing(tx: WriteTx, viewer: Viewer, mailing_id: int) -> None:
    """Nothing more of it leaves; what was handed over cannot be called back. Raises NotFound, Forbidden, Conflict."""
    row = hold(tx, viewer, mailing_id)
    if row.state == "paused":
        return
    if row.state == "scheduled":
        move_mailing(tx, row, "draft", start_at=None)
        note_event(tx, mailing_id, "Taken off its moment.", viewer.user_id)
    else:
        stop_row(tx, row)
        note_event(tx, mailing_id, "Paused.", viewer.user_id)
    record_audit(tx, viewer.user_id, "mailing-paused", str(mailing_id))


def stop_row(tx: WriteTx, row: Any) -> None:
    """Shut the gate of a mailing that is under way (its row, held)."""
    move_mailing(tx, row, "paused")
    tx.execute(update(gate).where(gate.c.mailing_id == row.id).values(open=0))


def resume_mailing(tx: WriteTx, viewer: Viewer, mailing_id: int) -> None:
    """Let it go on: the rest too once all of a first part was tried, else the first part alone. One that is under way
    stays as it is, however often it is asked. Raises NotFound, Forbidden, Conflict."""
    row = hold(tx, viewer, mailing_id, "manage")
    if row.state == "sending":
        return
    if row.state != "paused":
        raise Conflict("Only a mailing that was paused goes on.")
    until = tx.value(_UNTIL, {"id": row.id})
    if until is not None and tx.value(_UNTRIED, {"id": row.id, "until_id": until}) is None:
        until = None
    move_mailing(tx, row, "sending")
    open_gate(tx, row, until)
    note_event(tx, mailing_id, "Goes on.", viewer.user_id)
    record_audit(tx, viewer.user_id, "mailing-resumed", str(mailing_id))


def cancel_mailing(tx: WriteTx, viewer: Viewer, mailing_id: int) -> None:
    """End it: what has not left never will. Raises NotFound, Forbidden, Conflict for what is over."""
    row = hold(tx, viewer, mailing_id)
    if row.state == "cancelled":
        return
    move_mailing(tx, row, "cancelled", ended_at=clock.now())
    tx.execute(update(gate).where(gate.c.mailing_id == row.id).values(open=0))
    note_event(tx, mailing_id, "Cancelled.", viewer.user_id)
    record_audit(tx, viewer.user_id, "mailing-cancelled", str(mailing_id))


def paced(row: Any) -> dict[str, Any]:
    """How fast and in which hours the rows of a mailing (its row) leave, as its gate says it."""
    said = ("a_minute", "days", "since_hour", "until_hour", "zone", "warm_up")
    return {name: getattr(row, name) for name in said} | {"warm_from": row.started_at or 0}


def open_gate(tx: WriteTx, row: Any, until: int | None) -> None:
    """Let the rows of a mailing (its row, held) leave, up to ``until``, None for all."""
    box = get_mailbox(tx, row.mailbox_id)
    values = {"open": 1, "until_id": until, "mailbox_id": box.id, "scope_id": box.scope_id, "topic_id": row.topic_id}
    values |= paced(row)
    if not tx.execute(update(gate).where(gate.c.mailing_id == row.id).values(**values)):
        tx.insert(gate, mailing_id=row.id, **values)
    tx.announce(LEDGER)
