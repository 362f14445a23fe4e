"""What time does: the trash and junk go after thirty days, threads and files of a mailbox as its rule says.

Each verb does one small chunk and says how much it found to do; ``Keeping`` calls them while there is something.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, func, or_, select

from core import clock
from core.database import ReadTx, WriteTx
from mailhub.keeping.purging import is_held, is_leaving, note_gone, purge_thread
from mailhub.keeping.tables import retention
from mailhub.mailboxes.tables import mailbox, thread, thread_event
from mailhub.mailboxes.trash import KEPT, put_into_trash
from mailhub.mailboxes.trash_tables import trash

JUNK_KEPT = 30 * clock.DAY
MONTH = 30 * clock.DAY + 10 * clock.HOUR  # a twelfth of a year
MOST = 20

_DUE = (
    select(trash.c.thread_id)
    .join(thread, thread.c.id == trash.c.thread_id)
    .where(trash.c.at < bindparam("before"), ~is_held(), ~is_leaving())
    .order_by(trash.c.at)
    .limit(MOST)
)
_TOUCHED = (
    select(func.max(thread_event.c.at))
    .where(thread_event.c.thread_id == thread.c.id)
    .correlate(thread)
    .scalar_subquery()
)
_JUNK = (
    select(thread.c.id)
    .join(mailbox, mailbox.c.scope_id == thread.c.scope_id)
    .where(
        thread.c.scope_id == bindparam("scope_id"),
        thread.c.state == "spam",
        thread.c.merged_into.is_(None),
        thread.c.last_message_at < bindparam("before"),
        or_(_TOUCHED.is_(None), bindparam("before") > _TOUCHED),
        ~is_held(),
        ~is_leaving(),
    )
    .order_by(thread.c.last_message_at)
    .limit(MOST)
)
_OLD = (
    select(thread.c.id, thread.c.last_message_at)
    .where(
        thread.c.scope_id == bindparam("scope_id"),
        thread.c.merged_into.is_(None),
        thread.c.last_message_at < bindparam("before"),
        or_(thread.c.waiting_for.is_(None), thread.c.waiting_for != "us"),
        ~is_held(),
    )
    .order_by(thread.c.last_message_at)
    .limit(MOST)
)


def empty_trash(tx: WriteTx) -> int:
    """Let go for good of what lies in the trash for thirty days. Returns how many threads it did something about."""
    done = 0
    for thread_id in tx.values(_DUE, {"before": clock.now() - KEPT})[:1]:
        done += 1
        if purge_thread(tx, thread_id):
            note_gone(tx, "trash")
    return done


def purge_junk(tx: WriteTx, scope_id: int) -> int:
    """Let go of a mailbox's junk that nobody touched for thirty days. Returns how many threads it did something
    about."""
    done = 0
    for thread_id in tx.values(_JUNK, {"scope_id": scope_id, "before": clock.now() - JUNK_KEPT})[:1]:
        done += 1
        if purge_thread(tx, thread_id):
            note_gone(tx, "junk")
    return done


def list_scopes(tx: ReadTx) -> list[int]:
    """The scopes of all mailboxes, for whoever goes through them."""
    return [int(one) for one in tx.values(select(mailbox.c.scope_id).order_by(mailbox.c.id))]


def apply_retention(tx: WriteTx, scope_id: int, months: int) -> int:
    """Put threads of a mailbox into the trash that had no letter for so many months, where nobody waits for us.
    Returns how many."""
    old = tx.rows(_OLD, {"scope_id": scope_id, "before": clock.now() - months * MONTH})
    for row in old:
        put_into_trash(tx, row.id, how="time")
        note_gone(tx, "retention")
    return len(old)


def list_rules(tx: ReadTx) -> list[Any]:
    """The rules of time of all mailboxes, with their scopes."""
    statement = select(retention, mailbox.c.scope_id).join(mailbox, mailbox.c.id == retention.c.mailbox_id)
    return list(tx.rows(statement))
