"""Notices: what somebody has to hear of, in the application and by mail, as each person chose.

* ``notify(tx, kind, user_ids, thread_id, …)`` is what every room calls, in the transaction of what happened;
* ``list_notices``, ``count_notices``, ``mark_notices`` are for the reader. What a notice is about is asked of the
  rights of this moment: whoever may not see the thread any more does not see its notices either, nor gets them by mail.

A row says who, which thread and why, never words of a letter; ``notice_words`` says them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from sqlalchemy import Column, ForeignKey, Index, Select, Text, bindparam, delete, func, or_, select, update
from sqlalchemy import text as sql

from core import clock
from core.changes import record_change
from core.columns import (
    Id,
    Json,
    id_column,
    instant,
    optional_instant,
    optional_reference,
    reference,
    table,
    text,
)
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.paging import Page, decode_cursor, encode_cursor
from crm.execution.promises import Promise, find_promises
from crm.planner import Planned, find_planned
from crm.staff.readable import Viewer, get_viewer
from crm.staff.tables import user
from mailhub.mailboxes.lists import ThreadRow, get_rows
from mailhub.mailboxes.tables import thread

Kind = Literal[
    "assigned", "mentioned", "letter", "bounced", "unsent", "reminder", "escalation", "snooze", "planned", "promise"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
Way = Literal["app", "mail", "none"]
WAYS: tuple[Way, ...] = get_args(Way)
DEFAULTS: Mapping[Kind, Way] = {
    "assigned": "app",
    "mentioned": "mail",
    "letter": "app",
    "bounced": "mail",
    "unsent": "app",
    "reminder": "app",
    "escalation": "mail",
    "snooze": "app",
    "planned": "app",
    "promise": "mail",
}
# Of these only the newest of a thread is news: the one before goes when nobody has read it.
_LATEST = frozenset({"letter", "bounced", "reminder", "escalation", "snooze"})
GATHER = clock.MINUTE
PAUSE = 10 * clock.MINUTE
KEPT = 90 * clock.DAY
MOST_COUNTED = 99
MOST_AT_ONCE = 20
MOST_IN_LETTER = 1000
MOST_LOOKS = 10  # for what is still to be seen, among what is not any more
SWEPT_AT_ONCE = 2_000

# ``read_at`` is when its reader saw it. ``mail_at`` is when it goes out by mail, None when it does not or has.
notice = table(
    "notice",
    id_column(),
    reference("user_id", "user.id"),
    Column("thread_id", Id, ForeignKey("thread.id", ondelete="CASCADE")),
    Column("occurrence_id", Id),
    Column("promise_id", Id),
    text("kind"),
    optional_reference("by_id", "user.id"),
    Column("message_id", Id),
    Column("note_id", Id),
    Column("fields", Json, nullable=False),
    instant("created_at"),
    optional_instant("read_at"),
    optional_instant("mail_at"),
    optional_instant("mailed_at"),
)
_new = sql("read_at IS NULL")
_due = sql("mail_at IS NOT NULL")
_mailed = sql("mailed_at IS NOT NULL")
Index(None, notice.c.user_id, notice.c.id)
Index("ix_notice_new", notice.c.user_id, notice.c.id, sqlite_where=_new, postgresql_where=_new)
Index(None, notice.c.thread_id, notice.c.user_id)
Index("ix_notice_due", notice.c.mail_at, sqlite_where=_due, postgresql_where=_due)
Index("ix_notice_mailed", notice.c.user_id, notice.c.mailed_at, sqlite_where=_mailed, postgresql_where=_mailed)

# How a person wants to hear of a kind; without a row as in ``DEFAULTS``.
notice_wish = table(
    "notice_wish",
    Column("user_id", Id, primary_key=True, nullable=False),
    Column("kind", Text, primary_key=True, nullable=False),
    text("way"),
)


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


_SCOPE = select(thread.c.scope_id).where(thread.c.id == bindparam("id"))
_WISHES = select(notice_wish.c.user_id, notice_wish.c.way).where(
    notice_wish.c.kind == bindparam("kind"), notice_wish.c.user_id.in_(bindparam("ids", expanding=True))
)
_ENABLED = select(user.c.id).where(user.c.id.in_(bindparam("ids", expanding=True)), user.c.disabled_at.is_(None))
_REPLACED = delete(notice).where(
    notice.c.thread_id == bindparam("thread_id"),
    notice.c.user_id.in_(bindparam("ids", expanding=True)),
    notice.c.kind == bindparam("kind"),
    notice.c.read_at.is_(None),
)
_LAST_MAIL = (
    select(notice.c.user_id, func.max(notice.c.mailed_at).label("at"))
    .where(notice.c.user_id.in_(bindparam("ids", expanding=True)), sql("mailed_at IS NOT NULL"))
    .group_by(notice.c.user_id)
)


def notify(
    tx: WriteTx,
    /,
    kind: Kind,
    user_ids: Iterable[int],
    thread_id: int,
    *,
    by_id: int | None = None,
    message_id: int | None = None,
    note_id: int | None = None,
    **fields: Any,
) -> list[int]:
    """Let people hear of something in a thread, each as they chose; never whoever did it (``by_id``), and nobody twice.
    ``fields`` are plain values for ``notice_words``. Returns who hears of it."""
    ways = _choose_ways(tx, kind, user_ids, by_id)
    if not ways:
        return []
    heard = sorted(ways)
    if kind in _LATEST:
        tx.execute(_REPLACED, {"thread_id": thread_id, "ids": heard, "kind": kind})
    scope_id = tx.value(_SCOPE, {"id": thread_id})
    if scope_id is None:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    about = {"thread_id": thread_id, "message_id": message_id, "note_id": note_id}
    _write(tx, kind, ways, scope_id, {**about, "by_id": by_id, "fields": fields})
    return heard


def notify_of(
    tx: WriteTx,
    /,
    kind: Kind,
    user_ids: Iterable[int],
    *,
    occurrence_id: int | None = None,
    promise_id: int | None = None,
    by_id: int | None = None,
    **fields: Any,
) -> list[int]:
    """Let people hear of something that is planned or was promised, or of how much of it there is, as ``notify``."""
    ways = _choose_ways(tx, kind, user_ids, by_id)
    if ways:
        about = {"occurrence_id": occurrence_id, "promise_id": promise_id}
        _write(tx, kind, ways, None, {**about, "by_id": by_id, "fields": fields})
    return sorted(ways)


def _choose_ways(tx: ReadTx, kind: Kind, user_ids: Iterable[int], by_id: int | None) -> dict[int, Way]:
    """Who hears of it, and how."""
    ids = sorted(set(user_ids) - {by_id})
    ids = [int(one) for one in tx.values(_ENABLED, {"ids": ids})] if ids else []
    if not ids:
        return {}
    wishes = {int(row.user_id): row.way for row in tx.rows(_WISHES, {"kind": kind, "ids": ids})}
    ways = {one: wishes.get(one, DEFAULTS[kind]) for one in ids}
    return {one: way for one, way in ways.items() if way != "none"}


def _write(tx: WriteTx, kind: Kind, ways: Mapping[int, Way], scope_id: int | None, same: dict[str, Any]) -> None:
    now, heard = clock.now(), sorted(ways)
    mail_at = _plan_mail(tx, [one for one in heard if ways[one] == "mail"], now)
    rows = [{**same, "kind": kind, "created_at": now, "user_id": one, "mail_at": mail_at.get(one)} for one in heard]
    tx.insert_many(notice, rows)
    told = {"user_ids": heard}
    if same.get("thread_id") is not None:
        told["thread_id"] = same["thread_id"]
    record_change(tx, "notice.added", same.get("thread_id") or 0, scope_id=scope_id, fields=told, cause="notices")


def _plan_mail(tx: WriteTx, user_ids: list[int], now: int) -> dict[int, int]:
    """When each hears by mail: soon, but not sooner than a pause after the letter before, so that a storm is one."""
    if not user_ids:
        return {}
    last = {int(row.user_id): int(row.at) for row in tx.rows(_LAST_MAIL, {"ids": user_ids})}
    return {one: max(now + GATHER, last.get(one, 0) + PAUSE) for one in user_ids}


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


def get_notice(tx: ReadTx, viewer: Viewer, notice_id: int) -> Notice:
    """One of the viewer's own. Raises NotFound, alike for what is not there, not theirs and not to be seen any more."""
    found = _shown(tx, viewer, tx.rows(_THIS, {"me": viewer.user_id, "id": notice_id}))
    if not found:
        raise NotFound("There is no notice with the number %(id)s.", id=notice_id)
    return found[0]


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


