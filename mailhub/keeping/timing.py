"""What time does: the trash and junk go after thirty days, threads and files of a mailbox as its rule says.

Each verb does one small chunk and says how much it found to do; ``Keeping`` calls them while there is something.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, exists, func, or_, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from mailhub.keeping.purging import is_held, is_leaving, note_gone, purge_thread
from mailhub.keeping.tables import retention
from mailhub.mailboxes.tables import mailbox, message, thread, thread_event
from mailhub.mailboxes.trash import KEPT, put_into_trash
from mailhub.mailboxes.trash_tables import trash
from mailhub.outbound.tables import draft

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
# What an import brings is as old as its date says and came today.
_LANDED = (
    select(func.max(message.c.landed_at)).where(message.c.thread_id == thread.c.id).correlate(thread).scalar_subquery()
)
_family = thread.alias("family")
_WRITTEN = exists().where(
    draft.c.thread_id == _family.c.id,
    draft.c.message_id.is_(None),
    or_(_family.c.id == thread.c.id, _family.c.merged_into == thread.c.id),
)
_PLANNED = exists().where(draft.c.thread_id == thread.c.id, draft.c.message_id.is_(None), draft.c.send_at.is_not(None))
_JUNK = (
    select(thread.c.id)
    .join(mailbox, mailbox.c.scope_id == thread.c.scope_id)
    .where(
        thread.c.scope_id == bindparam("scope_id"),
        thread.c.state == "spam",
        thread.c.merged_into.is_(None),
        thread.c.last_message_at < bindparam("before"),
        or_(_TOUCHED.is_(None), bindparam("before") > _TOUCHED),
        or_(_LANDED.is_(None), bindparam("before") > _LANDED),
        ~is_held(),
        ~is_leaving(),
        ~_PLANNED,
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
        thread.c.state != "snoozed",
        ~_WRITTEN,
        ~is_held(),
    )
    .order_by(thread.c.last_message_at)
    .limit(MOST)
)


def empty_trash(tx: WriteTx) -> int:
    """Let go for good of what lies in the trash for thirty days. Returns how many threads it did something about."""
    done, asked = 0, {"before": clock.now() - KEPT}
    for thread_id in tx.values(_DUE, asked)[:1]:
        done += 1
        if _is_still(tx, _DUE, asked, thread_id) and purge_thread(tx, thread_id):
            note_gone(tx, "trash")
    return done


def purge_junk(tx: WriteTx, scope_id: int) -> int:
    """Let go of a mailbox's junk that nobody touched for thirty days. Returns how many threads it did something
    about."""
    done, asked = 0, {"scope_id": scope_id, "before": clock.now() - JUNK_KEPT}
    for thread_id in tx.values(_JUNK, asked)[:1]:
        done += 1
        if _is_still(tx, _JUNK, asked, thread_id) and purge_thread(tx, thread_id):
            note_gone(tx, "junk")
    return done


def list_scopes(tx: ReadTx) -> list[int]:
    """The scopes of all mailboxes, for whoever goes through them."""
    return [int(one) for one in tx.values(select(mailbox.c.scope_id).order_by(mailbox.c.id))]


def apply_retention(tx: WriteTx, scope_id: int, months: int) -> int:
    """Put threads of a mailbox into the trash that had no letter for so many months, where nobody waits for us.
    Returns how many."""
    asked = {"scope_id": scope_id, "before": clock.now() - months * MONTH}
    old = tx.rows(_OLD, asked)
    for row in old:
        if _is_still(tx, _OLD, asked, row.id):
            put_into_trash(tx, row.id, how="time")
            note_gone(tx, "retention")
    return len(old)


def _is_still(tx: WriteTx, which: Select[Any], asked: dict[str, Any], thread_id: int) -> bool:
    """Whether its time is over still, now that the thread is held: a letter may have come while we waited for it, or
    a person was quicker."""
    try:
        tx.lock(thread, thread_id)
    except NotFound:
        return False
    return tx.row(which.where(thread.c.id == thread_id), asked) is not None


def list_rules(tx: ReadTx) -> list[Any]:
    """The rules of time of all mailboxes, with their scopes."""
    statement = select(retention, mailbox.c.scope_id).join(mailbox, mailbox.c.id == retention.c.mailbox_id)
    return list(tx.rows(statement))
