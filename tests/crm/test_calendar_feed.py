"""The feed is read by another reader of calendars as what is planned, to the minute."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from core import clock
from core.database import Database
from crm.parties import add_counterparty
from crm.planner import (
    Plan,
    drop_feed,
    drop_planned,
    find_feed,
    has_feed,
    instant_of,
    list_agenda,
    list_feed,
    make_feed,
    move_planned,
    parse_starts,
    plan_event,
    write_feed,
)
from tests.support.world import World


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer")
    now = instant_of(parse_starts("2026-10-20T09:00"), ZoneInfo("Europe/Kyiv"))
    monkeypatch.setattr(clock, "now", lambda: now)
    return world


def test_the_feed_is_read_back_as_it_is(world: World) -> None:
    write, viewer = world.database.write_now, world.viewer("olena")
    client = write(add_counterparty, "Ромашка; ООД, “Ко”")
    me = world.person("olena")
    weekly = Plan(
        "call", "Дзвінок, про насоси;\\ “три”", "2026-10-22T10:00", "Europe/Kyiv", me,
        rule="FREQ=WEEKLY;COUNT=4", counterparty_id=client, remind_minutes=15, body="Рядок\nі ще",
    )  # fmt: skip
    write(plan_event, viewer, weekly)
    far = Plan("meeting", "Far", "2026-11-01T01:30", "America/New_York", me, minutes=45)
    write(plan_event, viewer, far)
    planned = world.database.read_now(list_feed, viewer)
    write(move_planned, viewer, planned[1].id, "2026-10-30T03:15")
    write(drop_planned, viewer, planned[3].id)
    planned = world.database.read_now(list_feed, viewer)
    assert len(planned) == 4
    told = write_feed(planned, {client: "Ромашка; ООД, “Ко”"}, "Олена", "https://mail.example/")
    read = icalendar.Calendar.from_ical(told)
    entries = list(read.walk("VEVENT"))
    assert {clock.from_datetime(one["dtstart"].dt) for one in entries} == {one.due_at for one in planned}
    assert {str(one["dtstart"].params["TZID"]) for one in entries} == {"Europe/Kyiv", "America/New_York"}
    assert {str(one["tzid"]) for one in read.walk("VTIMEZONE")} == {"Europe/Kyiv", "America/New_York"}
    by_uid = {str(one["uid"]): one for one in entries}
    assert len(by_uid) == 4
    for one in planned:
        entry = by_uid[f"{one.id}-{one.uid}"]
        name = "Ромашка; ООД, “Ко”" if one.counterparty_id else ""
        assert str(entry["summary"]) == (f"{one.subject} · {name}" if name else one.subject)
        assert str(entry.get("description", "")) == one.body
        assert entry["duration"].dt == timedelta(minutes=one.minutes)
        assert len(entry.walk("VALARM")) == (one.remind_minutes >= 0)
    assert max(len(line) for line in told.split(b"\r\n")) <= 75


def test_an_address_is_secret_and_ends(world: World) -> None:
    viewer = world.viewer("olena")
    first = world.database.write_now(make_feed, viewer)
    assert world.database.read_now(find_feed, first) == viewer.user_id
    second = world.database.write_now(make_feed, viewer)
    assert world.database.read_now(find_feed, first) is None
    assert world.database.read_now(find_feed, second) == viewer.user_id
    world.database.write_now(drop_feed, viewer)
    assert world.database.read_now(find_feed, second) is None
    assert not world.database.read_now(has_feed, viewer)
    assert world.database.read_now(lambda tx: list_agenda(tx, viewer, [viewer.user_id], 0, 2**62)) == []
