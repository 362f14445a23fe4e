"""The trash: a thread that was thrown away is nowhere to be seen, and can be brought back for a while.

It goes to the trash scope of its mailbox, so lists, counters, search, histories and live events know nothing of it in
the same moment. A letter that comes to it brings it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, delete, select, tuple_

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.execution import unassign
from crm.staff.readable import Viewer, demand, visible
from crm.staff.rights import get_scope_below
from crm.staff.tables import user
from mailhub.mailboxes.deadlines import begin_wait
from mailhub.mailboxes.handling import get_own
from mailhub.mailboxes.rescoping import set_scope
from mailhub.mailboxes.tables import mailbox, thread
from mailhub.mailboxes.threads import tell, tell_client_waits
from mailhub.mailboxes.trash_tables import trash

KEPT = 30 * clock.DAY
"""How long a thread can be brought back."""
THROWN, BROUGHT_BACK = "Thrown away.", "Brought back from the trash."


@dataclass(frozen=True, slots=True)
class Thrown:
    """A thread in the trash. It goes for good at ``until``; ``by`` is who threw it away, None for a rule of time."""

    thread_id: int
    mailbox_id: int
    mailbox_address: str
    scope_id: int
    subject: str
    who: str
    message_count: int
    by: str | None
    at: int
    until: int


_THROWN: Select[Any] = (
    select(
        thread.c.id.label("thread_id"),
        thread.c.mailbox_id,
        mailbox.c.address.label("mailbox_address"),
        mailbox.c.scope_id,
        thread.c.subject,
        thread.c.who,
        thread.c.message_count,
        user.c.name.label("by"),
        trash.c.at,
    )
    .join(thread, thread.c.id == trash.c.thread_id)
    .join(mailbox, mailbox.c.id == trash.c.mailbox_id)
    .outerjoin(user, user.c.id == trash.c.user_id)
)
_PLACE = select(trash.c.scope_id).where(trash.c.thread_id == bindparam("thread_id"))


def throw_away(tx: WriteTx, viewer: Viewer, thread_id: int) -> None:
    """Put a thread into the trash. Raises NotFound, Forbidden."""
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    put_into_trash(tx, row.id, user_id=viewer.user_id)


def put_into_trash(tx: WriteTx, thread_id: int, *, user_id: int | None = None, how: str = "hand") -> None:
    """``throw_away`` after the rights were asked, or by a rule of time (``how``)."""
    box_id = tx.get(thread, thread_id).mailbox_id
    scope_id, _ = get_scope_below(tx, tx.get(mailbox, box_id).scope_id, "trash")
    before = set_scope(tx, thread_id, scope_id, indexed=False)
    unassign(tx, before.id)
    gone = {"thread_id": before.id, "mailbox_id": box_id, "scope_id": before.scope_id}
    tx.insert(trash, **gone, user_id=user_id, how=how, at=clock.now())
    tell(tx, before.id, THROWN, user_id=user_id)
    tell_client_waits(tx, before.counterparty_id, before.scope_id)


def bring_back(tx: WriteTx, viewer: Viewer, thread_id: int) -> None:
    """Take a thread out of the trash, as it was. Raises NotFound for what is not there, Forbidden."""
    found = tx.row(_THROWN.where(trash.c.thread_id == thread_id, _seen(viewer)))
    if found is None:
        raise NotFound("There is no thread with the number %(id)s in the trash.", id=thread_id)
    demand(viewer, "answer", found.scope_id, tx.get(thread, thread_id).executor_id)
    _take_out(tx, thread_id, user_id=viewer.user_id)


def is_thrown(tx: ReadTx, thread_id: int) -> bool:
    """Whether a thread lies in the trash: nobody is told of it there."""
    return tx.value(_PLACE, {"thread_id": thread_id}) is not None


def out_of_trash(tx: WriteTx, row: Any, home_scope_id: int) -> Any:
    """The row of a thread that a letter comes to, held: what lies in the trash of its mailbox (``home_scope_id``) is
    brought back by it."""
    if row.scope_id == home_scope_id or not is_thrown(tx, row.id):
        return row
    _take_out(tx, row.id)
    return tx.get(thread, row.id)


def list_trash(
    tx: ReadTx, viewer: Viewer, *, mailbox_id: int | None = None, after: str | None = None, limit: int = 50
) -> Page[Thrown]:
    """What the viewer would see if it were not in the trash, the latest first. Raises Invalid for a bad cursor."""
    statement = _THROWN.where(_seen(viewer))
    if mailbox_id is not None:
        statement = statement.where(trash.c.mailbox_id == mailbox_id)
    if after is not None:
        statement = statement.where(tuple_(trash.c.at, trash.c.thread_id) < tuple_(*decode_cursor(after, (int, int))))
    rows = tx.rows(statement.order_by(trash.c.at.desc(), trash.c.thread_id.desc()).limit(limit + 1))
    found = cut_page(rows, limit, lambda row: (row.at, row.thread_id))
    return Page([Thrown(**row._mapping, until=row.at + KEPT) for row in found.items], found.next)


def _seen(viewer: Viewer) -> Any:
    """Whoever would see the thread in its mailbox sees it in the trash."""
    return visible(viewer, mailbox.c.scope_id, thread.c.executor_id)


def _take_out(tx: WriteTx, thread_id: int, *, user_id: int | None = None) -> None:
    place = tx.value(_PLACE, {"thread_id": thread_id})
    tx.execute(delete(trash).where(trash.c.thread_id == thread_id))
    row = set_scope(tx, thread_id, int(place))
    if row.waiting_for == "us" and row.waiting_since is not None:  # nobody looked whether they were answered
        box, first = tx.get(mailbox, row.mailbox_id), row.answered_at is None
        waits = begin_wait(tx, box, row, row.waiting_since, first=first, own_hours=row.own_hours, watched=row.watched)
        tx.change(thread, row.id, **waits)
    tell(tx, thread_id, BROUGHT_BACK, user_id=user_id)
    tell_client_waits(tx, row.counterparty_id, int(place))
