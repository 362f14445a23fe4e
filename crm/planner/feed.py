"""A person's calendar as other programs read it: an iCalendar feed (RFC 5545) under a secret address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import icalendar
from sqlalchemy import delete, select

from core import clock
from core.database import ReadTx, WriteTx
from core.secrets import hash_secret, new_secret
from crm.planner.reading import list_agenda
from crm.planner.shapes import Planned
from crm.planner.tables import calendar_feed
from crm.planner.times import get_zone, parse_starts
from crm.staff.readable import Viewer
from crm.staff.tables import user

BEFORE = 60 * clock.DAY
AHEAD = 400 * clock.DAY
REREAD = timedelta(minutes=15)


def make_feed(tx: WriteTx, viewer: Viewer) -> str:
    """The secret of the viewer's feed, told this once; an older one ends."""
    drop_feed(tx, viewer)
    secret = new_secret()
    tx.insert(calendar_feed, user_id=viewer.user_id, key=hash_secret(secret), created_at=clock.now())
    return secret


def drop_feed(tx: WriteTx, viewer: Viewer) -> None:
    """The address ends; nothing happens when there is none."""
    tx.lock(user, viewer.user_id)
    tx.execute(delete(calendar_feed).where(calendar_feed.c.user_id == viewer.user_id))


def has_feed(tx: ReadTx, viewer: Viewer) -> bool:
    """Whether the viewer's calendar has an address."""
    mine = calendar_feed.c.user_id == viewer.user_id
    return tx.value(select(calendar_feed.c.user_id).where(mine)) is not None


def find_feed(tx: ReadTx, secret: str) -> int | None:
    """Whose calendar is under this address; None for nobody's, and for who left."""
    asked = select(calendar_feed.c.user_id).join(user, user.c.id == calendar_feed.c.user_id)
    found = tx.value(asked.where(calendar_feed.c.key == hash_secret(secret), user.c.disabled_at.is_(None)))
    return None if found is None else int(found)


def list_feed(tx: ReadTx, viewer: Viewer) -> list[Planned]:
    """What the feed shows: of two months before until more than a year ahead."""
    now = clock.now()
    return list_agenda(tx, viewer, [viewer.user_id], now - BEFORE, now + AHEAD)


def write_feed(planned: Sequence[Planned], clients: Mapping[int, str], name: str, base_url: str) -> bytes:
    """The feed: each time that something takes place, at its local time with the hours of its zone."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//mailhub//calendar//")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REREAD, parameters={"value": "DURATION"})
    for one in planned:
        calendar.add_component(_entry(one, clients.get(one.counterparty_id or 0, ""), base_url))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _entry(one: Planned, client: str, base_url: str) -> icalendar.Event:
    entry = icalendar.Event()
    starts = parse_starts(one.starts).replace(tzinfo=get_zone(one.zone))
    entry.add("uid", f"{one.id}-{one.uid}")
    entry.add("dtstamp", datetime.fromtimestamp(clock.now() // clock.SECOND, UTC))
    entry.add("dtstart", starts)
    entry.add("duration", timedelta(minutes=one.minutes))
    entry.add("summary", f"{one.subject} · {client}" if client else one.subject)
    entry.add("sequence", one.version)
    entry.add("status", "CONFIRMED")
    entry.add("url", f"{base_url.rstrip('/')}/calendar/{one.id}")
    said = one.result or one.body
    if said:
        entry.add("description", said)
    if one.place:
        entry.add("location", one.place)
    if one.remind_minutes >= 0 and one.state == "open":
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", one.subject)
        alarm.add("trigger", timedelta(minutes=-one.remind_minutes))
        entry.add_component(alarm)
    return entry
