"""A thread goes to another mailbox: who may see it, its deadline, its tags, its drafts and the client's facts follow.

Its letters go on lying where they came (``message.mailbox_id``): there their marks are kept, there they are known when
they come twice, and a letter that answers one of them finds the thread where it is now (``routing.journey``).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, delete, select, update

from core.columns import metadata
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.execution import is_able
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.boxes import Mailbox, get_mailbox, list_mailboxes
from mailhub.mailboxes.handling import ByRule, get_own, release
from mailhub.mailboxes.rescoping import set_scope
from mailhub.mailboxes.tables import message, thread, thread_event, unread
from mailhub.mailboxes.tally import NOBODY_WAITS, find_waiting
from mailhub.mailboxes.threads import list_merged, mark_unread, tell, tell_client_waits

MOVED = "Moved from %(origin)s to %(target)s."
MOVED_BY_RULE = "Moved from %(origin)s to %(target)s by the rule “%(rule)s”, version %(version)s."
_BY_HAND = (
    select(thread_event.c.id)
    .where(
        thread_event.c.thread_id == bindparam("thread_id"),
        thread_event.c.sentence == MOVED,
        thread_event.c.user_id.is_not(None),
    )
    .limit(1)
)


def list_targets(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> list[Mailbox]:
    """The mailboxes to which the viewer may move a thread of this one."""
    boxes = list_mailboxes(tx, viewer)
    return [box for box in boxes if box.id != mailbox_id and viewer.may("answer", box.scope_id)]


def move_thread(tx: WriteTx, viewer: Viewer, thread_id: int, mailbox_id: int) -> None:
    """Move a thread to a mailbox in which the viewer may answer too. Raises NotFound, Forbidden, Conflict."""
    row = get_own(tx, viewer, thread_id)
    origin, target = check_move(tx, viewer, row, mailbox_id)
    if origin.id == target.id:
        return
    _move(tx, thread_id, target)
    if row.executor_id is not None and not is_able(tx, target.scope_id, row.executor_id):
        release(tx, viewer, tx.get(thread, thread_id))
    tx.execute(delete(unread).where(unread.c.thread_id == thread_id, unread.c.user_id == viewer.user_id))
    tell(tx, thread_id, MOVED, user_id=viewer.user_id, origin=origin.address, target=target.address)


def check_move(tx: ReadTx, viewer: Viewer, row: Any, mailbox_id: int) -> tuple[Mailbox, Mailbox]:
    """From where and where to a thread (its row) would go. Raises NotFound, Forbidden, Conflict.

    Out of a personal mailbox only its owner moves anything: who stands in for them for a while answers there, and takes
    nothing along."""
    demand(viewer, "answer", row.scope_id, row.executor_id)
    origin = get_mailbox(tx, row.mailbox_id)
    target = origin if origin.id == mailbox_id else get_target(tx, viewer, origin, mailbox_id)
    if origin.id != target.id and row.scope_id != origin.scope_id:
        raise Conflict("This thread is shared by itself. End the sharing before you move it.")
    return origin, target


def get_target(tx: ReadTx, viewer: Viewer, origin: Mailbox, mailbox_id: int) -> Mailbox:
    """The other mailbox to which the viewer may move threads of ``origin``. Raises NotFound, Forbidden, Invalid for the
    same one."""
    target = next((box for box in list_mailboxes(tx, viewer) if box.id == mailbox_id), None)
    if target is None:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
    if target.id == origin.id:
        raise Invalid("Choose another mailbox.", field="mailbox_id")
    demand(viewer, "answer", target.scope_id)
    if origin.kind == "personal" and origin.scope_id not in viewer.own:
        raise Forbidden("Only the owner of a personal mailbox moves its threads to another.")
    return target


def move_by_rule(tx: WriteTx, thread_id: int, target: Mailbox, rule: ByRule) -> bool:
    """Let a rule move a thread. What somebody moved by hand stays where they put it, what is shared by itself stays
    too: False then."""
    row = tx.get(thread, thread_id)
    origin = get_mailbox(tx, row.mailbox_id)
    by_hand = tx.value(_BY_HAND, {"thread_id": thread_id}) is not None
    if by_hand or origin.id == target.id or row.scope_id != origin.scope_id:
        return False
    _move(tx, thread_id, target)
    tell(tx, thread_id, MOVED_BY_RULE, origin=origin.address, target=target.address, **rule.fields)
    return True


def _move(tx: WriteTx, thread_id: int, target: Mailbox) -> None:
    row = set_scope(tx, thread_id, target.scope_id)
    family = list_merged(tx, thread_id)
    tx.execute(update(thread).where(thread.c.id.in_(family)).values(mailbox_id=target.id))
    for one in _following():
        tx.execute(update(one).where(one.c.thread_id.in_(family)).values(mailbox_id=target.id))
    waits = row.state in ("open", "snoozed")
    tx.change(thread, thread_id, **(find_waiting(tx, tx.get(thread, thread_id)) if waits else NOBODY_WAITS))
    tell_client_waits(tx, row.counterparty_id, target.scope_id)
    mark_unread(tx, thread_id, target.scope_id)


@cache
def _following() -> tuple[Table, ...]:
    """The tables whose rows carry the mailbox of their thread, drafts say; a letter lies where it came."""
    both = {"thread_id", "mailbox_id"}
    return tuple(one for one in metadata.sorted_tables if both <= set(one.c.keys()) and one is not message)
