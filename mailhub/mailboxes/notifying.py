"""Let people hear of something, in the transaction of what happened: what every room calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy import text as sql

from core import clock
from core.changes import record_change
from core.database import WriteTx
from core.errors import NotFound
from mailhub.mailboxes.devices import find_devices, queue
from mailhub.mailboxes.notice_tables import Kind, Way, notice
from mailhub.mailboxes.notice_wishes import choose_ways
from mailhub.mailboxes.tables import thread

# Of these only the newest of a thread is news: the one before goes when nobody has read it.
_LATEST = frozenset({"letter", "bounced", "reminder", "escalation", "snooze"})
GATHER = clock.MINUTE
PAUSE = 10 * clock.MINUTE

_SCOPE = select(thread.c.scope_id).where(thread.c.id == bindparam("id"))
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
    ways = choose_ways(tx, kind, user_ids, by_id)
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
    ways = choose_ways(tx, kind, user_ids, by_id)
    if ways:
        about = {"occurrence_id": occurrence_id, "promise_id": promise_id}
        _write(tx, kind, ways, None, {**about, "by_id": by_id, "fields": fields})
    return sorted(ways)


def _write(tx: WriteTx, kind: Kind, ways: Mapping[int, Way], scope_id: int | None, same: dict[str, Any]) -> None:
    now, heard = clock.now(), sorted(ways)
    mail_at = _plan_mail(tx, [one for one in heard if ways[one] == "mail"], now)
    rows = [{**same, "kind": kind, "created_at": now, "user_id": one, "mail_at": mail_at.get(one)} for one in heard]
    devices = find_devices(tx, heard)
    tx.insert_many(notice, [row for row in rows if row["user_id"] not in devices])
    queue(tx, {tx.insert(notice, **row): devices[row["user_id"]] for row in rows if row["user_id"] in devices})
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
