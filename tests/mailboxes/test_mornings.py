"""The letter of the morning: at its hour, once, with what its reader may see, and only when there is something."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from core import clock, jobs
from core.database import Database
from core.errors import Invalid
from core.language import LANGUAGES, Catalogs, Language
from core.resources import locale_dir
from core.secrets import Keys
from crm.execution.promises import Made, make_promise
from crm.parties import add_counterparty
from crm.planner import Plan, drop_planned, plan_event
from mailhub.notices.mornings import find_hour, make_morning, next_morning, read_morning, set_hour, write_mornings
from mailhub.outbound.house_letters import HOUSE_JOB
from tests.support.world import World

KEYS = Keys([b"k" * 32])
KYIV = ZoneInfo("Europe/Kyiv")


def at(text: str) -> int:
    """A moment on the clocks of Kyiv."""
    return clock.from_datetime(datetime.fromisoformat(text).replace(tzinfo=KYIV))


def speak(code: str) -> Language:
    return Catalogs(locale_dir()).language(code or "en", "Europe/Kyiv")


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(database)
    made.now = at("2026-11-18T20:00")
    monkeypatch.setattr(clock, "now", lambda: made.now)
    made.box("sales")
    made.grant("olena", "sales", "answer")
    made.grant("petro", "sales", "answer")
    return made


def plan(world: World, subject: str, starts: str, client: int | None = None, name: str = "olena") -> int:
    told = Plan("call", subject, starts, "Europe/Kyiv", world.person(name), counterparty_id=client)
    return world.database.write_now(plan_event, world.viewer("olena"), told)


def wish(world: World, hour: int | None, name: str = "olena") -> None:
    world.database.write_now(set_hour, world.viewer(name), hour, KYIV)


def written(world: World) -> int:
    """How many letters of the house there are once all mornings are written."""
    while world.database.write_now(write_mornings, KEYS, speak, "https://mail.firm.example/"):
        pass
    return world.database.read_now(jobs.count_waiting).get(HOUSE_JOB, 0)


def test_it_comes_once_at_its_hour_to_who_wants_it(world: World) -> None:
    client = world.database.write_now(add_counterparty, "Balkan Logistic")
    plan(world, "Call about pumps", "2026-11-19T09:30", client)
    plan(world, "Call about pipes", "2026-11-20T09:30", client)
    plan(world, "Of another", "2026-11-19T09:30", client, "petro")
    wish(world, 8)
    assert (world.database.read_now(find_hour, world.viewer("olena")), written(world)) == (8, 0)
    world.now = at("2026-11-19T08:00")
    morning = world.database.read_now(read_morning, world.viewer("olena"), world.now, KYIV)
    assert morning is not None
    subject, text = make_morning(speak("en"), world.now, morning, "https://mail.firm.example/")
    assert subject == f"Your day: {speak('en').format_day(date(2026, 11, 19))}"
    assert "09:30  Call about pumps (Balkan Logistic)\nhttps://mail.firm.example/calendar/1" in text
    assert not [one for one in ("pipes", "another") if one in text]
    assert (written(world), written(world)) == (1, 1)
    wish(world, None)
    world.now = at("2026-11-20T08:00")
    assert written(world) == 1


def test_on_a_day_without_anything_nothing_is_said(world: World) -> None:
    wish(world, 8)
    world.now = at("2026-11-19T08:00")
    assert written(world) == 0
    dropped = plan(world, "Call about pumps", "2026-11-20T09:30")
    world.database.write_now(drop_planned, world.viewer("olena"), dropped)
    world.now = at("2026-11-20T08:01")
    assert written(world) == 0


def test_what_is_late_and_what_is_promised_is_told(world: World) -> None:
    client = world.database.write_now(add_counterparty, "Balkan Logistic")
    plan(world, "Call about pumps", "2026-11-18T21:00", client)
    for text, until in (("Send the offer", "2026-11-19T18:00"), ("Send the bill", "2026-11-20T18:00")):
        promised = Made(client, text, at(until), world.person("olena"))
        world.database.write_now(make_promise, world.viewer("olena"), promised)
    world.now = at("2026-11-19T08:00")
    morning = world.database.read_now(read_morning, world.viewer("olena"), world.now, KYIV)
    assert morning is not None
    said = [make_morning(speak(code), world.now, morning, "") for code in LANGUAGES]
    assert len({subject for subject, _ in said}) == len(LANGUAGES)
    for _, text in said:
        assert [one in text for one in ("Call about pumps", "Send the offer", "Send the bill")] == [True, True, False]


def test_a_house_that_was_off_does_not_tell_of_the_morning_at_night(world: World) -> None:
    plan(world, "Call about pumps", "2026-11-20T09:30")
    wish(world, 8)
    world.now = at("2026-11-20T13:00")  # off for a day and a half
    assert written(world) == 0
    plan(world, "Call about pipes", "2026-11-21T09:30")
    world.now = at("2026-11-21T08:00")
    assert written(world) == 1


def test_the_hour_is_that_of_the_clock_on_the_wall(world: World) -> None:
    """Through both nights in which the clocks are put."""
    for night, hours in (("2026-03-28", 23), ("2026-10-24", 25), ("2026-11-18", 24)):
        now = at(f"{night}T08:00")
        assert next_morning(now, 8, KYIV) - now == hours * clock.HOUR
        assert next_morning(now - 1, 8, KYIV) == now
    assert next_morning(at("2026-11-18T07:59"), 8, KYIV) == at("2026-11-18T08:00")
    for wrong in (4, 12, -1):
        with pytest.raises(Invalid):
            wish(world, wrong)
