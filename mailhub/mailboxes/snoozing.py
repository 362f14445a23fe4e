"""Threads put aside until a moment: they leave the lists of what is open, and come back at that moment, when somebody
takes them up again, or when a letter comes that waits for an answer (``threads.receive``).

Whoever waits for us goes on waiting meanwhile: the deadline stays what it was.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.handling import get_own, note_change
from mailhub.mailboxes.notifying import notify
from mailhub.mailboxes.tables import thread, thread_event
from mailhub.mailboxes.threads import mark_unread, tell, tell_client_waits
from mailhub.mailboxes.trash import is_thrown

TOPIC = "threads.snoozed"
LONGEST = 2 * 366 * clock.DAY
MOST_AT_ONCE = 100
SNOOZED = "Put aside until %(moment)s."
WOKEN = "The moment has come until which it was put aside."
TAKEN_UP = "Taken up again."
_SNOOZED: ColumnElement[bool] = literal_column("state = 'snoozed'")  # as the index of what is put aside is written
_NEXT = select(func.min(thread.c.snoozed_until)).where(_SNOOZED)
_BY = (
    select(thread_event.c.user_id)
    .where(thread_event.c.thread_id == bindparam("thread_id"), thread_event.c.sentence == SNOOZED)
    .order_by(thread_event.c.id.desc())
    .limit(1)
)
_DUE = (
    select(thread.c.id)
    .where(_SNOOZED, thread.c.snoozed_until <= bindparam("now"))
    .order_by(thread.c.snoozed_until, thread.c.id)
    .limit(MOST_AT_ONCE)
)


def snooze(tx: WriteTx, viewer: Viewer, thread_id: int, until: int) -> None:
    """Put an open thread aside until a moment, or one that is put aside until another. Raises Invalid, NotFound,
    Forbidden, Conflict."""
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    if not clock.now() < until <= clock.now() + LONGEST:
        raise Invalid("Choose a moment that is still to come, within two years.", field="snoozed_until")
    if row.state not in ("open", "snoozed"):
        raise Conflict("Only an open thread can be put aside. Open it again first.")
    if row.snoozed_until == until:
        return
    tx.change(thread, thread_id, state="snoozed", snoozed_until=until, version=row.version + 1)
    tell_client_waits(tx, row.counterparty_id, row.scope_id)
    tell(tx, thread_id, SNOOZED, user_id=viewer.user_id, moment=clock.iso(until))
    note_change(tx, row, "thread.state", viewer, state="snoozed")
    tx.announce(TOPIC)


def take_up(tx: WriteTx, viewer: Viewer, thread_id: int) -> None:
    """End the snoozing of a thread now. Nothing happens to one that is not put aside. Raises NotFound, Forbidden."""
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    if row.state == "snoozed":
        _open(tx, row)
        tell(tx, thread_id, TAKEN_UP, user_id=viewer.user_id)
        note_change(tx, row, "thread.state", viewer, state="open")


def find_next(tx: ReadTx) -> int | None:
    """The moment at which the next thread comes back, None when none is put aside."""
    found = tx.value(_NEXT)
    return None if found is None else int(found)


def wake_due(tx: WriteTx) -> int:
    """Let the threads come back whose moment has come, new for everybody who sees them; who put one aside and who
    executes it get a notice. Returns how many did; as many as ``MOST_AT_ONCE`` means that more may be due."""
    due = tx.values(_DUE, {"now": clock.now()})
    for thread_id in due:
        try:
            tx.lock(thread, thread_id)
            row = tx.get(thread, thread_id)
        except NotFound:
            continue  # it has gone for good
        if row.state != "snoozed" or row.snoozed_until > clock.now():
            continue  # somebody was quicker
        _open(tx, row)
        if is_thrown(tx, thread_id):
            continue  # nobody hears of what lies in the trash; brought back it is open
        mark_unread(tx, thread_id, row.scope_id)
        tell(tx, thread_id, WOKEN)
        notify(tx, "snooze", {row.executor_id, tx.value(_BY, {"thread_id": thread_id})} - {None}, thread_id)
        fields = {"thread_id": thread_id, "mailbox_id": row.mailbox_id}
        record_change(tx, "thread.woken", thread_id, scope_id=row.scope_id, fields=fields, cause="clock")
    return len(due)


def _open(tx: WriteTx, row: Any) -> None:
    tx.change(thread, row.id, state="open", snoozed_until=None, version=row.version + 1)
    tell_client_waits(tx, row.counterparty_id, row.scope_id)
