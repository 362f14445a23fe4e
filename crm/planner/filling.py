"""Each time that an event takes place gets a row: the one of what does not repeat, and those of a rule for the days
ahead, far enough that reminders and calendars find them there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy import text as sql

from core import clock
from core.database import WriteTx
from crm.planner.recurrence import list_times, parse_rule
from crm.planner.tables import event, occurrence, zone_print
from crm.planner.times import FORMAT, get_zone, instant_of, local_of, parse_starts, print_zone

AHEAD = timedelta(days=100)
REFILL = timedelta(days=70)
DAY_FORMAT = "%Y-%m-%d"
NEVER_AGAIN = "9999-12-31"
MOST_AT_ONCE = 50
_KEYS = select(occurrence.c.key).where(occurrence.c.event_id == bindparam("id"))
_TO_FILL = (
    select(event.c.id)
    .where(event.c.filled_until < bindparam("day"), sql("rule <> '' AND ended_at IS NULL"))
    .order_by(event.c.filled_until)
    .limit(MOST_AT_ONCE)
)
_PRINT = select(zone_print.c.print).where(zone_print.c.zone == bindparam("zone"))


def fill_event(tx: WriteTx, row: Any, *, since: int) -> int:
    """Lay the occurrences of an event (its row) that are not there: the one of a single event, of a rule those from
    ``since`` up to ``AHEAD`` from now. Returns how many were laid."""
    zone = get_zone(row.zone)
    starts, now = parse_starts(row.starts), clock.now()
    if not row.rule:
        return _lay(tx, row, [row.starts])
    until = local_of(now, zone) + AHEAD
    rule = parse_rule(row.rule)
    after = local_of(since, zone) - timedelta(minutes=1)
    if row.filled_until:
        after = max(after, parse_starts(f"{row.filled_until}T23:59"))
    times = list_times(rule, starts, after, until)
    ended = rule.until is not None and rule.until <= until.date()
    ended = ended or bool(rule.count and len(list_times(rule, starts, None, until)) >= rule.count)
    tx.change(event, row.id, filled_until=NEVER_AGAIN if ended else until.strftime(DAY_FORMAT))
    return _lay(tx, row, [one.strftime(FORMAT) for one in times])


def fill_due(tx: WriteTx) -> int:
    """Fill the series whose rows run out, some at a time. Returns how many were looked at."""
    edge = (clock.to_datetime(clock.now()) + REFILL).strftime(DAY_FORMAT)
    ids = tx.values(_TO_FILL, {"day": edge})
    for event_id in ids:
        tx.lock(event, event_id)
        row = tx.get(event, event_id)
        if row.ended_at is None and row.filled_until < edge:
            fill_event(tx, row, since=row.created_at)
    return len(ids)


def hold_print(tx: WriteTx, zone: str) -> None:
    """Keep what a zone says today, for the day when it says something else."""
    tx.lock_key("zone print", zone)
    if tx.value(_PRINT, {"zone": zone}) is None:
        year = clock.to_datetime(clock.now()).year
        tx.insert(zone_print, zone=zone, print=print_zone(get_zone(zone), year))


def remind_at_of(due_at: int, remind_minutes: int) -> int | None:
    """When somebody is reminded of what is due then."""
    return None if remind_minutes < 0 else due_at - remind_minutes * clock.MINUTE


def _lay(tx: WriteTx, row: Any, keys: list[str]) -> int:
    there = set(tx.values(_KEYS, {"id": row.id}))
    zone = get_zone(row.zone)
    rows = []
    for key in keys:
        if key in there:
            continue
        due = instant_of(parse_starts(key), zone)
        remind_at = remind_at_of(due, row.remind_minutes)
        same = {"executor_id": row.executor_id, "counterparty_id": row.counterparty_id, "scope_id": row.scope_id}
        told = {"key": key, "starts": key, "due_at": due, "remind_at": remind_at, "state": "open", "result": ""}
        rows.append({"event_id": row.id, **same, **told})
    tx.insert_many(occurrence, rows)
    return len(rows)
