"""What a mailbox promises: how soon answers come, by which calendar, who is reminded; and what follows for whoever
waits already when that is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, literal_column, or_, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.jobs import Job, enqueue, finish
from crm.parties import check_hours, count_with_hours, set_hours
from crm.staff.people import get_user
from crm.staff.readable import Viewer, demand, demand_admin, demand_somewhere
from crm.staff.tables import scope
from crm.working import HOUSE, Calendar, choose_calendar, find_calendar, find_choice
from mailhub.mailboxes.boxes import Mailbox, get_mailbox
from mailhub.mailboxes.deadlines import ESCALATED, REMINDED, begin_wait
from mailhub.mailboxes.tables import mailbox, thread

DEADLINES_MOVED = "deadlines.moved"
"""The kind of the job that works out anew by when those are answered who wait already."""
PART = 200
MOST_MINUTES = 7 * 24 * 60
MOST_NAMED = 20
_WAITS = or_(literal_column("state = 'open' AND waiting_for = 'us'"), literal_column("state = 'snoozed'"))
_SCOPES = select(scope.c.id).where(or_(scope.c.id == bindparam("of"), scope.c.parent_id == bindparam("of")))
_OF_BOX = select(thread.c.id).where(thread.c.scope_id.in_(_SCOPES), _WAITS)
_OF_CLIENT = select(thread.c.id).where(thread.c.counterparty_id == bindparam("of"), _WAITS)


@dataclass(frozen=True, slots=True)
class Terms:
    """Working hours for the first answer and for the next ones (0: alike), and who is told when. The executor is
    reminded when ``remind_share`` per cent of the time are gone, or ``remind_minutes`` before its end (0: not so);
    what is late goes to ``escalate_to`` (empty: who manages the mailbox), if it ``escalates``."""

    answer_hours: int = 8
    next_hours: int = 0
    remind_share: int = 75
    remind_minutes: int = 0
    escalates: bool = True
    escalate_to: tuple[int, ...] = ()


def terms_of(box: Mailbox) -> Terms:
    """What a mailbox promises now."""
    share, minutes = box.remind_share, box.remind_minutes
    return Terms(box.answer_hours, box.next_hours, share, minutes, box.escalates, box.escalate_to or ())


def set_terms(tx: WriteTx, viewer: Viewer, mailbox_id: int, terms: Terms) -> None:
    """Change what a mailbox promises, for who manages it. Raises NotFound, Forbidden, Invalid."""
    box = get_managed(tx, viewer, mailbox_id)
    check_hours(terms.answer_hours, "answer_hours")
    check_hours(terms.next_hours, "next_hours")
    if terms.answer_hours == 0:
        raise Invalid("The first answer needs at least one working hour.", field="answer_hours")
    if not 0 <= terms.remind_share < 100:
        raise Invalid("A reminder comes when 1 to 99 per cent of the time are gone.", field="remind_share")
    if not 0 <= terms.remind_minutes <= MOST_MINUTES:
        raise Invalid("A reminder comes at most a week before the end.", field="remind_minutes")
    if len(terms.escalate_to) > MOST_NAMED:
        raise Invalid("Name at most %(count)s people.", count=MOST_NAMED, field="escalate_to")
    for person in terms.escalate_to:
        get_user(tx, person)
    tx.change(
        mailbox,
        box.id,
        answer_hours=terms.answer_hours,
        next_hours=terms.next_hours,
        remind_share=0 if terms.remind_minutes else terms.remind_share,
        remind_minutes=terms.remind_minutes,
        escalates=int(terms.escalates),
        escalate_to=list(terms.escalate_to) or None,
    )
    _move(tx, mailbox_id=box.id)
    record_change(tx, "mailbox.changed", box.id, scope_id=box.scope_id, cause=f"user {viewer.user_id}")


def set_house_calendar(tx: WriteTx, viewer: Viewer, calendar: Calendar | None) -> None:
    """Let the whole house work by this calendar, None for every hour of every day. Raises Forbidden for others than
    administrators."""
    demand_admin(viewer)
    key = choose_calendar(tx, HOUSE, calendar)
    for row in tx.rows(select(mailbox.c.id, mailbox.c.scope_id, mailbox.c.calendar_key).order_by(mailbox.c.id)):
        if row.calendar_key != key and not find_choice(tx, row.scope_id):
            tx.change(mailbox, row.id, calendar_key=key)
            _move(tx, mailbox_id=row.id)


def set_mailbox_calendar(tx: WriteTx, viewer: Viewer, mailbox_id: int, calendar: Calendar | None) -> None:
    """Let a mailbox work by a calendar of its own, None for that of the house. Raises NotFound, Forbidden."""
    box = get_managed(tx, viewer, mailbox_id)
    key = choose_calendar(tx, box.scope_id, calendar)
    if key != box.calendar_key:
        tx.change(mailbox, box.id, calendar_key=key)
        _move(tx, mailbox_id=box.id)


def find_house_calendar(tx: ReadTx) -> Calendar | None:
    """When the house works; None for always."""
    return find_calendar(tx, find_choice(tx, HOUSE))


def find_own_calendar(tx: ReadTx, box: Mailbox) -> Calendar | None:
    """The calendar that a mailbox has of its own, or None."""
    return find_calendar(tx, find_choice(tx, box.scope_id))


def set_client_hours(tx: WriteTx, viewer: Viewer, counterparty_id: int, answer_hours: int, next_hours: int) -> None:
    """Agree with a client on how soon it is answered, for who manages a mailbox. Raises Forbidden, Invalid."""
    demand_somewhere(viewer, "manage")
    tx.lock_key("client hours")
    set_hours(tx, counterparty_id, answer_hours, next_hours)
    tx.execute(update(mailbox).values(client_hours=count_with_hours(tx)))
    _move(tx, counterparty_id=counterparty_id)


def get_managed(tx: WriteTx, viewer: Viewer, mailbox_id: int) -> Mailbox:
    """A mailbox that the viewer sees and manages, held. Raises NotFound, Forbidden."""
    tx.lock(mailbox, mailbox_id)
    box = get_mailbox(tx, mailbox_id)
    if box.scope_id not in viewer.full:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
    demand(viewer, "manage", box.scope_id)
    return box


def move_part(tx: WriteTx, job: Job) -> int:
    """One part of a job: the next threads, by what is promised now. Returns how many; the rest is another job."""
    after, client = int(job.payload.get("after", 0)), job.payload.get("counterparty_id")
    of = client if client is not None else tx.get(mailbox, job.payload["mailbox_id"]).scope_id
    statement = (_OF_BOX if client is None else _OF_CLIENT).where(thread.c.id > bindparam("after"))
    ids: Sequence[int] = tx.values(statement.order_by(thread.c.id).limit(PART), {"of": of, "after": after})
    for thread_id in ids:
        _count_anew(tx, thread_id)
    finish(tx, job)
    if len(ids) == PART:
        enqueue(tx, DEADLINES_MOVED, {**job.payload, "after": ids[-1]})
    return len(ids)


def _count_anew(tx: WriteTx, thread_id: int) -> None:
    tx.lock(thread, thread_id)
    row = tx.get(thread, thread_id)
    if row.waiting_for != "us" or row.waiting_since is None:
        return
    box = tx.get(mailbox, row.mailbox_id)
    values: dict[str, Any] = begin_wait(
        tx,
        box,
        row,
        row.waiting_since,
        first=row.answered_at is None,
        own_hours=row.own_hours,
        watched=min(row.watched, REMINDED),
    )
    if row.watched == ESCALATED and values["due_at"] <= clock.now():
        values |= {"watched": ESCALATED, "watch_at": row.watch_at}
    if any(getattr(row, name) != value for name, value in values.items()):
        tx.change(thread, thread_id, version=row.version + 1, **values)


def _move(tx: WriteTx, **whose: int) -> None:
    enqueue(tx, DEADLINES_MOVED, dict(whose))
