"""What is planned and promised reaches its people: whoever gets something into their hands hears of it, reminders come,
and what is late is told to those who answer for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select

from core import clock
from core.database import ReadTx, WriteTx
from crm.execution import find_stand_in, list_away, list_deputies
from crm.execution.promises import (
    ESCALATED,
    NOT_LOOKED,
    REMINDED,
    Made,
    Side,
    change_promise,
    get_promise,
    make_promise,
    propose_kept,
)
from crm.execution.tables import promise
from crm.interactions import HOUSE
from crm.parties import find_manager
from crm.planner import Plan, change_event, get_planned, move_planned, plan_event, take_reminders
from crm.staff.readable import Viewer
from crm.staff.tables import user
from mailhub.mailboxes.notifying import notify_of
from mailhub.mailboxes.tables import mailbox
from mailhub.mailboxes.watching import list_responsible

MOST_AT_ONCE = 200
MANY_HELD = "While the house was off, reminders came: %(count)s. They wait in your calendar"
LATE_PROMISE = "A promise is late: “%(subject)s”, due %(due_at)s"
MAYBE_KEPT = "Is this promise kept by the letter that has just come or gone? “%(subject)s”"
GIVEN_PROMISE = "%(by)s gave you a promise to keep: “%(subject)s”, %(due_at)s"
_DUE = (
    select(promise.c.id)
    .where(promise.c.watch_at <= bindparam("now"))
    .order_by(promise.c.watch_at, promise.c.id)
    .limit(MOST_AT_ONCE)
)
_BOX = select(mailbox).where(mailbox.c.scope_id == bindparam("scope_id"))
_ADMINISTRATORS = select(user.c.id).where(user.c.is_admin == 1, user.c.disabled_at.is_(None))


def plan(tx: WriteTx, viewer: Viewer, told: Plan) -> int:
    """``plan_event``; those who get it hear of it."""
    occurrence_id = plan_event(tx, viewer, told)
    _tell_of(tx, occurrence_id, viewer, {told.executor_id, *told.user_ids})
    return occurrence_id


def replan(tx: WriteTx, viewer: Viewer, occurrence_id: int, told: Plan) -> int:
    """``change_event``; those who have it newly hear of it. Returns the next occurrence."""
    before = get_planned(tx, viewer, occurrence_id)
    following = change_event(tx, viewer, occurrence_id, told)
    people = {told.executor_id, *told.user_ids} - {before.executor_id, *before.user_ids}
    _tell_of(tx, following, viewer, people)
    return following


def move(tx: WriteTx, viewer: Viewer, occurrence_id: int, starts: str, executor_id: int | None = None) -> None:
    """``move_planned``; who gets it newly hears of it."""
    before = get_planned(tx, viewer, occurrence_id)
    move_planned(tx, viewer, occurrence_id, starts, executor_id=executor_id)
    if executor_id is not None and executor_id != before.executor_id:
        _tell_of(tx, occurrence_id, viewer, {executor_id})


def promise_it(tx: WriteTx, viewer: Viewer, made: Made) -> int:
    """``make_promise``; who has to keep it hears of it."""
    promise_id = make_promise(tx, viewer, made)
    _give(tx, promise_id, viewer, made.executor_id)
    return promise_id


def repromise(tx: WriteTx, viewer: Viewer, promise_id: int, **changed: Any) -> None:
    """``change_promise``; who has to keep it newly hears of it."""
    before = get_promise(tx, viewer, promise_id)
    change_promise(tx, viewer, promise_id, **changed)
    executor_id = changed.get("executor_id")
    if executor_id is not None and executor_id != before.executor_id:
        _give(tx, promise_id, viewer, executor_id)


def propose(tx: WriteTx, thread_id: int, message_id: int, side: Side, at: int) -> None:
    """``propose_kept``; who has such a promise hears of it and says whether it is kept."""
    for promise_id in propose_kept(tx, thread_id, message_id, side, at):
        executor_id = tx.get(promise, promise_id).executor_id
        notify_of(tx, "promise", [executor_id], promise_id=promise_id, sentence=MAYBE_KEPT)


def remind(tx: WriteTx) -> bool:
    """Tell what has come; of what came while the house was off each person hears once. True when there is more."""
    due = take_reminders(tx)
    for one in due.reminders:
        notify_of(tx, "planned", one.user_ids, occurrence_id=one.occurrence_id)
    for person, count in due.held.items():
        notify_of(tx, "planned", [person], count=count, sentence=MANY_HELD)
    return due.more


def watch_promises(tx: WriteTx) -> int:
    """Remind of promises that are due soon, and tell of late ones who answers for them, each once. Returns at how many
    was looked; as many as ``MOST_AT_ONCE`` means that there may be more."""
    tx.lock_key("promises")
    now = clock.now()
    due = tx.values(_DUE, {"now": now})
    for promise_id in due:
        tx.lock(promise, promise_id)
        row = tx.get(promise, promise_id)
        if row.state == "open" and row.watch_at is not None:
            _look(tx, row, now)
    return len(due)


def _look(tx: WriteTx, row: Any, now: int) -> None:
    if now >= row.due_at:
        people = {_who_does(tx, row, now), *_list_answerable(tx, row)}
        notify_of(tx, "promise", people, promise_id=row.id, sentence=LATE_PROMISE)
        tx.change(promise, row.id, watched=ESCALATED, watch_at=None)
    elif row.watched == NOT_LOOKED:
        notify_of(tx, "promise", [_who_does(tx, row, now)], promise_id=row.id)
        tx.change(promise, row.id, watched=REMINDED, watch_at=row.due_at)
    else:
        tx.change(promise, row.id, watch_at=row.due_at)


def _who_does(tx: ReadTx, row: Any, now: int) -> int:
    """Who has the promise in hand today: its executor, or who stands in."""
    executor_id = int(row.executor_id)
    if row.scope_id != HOUSE:
        return find_stand_in(tx, row.scope_id, executor_id, now) or executor_id
    if not list_away(tx, [executor_id], now):
        return executor_id
    deputies = list_deputies(tx, executor_id)
    away = list_away(tx, deputies, now)
    return next((one for one in deputies if one not in away), executor_id)


def _list_answerable(tx: ReadTx, row: Any) -> list[int]:
    """Who hears that it is late: who answers for the mailbox, else for the client, else the administrators."""
    box = None if row.scope_id == HOUSE else tx.row(_BOX, {"scope_id": row.scope_id})
    if box is not None:
        return list_responsible(tx, box)
    manager_id = find_manager(tx, row.counterparty_id)
    if manager_id is not None and manager_id != row.executor_id:
        return [manager_id]
    return [int(one) for one in tx.values(_ADMINISTRATORS)]


def _tell_of(tx: WriteTx, occurrence_id: int, viewer: Viewer, people: Iterable[int]) -> None:
    notify_of(tx, "planned", people, occurrence_id=occurrence_id, by_id=viewer.user_id)


def _give(tx: WriteTx, promise_id: int, viewer: Viewer, executor_id: int) -> None:
    notify_of(tx, "promise", [executor_id], promise_id=promise_id, by_id=viewer.user_id, sentence=GIVEN_PROMISE)
