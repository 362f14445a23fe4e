"""A letter that answers a thread closed long ago begins a new one, and both say where the other is.

The outcome does not depend on the order of arrival: whatever answers the closed thread from then on comes into the one
that goes on with it, as long as that one is not closed long ago itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from mailhub.mailboxes.participants import copy_participants
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.threads import find_root, hold_root, list_merged, tell

NEW_AFTER = 90 * clock.DAY
GOES_ON = "A letter came long after this thread was closed. It goes on in a new one."
GOES_ON_WITH = "Goes on with a thread that was closed long ago."
_CONTINUATIONS = (
    select(thread.c.id).where(thread.c.continues_id.in_(bindparam("ids", expanding=True))).order_by(thread.c.id.desc())
)
_CONTINUED = select(thread.c.continues_id).where(
    thread.c.id.in_(bindparam("ids", expanding=True)), thread.c.continues_id.is_not(None)
)


def find_open_end(tx: WriteTx, row: Any, at: int, new_after: int) -> Any | None:
    """Where a letter of that moment goes on that answers a thread (its row, held): the row of that thread or of the one
    that goes on with it, held; None where a new one has to. ``new_after`` 0: threads are never closed for good."""
    passed = {row.id}
    while new_after and is_long_closed(row, at, new_after):
        family = list_merged(tx, row.id)
        further = [find_root(tx, int(one)) for one in tx.values(_CONTINUATIONS, {"ids": family})]
        following = next((one for one in further if one not in passed), None)
        if following is None:
            return None
        passed.add(following)
        row = hold_root(tx, following)
    return row


def find_last(tx: WriteTx, row: Any) -> Any:
    """The row, held, of the last thread in the line of those that go on with this one."""
    passed = {row.id}
    while True:
        further = [find_root(tx, int(one)) for one in tx.values(_CONTINUATIONS, {"ids": list_merged(tx, row.id)})]
        following = next((one for one in further if one not in passed), None)
        if following is None:
            return row
        passed.add(following)
        row = hold_root(tx, following)


def link(tx: WriteTx, old: Any, new_id: int) -> None:
    """Let a thread that was just opened go on with one closed long ago: who had a say there has one here, and it is the
    same client's, unless the letter says otherwise."""
    new = tx.get(thread, new_id)
    values: dict[str, Any] = {"continues_id": old.id}
    if new.counterparty_id in (None, old.counterparty_id):
        values |= {name: getattr(old, name) for name in ("counterparty_id", "contact_id", "match")}
    tx.change(thread, new_id, **values)
    copy_participants(tx, old.id, new_id)
    tell(tx, old.id, GOES_ON, thread=new_id)
    tell(tx, new_id, GOES_ON_WITH, thread=old.id)
    fields = {"thread_id": old.id, "mailbox_id": old.mailbox_id}
    record_change(tx, "thread.continued", old.id, scope_id=old.scope_id, fields=fields, cause="letter")


def go_on(tx: ReadTx, one_id: int, other_id: int) -> bool:
    """Whether one of two threads goes on with the other, maybe by way of further ones: they stay two."""
    return _goes_on_with(tx, one_id, other_id) or _goes_on_with(tx, other_id, one_id)


def _goes_on_with(tx: ReadTx, later_id: int, earlier_id: int) -> bool:
    waiting, passed = [find_root(tx, later_id)], set[int]()
    wanted = find_root(tx, earlier_id)
    while waiting:
        one = waiting.pop()
        passed.add(one)
        before = [find_root(tx, int(found)) for found in tx.values(_CONTINUED, {"ids": list_merged(tx, one)})]
        if wanted in before:
            return True
        waiting += [found for found in before if found not in passed]
    return False


def is_long_closed(row: Any, at: int, new_after: int) -> bool:
    """Whether a letter of that moment comes so long after the thread (its row) was closed. What came out of an archive
    was closed when its last letter came."""
    since = row.last_message_at if row.closed_at is None else row.closed_at
    return bool(row.state == "closed" and at - since > new_after)
