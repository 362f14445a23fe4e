"""What is planned follows what somebody outside says of it, who invited us: nobody of the house is asked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update

from core import clock
from core.database import ReadTx, WriteTx
from crm.planner.filling import remind_at_of
from crm.planner.planning import lay_anew, tell_of
from crm.planner.tables import event, event_participant, occurrence
from crm.planner.times import get_zone, instant_of, parse_starts

_OPEN = (
    select(occurrence)
    .where(occurrence.c.event_id == bindparam("id"), occurrence.c.state == "open")
    .order_by(occurrence.c.due_at, occurrence.c.id)
)
_PEOPLE = select(event_participant.c.user_id).where(
    event_participant.c.event_id == bindparam("id"), event_participant.c.user_id.is_not(None)
)


def list_people(tx: ReadTx, event_id: int) -> list[int]:
    """Who does it, then who of the staff takes part."""
    return [tx.get(event, event_id).executor_id, *tx.values(_PEOPLE, {"id": event_id})]


def find_next(tx: ReadTx, event_id: int, key: str = "") -> int | None:
    """The next time of it that is open (of a series the one that is known by ``key``), None where there is none."""
    for row in tx.rows(_OPEN, {"id": event_id}):
        if not key or row.key == key:
            return int(row.id)
    return None


def join_event(tx: WriteTx, event_id: int, user_id: int) -> None:
    """They take part, too."""
    tx.lock(event, event_id)
    if user_id not in list_people(tx, event_id):
        tx.insert_many(event_participant, [{"event_id": event_id, "user_id": user_id, "contact_id": None}])
        tx.change(event, event_id, version=tx.get(event, event_id).version + 1)


def follow_event(tx: WriteTx, event_id: int, told: dict[str, Any]) -> int | None:
    """It takes place as ``told`` (columns of ``event``) from now on. Returns its next time; None where nothing of it
    was open, and nothing changes, or where nothing of it is to come any more."""
    tx.lock(event, event_id)
    row = tx.get(event, event_id)
    if row.ended_at is not None or find_next(tx, event_id) is None:
        return None
    following = lay_anew(tx, row, told, clock.now())
    if following is None:
        tx.change(event, event_id, ended_at=clock.now())
    else:
        tell_of(tx, "event.changed", following, row.scope_id, row.counterparty_id)
    return following


def follow_time(tx: WriteTx, event_id: int, key: str, starts: str) -> int | None:
    """One time of a series takes place at another local time. Returns it; None where it is not open."""
    tx.lock(event, event_id)
    found = find_next(tx, event_id, key)
    if found is None:
        return None
    row = tx.get(event, event_id)
    due = instant_of(parse_starts(starts), get_zone(row.zone))
    remind_at = remind_at_of(due, row.remind_minutes)
    ahead = remind_at if remind_at is not None and remind_at > clock.now() else None
    tx.change(occurrence, found, starts=starts, due_at=due, remind_at=ahead, reminded_at=None, held_at=None)
    tx.change(event, event_id, version=row.version + 1)
    tell_of(tx, "event.changed", found, row.scope_id, row.counterparty_id)
    return found


def call_off(tx: WriteTx, event_id: int, key: str = "", *, by_id: int | None = None) -> int | None:
    """It does not take place, or one time of it does not. Returns the first that does not; None where none was open."""
    tx.lock(event, event_id)
    found = find_next(tx, event_id, key)
    if found is None:
        return None
    row, now = tx.get(event, event_id), clock.now()
    gone = occurrence.c.id == found if key else (occurrence.c.event_id == event_id) & (occurrence.c.state == "open")
    over = {"state": "dropped", "remind_at": None, "held_at": None, "done_at": now, "done_by_id": by_id}
    tx.execute(update(occurrence).where(gone).values(**over))
    ended = {} if key and row.rule else {"ended_at": now}
    tx.change(event, event_id, version=row.version + 1, **ended)
    tell_of(tx, "event.dropped", found, row.scope_id, row.counterparty_id)
    return found
