"""The house looks whether those who wait for us are answered: it reminds whoever has the thread before the time is up,
and tells who answers for the mailbox afterwards.

What was done stands on the thread (``watched``, ``watch_at``) in the transaction of the notice, so each is said once a
wait, however often the house starts. What is still late is told again on the next working day, all of it in one notice;
so is everything that came due while the house was off for longer than a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.marks import find_mark, set_mark
from crm.execution import find_stand_in
from crm.staff.rights import list_people_with
from crm.staff.tables import scope, user
from crm.working import find_calendar
from mailhub.mailboxes.deadlines import ESCALATED, NOT_LOOKED, REMINDED, next_working_day
from mailhub.mailboxes.notifying import notify
from mailhub.mailboxes.tables import mailbox, thread
from mailhub.mailboxes.trash import is_thrown

MOST_AT_ONCE = 200
MOST_SINGLE = 10
"""More of one kind for one person at once become one notice."""
LONG_OFF = clock.DAY
LOOKED = "execution looked at"
MANY_LATE = "Late letters: %(count)s. Waiting longest: “%(subject)s”"
MANY_SOON = "To be answered soon: %(count)s letters, first “%(subject)s”"
_DUE = select(thread.c.id).where(thread.c.watch_at <= bindparam("now")).order_by(thread.c.watch_at, thread.c.id)
_ADMINISTRATORS = select(user.c.id).where(user.c.is_admin == 1, user.c.disabled_at.is_(None))
_PUBLIC = select(scope.c.id).where(scope.c.id == bindparam("id"), scope.c.kind == "public")
Kind = Literal["reminder", "escalation"]


@dataclass(frozen=True, slots=True)
class _Told:
    """Somebody has to hear of a thread; ``again`` when they heard of it before."""

    kind: Kind
    user_id: int
    thread_id: int
    due_at: int
    again: bool


def watch(tx: WriteTx) -> int:
    """Look at every wait whose moment has come. Returns at how many; as many as ``MOST_AT_ONCE`` means that there may
    be more."""
    tx.lock_key("watching")
    now, last = clock.now(), find_mark(tx, LOOKED)
    was_off = last is not None and now - int(last) > LONG_OFF
    due = tx.values(_DUE if was_off else _DUE.limit(MOST_AT_ONCE), {"now": now})
    told = [one for thread_id in due for one in _look(tx, int(thread_id), now)]
    for group in _group(told, at_once=was_off):
        _tell(tx, group)
    if len(due) < MOST_AT_ONCE or was_off:
        set_mark(tx, LOOKED, str(now))
    return 0 if was_off else len(due)


def list_responsible(tx: ReadTx, box: Any) -> list[int]:
    """Who answers for a mailbox (its row): those whom it names, else who manages it, else the administrators of a
    public one."""
    if box.escalate_to:
        return [int(one) for one in box.escalate_to]
    found = list_people_with(tx, box.scope_id, "manage")
    if not found and tx.value(_PUBLIC, {"id": box.scope_id}) is not None:
        found = [int(one) for one in tx.values(_ADMINISTRATORS)]
    return found


def _look(tx: WriteTx, thread_id: int, now: int) -> Iterator[_Told]:
    try:
        tx.lock(thread, thread_id)
        row = tx.get(thread, thread_id)
    except NotFound:
        return  # it has gone for good
    if row.watch_at is None or row.watch_at > now:
        return  # it was answered meanwhile
    if is_thrown(tx, thread_id):
        tx.change(thread, thread_id, watch_at=None)  # who brings it back says when to look again
        return
    if row.state == "snoozed" and row.waiting_for == "us":
        tx.change(thread, thread_id, watch_at=max(int(row.snoozed_until or 0), now + clock.MINUTE))
        return
    if row.state != "open" or row.waiting_for != "us" or row.due_at is None:
        tx.change(thread, thread_id, watch_at=None)
        return
    box = tx.get(mailbox, row.mailbox_id)
    late, responsible = now >= row.due_at, list_responsible(tx, box)
    if row.watched == NOT_LOOKED and (box.remind_share or box.remind_minutes):
        doer = None if row.executor_id is None else find_stand_in(tx, row.scope_id, row.executor_id, now)
        for person in responsible if doer is None else [doer]:
            yield _Told("reminder", person, thread_id, row.due_at, again=False)
    following = row.due_at if box.escalates else None
    if late and box.escalates:
        for person in responsible:
            yield _Told("escalation", person, thread_id, row.due_at, again=row.watched == ESCALATED)
        following = next_working_day(find_calendar(tx, box.calendar_key), now)
    elif late:
        following = None
    tx.change(thread, thread_id, watched=ESCALATED if late else REMINDED, watch_at=following)


def _group(told: Iterable[_Told], *, at_once: bool) -> Iterator[list[_Told]]:
    """What one person hears as one notice."""
    heard: dict[tuple[Kind, int], list[_Told]] = {}
    for one in told:
        heard.setdefault((one.kind, one.user_id), []).append(one)
    for all_ in heard.values():
        together = all_ if at_once or len(all_) > MOST_SINGLE else [one for one in all_ if one.again]
        yield from ([one] for one in all_ if one not in together)
        if together:
            yield together


def _tell(tx: WriteTx, group: list[_Told]) -> None:
    first = min(group, key=lambda one: (one.due_at, one.thread_id))
    fields: dict[str, Any] = {"due_at": first.due_at}
    if len(group) > 1:
        fields |= {"count": len(group), "sentence": MANY_LATE if first.kind == "escalation" else MANY_SOON}
    notify(tx, first.kind, [first.user_id], first.thread_id, **fields)
