"""Keeping saved views: of one's own, or shared with a team one belongs to. Whoever made one changes it.

A view holds no right: it shows everybody only what they may see anyway.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, case, func, or_, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.rules import Rule, list_conditions, parse_rule, to_data
from crm.parties import get_counterparty
from crm.staff.people import get_user, list_teams
from crm.staff.readable import Viewer
from crm.staff.tables import membership, user
from mailhub.mailboxes.boxes import list_mailboxes
from mailhub.mailboxes.views.tables import saved_view
from mailhub.mailboxes.views.words import threads_for

MOST_VIEWS = 50
LARGEST = 16_384
"""Characters of a condition as it is kept: all views of a person are read for each page."""
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view as it stands. ``own``: the viewer made it and may change it."""

    id: int
    user_id: int
    owner: str
    team_id: int | None
    name: str
    condition: Rule
    late: bool
    zone: ZoneInfo
    version: int
    own: bool


@dataclass(frozen=True, slots=True)
class WantedView:
    """What somebody wants of a view, read and checked."""

    name: str
    condition: Rule
    late: bool
    team_id: int | None
    zone: str


_MY_TEAMS = select(membership.c.team_id).where(membership.c.user_id == bindparam("me"))
_VIEWS = select(saved_view, user.c.name.label("owner")).join(user, user.c.id == saved_view.c.user_id)
_MINE = (
    _VIEWS.where(or_(saved_view.c.user_id == bindparam("me"), saved_view.c.team_id.in_(_MY_TEAMS)))
    .order_by(case((saved_view.c.user_id == bindparam("me"), 0), else_=1), saved_view.c.id)
    .limit(MOST_VIEWS)
)
_ONE = _VIEWS.where(
    saved_view.c.id == bindparam("id"),
    or_(saved_view.c.user_id == bindparam("me"), saved_view.c.team_id.in_(_MY_TEAMS)),
)


def parse_view(
    viewer: Viewer, name: str, condition: object, *, late: bool, team_id: int | None, zone: str
) -> WantedView:
    """Read what was sent. Raises Invalid."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("A view needs a name of %(most)s characters at most.", most=LONGEST_NAME, field="name")
    ZoneInfo(zone)
    read = parse_rule(condition, threads_for(viewer))
    if len(json.dumps(to_data(read), ensure_ascii=False)) > LARGEST:
        raise Invalid("The conditions of a view have %(most)s characters at most.", most=LARGEST, field="condition")
    return WantedView(name, read, late, team_id, zone)


def list_views(tx: ReadTx, viewer: Viewer) -> list[SavedView]:
    """One's own and those of one's teams, as they were made; where they are too many, colleagues' are left out."""
    rows = sorted(tx.rows(_MINE, {"me": viewer.user_id}), key=lambda row: int(row.id))
    return [_view(row, viewer) for row in rows]


def get_view(tx: ReadTx, viewer: Viewer, view_id: int) -> SavedView:
    """One of them. Raises NotFound, alike for what is not there and what is somebody else's."""
    row = tx.row(_ONE, {"me": viewer.user_id, "id": view_id})
    if row is None:
        raise NotFound("There is no view with the number %(id)s.", id=view_id)
    return _view(row, viewer)


def add_view(tx: WriteTx, viewer: Viewer, wanted: WantedView) -> SavedView:
    """A new view. Raises Invalid; Conflict where somebody has as many as one may have."""
    tx.lock(user, viewer.user_id)
    _check(tx, viewer, wanted)
    if tx.value(select(func.count()).where(saved_view.c.user_id == viewer.user_id)) >= MOST_VIEWS:
        raise Conflict("You have %(most)s views already. Delete one first.", most=MOST_VIEWS)
    view_id = tx.insert(saved_view, user_id=viewer.user_id, created_at=clock.now(), version=1, **_values(wanted))
    return get_view(tx, viewer, view_id)


def change_view(
    tx: WriteTx, viewer: Viewer, view_id: int, wanted: WantedView, *, version: int | None = None
) -> SavedView:
    """Let a view be otherwise. ``version`` is the one that was looked at. Raises NotFound, Forbidden, Invalid;
    Conflict when it has been changed meanwhile."""
    found = _get_own(tx, viewer, view_id)
    _check(tx, viewer, wanted)
    if version is not None and version != found.version:
        raise Conflict("Somebody has changed this view meanwhile. Look at it again.")
    tx.change(saved_view, view_id, version=found.version + 1, **_values(wanted))
    return get_view(tx, viewer, view_id)


def delete_view(tx: WriteTx, viewer: Viewer, view_id: int) -> None:
    """It is there no more, for nobody. Raises NotFound, Forbidden."""
    _get_own(tx, viewer, view_id)
    tx.execute(saved_view.delete().where(saved_view.c.id == view_id))


def _get_own(tx: WriteTx, viewer: Viewer, view_id: int) -> SavedView:
    found = get_view(tx, viewer, view_id)
    if not found.own:
        raise Forbidden("Only %(name)s, who made this view, can change it.", name=found.owner)
    tx.lock(saved_view, view_id)
    return get_view(tx, viewer, view_id)


def _check(tx: ReadTx, viewer: Viewer, wanted: WantedView) -> None:
    """Whom and what a view names exists and is known to its maker. Raises Invalid, NotFound."""
    if wanted.team_id is not None:
        mine = tx.values(_MY_TEAMS, {"me": viewer.user_id})
        every = [one.id for one in list_teams(tx)] if viewer.is_admin else mine
        if wanted.team_id not in every:
            raise Invalid("You can share a view with a team that you belong to.", field="team_id")
    words, boxes = threads_for(viewer), {box.id for box in list_mailboxes(tx, viewer)}
    for one in list_conditions(wanted.condition):
        field = words.get(one.field)
        for number in one.value if isinstance(one.value, tuple) else (one.value,):
            if field.of == "users" and one.op != "is_empty":
                get_user(tx, number)
            if field.of == "clients" and one.op != "is_empty":
                get_counterparty(tx, number)
            if field.of == "mailboxes" and one.op != "is_empty" and number not in boxes:
                raise NotFound("There is no mailbox with the number %(id)s.", id=number)


def _values(wanted: WantedView) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "condition": to_data(wanted.condition),
        "late": int(wanted.late),
        "team_id": wanted.team_id,
        "zone": wanted.zone,
    }


def _view(row: Row[Any], viewer: Viewer) -> SavedView:
    return SavedView(
        id=row.id,
        user_id=row.user_id,
        owner=row.owner,
        team_id=row.team_id,
        name=row.name,
        condition=parse_rule(row.condition, threads_for(viewer)),
        late=bool(row.late),
        zone=ZoneInfo(row.zone),
        version=row.version,
        own=row.user_id == viewer.user_id,
    )
