"""By when somebody who waits for us is answered, and when the house looks whether they were.

The time for an answer is counted in the working hours of the mailbox. It is, the first that says something: what a rule
said of this wait, what the client may expect, what the mailbox promises; each for the first answer of a thread and
for the next ones.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, select

from core import clock
from core.database import ReadTx, WriteTx
from crm.parties import find_hours
from crm.working import Calendar, find_calendar
from mailhub.mailboxes.tables import mailbox
from mailhub.mailboxes.wait_tables import wait

NOT_LOOKED, REMINDED, ESCALATED = range(3)
"""What the house did about a wait: ``thread.watched``."""
_ANSWERED_BY = delete(wait).where(wait.c.message_id == bindparam("message_id"))
_BOX = select(mailbox).where(mailbox.c.id == bindparam("id"))


def begin_wait(
    tx: ReadTx, box: Any, row: Any, since: int, *, first: bool, own_hours: int = 0, watched: int = NOT_LOOKED
) -> dict[str, Any]:
    """Somebody waits for us since that moment, as columns of the row of the thread. ``box`` is the mailbox or its row;
    ``first`` says that we never answered there; ``own_hours`` are what a rule said, 0 for nothing."""
    hours = own_hours or _client_hours(tx, box, row.counterparty_id, first) or _box_hours(box, first)
    calendar = find_calendar(tx, box.calendar_key)
    due = _add(calendar, since, hours * clock.HOUR)
    return {
        "waiting_for": "us",
        "waiting_since": since,
        "due_at": due,
        "own_hours": own_hours,
        "watched": watched,
        "watch_at": _watch_at(box, calendar, since, hours, due, watched),
    }


def record_answer(tx: WriteTx, row: Any, message_id: int, answered_at: int) -> None:
    """We answered somebody who waited (the row of the thread as it was before): how long it took is kept."""
    if row.waiting_for == "us" and row.waiting_since is not None and row.due_at is not None:
        tx.later(
            wait,
            thread_id=row.id,
            scope_id=row.scope_id,
            executor_id=row.executor_id,
            message_id=message_id,
            first=int(row.answered_at is None),
            since=row.waiting_since,
            due_at=row.due_at,
            answered_at=answered_at,
        )


def forget_answer(tx: WriteTx, message_id: int) -> None:
    """A letter of ours answered nobody: it came back, or never left."""
    tx.execute(_ANSWERED_BY, {"message_id": message_id})


def next_working_day(calendar: Calendar | None, at: int) -> int:
    """When the house works again after this day."""
    if calendar is None:
        return at + clock.DAY
    return calendar.add(calendar.end_of_day(at), 0)


def _client_hours(tx: ReadTx, box: Any, counterparty_id: int | None, first: bool) -> int:
    """What the client may expect, 0 for nothing in particular. Nobody is asked while no client has hours of its own."""
    if counterparty_id is None or not box.client_hours:
        return 0
    answer, further = find_hours(tx, counterparty_id)
    return answer if first else further or answer


def _box_hours(box: Any, first: bool) -> int:
    return int(box.answer_hours if first or not box.next_hours else box.next_hours)


def _watch_at(box: Any, calendar: Calendar | None, since: int, hours: int, due: int, watched: int) -> int | None:
    """When the house looks at the wait next: to remind, when it was not yet; else when it is due."""
    late = due if box.escalates else None
    if watched != NOT_LOOKED:
        return late
    if box.remind_minutes:
        return _add(calendar, since, max(hours * clock.HOUR - box.remind_minutes * clock.MINUTE, 0))
    if box.remind_share:
        return _add(calendar, since, hours * clock.HOUR * box.remind_share // 100)
    return late


def _add(calendar: Calendar | None, since: int, amount: int) -> int:
    return since + amount if calendar is None else calendar.add(since, amount)
