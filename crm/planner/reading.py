"""What is planned, as far as somebody may see it: one, those of people in a time, those of a client, what waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, bindparam, func, literal_column, or_, select

from core.database import ReadTx
from core.errors import NotFound
from crm.interactions import HOUSE
from crm.planner.shapes import Planned
from crm.planner.tables import event, event_participant, occurrence
from crm.staff.readable import Shape, Viewer, shape_of, sight_of, visible, visible_by

MOST = 1000
_SAID = ("kind", "subject", "body", "place", "zone", "minutes", "rule", "remind_minutes", "contact_id", "author_id")
_BASES = ("uid", "version", "based_thread_id", "based_on_id")
_PLANNED = select(occurrence, *(event.c[name] for name in (*_SAID, *_BASES))).join(
    event, event.c.id == occurrence.c.event_id
)
_OPEN: ColumnElement[bool] = literal_column("occurrence.state = 'open'")  # as the index of open ones is written
_PEOPLE = (
    select(event_participant)
    .where(event_participant.c.event_id.in_(bindparam("ids", expanding=True)))
    .order_by(event_participant.c.id)
)


def get_planned(tx: ReadTx, viewer: Viewer, occurrence_id: int) -> Planned:
    """One of them. Raises NotFound, alike for what is not there and what may not be seen."""
    rows = tx.rows(_seen(_PLANNED, viewer).where(occurrence.c.id == occurrence_id))
    if not rows:
        raise NotFound("There is nothing planned with the number %(id)s.", id=occurrence_id)
    return _shaped(tx, rows)[0]


def find_planned(tx: ReadTx, viewer: Viewer, occurrence_ids: Iterable[int]) -> dict[int, Planned]:
    """Those of these that may be seen."""
    ids = sorted(set(occurrence_ids))
    rows = tx.rows(_seen(_PLANNED, viewer).where(occurrence.c.id.in_(ids))) if ids else []
    return {one.id: one for one in _shaped(tx, rows)}


def list_agenda(
    tx: ReadTx, viewer: Viewer, user_ids: Sequence[int], since: int, until: int, *, dropped: bool = False
) -> list[Planned]:
    """What these people do or take part in, from one moment up to another, in its order; ``MOST`` at most."""
    asked = sight_of(viewer) | {"people": list(user_ids), "since": since, "until": until}
    own, part = (tx.rows(one, asked) for one in _agenda(shape_of(viewer), dropped))
    found = {row.id: row for row in (*own, *part)}
    ordered = sorted(found.values(), key=lambda row: (row.due_at, row.id))
    return _shaped(tx, ordered[:MOST])


@cache
def _agenda(shape: Shape, dropped: bool) -> tuple[Select[Any], Select[Any]]:
    """What they do, and what they take part in."""
    people: BindParameter[Any] = bindparam("people", expanding=True)
    here = _PLANNED.where(
        _seen_by(shape), occurrence.c.due_at >= bindparam("since"), occurrence.c.due_at < bindparam("until")
    )
    if not dropped:
        here = here.where(occurrence.c.state != "dropped")
    here = here.order_by(occurrence.c.due_at).limit(MOST)
    takes_part = select(event_participant.c.event_id).where(event_participant.c.user_id.in_(people))
    return here.where(occurrence.c.executor_id.in_(people)), here.where(occurrence.c.event_id.in_(takes_part))


def _seen_by(shape: Shape) -> ColumnElement[bool]:
    return or_(visible_by(shape, occurrence.c.scope_id, occurrence.c.executor_id), occurrence.c.scope_id == HOUSE)


@cache
def _late(shape: Shape) -> Select[Any]:
    late = _OPEN & (occurrence.c.due_at < bindparam("now"))
    mine = occurrence.c.executor_id.in_(bindparam("people", expanding=True))
    return _PLANNED.where(_seen_by(shape), late, mine).order_by(occurrence.c.due_at).limit(bindparam("most"))


@cache
def _held(shape: Shape) -> Select[Any]:
    held = (occurrence.c.executor_id == bindparam("me")) & occurrence.c.held_at.is_not(None)
    return _PLANNED.where(_seen_by(shape), held).order_by(occurrence.c.due_at).limit(bindparam("most"))


def list_late(tx: ReadTx, viewer: Viewer, user_ids: Sequence[int], now: int, limit: int = 100) -> list[Planned]:
    """What is past and has no result, of these people, the oldest first."""
    asked = sight_of(viewer) | {"people": list(user_ids), "now": now, "most": limit}
    return _shaped(tx, tx.rows(_late(shape_of(viewer)), asked))


def list_held(tx: ReadTx, viewer: Viewer, limit: int = 100) -> list[Planned]:
    """The viewer's own whose reminders came while the house was off."""
    return _shaped(tx, tx.rows(_held(shape_of(viewer)), sight_of(viewer) | {"most": limit}))


def list_planned_of(tx: ReadTx, viewer: Viewer, counterparty_id: int, limit: int = 10) -> list[Planned]:
    """What is open of a client, the next first: what is late, then what comes."""
    asked = sight_of(viewer) | {"client": counterparty_id, "most": limit}
    return _shaped(tx, tx.rows(_next_of(shape_of(viewer)), asked))


@cache
def _next_of(shape: Shape) -> Select[Any]:
    here = (occurrence.c.counterparty_id == bindparam("client")) & (occurrence.c.state == "open")
    first = select(func.min(occurrence.c.due_at).label("due"), occurrence.c.event_id).where(here)
    nearest = first.group_by(occurrence.c.event_id).subquery()
    once = (occurrence.c.event_id == nearest.c.event_id) & (occurrence.c.due_at == nearest.c.due)
    asked = _PLANNED.join(nearest, once).where(here, _seen_by(shape))
    return asked.order_by(occurrence.c.due_at, occurrence.c.id).limit(bindparam("most"))


def _seen(statement: Select[Any], viewer: Viewer) -> Select[Any]:
    open_to = visible(viewer, occurrence.c.scope_id, occurrence.c.executor_id)
    return statement.where(or_(open_to, occurrence.c.scope_id == HOUSE))


def _shaped(tx: ReadTx, rows: Sequence[Row[Any]]) -> list[Planned]:
    if not rows:
        return []
    found = [_planned(row) for row in rows]
    users: dict[int, list[int]] = {}
    contacts: dict[int, list[int]] = {}
    for row in tx.rows(_PEOPLE, {"ids": sorted({one.event_id for one in found})}):
        if row.user_id is not None:
            users.setdefault(row.event_id, []).append(row.user_id)
        else:
            contacts.setdefault(row.event_id, []).append(row.contact_id)
    return [
        replace(one, user_ids=tuple(users.get(one.event_id, ())), contact_ids=tuple(contacts.get(one.event_id, ())))
        for one in found
    ]


def _planned(row: Any) -> Planned:
    same = ("id", "event_id", "state", "starts", "due_at", "counterparty_id", "executor_id", "scope_id")
    later = ("result", "result_id", "done_at")
    values = {name: getattr(row, name) for name in (*same, *later, *_SAID, *_BASES)}
    return Planned(**values, moved=row.starts != row.key, held=row.held_at is not None)
