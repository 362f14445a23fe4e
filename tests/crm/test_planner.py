"""What is planned: once and by rules, at local times, seen by whom it may be seen, reminded exactly once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock, zones
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.interactions import list_timeline, record_letter
from crm.parties import add_contact, add_counterparty
from crm.planner import (
    Plan,
    Planned,
    Rule,
    change_event,
    drop_planned,
    fill_due,
    finish_planned,
    get_planned,
    instant_of,
    list_agenda,
    list_changed_zones,
    list_held,
    list_late,
    list_planned_of,
    move_planned,
    parse_rule,
    plan_event,
    recurrence,
    rederive_part,
    release_held,
    take_reminders,
    times,
    write_rule,
)
from tests.support.world import World

KYIV = ZoneInfo("Europe/Kyiv")


class Hands:
    """A clock on the wall in Kyiv that a test sets."""

    def __init__(self) -> None:
        self.now = 0

    def set(self, local: str) -> None:
        self.now = instant_of(datetime.fromisoformat(local), KYIV)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    hands.set("2026-10-01T09:00")
    monkeypatch.setattr(clock, "now", lambda: hands.now)
    return hands


@pytest.fixture
def world(database: Database, wall: Hands) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer")
    world.grant("petro", "service", "answer")
    return world


@pytest.fixture
def client(world: World) -> int:
    return world.database.write_now(add_counterparty, "Client")


@pytest.fixture
def plan(world: World) -> Callable[..., int]:
    def make(starts: str, **told: Any) -> int:
        by = told.pop("by", "olena")
        said = {"kind": "call", "subject": "Call them", "zone": "Europe/Kyiv", "executor_id": world.person(by)} | told
        return world.database.write_now(lambda tx: plan_event(tx, world.viewer(by), Plan(starts=starts, **said)))

    return make


def do(world: World, who: str, verb: Callable[..., Any], *told: Any, **named: Any) -> Any:
    viewer = world.viewer(who)
    return world.database.write_now(lambda tx: verb(tx, viewer, *told, **named))


def agenda(world: World, who: str, *people: str) -> list[Planned]:
    ids = [world.person(one) for one in people or (who,)]
    viewer = world.viewer(who)
    return world.database.read_now(lambda tx: list_agenda(tx, viewer, ids, 0, 2**62))


def look(world: World) -> dict[int, int]:
    """What a look of the clock tells: occurrence → how many times."""
    told: dict[int, int] = {}
    due = world.database.write_now(take_reminders)
    for one in due.reminders:
        told[one.occurrence_id] = told.get(one.occurrence_id, 0) + 1
    return told


def test_planned_done_and_in_the_timeline(world: World, wall: Hands, client: int, plan: Callable[..., int]) -> None:
    anna = world.database.write_now(lambda tx: add_contact(tx, "Anna", counterparty_id=client))
    call = plan("2026-10-02T10:00", counterparty_id=client, contact_id=anna, minutes=15)
    viewer = world.viewer("petro")
    (one,) = world.database.read_now(lambda tx: list_planned_of(tx, viewer, client))
    assert (one.id, one.starts, one.zone, one.state) == (call, "2026-10-02T10:00", "Europe/Kyiv", "open")
    with pytest.raises(Forbidden):
        do(world, "petro", finish_planned, call, "I was there")
    wall.set("2026-10-02T11:00")
    (late,) = world.database.read_now(lambda tx: list_late(tx, viewer, [world.person("olena")], clock.now()))
    assert late.id == call
    line_id = do(world, "olena", finish_planned, call, "They take six")
    (line,) = world.database.read_now(lambda tx: list_timeline(tx, viewer, client)).items
    assert (line.id, line.kind, line.subject, line.body) == (line_id, "call", "Call them", "They take six")
    assert (line.contact_id, line.minutes, line.happened_at) == (anna, 15, one.due_at)
    assert world.database.read_now(lambda tx: list_planned_of(tx, viewer, client)) == []
    with pytest.raises(Conflict):
        do(world, "olena", finish_planned, call, "Twice")


def test_what_follows_from_a_letter_is_seen_by_who_sees_the_letter(
    world: World, client: int, plan: Callable[..., int]
) -> None:
    told = {"contact_id": None, "direction": "in", "happened_at": 1, "subject": "Pumps", "executor_id": None}
    scope_id = world.box("sales").scope_id
    world.database.write_now(
        lambda tx: record_letter(tx, client, scope_id, counts=True, thread_id=1, message_id=1, **told)
    )
    (line,) = world.database.read_now(lambda tx: list_timeline(tx, world.viewer("olena"), client)).items
    call = plan("2026-10-02T10:00", subject="", counterparty_id=client, based_on_id=line.id)
    assert do(world, "olena", get_planned, call).subject == "Pumps"
    with pytest.raises(NotFound):
        do(world, "petro", get_planned, call)
    assert agenda(world, "petro", "olena") == []
    with pytest.raises(NotFound):
        plan("2026-10-02T10:00", by="petro", counterparty_id=client, based_on_id=line.id)
    with pytest.raises(Invalid, match="may not see the letter"):
        plan("2026-10-02T10:00", executor_id=world.person("petro"), counterparty_id=client, based_on_id=line.id)
    line_id = do(world, "olena", finish_planned, call, "Done", happened_at=5)
    seen = world.database.read_now(lambda tx: list_timeline(tx, world.viewer("petro"), client)).items
    assert line_id not in {one.id for one in seen}


@pytest.mark.parametrize(
    ("before", "starts", "rule", "wanted"),
    [
        # the night of 25 October 2026 has three o'clock twice, that of 28 March 2027 has no three o'clock
        ("2026-10-24T00:00", "2026-10-24T03:30", "FREQ=DAILY;COUNT=3", ["24T00:30", "25T00:30", "26T01:30"]),
        ("2027-03-27T00:00", "2027-03-27T03:30", "FREQ=DAILY;COUNT=3", ["27T01:30", "28T01:30", "29T00:30"]),
    ],
)
def test_reminders_come_once_in_nights_that_change_the_clocks(
    world: World, wall: Hands, plan: Callable[..., int], before: str, starts: str, rule: str, wanted: list[str]
) -> None:
    wall.set(before)
    plan(starts, rule=rule, remind_minutes=0)
    told: dict[int, list[str]] = {}
    for _ in range(4 * 24 * 4):  # every quarter of an hour
        wall.now += 15 * clock.MINUTE
        for one in look(world):
            told.setdefault(one, []).append(clock.iso(wall.now)[8:16])
    assert list(told.values()) == [[one] for one in wanted]


def test_reminders_come_once_however_the_clock_jumps(world: World, wall: Hands, plan: Callable[..., int]) -> None:
    ids = {plan(f"2026-10-0{day}T10:00", remind_minutes=30) for day in (2, 3, 4)}
    told: dict[int, int] = {}
    for local in ("02T09:29", "02T09:31", "02T08:00", "02T09:31", "01T09:00", "02T10:00", "03T09:40", "02T00:00",
                  "03T09:40", "04T09:30", "04T09:30", "03T09:40", "05T00:00"):  # fmt: skip
        wall.set(f"2026-10-{local}")
        for one, times_told in look(world).items():
            told[one] = told.get(one, 0) + times_told
    assert told == dict.fromkeys(ids, 1)


def test_what_came_in_an_outage_is_held_for_a_person(world: World, wall: Hands, plan: Callable[..., int]) -> None:
    look(world)
    plan("2026-10-01T12:00", rule="FREQ=DAILY", remind_minutes=10)
    plan("2026-10-03T12:00", remind_minutes=60 * 48)  # of what is still to come
    wall.set("2026-10-04T13:00")
    due = world.database.write_now(take_reminders)
    assert (due.reminders, due.held) == ((), {world.person("olena"): 5})
    assert world.database.write_now(take_reminders).held == {}
    held = do(world, "olena", list_held)
    assert [one.starts[:10] for one in held] == [f"2026-10-0{day}" for day in (1, 2, 3, 3, 4)]
    do(world, "olena", release_held, held[0].id)
    assert len(do(world, "olena", list_held)) == 4
    wall.set("2026-10-05T11:55")  # and the days go on as they were
    assert len(look(world)) == 1


def test_new_hours_of_a_zone_move_what_is_open(
    world: World, wall: Hands, plan: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, waits = plan("2026-10-02T10:00", remind_minutes=0), plan("2026-12-02T10:00", remind_minutes=0)
    wall.set("2026-10-02T10:01")
    assert look(world) == {told: 1}
    assert world.database.read_now(list_changed_zones) == []
    before = do(world, "olena", get_planned, waits).due_at
    # Kyiv stays at summer time all the year from now on
    for module in (zones, times, recurrence):
        if hasattr(module, "ZoneInfo"):
            monkeypatch.setattr(module, "ZoneInfo", lambda name: ZoneInfo("Etc/GMT-3"))
    assert world.database.read_now(list_changed_zones) == ["Europe/Kyiv"]
    assert world.database.write_now(rederive_part, "Europe/Kyiv", 0) is None
    assert world.database.read_now(list_changed_zones) == []
    assert do(world, "olena", get_planned, waits).due_at == before - clock.HOUR
    wall.now = before - clock.HOUR
    world.database.write_now(take_reminders)  # held or told, but once
    wall.now = before + clock.MINUTE
    assert look(world) == {}


def test_a_series_goes_on_for_years(world: World, wall: Hands, plan: Callable[..., int]) -> None:
    first = plan("2026-10-05T10:00", rule="FREQ=WEEKLY;BYDAY=MO")
    laid = len(agenda(world, "olena"))
    assert 14 <= laid <= 15
    wall.set("2027-10-01T10:00")
    assert world.database.write_now(fill_due) == 1
    assert world.database.write_now(fill_due) == 0
    starts = [one.starts for one in agenda(world, "olena")]
    assert starts == sorted(set(starts))
    assert len(starts) == 66
    do(world, "olena", drop_planned, first, "all")
    assert agenda(world, "olena") == []
    wall.set("2028-10-01T10:00")
    assert world.database.write_now(fill_due) == 0


def test_one_of_a_series_is_moved_and_the_rest_planned_anew(
    world: World, wall: Hands, client: int, plan: Callable[..., int]
) -> None:
    plan("2026-10-05T10:00", rule="FREQ=WEEKLY;COUNT=4", counterparty_id=client, remind_minutes=5)
    first, second, third, _ = agenda(world, "olena")
    do(world, "olena", move_planned, second.id, "2026-10-13T15:30")
    moved = do(world, "olena", get_planned, second.id)
    assert (moved.moved, moved.starts, moved.due_at) == (
        True, "2026-10-13T15:30", instant_of(datetime.fromisoformat("2026-10-13T15:30"), KYIV),
    )  # fmt: skip
    wall.set("2026-10-05T11:00")
    do(world, "olena", finish_planned, first.id, "Done")
    wall.set("2026-10-15T11:00")
    other = Plan(
        "meeting", "Meet them", "2026-10-20T12:00", "Europe/Kyiv", world.person("olena"),
        rule="FREQ=WEEKLY;COUNT=2", counterparty_id=client,
    )  # fmt: skip
    following = do(world, "olena", change_event, third.id, other)
    found = [(one.starts, one.kind, one.state) for one in agenda(world, "olena")]
    assert found == [
        ("2026-10-05T10:00", "meeting", "done"),
        ("2026-10-13T15:30", "meeting", "open"),
        ("2026-10-20T12:00", "meeting", "open"),
        ("2026-10-27T12:00", "meeting", "open"),
    ]
    with pytest.raises(Invalid):
        do(world, "olena", change_event, following, replace(other, counterparty_id=None))


def test_what_is_planned_badly_is_said(world: World, plan: Callable[..., int]) -> None:
    for field, told in (
        ("kind", {"kind": "dance"}),
        ("subject", {"subject": " "}),
        ("zone", {"zone": "Mars"}),
        ("rule", {"rule": "FREQ=SECONDLY"}),
        ("minutes", {"minutes": -1}),
        ("remind_minutes", {"remind_minutes": 10**6}),
        ("starts", {"rule": "FREQ=DAILY;UNTIL=20261001T235959", "starts": "2026-10-01T07:00"}),
    ):
        with pytest.raises(Invalid) as problem:
            plan(told.pop("starts", "2026-10-02T10:00"), **told)
        assert problem.value.fields["field"] == field


PARTS = ("FREQ=WEEKLY", "FREQ=MONTHLY", "BYDAY=MO,TU", "BYDAY=-1FR", "BYMONTHDAY=-1", "COUNT=3", "UNTIL=20270101", "=")
RULES = st.builds(
    Rule,
    every=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    interval=st.integers(1, 12),
    count=st.integers(0, 30),
)


@given(RULES, st.sets(st.integers(0, 6)), st.integers(-1, 31), st.sampled_from([-1, 1, 2, 3, 4, 5]))
def test_rules_are_read_as_they_are_written(rule: Rule, days: set[int], monthday: int, nth: int) -> None:
    if rule.every == "WEEKLY":
        rule = replace(rule, weekdays=tuple(sorted(days)))
    elif rule.every == "MONTHLY" and len(days) == 1:
        rule = replace(rule, weekdays=tuple(days), nth=nth)
    elif rule.every == "MONTHLY":
        rule = replace(rule, monthday=monthday)
    assert parse_rule(write_rule(rule)) == rule
    starts = datetime.fromisoformat("2026-10-01T10:00")
    assert recurrence.first_time(rule, starts) >= starts


@given(st.text(max_size=60) | st.lists(st.sampled_from(PARTS), max_size=5).map(";".join))
def test_no_text_breaks_the_reader_of_rules(written: str) -> None:
    try:
        rule = parse_rule(written)
    except Invalid:
        return
    assert parse_rule(write_rule(rule)) == rule
