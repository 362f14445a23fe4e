"""Who follows a thread: they hear what happens in it, whoever its executor is."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from crm.staff.readable import Viewer, get_viewer
from mailhub.mailboxes.handling import get_own, note_change
from mailhub.mailboxes.tables import thread, thread_follower
from mailhub.mailboxes.threads import list_merged

_FOLLOWERS = (
    select(thread_follower.c.user_id)
    .where(thread_follower.c.thread_id.in_(bindparam("ids", expanding=True)))
    .order_by(thread_follower.c.at, thread_follower.c.user_id)
)
_OWN = select(thread.c.scope_id, thread.c.executor_id).where(thread.c.id == bindparam("id"))


def follow(tx: WriteTx, viewer: Viewer, thread_id: int) -> None:
    """Follow a thread from now on, for the viewer alone. Raises NotFound."""
    row = get_own(tx, viewer, thread_id)
    if viewer.user_id not in _values(tx, thread_id):
        tx.insert(thread_follower, thread_id=thread_id, user_id=viewer.user_id, at=clock.now())
        note_change(tx, row, "thread.followed", viewer)


def unfollow(tx: WriteTx, viewer: Viewer, thread_id: int) -> None:
    """Follow a thread no more, nor what was merged into it. Raises NotFound."""
    row = get_own(tx, viewer, thread_id)
    mine = thread_follower.c.user_id == viewer.user_id
    here = thread_follower.c.thread_id.in_(list_merged(tx, thread_id))
    if tx.execute(delete(thread_follower).where(here, mine)):
        note_change(tx, row, "thread.followed", viewer)


def list_followers(tx: ReadTx, thread_id: int) -> list[int]:
    """Who follows a thread and may still see it, those of threads merged into it too, longest first."""
    row = tx.row(_OWN, {"id": thread_id})
    if row is None:
        return []
    return [one for one in _values(tx, thread_id) if _sees(tx, one, row.scope_id, row.executor_id)]


def is_following(tx: ReadTx, thread_id: int, user_id: int) -> bool:
    """True while the person follows the thread, or one that was merged into it."""
    return user_id in _values(tx, thread_id)


def _sees(tx: ReadTx, user_id: int, scope_id: int, executor_id: int | None) -> bool:
    try:
        viewer = get_viewer(tx, user_id)
    except NotFound:
        return False  # disabled
    return scope_id in viewer.full or (scope_id in viewer.assigned and executor_id == user_id)


def _values(tx: ReadTx, thread_id: int) -> list[int]:
    found = tx.values(_FOLLOWERS, {"ids": list_merged(tx, thread_id)})
    return list(dict.fromkeys(int(one) for one in found))
