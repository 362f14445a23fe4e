"""Many threads at once: one act, one transaction for each chunk of them, and the way back.

A thread that the viewer may not see, may not change or that is not there is refused by itself; the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import HouseError, Invalid, NotFound
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.bulk.acts import ACTS, Wish, give_waiting_back, keep
from mailhub.mailboxes.bulk.tables import bulk, bulk_thread
from mailhub.mailboxes.handling import get_own
from mailhub.mailboxes.tables import thread, thread_event

CHUNK = 50
MOST_THREADS = 1000
KEPT = clock.DAY
_MOST_FORGOTTEN = 20

_NEWEST_EVENT = select(func.max(thread_event.c.id)).where(thread_event.c.thread_id == bindparam("thread_id"))
_OLD = (
    select(bulk.c.id).where(bulk.c.user_id == bindparam("me"), bulk.c.at < bindparam("before")).limit(_MOST_FORGOTTEN)
)
_OF_BULK = (
    select(bulk_thread)
    .where(bulk_thread.c.bulk_id == bindparam("bulk_id"))
    .order_by(bulk_thread.c.thread_id)
    .limit(CHUNK)
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A thread that nothing was done with, and why: a sentence and what fills it."""

    thread_id: int
    sentence: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a chunk."""

    done: list[int] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Back:
    """What was taken back: ``restored`` are as they were, ``changed`` were left alone, because somebody has changed
    them since or nobody may any more. ``more``: another chunk waits."""

    act: str = ""
    restored: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    more: bool = False


def begin_bulk(tx: WriteTx, viewer: Viewer, wish: Wish) -> int:
    """A number under which chunks are done and taken back, for a day. What is older is forgotten."""
    old = tx.values(_OLD, {"me": viewer.user_id, "before": clock.now() - KEPT})
    if old:
        tx.execute(delete(bulk_thread).where(bulk_thread.c.bulk_id.in_(old)))
        tx.execute(delete(bulk).where(bulk.c.id.in_(old)))
    return tx.insert(bulk, user_id=viewer.user_id, act=wish.act, value=wish.value, at=clock.now())


def do_chunk(tx: WriteTx, viewer: Viewer, bulk_id: int, wish: Wish, thread_ids: Sequence[int]) -> Done:
    """Do it to these threads, each as its own rights allow. Raises Invalid for more than a chunk."""
    if len(thread_ids) > CHUNK:
        raise Invalid("A chunk has %(most)s threads at most.", most=CHUNK)
    act, done, kept = ACTS[wish.act], Done(), list[dict[str, Any]]()
    for thread_id in sorted(set(thread_ids)):  # always in the same order: two chunks never wait for each other
        try:
            row = get_own(tx, viewer, thread_id)
            act.check(tx, viewer, row, wish.value)
        except HouseError as problem:
            done.refused.append(Refused(thread_id, problem.sentence, problem.fields))
            continue
        before = keep(tx, viewer, row, wish)
        act.do(tx, viewer, row, wish.value)
        done.done.append(thread_id)
        after = tx.get(thread, thread_id)
        kept.append(
            {
                "bulk_id": bulk_id,
                "thread_id": thread_id,
                "before": {**before, "version": row.version},
                "version": after.version,
                "event_id": tx.value(_NEWEST_EVENT, {"thread_id": thread_id}) or 0,
            }
        )
    tx.insert_many(bulk_thread, kept)
    return done


def undo_chunk(tx: WriteTx, viewer: Viewer, bulk_id: int) -> Back:
    """Take back the next chunk of what the viewer did under this number. Raises NotFound for a number that is not
    theirs, was forgotten, or of which nothing is left."""
    tx.lock_key("bulk", bulk_id)
    own = tx.row(select(bulk).where(bulk.c.id == bulk_id, bulk.c.user_id == viewer.user_id))
    rows = tx.rows(_OF_BULK, {"bulk_id": bulk_id}) if own is not None else []
    if own is None or not rows:
        raise NotFound("There is nothing left to take back.")
    back = Back(own.act, more=len(rows) == CHUNK)
    for kept in rows:
        whole = _restore(tx, viewer, Wish(own.act, own.value), kept)
        (back.restored if whole else back.changed).append(kept.thread_id)
    gone = [kept.thread_id for kept in rows]
    tx.execute(delete(bulk_thread).where(bulk_thread.c.bulk_id == bulk_id, bulk_thread.c.thread_id.in_(gone)))
    return back


def _restore(tx: WriteTx, viewer: Viewer, wish: Wish, kept: Row[Any]) -> bool:
    act = ACTS[wish.act]
    try:
        row = get_own(tx, viewer, kept.thread_id)
        if not act.stands(tx, viewer, row, wish.value) or _changed_by_somebody(tx, kept):
            return False
        if wish.act == "assign" and kept.before["executor_id"] is not None:
            act.check(tx, viewer, row, kept.before["executor_id"])
        elif wish.act == "assign":
            demand(viewer, "answer", row.scope_id, row.executor_id)
        if wish.act == "move":
            act.check(tx, viewer, row, kept.before["mailbox_id"])
    except HouseError:
        return False
    act.back(tx, viewer, row, kept.before)
    if row.version == kept.version and kept.version != kept.before["version"]:
        give_waiting_back(tx, row, kept.before)
    return True


def _changed_by_somebody(tx: ReadTx, kept: Row[Any]) -> bool:
    """A person has done something with the thread since; what letters did to it is no reason to leave it."""
    later = (thread_event.c.thread_id == kept.thread_id) & (thread_event.c.id > kept.event_id)
    return tx.value(select(thread_event.c.id).where(later, thread_event.c.user_id.is_not(None)).limit(1)) is not None
