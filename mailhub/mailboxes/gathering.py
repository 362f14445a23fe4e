"""Threads that turn out to be one conversation, when a letter comes that shows it.

So that the outcome does not depend on the order of arrival: what would have been one thread, had the letters come in
their order, becomes one now. Where people have worked on both it is offered to them, not done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, func, select

from core.database import ReadTx, WriteTx
from core.errors import Conflict
from mailhub.letters.subject import has_answer_prefix
from mailhub.mailboxes.continuing import go_on
from mailhub.mailboxes.joining import hold_both, join, part
from mailhub.mailboxes.naming import name_again
from mailhub.mailboxes.participants import Sender, has_say
from mailhub.mailboxes.subjects import choose_beside, find_standing, leans, list_alike
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
# What was written here stands with who wrote it; a letter seen in a Sent folder is history like any other.
_WRITTEN = (
    select(message.c.id)
    .where(
        message.c.thread_id == bindparam("id"),
        message.c.direction == "out",
        message.c.trace["by"].as_integer().is_not(None),
    )
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
        & (thread_participant.c.address == func.lower(letter.c.from_trusted)),
    )
    .where(message.c.thread_id == bindparam("thread_id"), message.c.direction == "in")
    .order_by(message.c.id)
    .limit(1)
)


def gather(
    tx: WriteTx, home_id: int, joins: Sequence[int], followers: Sequence[int], *, grew: bool, begins: bool
) -> int:
    """Let the thread of a letter that has just come become one with those that belong to it. Returns the thread that
    shows the letter afterwards.

    ``joins`` are threads that the letter shows to be the same conversation, ``followers`` those whose letters named it
    and that may have a say now; ``grew`` when somebody is new among those who have one; ``begins`` when the letter may
    be the one that its thread begins with, so that other answers lean on it.
    """
    united: set[str] = set()
    for other_id in joins if len(joins) <= MOST_JOINED else ():
        united |= _unite(tx, home_id, other_id)
    waiting = list(followers)
    grew = grew or bool(united)
    while waiting or grew:
        root_id = find_root(tx, home_id)
        if grew:
            waiting += [one for one in tx.values(_CLAIMING, {"ids": list_merged(tx, root_id)}) if one not in waiting]
        belonging = next((one for one in waiting if _belongs(tx, root_id, one)), None)
        if belonging is None:
            break
        waiting.remove(belonging)
        joined = _unite(tx, home_id, belonging)
        grew = bool(joined)
        united |= joined
    if begins or united:
        row = tx.get(thread, find_standing(tx, home_id))
        for base in sorted(united | _begin(tx, row)):
            _lean_anew(tx, row.id, base)
    return find_root(tx, home_id)


def _begin(tx: WriteTx, row: Any) -> set[str]:
    """Call a thread by the letter it begins with; the subjects whose answers look anew for what they lean on."""
    opened = row.message_count == 1 and row.merged_into is None
    return {row.subject_base} if opened else name_again(tx, row.id)


def _lean_anew(tx: WriteTx, thread_id: int, base: str) -> None:
    """Let each answer of this subject that has no question lean on what it leans on best, now that this thread has
    begun, grown, or got another name."""
    row = tx.get(thread, thread_id)
    asked = (row.mailbox_id, row.counterparty_id, base, row.last_message_at)
    for one, _ in _choose(tx, list_alike(tx, *asked)):
        if leans(one):  # all that lean amiss stand up first: one may lean on what is to lean on it
            _stand_up(tx, one.id)
    for one, best in _choose(tx, list_alike(tx, *asked)):
        if best is None or leans(one) or best in list_merged(tx, one.id):
            continue
        root, leaning = hold_both(tx, find_root(tx, best), one.id)
        if not (_is_worked_on(tx, root) and _is_worked_on(tx, leaning)):
            _join(tx, root, leaning, leaning=True)


def _choose(tx: ReadTx, rows: Sequence[Any]) -> list[tuple[Any, int | None]]:
    """Of these threads those that do not lean on what they should, with that: None for one that should stand alone."""
    amiss: list[tuple[Any, int | None]] = []
    alike = {row.id for row in rows}
    for row in rows:
        best = choose_beside(rows, row.id, row.begun_at) if has_answer_prefix(row.subject) else None
        now = find_standing(tx, row.merged_into) if leans(row) else None
        # The earliest of answers without a question may lean on a later one: they are together either way.
        together = best is None and has_answer_prefix(row.subject) and now in alike
        if best != now and not together:
            amiss.append((row, best))
    return amiss


def _stand_up(tx: WriteTx, thread_id: int) -> bool:
    """Let a thread that leans stand alone. False where people have worked on what shows it: that stays as it is."""
    root, row = hold_both(tx, find_root(tx, thread_id), thread_id)
    if _is_worked_on(tx, root):
        return False
    try:
        part(tx, root, row)
    except Conflict:
        return False
    return True


def _belongs(tx: ReadTx, root_id: int, other_id: int) -> bool:
    """Whether the one who opened the other thread has a say in this one by now."""
    opened = tx.row(_OPENED, {"thread_id": other_id})
    if opened is None or find_root(tx, other_id) == root_id:
        return False
    sender = Sender(opened.address, opened.counterparty_id, None, proved=bool(opened.sure))
    counterparty_id = tx.value(select(thread.c.counterparty_id).where(thread.c.id == root_id))
    return has_say(tx, root_id, counterparty_id, sender)


def _unite(tx: WriteTx, one_id: int, other_id: int) -> set[str]:
    """Merge two threads, unless people have worked on both: then say so in both. Their subjects and that of the one
    thread when they are one now, else none."""
    pair = [find_standing(tx, one_id), find_standing(tx, other_id)]
    if pair[0] == pair[1] or go_on(tx, *pair):
        return set()
    if not all(_stand_up(tx, one) for one in pair if leans(tx.get(thread, one))):
        return set()
    one, other = hold_both(tx, *pair)
    if _is_worked_on(tx, one) and _is_worked_on(tx, other):
        _offer(tx, one, other)
        return set()
    into, gone = sorted((one, other), key=lambda row: (not _is_worked_on(tx, row), row.id))
    if not _join(tx, into, gone):
        return set()
    return {into.subject_base, gone.subject_base} | name_again(tx, into.id)


def _join(tx: WriteTx, root: Any, other: Any, *, leaning: bool = False) -> bool:
    """Merge; False for what stays apart: junk, and threads of two clients."""
    try:
        join(tx, root, other, leaning=leaning)
    except Conflict:
        return False
    return True


def _is_worked_on(tx: ReadTx, row: Any) -> bool:
    touched = tx.value(_TOUCHED, {"ids": list_merged(tx, row.id)})
    return touched is not None or tx.value(_WRITTEN, {"id": row.id}) is not None


def _offer(tx: WriteTx, one: Any, other: Any) -> None:
    known = {fields.get("thread") for fields in tx.values(_OFFERED, {"thread_id": one.id})}
    if other.id not in known:
        tell(tx, one.id, OFFER, thread=other.id)
        tell(tx, other.id, OFFER, thread=one.id)