def get_wishes(tx: ReadTx, user_id: int) -> dict[Kind, Way]:
    """How a person wants to hear of each kind."""
    chosen = {row.kind: row.way for row in tx.rows(select(notice_wish).where(notice_wish.c.user_id == user_id))}
    return {kind: cast(Way, chosen.get(kind, DEFAULTS[kind])) for kind in KINDS}


def set_wishes(tx: WriteTx, viewer: Viewer, wishes: Mapping[str, str]) -> None:
    """Choose for some kinds or all. What was to go by mail and has not yet stays as it was. Raises Invalid."""
    for kind, way in wishes.items():
        if kind not in KINDS:
            raise Invalid("There are no notices of the kind %(kind)s.", kind=kind, field="kind")
        if way not in WAYS:
            raise Invalid("Notices come in these ways: %(ways)s.", ways=", ".join(WAYS), field=kind)
    mine = notice_wish.c.user_id == viewer.user_id
    tx.lock(user, viewer.user_id)
    tx.execute(delete(notice_wish).where(mine, notice_wish.c.kind.in_(list(wishes))))
    rows = [{"user_id": viewer.user_id, "kind": kind, "way": way} for kind, way in wishes.items()]
    tx.insert_many(notice_wish, rows)


_OLDEST = select(notice.c.id, notice.c.created_at).order_by(notice.c.id).limit(SWEPT_AT_ONCE)


def sweep_notices(tx: WriteTx) -> int:
    """Delete those that are older than anybody looks back. Returns how many."""
    since = clock.now() - KEPT
    old = [row.id for row in tx.rows(_OLDEST) if row.created_at < since]
    return tx.execute(delete(notice).where(notice.c.id.in_(old))) if old else 0
