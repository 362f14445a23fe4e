"""Notices: what somebody has to hear of, as its reader sees it.

``list_notices``, ``count_notices``, ``mark_notices`` are for the reader, ``take_due`` for the letter that tells of
them. What a notice is about is asked of the rights of this moment: whoever may not see the thread any more does not see
its notices either, nor gets them by mail. ``notice_words`` says them; ``notifying.notify`` writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, delete, or_, select, update
from sqlalchemy import text as sql

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.paging import Page, decode_cursor, encode_cursor
from crm.execution.promises import Promise, find_promises
from crm.planner import Planned, find_planned
from crm.staff.readable import Viewer, get_viewer
from crm.staff.tables import user
from mailhub.mailboxes.lists import ThreadRow, get_rows
from mailhub.mailboxes.notice_tables import PARTS, Kind, notice
from mailhub.mailboxes.tables import thread

KEPT = 90 * clock.DAY
MOST_COUNTED = 99
MOST_AT_ONCE = 20
MOST_IN_LETTER = 1000
MOST_LOOKS = 10  # for what is still to be seen, among what is not any more
SWEPT_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that somebody has to hear of. ``row`` is its thread as it is now, the one that shows it when it was
    merged; ``planned`` and ``promise`` are what else it may be about. ``by`` is the name of the colleague who did it,
    None for the house."""

    id: int
    kind: Kind
    row: ThreadRow | None
    planned: Planned | None
    promise: Promise | None
    by: str | None
    message_id: int | None
    note_id: int | None
    fields: dict[str, Any]
    at: int
    read: bool


_MINE = (
    select(notice, user.c.name.label("by_name"))
    .outerjoin(user, user.c.id == notice.c.by_id)
    .where(notice.c.user_id == bindparam("me"))
    .order_by(notice.c.id.desc())
)
_ROOTS = select(thread.c.id, thread.c.merged_into).where(
    thread.c.id.in_(bindparam("ids", expanding=True)), thread.c.merged_into.is_not(None)
)


