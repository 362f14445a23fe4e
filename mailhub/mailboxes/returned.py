"""A letter of ours that answers nobody: it came back, or never left. Whoever wrote it has its thread in hand again."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import bindparam, func, select

from core import clock
from core.changes import record_change
from core.database import WriteTx
from crm.execution import continue_hand, is_able
from crm.interactions import forget_letter
from mailhub.mailboxes.deadlines import begin_wait, forget_answer
from mailhub.mailboxes.tables import letter, mailbox, message, thread
from mailhub.mailboxes.tally import count_again
from mailhub.mailboxes.threads import ANSWERABLE, hold_root, in_state, mark_unread, tell_client_waits

_LAST_OUT = (
    select(func.max(message.c.id))
    .join(letter, letter.c.id == message.c.letter_id)
    .where(
        message.c.thread_id == bindparam("thread_id"),
        message.c.direction == "out",
        message.c.fate == "",
        letter.c.kind.in_(sorted(ANSWERABLE)),
    )
)
_UNANSWERED = (
    select(func.min(message.c.dated_at))
    .join(letter, letter.c.id == message.c.letter_id)
    .where(
        message.c.thread_id == bindparam("thread_id"),
        message.c.direction == "in",
        message.c.spam == 0,
        message.c.id > bindparam("after"),
        letter.c.kind.in_(sorted(ANSWERABLE)),
    )
)


def take_up_again(tx: WriteTx, message_id: int) -> None:
    """An answer did not arrive: its thread waits for us as it did before, in the hands of its executor, and is new for
    everybody who sees it. A letter behind which we have written another one only makes the thread new."""
    _answers_nobody(tx, message_id, "undelivered")


def take_back_letter(tx: WriteTx, message_id: int) -> None:
    """An answer never leaves: its thread waits for us as it did before, and neither the thread nor its client counts
    it. It is read where it was."""
    forget_letter(tx, tx.get(message, message_id).thread_id, message_id)
    _answers_nobody(tx, message_id, "taken_back")


def try_again(tx: WriteTx, message_id: int) -> None:
    """What did not arrive is sent once more: until its fate is known again, it is our answer (unless it forwarded)."""
    row = tx.get(message, message_id)
    if row.fate != "undelivered":
        return
    thread_id = hold_root(tx, row.thread_id).id
    tx.change(message, message_id, fate="forwarded" if row.trace.get("forwards") else "")
    count_again(tx, thread_id)


def _answers_nobody(tx: WriteTx, message_id: int, fate: Literal["undelivered", "taken_back"]) -> None:
    thread_id = tx.get(message, message_id).thread_id
    tx.lock(thread, thread_id)
    tx.change(message, message_id, fate=fate)
    forget_answer(tx, message_id)
    count_again(tx, thread_id)
    row = tx.get(thread, thread_id)
    mark_unread(tx, thread_id, row.scope_id)
    last_out = tx.value(_LAST_OUT, {"thread_id": thread_id}) or 0
    if last_out > message_id or row.state == "spam":
        return
    since = tx.value(_UNANSWERED, {"thread_id": thread_id, "after": last_out})
    since = clock.now() if since is None else int(since)
    box, own = tx.get(mailbox, row.mailbox_id), row.own_hours
    waiting: dict[str, Any] = {
        **in_state("open"),
        **begin_wait(tx, box, row, since, first=row.answered_at is None, own_hours=own),
        "version": row.version + 1,
    }
    tx.change(thread, thread_id, **waiting)
    if row.executor_id is not None and is_able(tx, row.scope_id, row.executor_id):
        continue_hand(tx, row.scope_id, thread_id, row.executor_id)
    tell_client_waits(tx, row.counterparty_id, row.scope_id)
    fields = {"thread_id": thread_id, "mailbox_id": row.mailbox_id, "message_id": message_id}
    record_change(tx, "thread.returned", thread_id, scope_id=row.scope_id, fields=fields)
