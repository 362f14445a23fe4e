"""Whose reminder has come. What was told stands on the row in the transaction of the notice, so each is told once,
however often the house starts and whichever way the clocks jump.

What came due while the house was off for longer than a day is *held*: its people hear of it in one notice and decide
themselves, nothing goes off in a burst.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from core import clock
from core.database import ReadTx, WriteTx
from core.marks import find_mark, set_mark
from crm.planner.filling import remind_at_of
from crm.planner.planning import hold_own
from crm.planner.tables import event, event_participant, occurrence, zone_print
from crm.planner.times import get_zone, instant_of, parse_starts, print_zone
from crm.staff.readable import Viewer

LOOKED = "reminders looked at"
LONG_OFF = clock.DAY
MARKED_EVERY = clock.HOUR
MOST_AT_ONCE = 200
MOST_HELD = 2000
PART = 500
_DUE = (
    select(occurrence.c.id, occurrence.c.event_id)
    .where(occurrence.c.remind_at <= bindparam("now"))
    .order_by(occurrence.c.remind_at, occurrence.c.id)
    .limit(bindparam("most"))
)
_TOLD = select(event_participant.c.user_id).where(
    event_participant.c.event_id == bindparam("id"), event_participant.c.user_id.is_not(None)
)
_NEXT = select(occurrence.c.remind_at).where(occurrence.c.remind_at.is_not(None)).order_by(occurrence.c.remind_at)
_PART = (
    select(occurrence.c.id, occurrence.c.starts, occurrence.c.remind_at, event.c.remind_minutes)
    .join(event, event.c.id == occurrence.c.event_id)
    .where(occurrence.c.id > bindparam("after"), occurrence.c.state == "open", event.c.zone == bindparam("zone"))
    .order_by(occurrence.c.id)
    .limit(PART)
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """Who has to hear of an occurrence; its ``scope_id`` and when it is due."""

    occurrence_id: int
    user_ids: tuple[int, ...]
    scope_id: int
    due_at: int


@dataclass(frozen=True, slots=True)
class Due:
    """What a look found: reminders to be told now, and those held of each person, how many. ``more`` when another look
    would find more."""

    reminders: tuple[Reminder, ...]
    held: dict[int, int]
    more: bool


def find_next_reminder(tx: ReadTx) -> int | None:
    """When the next one comes."""
    found = tx.value(_NEXT.limit(1))
    return None if found is None else int(found)


def take_reminders(tx: WriteTx) -> Due:
    """Take what has come; none of it will be taken again."""
    tx.lock_key("reminders")
    now, last = clock.now(), find_mark(tx, LOOKED)
    off = last is not None and now - int(last) > LONG_OFF
    most = MOST_HELD if off else MOST_AT_ONCE
    rows = tx.rows(_DUE, {"now": now, "most": most})
    reminders, held = [], dict[int, int]()
    for one in rows:
        tx.lock(occurrence, one.id)
        row = tx.get(occurrence, one.id)
        if row.remind_at is None or row.remind_at > now:
            continue
        if row.state != "open":
            tx.change(occurrence, one.id, remind_at=None)
        elif off:
            tx.change(occurrence, one.id, remind_at=None, held_at=now)
            held[row.executor_id] = held.get(row.executor_id, 0) + 1
        else:
            tx.change(occurrence, one.id, remind_at=None, reminded_at=now)
            people = tx.values(_TOLD, {"id": row.event_id})
            everybody = tuple(dict.fromkeys((int(row.executor_id), *(int(who) for who in people))))
            reminders.append(Reminder(row.id, everybody, row.scope_id, row.due_at))
    more = len(rows) >= most
    fresh = last is not None and 0 <= now - int(last) < MARKED_EVERY
    if not fresh and not (off and more):
        set_mark(tx, LOOKED, str(now))
    return Due(tuple(reminders), held, more)


def release_held(tx: WriteTx, viewer: Viewer, occurrence_id: int) -> None:
    """Somebody has seen a reminder that was held: it is one no more, and what is still to come reminds again. Raises
    NotFound, Forbidden, Conflict for what is over."""
    one = hold_own(tx, viewer, occurrence_id)
    again = remind_at_of(one.due_at, one.remind_minutes)
    later = again if again is not None and again > clock.now() else None
    if later is None and one.due_at > clock.now():
        later = one.due_at
    tx.change(occurrence, occurrence_id, held_at=None, remind_at=later)


def list_changed_zones(tx: ReadTx) -> list[str]:
    """The zones whose hours are not those of before: the house learned of a law. Their prints are left as they were
    until ``rederive_part`` has done all."""
    year = clock.to_datetime(clock.now()).year
    rows = tx.rows(select(zone_print))
    return [row.zone for row in rows if print_zone(get_zone(row.zone), year) != row.print]


def rederive_part(tx: WriteTx, zone: str, after: int) -> int | None:
    """Work out anew when the open occurrences of a zone are due, a part at a time; what was told stays told. Returns
    where to go on, None at the end."""
    rows = tx.rows(_PART, {"zone": zone, "after": after})
    hours = get_zone(zone)
    for row in rows:
        tx.lock(occurrence, row.id)
        due = instant_of(parse_starts(row.starts), hours)
        waits = row.remind_at is not None
        remind_at = remind_at_of(due, row.remind_minutes) if waits else None
        tx.change(occurrence, row.id, due_at=due, remind_at=remind_at)
    if len(rows) == PART:
        return int(rows[-1].id)
    year = clock.to_datetime(clock.now()).year
    tx.execute(update(zone_print).where(zone_print.c.zone == zone).values(print=print_zone(hours, year)))
    return None
