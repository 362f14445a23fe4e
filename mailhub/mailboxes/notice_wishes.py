"""How each person wants to hear of each kind of notice: in the application, by mail as well, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from sqlalchemy import bindparam, delete, select

from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from crm.staff.tables import user
from mailhub.mailboxes.notice_tables import KINDS, PARTS, WAYS, Kind, Way, notice_wish

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

_WISHES = select(notice_wish.c.user_id, notice_wish.c.way).where(
    notice_wish.c.kind == bindparam("kind"), notice_wish.c.user_id.in_(bindparam("ids", expanding=True))
)
_ENABLED = select(user.c.id).where(user.c.id.in_(bindparam("ids", expanding=True)), user.c.disabled_at.is_(None))


def choose_ways(tx: ReadTx, kind: Kind, user_ids: Iterable[int], by_id: int | None) -> dict[int, Way]:
    """Who of these people hears of it, and how; never whoever did it (``by_id``)."""
    ids = sorted(set(user_ids) - {by_id})
    ids = [int(one) for one in tx.values(_ENABLED, {"ids": ids})] if ids else []
    if not ids:
        return {}
    wishes = {int(row.user_id): row.way for row in tx.rows(_WISHES, {"kind": kind, "ids": ids})}
    ways = {one: wishes.get(one, DEFAULTS[kind]) for one in ids}
    return {one: way for one, way in ways.items() if way != "none"}


def get_wishes(tx: ReadTx, viewer: Viewer) -> dict[Kind, Way]:
    """How the viewer wants to hear of each kind that is used here."""
    mine = select(notice_wish).where(notice_wish.c.user_id == viewer.user_id)
    chosen = {row.kind: row.way for row in tx.rows(mine)}
    used = [kind for kind in KINDS if viewer.uses(PARTS.get(kind, ""))]
    return {kind: cast(Way, chosen.get(kind, DEFAULTS[kind])) for kind in used}


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
