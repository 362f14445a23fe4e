"""Threads that turn out to be one conversation, when a letter comes that shows it.

So that the outcome does not depend on the order of arrival: what would have been one thread, had the letters come in
their order, becomes one now. Where people have worked on both it is offered to them, not done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select

from core.database import ReadTx, WriteTx
from core.errors import Conflict
from mailhub.mailboxes.joining import hold_both, join
from mailhub.mailboxes.participants import Sender, has_say
from mailhub.mailboxes.tables import letter, message, thread, thread_event, thread_participant
from mailhub.mailboxes.threads import find_root, list_merged, tell

OFFER = "This may be one conversation with another thread. People have worked on both, so nothing was merged."
MOST_JOINED = 5  # a letter that names more conversations than these is a digest, and shows nothing about them
MOST_CLAIMING = 50
_TOUCHED = (
    select(thread_event.c.id)
    .where(thread_event.c.thread_id.in_(bindparam("ids", expanding=True)), thread_event.c.user_id.is_not(None))
    .limit(1)
)
_OFFERED = select(thread_event.c.fields).where(
    thread_event.c.thread_id == bindparam("thread_id"), thread_event.c.sentence == OFFER
)
_CLAIMING = (
    select(thread.c.id)
    .where(thread.c.claims_id.in_(bindparam("ids", expanding=True)), thread.c.merged_into.is_(None))
    .order_by(thread.c.id)
    .limit(MOST_CLAIMING)
)
# Who wrote the first letter of a thread: only one whom it let have a say there, so never a denied sender.
_OPENED = (
    select(thread_participant.c.address, thread_participant.c.sure, thread.c.counterparty_id)
    .select_from(message)
    .join(letter, letter.c.id == message.c.letter_id)
    .join(thread, thread.c.id == message.c.thread_id)
    .join(
        thread_participant,
        (thread_participant.c.thread_id == message.c.thread_id)
        & (thread_participant.c.address == letter.c.from_trusted),
    )
    .where(message.c.thread_id == bindparam("thread_id"), message.c.direction == "in")
    .order_by(message.c.id)
    .limit(1)
)


def gather(tx: WriteTx, thread_id: int, joins: Sequence[int], followers: Sequence[int], *, grew: bool) -> int:
    """Let a thread to which a letter has just come become one with those that belong to it. Returns the thread that
    shows the letter afterwards.

    ``joins`` are threads that the letter shows to be the same conversation, ``followers`` those whose letters named it
    and that may have a say now; ``grew`` when somebody is new among those who have one.
    """
    root_id = thread_id
    for other_id in joins if len(joins) <= MOST_JOINED else ():
        root_id = _unite(tx, root_id, other_id)
    waiting = list(followers)
    grew = grew or root_id != thread_id or bool(joins)
    while waiting or grew:
        if grew:
            waiting += [one for one in tx.values(_CLAIMING, {"ids": list_merged(tx, root_id)}) if one not in waiting]
            grew = False
        united = next((one for one in waiting if _belongs(tx, root_id, one)), None)
        if united is None:
            break
        waiting.remove(united)
        before = root_id
        root_id = _unite(tx, root_id, united)
        grew = root_id != before or find_root(tx, united) == root_id
    return root_id


def _belongs(tx: ReadTx, root_id: int, other_id: int) -> bool:
    """Whether the one who opened the other thread has a say in this one by now."""
    opened = tx.row(_OPENED, {"thread_id": other_id})
    if opened is None or find_root(tx, other_id) == root_id:
        return False
    sender = Sender(opened.address, opened.counterparty_id, None, proved=bool(opened.sure))
    counterparty_id = tx.value(select(thread.c.counterparty_id).where(thread.c.id == root_id))
    return has_say(tx, root_id, counterparty_id, sender)


def _unite(tx: WriteTx, root_id: int, other_id: int) -> int:
    """Merge two threads, unless people have worked on both: then say so in both. Returns the one to go on with."""
    other_id = find_root(tx, other_id)
    if other_id == root_id:
        return root_id
    one, other = hold_both(tx, root_id, other_id)
    if _is_worked_on(tx, one) and _is_worked_on(tx, other):
        _offer(tx, one, other)
        return root_id
    into, gone = sorted((one, other), key=lambda row: (not _is_worked_on(tx, row), row.id))
    try:
        join(tx, into, gone)
    except Conflict:
        return root_id  # junk stays by itself, and nobody's thread becomes two clients'
    return int(into.id)


def _is_worked_on(tx: ReadTx, row: Any) -> bool:
    return tx.value(_TOUCHED, {"ids": list_merged(tx, row.id)}) is not None


def _offer(tx: WriteTx, one: Any, other: Any) -> None:
    known = {fields.get("thread") for fields in tx.values(_OFFERED, {"thread_id": one.id})}
    if other.id not in known:
        tell(tx, one.id, OFFER, thread=other.id)
        tell(tx, other.id, OFFER, thread=one.id)