def list_notices(
    tx: ReadTx,
    viewer: Viewer,
    *,
    kind: Kind | None = None,
    only_new: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> Page[Notice]:
    """What the viewer was told and may still see, newest first. Raises Invalid for a bad cursor."""
    before = None if after is None else int(decode_cursor(after, (int,))[0])
    found: list[Notice] = []
    most = max(limit + 1, MOST_COUNTED + 1)
    for _ in range(MOST_LOOKS):
        rows = tx.rows(_narrow(kind, only_new, before).limit(most), {"me": viewer.user_id})
        found += _shown(tx, viewer, rows)
        if len(rows) < most or len(found) > limit:
            break
        before = rows[-1].id
    if len(found) > limit:
        return Page(found[:limit], encode_cursor((found[limit - 1].id,)))
    return Page(found, encode_cursor((rows[-1].id,)) if len(rows) == most else None)


_THIS = _MINE.where(notice.c.id == bindparam("id"))
_THESE = _MINE.where(notice.c.id.in_(bindparam("ids", expanding=True)))


def get_notice(tx: ReadTx, viewer: Viewer, notice_id: int) -> Notice:
    """One of the viewer's own. Raises NotFound, alike for what is not there, not theirs and not to be seen any more."""
    found = _shown(tx, viewer, tx.rows(_THIS, {"me": viewer.user_id, "id": notice_id}))
    if not found:
        raise NotFound("There is no notice with the number %(id)s.", id=notice_id)
    return found[0]


def list_notices_of(tx: ReadTx, viewer: Viewer, notice_ids: Sequence[int]) -> list[Notice]:
    """Those of these that are the viewer's and may still be seen, newest first."""
    return _shown(tx, viewer, tx.rows(_THESE, {"me": viewer.user_id, "ids": list(notice_ids)}))


def count_notices(tx: ReadTx, viewer: Viewer) -> int:
    """How many of them are new, up to ``MOST_COUNTED``."""
    return len(list_notices(tx, viewer, only_new=True, limit=MOST_COUNTED).items)


def _narrow(kind: Kind | None, only_new: bool, before: int | None) -> Select[Any]:
    statement = _MINE
    if kind is not None:
        statement = statement.where(notice.c.kind == kind)
    if only_new:
        statement = statement.where(sql("read_at IS NULL"))
    return statement if before is None else statement.where(notice.c.id < before)


def _shown(tx: ReadTx, viewer: Viewer, rows: Sequence[Any]) -> list[Notice]:
    """Those that are about something that the viewer may see at this moment."""
    roots = _find_roots(tx, {int(row.thread_id) for row in rows if row.thread_id is not None})
    seen = {row.id: row for row in get_rows(tx, viewer, sorted(set(roots.values())))} if roots else {}
    planned = find_planned(tx, viewer, {row.occurrence_id for row in rows if row.occurrence_id is not None})
    promises = find_promises(tx, viewer, {row.promise_id for row in rows if row.promise_id is not None})
    found = []
    for row in rows:
        if not viewer.uses(PARTS.get(row.kind, "")):
            continue
        one = Notice(
            id=row.id,
            kind=row.kind,
            row=None if row.thread_id is None else seen.get(roots[row.thread_id]),
            planned=planned.get(row.occurrence_id),
            promise=promises.get(row.promise_id),
            by=row.by_name,
            message_id=row.message_id,
            note_id=row.note_id,
            fields=row.fields,
            at=row.created_at,
            read=row.read_at is not None,
        )
        about = (row.thread_id, row.occurrence_id, row.promise_id)
        if (one.row or one.planned or one.promise) or about == (None, None, None):
            found.append(one)
    return found


def _find_roots(tx: ReadTx, thread_ids: set[int]) -> dict[int, int]:
    """The thread that shows each of these."""
    roots = {one: one for one in thread_ids}
    while thread_ids and (further := {row.id: row.merged_into for row in tx.rows(_ROOTS, {"ids": sorted(thread_ids)})}):
        roots = {one: further.get(root, root) for one, root in roots.items()}
        thread_ids = set(further.values())
    return roots


def mark_notices(
    tx: WriteTx, viewer: Viewer, *, ids: Sequence[int] = (), thread_ids: Sequence[int] = (), read: bool = True
) -> int:
    """Mark own notices as read or as new: these, those of threads, or all when none are named. Returns how many."""
    statement = update(notice).where(notice.c.user_id == viewer.user_id)
    statement = statement.where(notice.c.read_at.is_(None) if read else notice.c.read_at.is_not(None))
    if ids or thread_ids:
        which = or_(notice.c.id.in_(list(ids)), notice.c.thread_id.in_(list(thread_ids)))
        statement = statement.where(which)
    moved = tx.execute(statement.values(read_at=clock.now() if read else None, **({"mail_at": None} if read else {})))
    if moved:
        told = {"user_ids": [viewer.user_id]}
        record_change(tx, "notice.read", 0, fields=told, cause=f"user {viewer.user_id}")
    return moved


_PEOPLE_DUE = (
    select(notice.c.user_id)
    .where(sql("mail_at IS NOT NULL"), notice.c.mail_at <= bindparam("now"))
    .distinct()
    .limit(MOST_AT_ONCE)
)
_TO_MAIL = _MINE.where(sql("mail_at IS NOT NULL")).limit(MOST_IN_LETTER)


def list_people_due(tx: ReadTx, now: int) -> list[int]:
    """Who is to hear by mail by now."""
    return [int(one) for one in tx.values(_PEOPLE_DUE, {"now": now})]


def take_due(tx: WriteTx, user_id: int, now: int) -> list[Notice]:
    """What a person is to be written about, the newest first, with what still gathers; none of it will be taken again.
    Empty where another process took it, or where nothing of it may be seen any more."""
    tx.lock(user, user_id)
    rows = tx.rows(_TO_MAIL, {"me": user_id})
    try:
        shown = _shown(tx, get_viewer(tx, user_id), rows)
    except NotFound:  # disabled meanwhile
        shown = []
    ids = [row.id for row in rows]
    if ids:
        mailed = [one.id for one in shown]
        tx.execute(update(notice).where(notice.c.id.in_(ids)).values(mail_at=None))
        tx.execute(update(notice).where(notice.c.id.in_(mailed)).values(mailed_at=now))
    return shown


def forget_note(tx: WriteTx, thread_id: int, note_id: int) -> None:
    """A note was deleted: nobody is told of it any more."""
    tx.execute(delete(notice).where(notice.c.thread_id == thread_id, notice.c.note_id == note_id))


_OLDEST = select(notice.c.id, notice.c.created_at).order_by(notice.c.id).limit(SWEPT_AT_ONCE)


def sweep_notices(tx: WriteTx) -> int:
    """Delete those that are older than anybody looks back. Returns how many."""
    since = clock.now() - KEPT
    old = [row.id for row in tx.rows(_OLDEST) if row.created_at < since]
    return tx.execute(delete(notice).where(notice.c.id.in_(old))) if old else 0
